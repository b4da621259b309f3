package e2e

import (
	"slices"
	"strings"
	"testing"

	"messenger-bridge/sandbox/chat"
)

// marked reports whether the bot has marked a message as answered by direct message.
func (o *office) answeredAside(rid, id string) bool {
	return slices.ContainsFunc(o.rc.Messages(rid), func(m chat.Message) bool {
		return m.ID == id && slices.Contains(m.Reactions[":envelope:"], ourBot)
	})
}

// TestCommand_ChangesTypedElsewhere_AreSaidInTheSetupChannel: whoever reads there knows what was
// changed, by whom, whatever the way; and where something was answered by direct message, a
// mark says so.
func TestCommand_ChangesTypedElsewhere_AreSaidInTheSetupChannel(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	setup, direct := o.setup(), o.rc.DirectRoom("maria", ourBot)
	lobby := o.rc.AddChannel("lobby", "maria", ourBot)

	for _, c := range []struct{ room, typed, answer, said string }{
		{direct, "edit welcome Hello {custmer}!", "Did you mean {customer}?", ""},
		{direct, "edit welcome Hello {first name|there}!", "Did you mean {customer|there}?", ""},
		{direct, "edit welcome Hello {customer}!", "`welcome` is now", "*Bakery*: @maria has changed `welcome`."},
		{lobby, "!facebook edit name Bread", "`name` is now", "*Bread*: @maria has changed `name`."},
		{direct, "edit name Bread", "`name` is now", ""}, // as it was
		{direct, "unsubscribe", "is off", "*Bread*: @maria has switched it off."},
		{direct, "subscribe", "*Bread*: ", "*Bread*: @maria has switched it on."},
	} {
		before := len(o.hears(setup))
		if got := o.private("maria", c.room, c.typed); !strings.Contains(got, c.answer) {
			t.Errorf("%q is answered %q", c.typed, got)
		}
		if c.said != "" {
			o.eventually("it is said: "+c.said, func() bool { return len(containing(o.hears(setup)[before:], c.said)) == 1 })
		}
	}
	for part, times := range map[string]int{"has changed": 2, "has switched it": 2} {
		if got := containing(o.hears(setup), part); len(got) != times {
			t.Errorf("%q is said %d times: %q", part, len(got), got)
		}
	}

	o.halt() // what was said stays said, once
	o.run()
	if answer := o.public("/facebook edit welcome none"); !strings.Contains(answer, "`welcome` is now") {
		t.Errorf("it is answered %q", answer)
	}
	for _, room := range []string{setup, lobby} {
		id := o.rc.UserSays("maria", room, "!facebook authorize")
		o.eventually("the command bears a mark: it was answered by direct message", func() bool { return o.answeredAside(room, id) })
	}
	help := o.rc.UserSays("maria", setup, "!facebook pages")
	o.public("/facebook status")
	if o.answeredAside(setup, help) {
		t.Error("what everybody reads bears a mark")
	}
	if got := containing(o.hears(setup), "has changed"); len(got) != 2 {
		t.Errorf("what was typed in the setup channel is said again: %q", got)
	}
	if problems := o.rc.Problems(); len(problems) > 0 {
		t.Error(problems)
	}
}
