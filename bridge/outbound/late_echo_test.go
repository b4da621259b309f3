package outbound

import (
	"slices"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// lateEcho has a first attempt arrive of which the thread shows nothing in time; the second is put off, and the echo of
// the first comes while the message waits.
func lateEcho(t *testing.T, tellsWaiting bool, then ...bridge.AgentMessage) *world {
	w := newWorld(t)
	n := 0
	w.send = func(bridge.OutboundPart) (bool, error) {
		switch n++; n {
		case 1:
			return true, &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaDown}
		case 2:
			return false, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown}
		}
		return true, nil
	}
	w.says(write("a", "one"))
	w.deliver()
	w.thread = bridge.Sighting{Complete: true}
	w.now = w.now.Add(w.Times.EchoWait)
	w.deliver()
	if p := w.progressOf(1); p.State != bridge.Queued || p.Attempts != 1 {
		t.Fatalf("%+v", p)
	}
	if tellsWaiting {
		w.now = w.now.Add(2 * w.Times.TellAfter)
		w.watch().look(t.Context())
	}
	w.says(then...)
	w.receipts.All = append(w.receipts.All, bridge.Receipt{Page: "1", Mid: "mid-1", Tag: bridge.SendTag{Message: "a"}, With: anna})
	w.now = w.now.Add(time.Minute)
	w.deliver()
	return w
}

func TestRevise_LateEchoAndEditBehindAnother_IsCorrected(t *testing.T) {
	w := lateEcho(t, false, write("b", "B"), edit("a", 1, "two"))
	if want := []string{"one", "B", "Corrected: two"}; !slices.Equal(w.texts(), want) {
		t.Errorf("the customer reads %q, want %q; told %q", w.texts(), want, w.notices())
	}
}

func TestRevise_LateEchoAndDeletion_IsNotSaidToBeWithdrawn(t *testing.T) {
	w := lateEcho(t, true, bridge.AgentMessage{ID: "a", Gone: true})
	if got := w.notices(); slices.Contains(got, "not-delivered/a withdrawn") {
		t.Errorf("the customer reads %q, told %q", w.texts(), got)
	}
}
