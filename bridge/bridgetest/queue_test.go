package bridgetest_test

import (
	"errors"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
)

// TestQueue_KeepsThePromisesOfAStore: what the flows rely on holds of what plays the store
// for them.
func TestQueue_KeepsThePromisesOfAStore(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	var receipts bridgetest.Receipts
	q := bridgetest.NewQueue(&receipts, func() time.Time { return noon })
	lane := bridge.Conversation{Page: "1", Kind: bridge.Messages, Customer: "7"}.Lane()
	var stored []string
	note := func(e *bridge.Entry, _ bridge.Seq) { stored = append(stored, e.Key) }
	repeats, err := q.Append(t.Context(), []bridge.Entry{{Lane: lane, Key: "a"}, {Lane: lane, Key: "b"}, {Lane: lane, Key: "a"}}, note)
	if err != nil || repeats != 1 || len(stored) != 2 || !q.Seen("a") || q.Seen("c") {
		t.Errorf("stored %q and %d repeats: %v", stored, repeats, err)
	}
	d, err := q.Delivery(1)
	if err != nil || d.Lane != lane || !d.Accepted.Equal(noon) || d.Progress.State != bridge.InFlight {
		t.Errorf("the oldest is %+v: %v", d, err)
	}
	q.Break("Conclude", 1)
	if err := q.Conclude(1); !errors.Is(err, bridgetest.ErrDisk) || len(q.Seqs()) != 2 {
		t.Errorf("concluded on a full disk: %v", err)
	}
	if err := q.Conclude(1, bridge.Receipt{Page: "1", Mid: "m", Room: "r", Shown: []bridge.MessageID{"x"}}); err != nil {
		t.Error(err)
	}
	if room, _ := receipts.ShownAs("1", "m"); room != "r" {
		t.Errorf("it is shown in room %q", room)
	}
	if _, err := q.Delivery(1); !errors.Is(err, bridge.ErrConcluded) {
		t.Errorf("concluded, and there: %v", err)
	}
	if err := q.Fail(2, bridge.Rejected, ""); err != nil || len(q.Seqs()) != 0 || len(q.Failures()) != 1 || q.Failures()[0].Reason != bridge.Rejected {
		t.Errorf("failed: %+v, waiting %d: %v", q.Failures(), q.Seqs(), err)
	}
	if repeats, err := q.Append(t.Context(), []bridge.Entry{{Lane: lane, Key: "a"}}, note); err != nil || repeats != 1 {
		t.Error("what was concluded is forgotten", err)
	}
}
