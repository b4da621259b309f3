package outbound

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

// disallowed is what Meta says of a whole page, or of one customer.
func disallowed() *bridge.Refusal {
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.PageLost, Gate: bridge.GatePage("1"), Code: "230", Alone: bridge.CustomerBlocked}
}

// TestDeliver_RefusedWhileOthersAreTaken_IsOfThisMessage: its author is told, and after the second time it holds
// nobody back.
func TestDeliver_RefusedWhileOthersAreTaken_IsOfThisMessage(t *testing.T) {
	w := newWorld(t)
	held := 0
	w.Hooks.PageRefused = func(bridge.PageID, *bridge.Refusal) { held++ }
	w.send = func(p bridge.OutboundPart) (bool, error) {
		if p.Text == "refused" {
			return false, disallowed()
		}
		return true, nil
	}
	w.says(write("a", "refused"))
	for _, id := range []bridge.MessageID{"b", "c", "d"} {
		if len(w.notices()) > 0 {
			t.Fatalf("told %q before it is known", w.notices())
		}
		w.says(write(id, "other"))
		w.deliver()
	}
	if held != 1 {
		t.Errorf("the page was held %d times", held)
	}
	if got := w.texts(); !slices.Equal(got, []string{"other", "other", "other"}) {
		t.Errorf("customers read %q", got)
	}
	if got := w.notices(); !slices.Equal(got, []string{"not-delivered/a customer-blocked"}) {
		t.Errorf("told %q", got)
	}
}

// TestDeliver_RefusedAndNothingIsTaken_Waits: it is of the whole page, however long that lasts.
func TestDeliver_RefusedAndNothingIsTaken_Waits(t *testing.T) {
	for name, takenBefore := range map[string]bool{"nothing ever": false, "one that was under way": true} {
		w := newWorld(t)
		over := false
		w.send = func(p bridge.OutboundPart) (bool, error) {
			if !over && !strings.HasPrefix(p.Text, "under way") {
				return false, disallowed()
			}
			return true, nil
		}
		w.says(write("a", "one"), write("b", "two"))
		w.deliver()
		if takenBefore {
			w.says(write("c", "under way"))
		}
		for range 10 {
			w.deliver()
		}
		for _, seq := range w.outbox.Seqs()[:1] {
			var r *bridge.Refusal
			if err := w.Deliver(t.Context(), seq); !errors.As(err, &r) || r.Verdict != bridge.Again {
				t.Errorf("%s: %v", name, err)
			}
		}
		over = true
		w.received = nil
		w.deliver()
		if got := w.texts(); !slices.Equal(got, []string{"one", "two"}) || len(w.notices()) > 0 {
			t.Errorf("%s: customers read %q, told %q", name, got, w.notices())
		}
	}
}

// TestAlone_PrivateAnswer_RepliesAreNoProof: it goes the way of messages, which has other permissions.
func TestAlone_PrivateAnswer_RepliesAreNoProof(t *testing.T) {
	of := func(kind bridge.Kind, private bool) channel {
		a := &attempt{page: bridge.Page{ID: "1"}}
		a.out.Conversation.Kind, a.out.Private = kind, private
		return channelOf(a)
	}
	if of(bridge.Comments, true) != of(bridge.Messages, false) || of(bridge.Comments, true) == of(bridge.Comments, false) {
		t.Error("a private answer is judged by what is taken of public ones")
	}
}
