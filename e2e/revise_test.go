package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/meta"
)

// closeGate lets Meta refuse everything of the page until the returned function is
// called, so that what agents write waits.
func (w *world) closeGate() (open func()) {
	w.meta.Throttle(page, 613, time.Hour, false)
	return func() { w.meta.Throttle(page, 613, 0, false) }
}

// gets waits until the customer has these messages, and nothing waits any more.
func (k *talk) gets(want ...string) {
	k.Helper()
	k.eventually(fmt.Sprintf("the customer gets %q", want), func() bool { return len(k.customerSees()) >= len(want) })
	k.settled()
	if got := k.customerSees(); !slices.Equal(got, want) {
		k.Errorf("the customer sees\n %q, not\n %q", got, want)
	}
}

// sync waits until the bridge has taken what was done in the room so far.
func (k *talk) sync(texts int) {
	k.Helper()
	k.eventually("the bridge has taken what was done", func() bool {
		return k.metricsOf(`messenger_bridge_accepted_total{direction="out"}`) >= float64(texts)
	})
}

func TestEdit_OfSentMessages_AreCorrections(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	k := w.ask()
	id := w.agent.Says(k.rid, "We open at 8.")
	k.gets("We open at 8.")
	for i := range 5 {
		w.agent.Edits(id, fmt.Sprintf("We open at %d.", i+9))
		k.eventually("the correction arrives", func() bool { return len(k.customerSees()) == i+2 })
	}
	w.agent.Edits(id, "We open at 13.")   // as it is
	w.agent.Edits(id, "*We open at 13.*") // as the customer reads it
	w.agent.Reacts(id, ":thumbsup:")      // the edit is streamed again
	w.halt()
	w.run()
	w.agent.Says(k.rid, "Bye")
	again := ", in reply to another message"
	k.gets("We open at 8.", "Corrected: We open at 9."+again, "Corrected: We open at 10."+again, "Corrected: We open at 11."+again,
		"Corrected: We open at 12."+again, "Corrected: We open at 13."+again, "Bye")
}

func TestEdit_BeforeItWasTried_ChangesWhatIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	k := w.ask()
	w.agent.Says(k.rid, "zero")
	k.gets("zero")
	open := w.closeGate()
	head := w.agent.Says(k.rid, "head") // this one is tried, and refused
	w.eventually("the gate is shut", func() bool { return w.metricsOf("messenger_bridge_postponed_total") > 0 })
	one, two := w.agent.Says(k.rid, "one"), w.agent.Says(k.rid, "two")
	k.sync(1 + 3)
	for i := range 5 { // one by one, for of versions that come at once only the last is taken
		w.agent.Edits(one, fmt.Sprintf("one, version %d", i))
		k.sync(1 + 3 + i + 1)
	}
	w.agent.Edits(two, "two, changed")
	w.agent.Edits(head, "head, changed")
	k.sync(1 + 3 + 5 + 2)
	w.halt() // what waits is known after a restart as well
	w.run()
	open()
	k.gets("zero", "head, changed", "one, version 4", "two, changed")
}

func TestEdit_SwitchedOff_IsNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.KeepEdits = true })
	w.run()
	k := w.ask()
	id := w.agent.Says(k.rid, "one")
	k.gets("one")
	w.agent.Edits(id, "two")
	w.agent.Says(k.rid, "three")
	k.gets("one", "three")
}

func TestEdit_OfARefusedMessage_IsSentAsNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	k := w.ask()
	w.meta.NextSends(meta.Refused(100, 2018034, "Message cannot be empty"))
	id := w.agent.Says(k.rid, "bad words")
	w.eventually("the agent is told", func() bool { return len(w.notices(k.rid, id)) == 1 })
	w.eventually("it is marked", func() bool { return len(k.reactions(k.rid, id)) == 1 })
	w.agent.Edits(id, "good words")
	k.gets("good words")
	k.marked(id)
	w.eventually("the notice is taken back", func() bool { return k.told(id, "the customer has what it says now") == 1 })
	if got := w.notices(k.rid, id); len(got) != 1 {
		t.Errorf("the agent reads %q", got)
	}
}

// TestEdit_WhileItIsSaidToWait_NothingSaysSoInTheEnd: of a message alone, and of one with another behind it.
func TestEdit_WhileItIsSaidToWait_NothingSaysSoInTheEnd(t *testing.T) {
	for name, behind := range map[string][]string{"alone": nil, "before another": {"other"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.cfg.Times.TellAfter = 100 * time.Millisecond
			w.run()
			k := w.ask()
			open := w.closeGate()
			ids := []string{w.agent.Says(k.rid, "one")}
			for _, text := range behind {
				ids = append(ids, w.agent.Says(k.rid, text))
			}
			for _, id := range ids {
				w.eventually("the agent reads that it waits", func() bool { return k.told(id, "Not delivered yet") == 1 })
			}
			w.agent.Edits(ids[0], "two")
			w.eventually("the agent reads that the edit waits", func() bool {
				return len(k.notices(k.rid, ids[0])) == 2 && slices.Contains(k.reactions(k.rid, ids[0]), ":hourglass:")
			})
			open()
			k.gets(append([]string{"two"}, behind...)...)
			for _, id := range ids {
				k.marked(id)
				w.eventually("nothing says any more that it waits", func() bool { return k.told(id, "Not delivered yet") == 0 })
			}
			if got := k.notices(k.rid, ids[0]); len(got) != 2 || k.told(ids[0], "gone out")+k.told(ids[0], "Changed before it went out") != 2 {
				t.Errorf("the agent reads %q", got)
			}
		})
	}
}

func TestEdit_Refused_AgentIsToldOfTheCorrection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	k := w.ask()
	id := w.agent.Says(k.rid, "one")
	k.gets("one")
	w.meta.NextSends(meta.WindowClosed(), meta.WindowClosed())
	w.agent.Edits(id, "two")
	w.eventually("the agent is told", func() bool { return len(w.notices(k.rid, id)) == 1 })
	w.agent.Edits(id, "three")
	w.eventually("the agent is told again", func() bool { return len(w.notices(k.rid, id)) == 2 })
	for _, text := range w.notices(k.rid, id) {
		if !strings.Contains(text, "The correction of this message was not delivered") {
			t.Errorf("the agent reads %q", text)
		}
	}
	w.agent.Edits(id, "four")
	k.gets("one", "Corrected: four, in reply to another message")
	k.marked(id)
	w.eventually("both notices are taken back", func() bool { return k.told(id, "the customer has what it says now") == 2 })
}

func TestDelete_BeforeDelivery_IsNotSent(t *testing.T) {
	for name, shown := range map[string]bool{"removed": false, "shown as removed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.rc.SetSetting("Message_ShowDeletedStatus", shown)
			w.cfg.Times.LookEvery = 300 * time.Millisecond
			w.run()
			k := w.ask()
			open := w.closeGate()
			w.agent.Says(k.rid, "head")
			one := w.agent.Says(k.rid, "one")
			w.agent.Says(k.rid, "two")
			k.sync(3)
			w.agent.Deletes(one)
			k.sync(4)
			open()
			k.gets("head", "two")
			if got := w.notices(k.rid, one); len(got) != 0 {
				t.Errorf("the agent reads %q", got)
			}
		})
	}
}

func TestDelete_AfterDelivery_AgentLearnsThatTheCustomerStillSeesIt(t *testing.T) {
	for name, shown := range map[string]bool{"removed": false, "shown as removed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.rc.SetSetting("Message_ShowDeletedStatus", shown)
			w.cfg.Times.LookEvery = 300 * time.Millisecond
			w.run()
			k := w.ask()
			id := w.agent.Says(k.rid, "one")
			k.gets("one")
			w.agent.Deletes(id)
			told := func() (n int) {
				for _, m := range w.rc.Messages(k.rid) {
					if strings.Contains(m.Text, "still sees it") {
						n++
					}
				}
				return n
			}
			w.eventually("the agent is told", func() bool { return told() > 0 })
			w.halt()
			w.run()
			w.agent.Says(k.rid, "two")
			k.gets("one", "two")
			if told() != 1 {
				t.Errorf("the agent is told %d times", told())
			}
		})
	}
}

// TestDelete_WhileItIsFoundOutWhetherItArrived cuts the connection at the first of two messages, and hides the thread until
// the bridge knows that the author has deleted the one, or edited the other.
func TestDelete_WhileItIsFoundOutWhetherItArrived(t *testing.T) {
	for name, c := range map[string]struct {
		change func(k *talk, id string)
		want   []string
	}{
		"deleted": {func(k *talk, id string) { k.agent.Deletes(id) }, []string{"next"}},
		"edited":  {func(k *talk, id string) { k.agent.Edits(id, "one, changed") }, []string{"one, changed", "next"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.cfg.Times.EchoWait, w.cfg.Times.LookEvery = 250*time.Millisecond, 300*time.Millisecond
			w.run()
			k := w.ask()
			w.meta.FailReads(100000, meta.Throttled613())
			w.meta.NextSends(meta.CutBefore())
			id := w.agent.Says(k.rid, "one")
			w.agent.Says(k.rid, "next")
			w.eventually("it is being found out", func() bool { return w.metricsOf("messenger_bridge_postponed_total") > 0 })
			c.change(k, id)
			k.sync(3)
			w.meta.FailReads(0, nil)
			k.gets(c.want...)
			if got := w.notices(k.rid, id); len(got) > 0 {
				t.Errorf("the agent reads %q", got)
			}
		})
	}
}
