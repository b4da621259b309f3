package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/language"
)

// office plays everything that commands need.
type office struct {
	pages   map[bridge.PageID]bridge.Page
	manager map[bridge.UserID]bool
	broken  error // of whatever is asked
	stays   error // of a room that has to be closed
	barred  error // of who is to be blocked
	nobody  bool  // is a customer any more
	calls   []string
	tickets map[string]bridge.Ticket
	spent   map[string]string // by what
	late    time.Duration     // since all began
	listed  func()            // after each look at the pages
}

var opened = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

func (o *office) SaveTicket(_ context.Context, t bridge.Ticket) error {
	if o.tickets == nil {
		o.tickets, o.spent = map[string]bridge.Ticket{}, map[string]string{}
	}
	o.tickets[t.ID] = t
	delete(o.spent, t.ID)
	return nil
}

func (o *office) Ticket(id string) (bridge.Ticket, error) {
	t, found := o.tickets[id]
	if _, spent := o.spent[id]; !found || spent || !opened.Add(o.late).Before(t.Expires) {
		return t, bridge.ErrTicketUnknown
	}
	return t, nil
}

func (o *office) SpendTicket(_ context.Context, id, by string) (bridge.Ticket, error) {
	t, found := o.tickets[id]
	switch spentBy, spent := o.spent[id]; {
	case !found:
		return t, bridge.ErrTicketUnknown
	case spent && spentBy != by:
		return t, bridge.ErrTicketSpent
	case !spent && !opened.Add(o.late).Before(t.Expires):
		return t, bridge.ErrTicketExpired
	}
	o.spent[id] = by
	return t, nil
}

func newOffice() *office {
	return &office{
		manager: map[bridge.UserID]bool{"boss": true},
		pages: map[bridge.PageID]bridge.Page{
			"100": {ID: "100", Name: "Shop *one*", State: bridge.PageRunning, Token: "t", By: "boss"},
			"200": {ID: "200", Name: "Bakery", State: bridge.PageNeedsAuth, Why: bridge.Trouble{Kind: bridge.PasswordChanged}, Token: "t", By: "other"},
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
func (o *office) EachPage(each func(*bridge.Page) bool) { bridgetest.Pages(o.Pages()).EachPage(each) }

func (o *office) Pages() (all []bridge.Page) {
	for _, id := range []bridge.PageID{"100", "200"} {
		if p, ok := o.pages[id]; ok {
			all = append(all, p)
		}
	}
	if o.listed != nil {
		o.listed()
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
	return o.change("on", id, func(p *bridge.Page) { p.State, p.Why = bridge.PageRunning, bridge.Trouble{} })
}
func (o *office) SwitchOff(_ context.Context, id bridge.PageID) (bridge.Page, error) {
	return o.change("off", id, func(p *bridge.Page) { p.State = bridge.PageOff })
}
func (o *office) Disconnect(_ context.Context, id bridge.PageID, _ bridge.Author) (bridge.Page, pages.Revoked, error) {
	p, err := o.change("disconnect", id, func(p *bridge.Page) { p.Token = "" })
	return p, pages.RevokedGrant, err
}
func (o *office) Delete(_ context.Context, id bridge.PageID, _ bridge.Author) (bridge.Page, pages.Revoked, error) {
	p, err := o.change("delete", id, func(*bridge.Page) {})
	delete(o.pages, id)
	return p, pages.RevokeLater, err
}
func (o *office) Customer(p bridge.PageID, word string) (bridge.CustomerID, error) {
	if word != "7001" || o.nobody {
		return "", bridge.ErrNoCustomer
	}
	return "7001", nil
}
func (o *office) Called(p bridge.PageID, fits func(string) bool) (all []bridge.Called, err error) {
	for id, name := range map[bridge.CustomerID]string{"7001": "Anna Example", "7002": "Ben Twice", "7003": "Ben Twice"} {
		if fits(name) {
			all = append(all, bridge.Called{Conversation: bridge.Conversation{Page: p, Customer: id, Kind: bridge.Messages}, Name: name})
		}
	}
	return all, nil
}
func (o *office) Block(_ context.Context, p bridge.PageID, c bridge.CustomerID, on bool) error {
	o.calls = append(o.calls, fmt.Sprintf("block %s %s %v", p, c, on))
	return o.barred
}
func (o *office) Forget(_ context.Context, p bridge.PageID, c bridge.CustomerID) (bridge.Forgotten, error) {
	o.calls = append(o.calls, "forget "+string(p)+" "+string(c))
	return bridge.Forgotten{Rooms: 2, Waiting: 3}, o.stays
}
func (o *office) ChangeSetting(_ context.Context, id bridge.PageID, d *settings.Setting, value string) (bridge.Page, language.Phrase, error) {
	p, err := o.Page(id)
	if err != nil {
		return p, "", err
	}
	if wrong := d.Change(&p.Settings, value, offices); wrong != "" {
		return p, wrong, nil
	}
	p, err = o.change("settings", id, func(page *bridge.Page) { page.Settings = p.Settings })
	return p, "", err
}

var offices = []bridge.Department{{ID: "d1", Name: "Sales"}, {ID: "d2", Name: "After sales"}}

func (o *office) FillSettings(_ context.Context, _ bridge.Author, id bridge.PageID, f settings.Filled, known []bridge.Department) (p bridge.Page, out settings.Outcome, err error) {
	if p, err = o.Page(id); err == nil {
		out, err = f.Apply(p.Settings, known)
	}
	if err == nil && out.Saved {
		p, err = o.change("filled", id, func(p *bridge.Page) { p.Settings = out.Settings })
	}
	return p, out, err
}

func (o *office) DeadLetters(page bridge.PageID, before bridge.Seq, limit int) (list []bridge.DeadLetter, more int, err error) {
	if page != "" {
		o.calls = append(o.calls, fmt.Sprintf("lost %s %d", page, before))
	}
	if page == "300" {
		return nil, 0, nil
	}
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	return []bridge.DeadLetter{
		{Failure: bridge.Failure{Seq: 12, Direction: "out", Lane: bridge.Conversation{Page: "200", Kind: bridge.Messages, Customer: "7001002003003005"}.Lane(), Reason: bridge.WindowClosed, Progress: bridge.Progress{Part: 2}},
			Written: at, By: bridge.Author{Username: "ana"}, Customer: "7001002003003005", Room: "r1", Parts: 3, Arrived: 1},
		{Failure: bridge.Failure{Seq: 9, Direction: "in", Lane: bridge.Conversation{Page: "100", Kind: bridge.Messages, Customer: "7001002003003006"}.Lane(), Reason: bridge.ContactBlocked, Accepted: at}, Customer: "7001002003003006"},
	}, 4, nil
}
func (o *office) Retry(_ context.Context, anyway bool, seqs ...bridge.Seq) (became []bridge.RetryResult, err error) {
	o.calls = append(o.calls, fmt.Sprintf("retry %v %v", seqs, anyway))
	for _, seq := range seqs {
		became = append(became, map[bridge.Seq]bridge.RetryResult{12: bridge.TriedAgain, 14: bridge.NotKept, 15: bridge.Overtaken}[seq])
	}
	return became, nil
}
func (o *office) RetryAll(_ context.Context, page bridge.PageID) (again, overtaken int, err error) {
	o.calls = append(o.calls, "retry all "+string(page))
	return 7, 2, nil
}

func (o *office) commands() *Commands {
	return New(Config{
		People: o, Users: []string{"@Carla"}, Connector: Connector{o, o, o, o}, Customers: o, Pages: o,
		Codes: Codes{o, func() time.Time { return opened.Add(o.late) }},
		Traffic: Traffic{
			LastMessage: func(p bridge.PageID, direction bridge.Direction) (at time.Time) {
				if p == "100" && direction == "in" {
					at = time.Date(2026, 11, 26, 7, 5, 0, 0, time.UTC)
				}
				return at
			},
			Waiting: func(p bridge.PageID) (int, int) { return map[bridge.PageID]int{"200": 3}[p], 0 },
		},
		Departments: func(context.Context) ([]bridge.Department, error) {
			return offices, nil
		},
		Health: func() (Health, error) {
			return Health{
				Workspace: Connection{Up: true, Since: time.Now().Add(-3 * time.Hour)},
				Facebook:  Connection{Since: time.Now().Add(-7 * time.Minute), Problem: "timed out"},
				Out:       bridge.Backlog{Waiting: 2, Oldest: time.Now().Add(-90 * time.Second)},
				Waiting: map[bridge.PageID]bridge.PageBacklog{"200": {
					Out: bridge.Backlog{Waiting: 2, Oldest: time.Now().Add(-90 * time.Second)}, Held: bridge.PageLost}},
				Failed: map[bridge.PageID]map[bridge.Reason]int{"200": {bridge.WindowClosed: 2, bridge.Rejected: 5}},
			}, nil
		},
		Failures: o, Workspace: Workspace{RoomLink: func(r bridge.RoomID) string { return "https://chat.example/live/" + string(r) }},
	})
}

var (
	boss     = bridge.Author{ID: "boss", Username: "boss"}
	stranger = bridge.Author{ID: "nobody", Username: "nobody"}
)

func (o *office) typed(t *testing.T, who bridge.Author, words string) bridge.Reply {
	t.Helper()
	reply, err := o.commands().Handle(t.Context(), bridge.Command{ID: "m", From: who, Words: words})
	if err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	return reply
}

// The only page may be deleted, or a second one connected, at any moment while somebody asks to try all again.
func TestRetryAll_WhilePagesComeAndGo(t *testing.T) {
	for name, change := range map[string]func(*office){
		"the only one is deleted": func(o *office) { clear(o.pages) },
		"a second is connected":   func(o *office) { o.pages["100"] = newOffice().pages["100"] },
	} {
		t.Run(name, func(t *testing.T) {
			for tried, look := false, 1; !tried; look++ {
				o, looks := newOffice(), 0
				delete(o.pages, "100")
				o.listed = func() {
					if looks++; looks == look {
						change(o)
					}
				}
				reply := o.typed(t, boss, "retry all")
				switch tried = slices.Equal(o.calls, []string{"retry all 200"}); {
				case tried && strings.Contains(reply.Text, "Tried again: 7"):
				case strings.Contains(reply.Text, "Which page?"), strings.Contains(reply.Text, "No page is connected"):
				default:
					t.Errorf("changed at look %d: answered %q after %q", look, reply.Text, o.calls)
				}
			}
		})
	}
}

func TestCommands_WhatIsAnswered(t *testing.T) {
	for _, c := range []struct {
		words   string
		want    []string
		private bool
		calls   string
	}{
		{"", []string{"/facebook authorize", "/facebook status", "*Customers*\n• `/facebook block` – ", "`/facebook help <command>` explains", "!facebook"}, false, ""},
		{"help edit", []string{"`/facebook edit <pageId> [<setting> <value…>]` – shows or changes", "e.g. `/facebook edit 1002", "may be left out"}, false, ""},
		{"help failed", []string{"in the last 7 days", "A page is named by its name"}, false, ""},
		{"help edti", []string{"Did you mean `/facebook edit`?"}, false, ""},
		{"edit bak welcome Hi", []string{"*Bakery*: `welcome` is now “Hi”"}, false, "settings 200"},
		{"edit \"Shop\" welcome Hi", []string{"*Shop one*: `welcome` is now “Hi”"}, false, "settings 100"},
		{"unsubscribe ba", []string{"Which page?"}, false, ""},
		{"retry all bakery", []string{"Tried again: 7"}, false, "retry all 200"},
		{"help", []string{"You can type", "unauthorize"}, false, ""},
		{"  HELP  ", []string{"You can type"}, false, ""},
		{"authorize", []string{"https://b.example/oauth/start", "10 minutes", "keep the pages ticked"}, true, "login"},
		{"authorise", []string{"https://b.example/oauth/start"}, true, "login"},
		{"pages", []string{"Shop one", "Running", "Needs authorisation (the person who connected it has a new password", "waiting: 3 to agents"}, false, ""},
		{"status", []string{"Rocket.Chat answers, for 3 h", "Facebook does not answer, for 7 min: timed out", "Waiting for agents: nothing",
			"Waiting for customers: 2, the oldest for 1 min", "7 days: 7 (5× Facebook refused the content; 2× the customer had written too long ago)",
			":warning: *Bakery* `200`", "Nothing is sent at the moment: the page has to be authorised again"}, false, ""},
		{"failed", []string{"`12` 26 Nov 2026, 12:00 from @ana to customer …3005 · Bakery", "written too long ago", "1 of 3 parts arrived",
			"[open the chat](https://chat.example/live/r1)", "from customer …3006 · Shop", "`/facebook retry 12`", "There are 4 more: `/facebook failed before 9`"}, false, ""},
		{"failed 200 before 9", []string{"There are 4 more: `/facebook failed 200 before 9`"}, false, "lost 200 9"},
		{"failed 300", []string{"Which page?"}, false, "lost 300 0"},
		{"failed before soon", []string{"`soon` is no number"}, false, ""},
		{"retry", []string{"Which one?"}, false, ""},
		{"retry 12", []string{"`12` is tried again"}, false, "retry [12] false"},
		{"retry #14 `12` anyway", []string{"This sends `12 14` without", "`/facebook retry 12 14 anyway confirm "}, true, ""},
		{"retry all", []string{"Which page?"}, false, ""},
		{"retry 15", []string{"`15` is not sent: its author has deleted or replaced it since."}, false, "retry [15] false"},
		{"retry all 200", []string{"Tried again: 7", "deleted or replaced them since: 2."}, false, "retry all 200"},
		{"retry it", []string{"`it` is no number"}, false, ""},
		{"pages bak", []string{"*Bakery* `200`\n:warning: Needs authorisation"}, false, ""},
		{"pages 100", []string{"• last message from a customer: 26 Nov 2026, 07:05\n• last message to a customer: none yet"}, false, ""},
		{"pages soap", []string{"Which page?"}, false, ""},
		{"delete 100", []string{"This deletes *Shop one*", "`/facebook delete 100 confirm ", "within 5 minutes"}, true, ""},
		{"delete 200 confirm", []string{"This deletes *Bakery*"}, true, ""},
		{"delete 200 confirm abcdefgh", []string{"only in a direct message"}, false, ""},
		{"delete", []string{"Which page?"}, false, ""},
		{"delete confirm", []string{"Which page?"}, false, ""},
		{"block 100", []string{"Which customer?", "`/facebook block 100 <customer>`"}, false, ""},
		{"block 100 9999", []string{"Nothing is stored about the customer `9999`"}, false, ""},
		{"block 100 7001", []string{"no longer write to", "`/facebook unblock 100 7001`"}, false, "block 100 7001 true"},
		{"unblock 100 7001", []string{"may write to", "again"}, false, "block 100 7001 false"},
		{"forget", []string{"Which page?"}, false, ""},
		{"forget 100", []string{"Which customer?"}, false, ""},
		{"forget 100 confirm", []string{"Which customer?"}, false, ""},
		{"forget 100 9999", []string{"Nothing is stored about the customer `9999`", "Nothing was changed"}, false, ""},
		{"forget 100 7001", []string{"This erases the customer `7001`", "merged this contact with others", "cannot be undone", "`/facebook forget 100 7001 confirm "}, true, ""},
		{"forget 100 7001 confirm", []string{"This erases the customer `7001`"}, true, ""},
		{"subscribe 200", []string{"*Bakery*: Running"}, false, "on 200"},
		{"subscribe", []string{"Which page?", "`100`", "`200`"}, false, ""},
		{"subscribe 999", []string{"Which page?"}, false, ""},
		{"unsubscribe 100", []string{"is off"}, false, "off 100"},
		{"unauthorize", []string{"This disconnects *Shop one*", "`/facebook unauthorize 100 confirm "}, true, ""},
		{"unauthorize 200", []string{"*Bakery*", "`/facebook unauthorize 200 confirm "}, true, ""},
		{"unauthorize 200 confirm", []string{"This disconnects *Bakery*"}, true, ""},
		{"unauthorize confirm", []string{"This disconnects *Shop one*"}, true, ""},
		{"edit 100", []string{"`department`", "_none_", "https://b.example/pages/100/settings", "15 minutes"}, true, ""},
		{"edit", []string{"Which page?"}, false, ""},
		{"edit 100 department sales", []string{"`department` is now “Sales”", "next room"}, false, "settings 100"},
		{"edit 100 department \"After sales\"", []string{"“After sales”"}, false, "settings 100"},
		{"edit 100 department none", []string{"_none_"}, false, "settings 100"},
		{"edit 100 department Kitchen", []string{"no department “Kitchen”", "Sales, After sales", "Nothing was changed"}, false, ""},
		{"edit 100 welcome", []string{"`welcome` of *Shop one* is _none_", "sent when a conversation begins", "`/facebook edit 100 welcome <value>`"}, false, ""},
		{"edit 100 agent-name", []string{"is “none”", "• `username` – the agent's username"}, false, ""},
		{"edit 100 files-in off", []string{"`files-in` is now “off”"}, false, "settings 100"},
		{"edit 100 files-in perhaps", []string{"`on` or `off`", "Nothing was changed"}, false, ""},
		{"edit 100 MAX-FILE-SIZE 1,5mb", []string{"“1536 KB”"}, false, "settings 100"},
		{"edit 100 welcome Dear {costumer}", []string{"{costumer}", "{customer}, {agent}", "Nothing was changed"}, false, ""},
		{"edit 100 welcome Dear {customer|guest}", []string{"\n• With names (examples): “Dear Alex Morgan”", "\n• Where no name is known: “Dear guest”"}, false, "settings 100"},
		{"edit 100 finished Bye from {agent}.\nThank you.", []string{"• With names (examples): \n```\nBye from Kim Lee.\nThank you.\n```\n• Where"}, false, "settings 100"},
		{"edit 100 welcome {customer}", []string{"Where no name is known: _(nothing is sent)_"}, false, "settings 100"},
		{"edit 100 welcome Dear {customer|guest", []string{"A brace is not closed: {customer|guest. Nothing was changed."}, false, ""},
		{"edit 100 welcome \"\"", []string{"`welcome` is now _none_"}, false, "settings 100"},
		{"edit 100 welcome Come in @all", []string{"@\u2060all"}, false, "settings 100"},
		{"edit 100 welcom Hi", []string{"no setting `welcom`", "Did you mean `welcome`?", "`privacy-url`"}, false, ""},
		{"edit 100 welcome Hello {customer}\nHow are you?", []string{"now \n```\nHello {customer}\nHow are you?\n```"}, false, "settings 100"},
		{"edit 100 welcome “Hello there”", []string{"now “Hello there”"}, false, "settings 100"},
		{"edit 100 welcome " + strings.Repeat("x", 2001), []string{"2001 characters", "at most 2000", "Nothing was changed"}, false, ""},
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
	for _, e := range newOffice().commands().table {
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
	c.people = newOffice()
	reply, err := c.Handle(t.Context(), bridge.Command{From: boss, Words: "unsubscribe 100"})
	if err != nil || !strings.Contains(reply.Text, "Please try again later") {
		t.Errorf("%q, %v", reply.Text, err)
	}
}

func TestCommands_OurOwnTrouble_IsRepeated(t *testing.T) {
	o := newOffice()
	o.broken = errors.New("Rocket.Chat is away")
	if _, err := o.commands().Handle(t.Context(), bridge.Command{From: boss, Words: "pages"}); err == nil {
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
		if _, err := c.Handle(t.Context(), bridge.Command{From: boss, Words: s}); err != nil {
			t.Error(err)
		}
		if word, rest := cutWord(s); len(word)+len(rest) > len(s) {
			t.Errorf("%q grew to %q and %q", s, word, rest)
		}
	})
}

func TestValue_QuotesAroundTheWhole(t *testing.T) {
	for text, want := range map[string]string{
		`"Hello there"`:            `Hello there`,
		` “Hello” `:                `Hello`,
		`„Guten Tag“`:              `Guten Tag`,
		`«Bonjour»`:                `Bonjour`,
		`"say "hi" to us"`:         `say "hi" to us`,
		`"one" and "two"`:          `"one" and "two"`,
		`“one” and “two”`:          `“one” and “two”`,
		`“say “hi” to us”`:         `say “hi” to us`,
		`""quoted""`:               `"quoted"`,
		"\"two\n\nlines\"":         "two\n\nlines",
		`it's`:                     `it's`,
		`"`:                        `"`,
		`""`:                       ``,
		`"open`:                    `"open`,
		`5" screen, and 6" screen`: `5" screen, and 6" screen`,
	} {
		if got := value(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
