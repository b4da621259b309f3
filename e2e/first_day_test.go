package e2e

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// firstDay writes down what is typed on a first day, and what people see.
type firstDay struct {
	*office
	out   strings.Builder
	shown map[string]string // of the setup channel, by message
}

// does notes what somebody does.
func (d *firstDay) does(format string, args ...any) {
	fmt.Fprintf(&d.out, "\n"+format+"\n\n", args...)
}

// reads notes what is new, or has changed, in the setup channel: what is announced, then
// the list, for neither waits for the other.
func (d *firstDay) reads() {
	var announced, list []string
	for _, m := range d.rc.Messages(d.setup()) {
		if m.Username != ourBot || m.System != "" || d.shown[m.ID] == m.Text {
			continue
		}
		d.shown[m.ID] = m.Text
		lines := strings.Split(m.Text, "\n")
		if ofTheList.MatchString(m.Text) {
			list = append(list, lines...)
		} else {
			announced = append(announced, lines...)
		}
	}
	d.quote(append(announced, list...)...)
}

var (
	signs     = strings.NewReplacer(":white_check_mark:", "✅", ":point_right:", "👉", ":warning:", "⚠️", ":tada:", "🎉", ":white_circle:", "⚪")
	ofTheList = regexp.MustCompile(`^(:\w+: \d+\. |:tada: )`)
	oneTime   = regexp.MustCompile(`http://127\.[\d.]+:\d+(/\S*?)(=[\w.~%-]+)?([\s)>"]|$)`)
)

func (d *firstDay) quote(lines ...string) {
	for _, line := range lines {
		fmt.Fprintf(&d.out, "> %s\\\n", oneTime.ReplaceAllString(signs.Replace(strings.ReplaceAll(line, "**", "*")), "https://bridge.example.org$1=…$3"))
	}
}

// step waits until a step of the checklist has a sign.
func (d *firstDay) step(sign string, n int) {
	d.Helper()
	d.eventually(fmt.Sprintf("step %d shows %s", n, sign), func() bool {
		for _, m := range d.rc.Messages(d.setup()) {
			if m.Username == ourBot && strings.HasPrefix(m.Text, fmt.Sprintf("%s %d. ", sign, n)) {
				return true
			}
		}
		return false
	})
}

// ticked waits until steps are done.
func (d *firstDay) ticked(steps ...int) {
	d.Helper()
	for _, n := range steps {
		d.step(":white_check_mark:", n)
	}
}

const firstDayMark = "<!-- written by TestFirstDay_AsTyped (go test ./e2e -run TestFirstDay -update); do not edit -->\n"

// TestFirstDay_AsTyped goes from an empty workspace to an answered customer, as an
// administrator would, and holds the manual to it.
func TestFirstDay_AsTyped(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	d := &firstDay{office: o, shown: map[string]string{}}
	o.rc.SetSetting("Livechat_enabled", false)
	o.agent.GoesOffline()

	d.does("**The operator starts the bridge.** The bot makes the private channel `#omnichannel-facebook-setup`, invites the omnichannel managers, and says there:")
	o.run()
	d.ticked(1, 2, 3, 6) // on a busy machine, the list comes before the connection
	d.step(":point_right:", 7)
	d.reads()

	d.does("**Maria, who manages Omnichannel, switches it on, and Ana, an agent, comes online.** Within half a minute the list says:")
	o.rc.SetSetting("Livechat_enabled", true)
	o.agent.GoesOnline()
	d.ticked(4, 5)
	d.reads()

	d.does("**Maria types** `/facebook authorize` **into the channel** and reads, in a direct message of the bot:")
	answer := o.private("maria", o.setup(), "/facebook authorize")
	d.quote(strings.Split(answer, "\n")...)

	d.does("**She follows the link, logs in at Facebook, ticks the page Bakery there and once more on the bridge's page, and chooses the department Sales.** The channel reads:")
	o.openWindow().login(o.linkIn(answer), bakery).choose([]string{bakery}, bakery+".department="+o.sales, bakery+".welcome=Welcome to our bakery!").
		shows("the result", 200, "The page is connected", "Bakery", "Running")
	d.ticked(7, 8, 9)
	d.step(":point_right:", 10)
	o.eventually("it is announced", func() bool { return len(containing(o.hears(o.setup()), "is connected (by @maria)")) == 1 })
	d.reads()

	d.does("**A customer writes to the page:** “Are you open on Sunday?” and gets the welcome text. The channel reads:")
	o.meta.CustomerWrites(bakery, anna, "Are you open on Sunday?")
	o.eventually("the customer is welcomed", func() bool { return len(o.meta.CustomerSees(bakery, anna)) == 1 })
	d.ticked(10)
	d.step(":point_right:", 11)
	d.reads()

	d.does("**Ana answers in the new room:** “Yes, from nine to five.” The channel reads:")
	rid := o.rc.Rooms()[0].ID
	o.eventually("Ana sees the question", func() bool { return slices.Equal(o.rc.CustomerTexts(rid), []string{"Are you open on Sunday?"}) })
	o.agent.Says(rid, "Yes, from nine to five.")
	d.step(":white_check_mark:", 11)
	o.eventually("the list is complete", func() bool { return len(containing(o.steps(), ":tada: ")) == 1 })
	d.reads()

	d.does("**The customer has read:**")
	for _, b := range o.meta.CustomerSees(bakery, anna) {
		d.quote(b.Text)
	}
	if room := o.rc.Rooms()[0]; room.DepartmentID != o.sales || room.ServedBy != "ana" {
		t.Errorf("the room is %+v", room)
	}
	d.compare("../docs/managing.md")
}

// compare holds the part of a document behind the mark, up to the next heading, to what
// was written down.
func (d *firstDay) compare(path string) {
	d.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		d.Fatal(err)
	}
	before, rest, found := strings.Cut(string(content), firstDayMark)
	if !found {
		d.Fatal(path, "lacks the line ", firstDayMark)
	}
	have, after, _ := strings.Cut(rest, "\n## ")
	want := regexp.MustCompile(`\\\n(\n|$)`).ReplaceAllString(d.out.String(), "\n$1")
	if have == want {
		return
	}
	if !*update {
		d.Errorf("%s does not show the first day as it is; run: go test ./e2e -run TestFirstDay -update\n%s", path, want)
		return
	}
	if err := os.WriteFile(path, []byte(before+firstDayMark+want+"\n## "+after), 0o644); err != nil {
		d.Fatal(err)
	}
}

// TestSetupChannel_WhatNobodyWrote_IsNoAnswer: the welcome text does not tick the step
// that asks for a person's answer.
func TestSetupChannel_WhatNobodyWrote_IsNoAnswer(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.openWindow().login(o.link(), bakery).choose([]string{bakery}, bakery+".welcome=Hi").shows("the result", 200, "The page is connected")
	o.eventuallyRuns(bakery)
	o.meta.CustomerWrites(bakery, anna, "Hello")
	o.eventually("the customer is welcomed", func() bool { return len(o.meta.CustomerSees(bakery, anna)) == 1 })
	o.settled()
	o.eventually("an answer is asked for", func() bool { return len(containing(o.steps(), ":point_right: 11. ")) == 1 })
	o.halt()
	o.run()
	o.public("/facebook help")
	if len(containing(o.steps(), ":point_right: 11. ")) != 1 {
		t.Errorf("the list is %q", o.steps())
	}
}

// TestSetupChannel_AsksForWordsThatReachTheBot: where the workspace lets no /facebook through, the
// list names what it lets through; with the companion app, or the setting, it names /facebook.
func TestSetupChannel_AsksForWordsThatReachTheBot(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed, "COMMANDS_SECRET="+appSecret)
	o.rc.SetSetting("Message_AllowUnrecognizedSlashCommand", false)
	o.run()
	asks := func(words string) {
		t.Helper()
		o.eventually("it asks for "+words, func() bool {
			return len(containing(o.steps(), ":point_right: 7. Connect a Facebook page: type `"+words+"`")) == 1
		})
	}
	asks("!facebook authorize")
	o.rc.SetSetting("Message_AllowUnrecognizedSlashCommand", true)
	asks("/facebook authorize")
	o.rc.SetSetting("Message_AllowUnrecognizedSlashCommand", false)
	asks("!facebook authorize")
	if code, out := o.installApp(); code != 0 {
		t.Fatal(out)
	}
	asks("/facebook authorize")
}

// TestSetupChannel_WhatIsMissing_IsNamedAndHoldsUpNothing takes one thing after another
// away from a workspace.
func TestSetupChannel_WhatIsMissing_IsNamedAndHoldsUpNothing(t *testing.T) {
	t.Parallel()
	for step, c := range map[int]struct {
		spoil  func(o *office)
		repair func(o *office)
		part   string
	}{
		2: {func(o *office) { o.rc.SetPermission("view-livechat-rooms") }, func(o *office) { o.rc.SetPermission("view-livechat-rooms", "livechat-manager", "admin") }, "A permission is missing"},
		4: {func(o *office) { o.rc.SetSetting("Livechat_enabled", false) }, func(o *office) { o.rc.SetSetting("Livechat_enabled", true) }, "Switch Omnichannel on"},
		5: {func(o *office) { o.agent.GoesOffline() }, func(o *office) { o.agent.GoesOnline() }, "No agent is online"},
	} {
		t.Run(c.part, func(t *testing.T) {
			o := openOffice(t, bypassed)
			c.spoil(o)
			o.start()
			o.eventually("it is named, and the page is asked for", func() bool {
				hears := o.hears(o.setup())
				return len(containing(hears, fmt.Sprintf(":warning: %d. %s", step, c.part))) == 1 && len(containing(hears, ":point_right: 7. ")) == 1
			})
			c.repair(o)
			done := func() bool {
				return len(containing(o.hears(o.setup()), fmt.Sprintf(":white_check_mark: %d. ", step))) == 1
			}
			o.eventually("it is ticked", done)
			if step == 5 { // an agent who goes home undoes nothing
				o.agent.GoesOffline()
				o.halt()
				o.run()
				o.public("/facebook help")
				if !done() {
					t.Errorf("the list is %q", o.hears(o.setup()))
				}
			}
		})
	}
}
