package commands

import (
	"context"
	"errors"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

// office plays everything that commands need.
type office struct {
	pages   map[bridge.PageID]bridge.Page
	manager map[bridge.UserID]bool
	broken  error // of whatever is asked
	calls   []string
}

func newOffice() *office {
	return &office{
		manager: map[bridge.UserID]bool{"boss": true},
		pages: map[bridge.PageID]bridge.Page{
			"100": {ID: "100", Name: "Shop *one*", State: bridge.PageRunning, Token: "t", By: "boss"},
			"200": {ID: "200", Name: "Bakery", State: bridge.PageNeedsAuth, Why: "the password was changed", Token: "t", By: "other"},
		},
	}
}

func (o *office) IsManager(_ context.Context, u bridge.UserID) (bool, error) {
	return o.manager[u], o.broken
}
func (o *office) Page(id bridge.PageID) (bridge.Page, error) {
	p, ok := o.pages[id]
	if !ok {
		return p, bridge.ErrNoPage
	}
	return p, nil
}
func (o *office) Pages() (all []bridge.Page) {
	for _, id := range []bridge.PageID{"100", "200"} {
		if p, ok := o.pages[id]; ok {
			all = append(all, p)
		}
	}
	return all
}
func (o *office) LoginLink(context.Context, bridge.Author) (string, error) {
	o.calls = append(o.calls, "login")
	return "https://b.example/oauth/start?state=X", nil
}
func (o *office) SettingsLink(_ context.Context, _ bridge.Author, id bridge.PageID) (string, error) {
	return "https://b.example/pages/" + string(id) + "/settings?ticket=X", nil
}
func (o *office) change(what string, id bridge.PageID, f func(*bridge.Page)) (bridge.Page, error) {
	p, err := o.Page(id)
	if err != nil {
		return p, err
	}
	o.calls = append(o.calls, what+" "+string(id))
	f(&p)
	o.pages[id] = p
	return p, o.broken
}
func (o *office) SwitchOn(_ context.Context, id bridge.PageID) (bridge.Page, error) {
	return o.change("on", id, func(p *bridge.Page) { p.State, p.Why = bridge.PageRunning, "" })
}
func (o *office) SwitchOff(_ context.Context, id bridge.PageID) (bridge.Page, error) {
	return o.change("off", id, func(p *bridge.Page) { p.State = bridge.PageOff })
}
func (o *office) Disconnect(_ context.Context, id bridge.PageID, _ bridge.Author) (bridge.Page, bool, error) {
	p, err := o.change("disconnect", id, func(p *bridge.Page) { p.Token = "" })
	return p, true, err
}
func (o *office) ChangeSettings(_ context.Context, id bridge.PageID, f func(*bridge.Settings)) (bridge.Page, error) {
	return o.change("settings", id, func(p *bridge.Page) { f(&p.Settings) })
}

func (o *office) commands() *Commands {
	return New(Config{
		People: o, Users: []string{"@Carla"}, Connector: o, Pages: o,
		Departments: func(context.Context) ([]bridge.Department, error) {
			return []bridge.Department{{ID: "d1", Name: "Sales"}, {ID: "d2", Name: "After sales"}}, nil
		},
		Waiting: func(p bridge.PageID) (int, int) { return map[bridge.PageID]int{"200": 3}[p], 0 },
		Health: func() Health {
			return Health{Ready: "yes", Workspace: "connected", Out: bridge.Backlog{Waiting: 2}, Failed: 1}
		},
	})
}

var (
	boss     = bridge.Author{ID: "boss", Username: "boss"}
	stranger = bridge.Author{ID: "nobody", Username: "nobody"}
)

func (o *office) typed(t *testing.T, who bridge.Author, words string) bridge.Reply {
	t.Helper()
	reply, err := o.commands().Do(t.Context(), bridge.Command{ID: "m", From: who, Words: words})
	if err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	return reply
}

func TestCommands_WhatIsAnswered(t *testing.T) {
	for _, c := range []struct {
		words   string
		want    []string
		private bool
		calls   string
	}{
		{"", []string{"/facebook authorize", "/facebook status", "edit <pageId>", "!facebook"}, false, ""},
		{"help", []string{"You can type", "unauthorize"}, false, ""},
		{"  HELP  ", []string{"You can type"}, false, ""},
		{"authorize", []string{"https://b.example/oauth/start", "10 minutes", "keep the pages ticked"}, true, "login"},
		{"authorise", []string{"https://b.example/oauth/start"}, true, "login"},
		{"pages", []string{"Shop  one ", "Running", "Needs authorisation (the password was changed)", "waiting: 3 to agents"}, false, ""},
		{"status", []string{"Rocket.Chat: connected", "Waiting for customers: 2", "7 days: 1", "Bakery"}, false, ""},
		{"subscribe 200", []string{"*Bakery*: Running"}, false, "on 200"},
		{"subscribe", []string{"Which page?", "`100`", "`200`"}, false, ""},
		{"subscribe 999", []string{"Which page?"}, false, ""},
		{"unsubscribe 100", []string{"is off"}, false, "off 100"},
		{"unauthorize", []string{"This disconnects *Shop  one *", "/facebook unauthorize confirm"}, false, ""},
		{"unauthorize 200", []string{"*Bakery*", "`/facebook unauthorize 200 confirm`"}, false, ""},
		{"unauthorize 200 confirm", []string{"*Bakery* is disconnected"}, false, "disconnect 200"},
		{"unauthorize confirm", []string{"*Shop  one * is disconnected"}, false, "disconnect 100"},
		{"edit 100", []string{"`department`", "_none_", "https://b.example/pages/100/settings", "15 minutes"}, true, ""},
		{"edit", []string{"Which page?"}, false, ""},
		{"edit 100 department sales", []string{"`department` is now “Sales”", "next room"}, false, "settings 100"},
		{"edit 100 department \"After sales\"", []string{"“After sales”"}, false, "settings 100"},
		{"edit 100 department none", []string{"_none_"}, false, "settings 100"},
		{"edit 100 department Kitchen", []string{"no department `Kitchen`", "`Sales`", "Nothing was changed"}, false, ""},
		{"edit 100 welcome", []string{"What should `welcome` be?"}, false, ""},
		{"edit 100 welcome Hello {customer}\nHow are you?", []string{"“Hello {customer}\nHow are you?”", "does not send it to customers yet"}, false, "settings 100"},
		{"edit 100 welcome “Hello there”", []string{"now “Hello there”"}, false, "settings 100"},
		{"edit 100 welcome " + strings.Repeat("x", 2001), []string{"2001 characters", "Nothing was changed"}, false, ""},
		{"edit 100 colour blue", []string{"no setting `colour`", "`welcome`"}, false, ""},
		{"statsu", []string{"Did you mean `/facebook status`?"}, false, ""},
		{"authorze", []string{"Did you mean `/facebook authorize`?"}, false, ""},
		{"make coffee `rm -rf`", []string{"no command `make`", "/facebook help"}, false, ""},
	} {
		o := newOffice()
		got := o.typed(t, boss, c.words)
		for _, want := range c.want {
			if !strings.Contains(got.Text, want) {
				t.Errorf("%.40q answers %q, which lacks %q", c.words, got.Text, want)
			}
		}
		if got.Private != c.private {
			t.Errorf("%.40q: private = %v", c.words, got.Private)
		}
		if calls := strings.Join(o.calls, ","); calls != c.calls {
			t.Errorf("%.40q did %q, want %q", c.words, calls, c.calls)
		}
	}
}

func TestCommands_WhoMayNot_ChangesNothingAndLearnsWhomToAsk(t *testing.T) {
	for _, e := range table {
		o := newOffice()
		got := o.typed(t, stranger, e.Word+" 100 confirm")
		if e.Manager && !strings.Contains(got.Text, "livechat-manager") {
			t.Errorf("%s answers a stranger %q", e.Word, got.Text)
		}
		if len(o.calls) > 0 {
			t.Errorf("%s by a stranger did %q", e.Word, o.calls)
		}
	}
	o := newOffice()
	if got := o.typed(t, stranger, "help"); strings.Contains(got.Text, "authorize") {
		t.Errorf("a stranger is shown %q", got.Text)
	}
	if got := o.typed(t, bridge.Author{ID: "c", Username: "carla"}, "pages"); !strings.Contains(got.Text, "Bakery") {
		t.Errorf("a named user is answered %q", got.Text)
	}
}

func TestCommands_EditTwice_KeepsTheOtherSetting(t *testing.T) {
	o := newOffice()
	o.typed(t, boss, "edit 100 welcome Hello")
	o.typed(t, boss, "edit 100 department Sales")
	if s := o.pages["100"].Settings; s.Welcome != "Hello" || s.Department != "d1" {
		t.Errorf("settings are %+v", s)
	}
}

func TestCommands_FacebookRefuses_PersonIsToldAtOnce(t *testing.T) {
	o := newOffice()
	c := o.commands()
	o.broken = &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown, Gate: bridge.GatePage("100")}
	c.People = newOffice()
	reply, err := c.Do(t.Context(), bridge.Command{From: boss, Words: "unsubscribe 100"})
	if err != nil || !strings.Contains(reply.Text, "Please try again later") {
		t.Errorf("%q, %v", reply.Text, err)
	}
}

func TestCommands_OurOwnTrouble_IsRepeated(t *testing.T) {
	o := newOffice()
	o.broken = errors.New("Rocket.Chat is away")
	if _, err := o.commands().Do(t.Context(), bridge.Command{From: boss, Words: "pages"}); err == nil {
		t.Error("a command nobody could check was answered")
	}
}

func TestWords(t *testing.T) {
	for text, want := range map[string][2]string{
		"edit 1 x y":         {"edit", "1 x y"},
		"  edit\n1":          {"edit", "1"},
		`"two words" rest`:   {"two words", "rest"},
		"„two words“ rest":   {"two words", "rest"},
		`"open end`:          {`"open`, "end"},
		"":                   {"", ""},
		"\u00a0help\u00a0me": {"help", "me"},
		"a\tb c\n\nd  e":     {"a", "b c\n\nd  e"},
		`""`:                 {"", ""},
		"'it''s' odd":        {"it", "'s' odd"},
	} {
		word, rest := cutWord(text)
		if word != want[0] || rest != want[1] {
			t.Errorf("%q: %q and %q", text, word, rest)
		}
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"edit 1 welcome \"a\nb\"", "„x“", "''", "\x00", "“"} {
		f.Add(s)
	}
	o := newOffice()
	c := o.commands()
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := c.Do(t.Context(), bridge.Command{From: boss, Words: s}); err != nil {
			t.Error(err)
		}
		if word, rest := cutWord(s); len(word)+len(rest) > len(s) {
			t.Errorf("%q grew to %q and %q", s, word, rest)
		}
	})
}
