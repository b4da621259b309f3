package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

// TestOutcome_InTheThread_ConcludesAtOnce has no echo come, and would wait an hour for one: what
// stands in the thread needs none, after an answer that was lost as well as after a kill.
func TestOutcome_InTheThread_ConcludesAtOnce(t *testing.T) {
	t.Parallel()
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("killed=%v", killed), func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.cfg.Times.EchoWait, w.cfg.Times.SettleFor = time.Hour, 2*time.Hour
			w.cfg.Times.GraphTimeout = time.Second
			outcome := meta.DeliveredThenCut()
			if killed {
				outcome = meta.DeliveredThenHang(time.Minute)
			}
			outcome.Echo = meta.EchoNever
			w.meta.NextSends(outcome)
			p := w.startProcess()
			w.meta.CustomerWrites(page, anna, "hi")
			rid := w.room()
			first := w.agent.Says(rid, "answer 0")
			w.agent.Says(rid, "answer 1")
			w.eventually("the first has arrived", func() bool { return len(w.received(anna)) > 0 })
			if killed {
				p.kill()
				w.startProcess()
			}
			w.eventually("the next goes out", func() bool { return len(w.received(anna)) >= 2 })
			w.settled()
			inOrder(t, "the customer", w.received(anna), 2)
			if told := w.notices(rid, first); len(told) > 0 {
				t.Errorf("the agent is told %q", told)
			}
		})
	}
}

// TestOutcome_NotInABriskThread_IsSentOnce has the customer write more than Meta shows in detail
// while the bridge finds out that an answer did not arrive.
func TestOutcome_NotInABriskThread_IsSentOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.EchoWait = time.Second
	w.meta.NextSends(meta.CutBefore())
	w.run()
	w.meta.CustomerWrites(page, anna, "hi")
	rid := w.room()
	first := w.agent.Says(rid, "answer 0")
	w.eventually("it was tried", func() bool {
		return slices.ContainsFunc(w.meta.Calls(), func(c meta.Call) bool { return c.Method == "POST" && c.Path == "/"+page+"/messages" })
	})
	for i := range 150 {
		w.meta.CustomerWrites(page, anna, fmt.Sprintf("and %d", i))
	}
	w.agent.Says(rid, "answer 1")
	w.eventually("both go out", func() bool { return len(w.received(anna)) >= 2 })
	w.settled()
	inOrder(t, "the customer", w.received(anna), 2)
	if told := w.notices(rid, first); len(told) > 0 {
		t.Errorf("the agent is told %q", told)
	}
}

// TestOutcome_AnswerToAFileStops_CustomerHasItOnce has Meta begin its answer and stop in the middle of it: the file, and what
// the agent writes behind it, must not wait for the rest.
func TestOutcome_AnswerToAFileStops_CustomerHasItOnce(t *testing.T) {
	t.Parallel()
	for name, echo := range map[string]meta.EchoMode{"its echo comes": meta.EchoLate(time.Millisecond), "no echo comes": meta.EchoNever} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.cfg.Times.GraphTimeout = time.Second
			outcome := meta.DeliveredHalfAnswered(time.Hour)
			outcome.Echo = echo
			w.meta.NextSends(outcome)
			w.run()
			w.meta.CustomerWrites(page, anna, "May I have the invoice?")
			rid := w.room()
			file := w.agent.Uploads(rid, "", document)[0]
			w.agent.Says(rid, "Here it is.")
			w.eventually("both arrive", func() bool { return len(w.meta.CustomerSees(page, anna)) >= 2 })
			w.settled()
			sees := w.meta.CustomerSees(page, anna)
			if len(sees) != 2 || sees[0].File.Name != document.Name || sees[1].Text != "Here it is." {
				t.Errorf("the customer sees %+v", sees)
			}
			if told := w.notices(rid, file); len(told) > 0 {
				t.Errorf("the agent is told %q", told)
			}
		})
	}
}
