package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/sandbox/chat"
)

// way is one of the ways in which a command reaches the bridge.
type way struct {
	name string
	as   string // what makes it a command
	room string
	app  bool // the companion app brings it
	rest bool // without a client
}

// told is what a person gets in answer, wherever that is.
type told struct {
	text    string
	buttons []chat.Button
	dialog  *chat.Dialog
}

// waysIn are all of them, for somebody who is in the setup channel.
func (o *office) waysIn(who string) []way {
	setup, direct := o.setup(), o.rc.DirectRoom(who, ourBot)
	o.rc.Joins(setup, who)
	lobby := o.rc.AddChannel("lobby-of-"+who, who, ourBot)
	three := o.rc.DirectRoom(who, "ana", ourBot)
	return []way{
		{"!facebook in a channel", "!facebook ", lobby, false, false},
		{"a mention in a channel", "@bridge.bot ", lobby, false, false},
		{"!facebook where others read", "!facebook ", three, false, false},
		{"facebook to the bot", "facebook ", direct, false, false},
		{"!facebook to the bot", "!facebook ", direct, false, false},
		{"words to the bot", "", direct, false, false},
		{"facebook in the setup channel", "facebook ", setup, false, false},
		{"a mention in the setup channel", "@bridge.bot ", setup, false, false},
		{"the app", "/facebook ", lobby, true, false},
		{"the app by REST", "/facebook ", "GENERAL", true, true},
	}
}

// says types something one way, and waits for what the person is told.
func (o *office) says(who string, w way, words string) (got told) {
	o.Helper()
	setup := o.setup()
	direct, channel := len(o.rc.DirectMessages(who)), len(o.answers(setup))
	shown, dialogs := len(o.rc.Notices(who)), len(o.rc.Dialogs(who))
	switch typed := strings.TrimSpace(w.as + words); {
	case w.rest:
		o.rc.RunCommandByREST(who, w.room, "facebook", words)
	default:
		o.rc.UserSays(who, w.room, typed)
	}
	o.eventually(fmt.Sprintf("%s: %q is answered", w.name, words), func() bool {
		got = told{}
		if all := o.rc.Notices(who); len(all) > shown {
			got.text, got.buttons = all[shown].Text, all[shown].Buttons
		}
		if all := o.rc.Dialogs(who); len(all) > dialogs {
			got.dialog = &all[dialogs]
		}
		if all := o.rc.DirectMessages(who); len(all) > direct {
			got.text, got.buttons = all[direct].Text, all[direct].Buttons()
		}
		if all := o.answers(setup); len(all) > channel {
			got.text, got.buttons = all[channel].Text, all[channel].Buttons()
		}
		return got.text != "" || got.dialog != nil
	})
	return got
}

// answers are what the bot says in the setup channel to somebody.
func (o *office) answers(setup string) (all []chat.Message) {
	for _, m := range o.rc.Messages(setup) {
		if m.Username == ourBot && m.System == "" && !isStep(m.Text) && !announcement.MatchString(m.Text) {
			all = append(all, m)
		}
	}
	return all
}

// orders are commands with a part of their answers; {as} is what the person types before
// a command. Nobody who repeats them changes anything.
var orders = []struct{ words, part string }{
	{"help", "`{as}authorize`"},
	{"", "`{as}authorize`"}, // as help
	{"authorize", "/oauth/start?state="},
	{"pages", "*Bakery* `" + bakery + "`"},
	{"edit " + bakery, "/settings?ticket="}, // or a dialog
	{"edit " + bakery + " welcome Hello", "`welcome` is now"},
	{"edit " + bakery + " colour red", "There is no setting `colour`"},
	{"edit", "Which page?"},
	{"subscribe " + bakery, "*Bakery*: Running"},
	{"unsubscribe " + bikes, "`{as}subscribe " + bikes + "` switches it on again"},
	{"unauthorize " + bikes, "`{as}unauthorize " + bikes + " confirm "},
	{"delete " + bikes, "`{as}delete " + bikes + " confirm "},
	{"forget " + bikes, "Which customer?"},
	{"block " + bikes, "Which customer?"},
	{"unblock " + bikes + " 9999", "Nothing is stored"},
	{"status", "Rocket.Chat answers"},
	{"announce", "Into which channel?"},
	{"failed", "Everything was delivered"},
	{"retry", "`{as}failed`"},
	{"statsu", "Did you mean `{as}status`?"},
	{"weather in Berlin", "There is no command `weather`"},
}

func TestCommand_EveryOne_ByEveryWayIn(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	o.connect(bakery, bikes)
	o.talks(bakery)
	o.settled()
	words := map[string]bool{}
	ways := o.waysIn("maria")
	for _, w := range ways {
		for _, order := range orders {
			if w.as+order.words == "" {
				continue // that cannot be typed
			}
			got := o.says("maria", w, order.words)
			word, _, _ := strings.Cut(order.words, " ")
			words[word] = true
			if w.app && !w.rest && order.words == "edit "+bakery {
				if got.dialog == nil || !strings.Contains(got.dialog.Title, "Settings") {
					t.Errorf("%s: edit shows %+v", w.name, got)
				}
				continue
			}
			part := strings.ReplaceAll(order.part, "{as}", as(w))
			if !strings.Contains(got.text, part) {
				t.Errorf("%s: %q is answered %q, which lacks %q", w.name, order.words, got.text, part)
			}
			for _, b := range got.buttons {
				if !strings.HasPrefix(b.Types, as(w)) || b.Label == "" {
					t.Errorf("%s: %q has the button %+v", w.name, order.words, b)
				}
			}
		}
	}
	for _, word := range offered.FindAllStringSubmatch(o.says("maria", ways[0], "help").text, -1) {
		if !words[word[1]] {
			t.Errorf("no order tries %s", word[1])
		}
	}
}

// as is how a person's own commands are named to that person.
func as(w way) string {
	if w.as == "" {
		return "facebook "
	}
	return w.as
}

var offered = regexp.MustCompile("(?m)^• `!facebook ([a-z]+)")

func TestCommand_EveryOne_ByEveryWayIn_RefusedToWhoMayNot(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	o.connect(bakery, bikes)
	before := []string{fmt.Sprint(o.storedPage(bakery)), fmt.Sprint(o.storedPage(bikes))}
	o.run()
	o.looked()
	calls := len(o.meta.Calls())
	for _, w := range o.waysIn("paul") {
		for _, order := range orders {
			if w.as+order.words == "" {
				continue // that cannot be typed
			}
			got := o.says("paul", w, order.words)
			if order.words == "" || order.words == "help" {
				if strings.Contains(got.text, "authorize") || len(got.buttons) > 0 {
					t.Errorf("%s: paul is offered %+v", w.name, got)
				}
				continue
			}
			if got.dialog != nil || len(got.buttons) > 0 || !strings.Contains(got.text, "livechat-manager") {
				t.Errorf("%s: %q is answered %+v", w.name, order.words, got)
			}
		}
	}
	if got := len(o.meta.Calls()); got != calls {
		t.Errorf("Facebook was called: %+v", o.meta.Calls()[calls:])
	}
	if after := []string{fmt.Sprint(o.storedPage(bakery)), fmt.Sprint(o.storedPage(bikes))}; !slices.Equal(after, before) {
		t.Errorf("the pages were %q and are %q", before, after)
	}
}

// TestCommand_WithoutTheApp_ButtonsSpareTyping clicks from the word facebook alone to
// the settings of a page, as on a phone.
func TestCommand_WithoutTheApp_ButtonsSpareTyping(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.rc.SetSetting("Message_AllowUnrecognizedSlashCommand", false)
	o.run()
	o.connect(bakery)
	o.settled()
	setup := o.setup()
	here := way{name: "the setup channel", as: "facebook ", room: setup}
	menu := o.says("maria", here, "")
	click := func(from told, label string) told {
		t.Helper()
		for _, b := range from.buttons {
			if b.Label == label {
				words, ok := strings.CutPrefix(b.Types, here.as)
				if !ok {
					t.Errorf("the button %q types %q", label, b.Types)
				}
				return o.says("maria", here, words)
			}
		}
		t.Fatalf("there is no button %q in %+v", label, from)
		return told{}
	}
	if got := click(menu, "Status"); !strings.Contains(got.text, "Rocket.Chat answers") {
		t.Errorf("Status shows %+v", got)
	}
	pages := click(menu, "Pages")
	if got := click(pages, "Edit Bakery"); !strings.Contains(got.text, "/settings?ticket=") {
		t.Errorf("Edit shows %+v", got)
	}
	if got := click(o.says("maria", here, "subscribe"), "Bakery"); !strings.Contains(got.text, "*Bakery*: Running") {
		t.Errorf("choosing a page shows %+v", got)
	}
	if got := click(o.says("maria", here, "unauthorize "+bakery), "Disconnect"); !strings.Contains(got.text, "*Bakery* is disconnected") {
		t.Errorf("confirming shows %+v", got)
	}
}
