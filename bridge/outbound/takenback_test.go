package outbound

import (
	"context"
	"slices"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// TestTakenBack_NobodyHeardOfIt_IsAskedBeforeTheFirstTry: a message was deleted, and nobody told. What the customer
// and its author read depends on whether it was asked for, and could have been sent.
func TestTakenBack_NobodyHeardOfIt_IsAskedBeforeTheFirstTry(t *testing.T) {
	again := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown}
	unknown := &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaDown}
	for _, test := range []struct {
		name    string
		waits   time.Duration // before it is tried
		first   error         // what became of an earlier try
		restart bool
		waiting bool // its author was told that it waits
		there   bool // it was not deleted
		asked   int
		want    []string
		told    []string
	}{
		{name: "just written", want: []string{"one"}},
		{name: "it has waited", waits: heardWithin, asked: 1},
		{name: "it has waited, and its author knows", waits: heardWithin, waiting: true, asked: 1, told: []string{"waiting/a", "not-delivered/a withdrawn"}},
		{name: "it has waited, and stands there", waits: heardWithin, there: true, asked: 1, want: []string{"one"}},
		{name: "it was refused, and has waited", first: again, waits: heardWithin, asked: 1},
		{name: "it may have been sent", first: unknown, waits: heardWithin, told: []string{"not-delivered/a unclear"}},
		{name: "left by an earlier run", first: again, restart: true, waits: time.Second, asked: 1},
	} {
		w := newWorld(t)
		if test.first != nil {
			w.send = func(bridge.OutboundPart) (bool, error) { return false, test.first }
		}
		w.says(write("a", "one"))
		if test.first != nil {
			w.deliver()
		}
		if test.waiting {
			n := bridge.Notice{Kind: bridge.StillWaiting, Room: "room", Message: "a", To: bo}
			if err := w.Notices.Tell(t.Context(), anna, n); err != nil {
				t.Fatal(err)
			}
		}
		w.now = w.now.Add(test.waits)
		if test.restart {
			now := w.now
			w = worldWith(t, w.outbox)
			w.now, w.Outbound.started = now, now
		}
		asked := 0
		w.send, w.Workspace.TakenBack = nil, func(_ context.Context, id bridge.MessageID) bool {
			asked++
			return id == "a" && !test.there
		}
		w.deliver()
		if asked != test.asked || !slices.Equal(w.texts(), test.want) || !slices.Equal(w.notices(), test.told) {
			t.Errorf("%s: asked %d times, the customer reads %q, told %q", test.name, asked, w.texts(), w.notices())
		}
		if left := len(w.outbox.Seqs()); left > 0 {
			t.Errorf("%s: %d wait still", test.name, left)
		}
	}
}

// TestTakenBack_AfterAnEarlierVersionArrived_AuthorIsTold that the customer still sees it.
func TestTakenBack_AfterAnEarlierVersionArrived_AuthorIsTold(t *testing.T) {
	w := newWorld(t)
	w.says(write("a", "one"))
	w.deliver()
	w.says(edit("a", 1, "two"))
	w.now = noon.Add(time.Hour)
	w.Workspace.TakenBack = func(context.Context, bridge.MessageID) bool { return true }
	w.deliver()
	if !slices.Equal(w.texts(), []string{"one"}) || len(w.notices()) != 1 || w.told.Notices()[0].Kind != bridge.StillSeen {
		t.Errorf("the customer reads %q, told %q", w.texts(), w.notices())
	}
}
