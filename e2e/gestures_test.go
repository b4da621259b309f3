package e2e

import (
	"slices"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

func TestGestures_TypingSeenAndReactions_ReachTheCustomer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	k := w.ask()
	has := func(action string) func() bool {
		return func() bool { return slices.Contains(w.meta.Actions(page, anna), action) }
	}
	w.eventually("typing is shown", func() bool {
		w.agent.Types(k.rid) // as clients do, again and again
		return has("typing_on")()
	})
	for range 50 {
		w.agent.Types(k.rid)
	}
	w.agent.Says(k.rid, "one")
	w.agent.Says(k.rid, "two")
	w.eventually("the question is marked as seen", has("mark_seen"))
	k.gets("one", "two")

	reaction := func() string { return w.meta.Thread(page, anna)[0].PageReaction }
	w.agent.Reacts(k.asked, ":heart:")
	w.eventually("the reaction is shown", func() bool { return reaction() == "❤" || reaction() == "❤️" })
	w.agent.Reacts(k.asked, ":thumbsup:")
	w.eventually("the newer reaction is shown", func() bool { return reaction() == "👍" })
	w.agent.Unreacts(k.asked, ":thumbsup:")
	w.eventually("the older one is shown again", func() bool { return reaction() == "❤" || reaction() == "❤️" })
	w.agent.Unreacts(k.asked, ":heart:")
	w.eventually("it is gone", func() bool { return reaction() == "" })

	count := func(action string) (n int) {
		for _, a := range w.meta.Actions(page, anna) {
			if a == action {
				n++
			}
		}
		return n
	}
	if count("mark_seen") != 1 || count("typing_on") > 2 {
		t.Errorf("the page did %q", w.meta.Actions(page, anna))
	}
}

// Whatever becomes of gestures, messages go out, and nobody is told.
func TestGestures_RefusedOrHanging_DelayNoMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.meta.OnAction(func(meta.SendCall) *meta.SendOutcome { return meta.HangThenCut(patience) })
	w.run()
	k := w.ask()
	for range 20 {
		w.agent.Types(k.rid)
		w.agent.Reacts(k.asked, ":heart:")
		w.agent.Unreacts(k.asked, ":heart:")
	}
	start := time.Now()
	w.agent.Says(k.rid, "one")
	k.gets("one")
	if took := time.Since(start); took > patience/2 {
		t.Errorf("the message took %v", took)
	}
	for _, m := range w.rc.Messages(k.rid) {
		if m.Username == "bridge.bot" {
			t.Errorf("the bot says %q", m.Text)
		}
	}
}

func TestDelete_InARoomThatIsFollowed_IsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run() // looks again in an hour
	k := w.ask()
	open := w.closeGate()
	w.agent.Says(k.rid, "head")
	w.eventually("the room is followed", func() bool {
		w.agent.Types(k.rid)
		return len(w.meta.Calls()) > 0 && w.rc.SubscribedTo(k.rid+"/deleteMessage")
	})
	one := w.agent.Says(k.rid, "one")
	k.sync(2)
	w.agent.Deletes(one)
	k.sync(3)
	open()
	k.gets("head")
}
