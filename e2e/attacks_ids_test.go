package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
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
	w.cfg.Times.Silence = patience // of the machine
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
	both := func() bool {
		return strings.Contains(strings.Join(w.received(anna), "|"), "two") && len(w.texts()) == 2
	}
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
	o.cfg.Times.Silence = patience // of the machine
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

// takes posts under an id of the bridge's before the bridge does.
func (o *office) takes(who, rid, id string) {
	o.Helper()
	o.as(who, "chat.sendMessage", map[string]any{"message": map[string]any{"_id": id, "rid": rid, "msg": "x"}})
}

// noticeID is under which the bridge shows a notice of a key.
func noticeID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "fbn" + hex.EncodeToString(sum[:12])
}

// TestAttack18_IDOfAnAnnouncementTaken_IsAnnouncedOnceAllTheSame: a plain user takes the ids beforehand under which the bot will
// announce something, in a room with the bot and in one where the bot may not read.
func TestAttack18_IDOfAnAnnouncementTaken_IsAnnouncedOnceAllTheSame(t *testing.T) {
	t.Parallel()
	for where, with := range map[string][]string{"with the bot": {"udo", ourBot}, "without the bot": {"udo"}} {
		t.Run(where, func(t *testing.T) {
			o := openOffice(t, bypassed)
			o.rc.AddUser(chat.User{Username: "udo", Roles: []string{"user"}})
			lobby := o.rc.AddGroup("lobby", with...)
			o.run()
			o.setup()
			for _, day := range []time.Time{time.Now(), time.Now().Add(24 * time.Hour)} {
				o.takes("udo", lobby, noticeID("announcement/strangers/"+day.UTC().Format(time.DateOnly)))
			}
			o.rc.Inject(chat.Fault{Route: "POST chat.sendMessage", Times: 2, Cut: true, Effect: true}) // it is tried again, and is there
			stop := o.mobs(31, bodyAttacks["a little more than a buffer"]...)
			defer stop()
			heard := func() int { return len(containing(o.hears(o.setup()), "Strangers hold connections")) }
			o.eventually("the setup channel hears of them", func() bool { return heard() > 0 })
			o.settled()
			if n := heard(); n != 1 {
				t.Errorf("the setup channel heard of strangers %d times", n)
			}
		})
	}
}

// TestAttack18_ManagerHidesAChange_IsAnnouncedAllTheSame: a manager takes the id beforehand under which the setup channel will be
// told what this manager changes, with a command whose id the manager has chosen.
func TestAttack18_ManagerHidesAChange_IsAnnouncedAllTheSame(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	lobby := o.rc.AddChannel("lobby", "maria", ourBot)
	o.run()
	o.connect(bakery)
	direct := o.rc.DirectRoom("maria", ourBot)
	id := "ChosenByMaria0001"
	o.takes("maria", lobby, noticeID("announcement/changed/"+id))
	o.as("maria", "chat.sendMessage", map[string]any{"message": map[string]any{"_id": id, "rid": direct, "msg": "unsubscribe " + bakery}})
	o.eventually("it is done", func() bool { return o.pageNow(bakery).State == "off" })
	o.settled()
	if heard := containing(o.hears(o.setup()), "has switched it off"); len(heard) != 1 {
		t.Errorf("the setup channel heard %d times that the page was switched off", len(heard))
	}
}

// TestAttack18_AgentTakesTheSurveysID_CustomerIsAskedAllTheSame: an agent takes the id beforehand under which the customer will be
// asked how the conversation was.
func TestAttack18_AgentTakesTheSurveysID_CustomerIsAskedAllTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(surveyed)
	w.run()
	w.meta.CustomerWrites(page, anna, "Hello")
	rid := w.room()
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.settled()
	conversation := bridge.Conversation{Page: page, Kind: bridge.Messages, Customer: anna}
	sum := sha256.Sum256([]byte(conversation.String() + "/survey/" + rid))
	w.agent.SaysWith(rid, "one moment", map[string]any{"_id": "fba" + hex.EncodeToString(sum[:12])})
	w.eventually("it arrives", func() bool { return len(w.received(anna)) > 0 })
	w.agent.Closes(rid, "done")
	w.eventually("goodbye", func() bool { return strings.Contains(strings.Join(w.received(anna), "|"), "Bye.") })
	w.settled()
	if got := strings.Join(w.received(anna), "|"); strings.Count(got, surveyQuestion) != 1 {
		t.Errorf("the customer was not asked: %q", got)
	}
}

// TestAttack18_IDOfACustomersMessageTaken_IsShownAllTheSame: an agent who knows of a message before it is shown takes its id, in the
// customer's room and in another one; it is shown once, and an edit finds it.
func TestAttack18_IDOfACustomersMessageTaken_IsShownAllTheSame(t *testing.T) {
	t.Parallel()
	for name, with := range map[string]chat.Config{"8.x": bypassed, "7.x": {Profile: chat.V7, LimiterOff: true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, with)
			lobby := w.rc.AddChannel("lobby", w.agent.Username)
			w.run()
			w.meta.CustomerWrites(page, anna, "Hello")
			rid := w.room()
			w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
			w.settled()
			for i, room := range []string{rid, lobby} {
				clear := w.rc.Inject(chat.Fault{Route: "POST livechat/message", Status: 503})
				mid := w.meta.CustomerWrites(page, anna, fmt.Sprint("secret ", i))
				w.eventually("it waits", func() bool { return w.rc.CountCalls("POST livechat/message") > i+1 })
				in := bridge.Incoming{Conversation: bridge.Conversation{Page: page}, Key: bridge.MessageKey(bridge.Mid(mid))}
				w.agent.SaysWith(room, "x", map[string]any{"_id": string(in.MessageID())})
				clear()
				w.eventually("it is shown", func() bool { return len(w.texts()) == i+2 })
				w.meta.Send(w.meta.EditEvent(page, anna, mid, fmt.Sprint("changed ", i), 1, time.Now()))
				w.eventually("the edit is shown", func() bool { return slices.Contains(w.texts(), fmt.Sprint("changed ", i)) })
			}
			w.settled()
			if got := w.texts(); !slices.Equal(got, []string{"Hello", "changed 0", "changed 1"}) {
				t.Errorf("agents see %q", got)
			}
			if !strings.Contains(w.log.String(), "somebody writes under an id of the bridge's") {
				t.Error("nobody has taken an id")
			}
		})
	}
}
