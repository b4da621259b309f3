package e2e

import (
	"strings"
	"testing"

	"messenger-bridge/sandbox/chat"
)

// noIDs are ids that anybody may choose for a message, and that can be no key, or stand in nothing that people read.
var noIDs = map[string]string{
	"longer than a key of the store": strings.Repeat("x", 4_200), "longer than any key": strings.Repeat("x", 40_000),
	"with a zero": "a\x00b", "with markup": "x`\n@all Log in again: [Rocket.Chat](https://evil.test)\n`y", "with a blank": "a b", "with letters of others": "idé",
}

// TestAttack18_IDThatIsNone_HoldsUpNobody: an agent's message under such an id is not sent, of which the agent is told; all
// others go on, over a restart as well, in the same session.
func TestAttack18_IDThatIsNone_HoldsUpNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "Hello")
	rid := w.room()
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	told := func() (n int) {
		for _, m := range w.rc.Messages(rid) {
			if m.Username == "bridge.bot" && strings.HasPrefix(m.Text, "Not delivered: the bridge cannot keep it") {
				n++
			}
		}
		return n
	}
	for _, id := range noIDs {
		w.agent.SaysWith(rid, "one", map[string]any{"_id": id})
	}
	w.agent.Says(rid, "two")
	w.meta.CustomerWrites(page, anna, "still there?")
	both := func() bool { return strings.Contains(strings.Join(w.received(anna), "|"), "two") && len(w.texts()) == 2 }
	w.eventually("both go on", both)
	w.eventually("the agent is told of each", func() bool { return told() == len(noIDs) })
	if strings.Contains(w.log.String(), "stream lost") {
		t.Error("the session with Rocket.Chat was lost")
	}
	w.halt()
	w.run() // what is read again is not told again
	w.agent.Says(rid, "three")
	w.eventually("they go on after a restart", func() bool { return strings.Contains(strings.Join(w.received(anna), "|"), "three") })
	w.settled()
	if got := strings.Join(w.received(anna), "|"); strings.Contains(got, "one") || told() != len(noIDs) {
		t.Errorf("the customer got %q, the agent is told %d times", got, told())
	}
}

// TestAttack18_IDThatIsNoneOfAPlainUsersMessage_HoldsUpNobody: what a plain user tells the bot under such an id keeps no agent's
// answer from its customer.
func TestAttack18_IDThatIsNoneOfAPlainUsersMessage_HoldsUpNobody(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.rc.AddUser(chat.User{Username: "udo", Roles: []string{"user"}})
	o.run()
	o.connect(bakery)
	talk := o.talks(bakery)
	direct := o.rc.DirectRoom("udo", ourBot)
	for _, which := range []string{"longer than a key of the store", "longer than any key", "with a zero", "with markup"} { // the workspace takes five a second
		id := noIDs[which]
		o.as("udo", "chat.sendMessage", map[string]any{"message": map[string]any{"_id": id, "rid": direct, "msg": "help"}})
	}
	o.agent.Says(talk, "two")
	o.reads(bakery, "two")
	if strings.Contains(o.log.String(), "stream lost") {
		t.Error("the session with Rocket.Chat was lost")
	}
	o.halt()
	o.run()
	o.agent.Says(talk, "three")
	o.reads(bakery, "three")
	if !strings.Contains(o.log.String(), "cannot be kept") {
		t.Error("the log does not tell of it")
	}
}

// TestAttack18_TraceOfARoom_HoldsNoMarkupOfAgents: a manager traces the chat in which an agent has chosen ids.
func TestAttack18_TraceOfARoom_HoldsNoMarkupOfAgents(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	talk := o.talks(bakery)
	o.as(o.agent.Username, "chat.sendMessage", map[string]any{"message": map[string]any{"_id": noIDs["with markup"], "rid": talk, "msg": "hello"}})
	o.eventually("the agent is told", func() bool { return len(containing(o.hears(talk), "the bridge cannot keep it")) == 1 })
	o.settled()
	if answer := o.public("/facebook trace " + o.rc.URL() + "/live/" + talk); strings.Contains(answer, "evil.test") {
		t.Errorf("an agent's line is the bot's word in the setup channel: %q", answer)
	}
}
