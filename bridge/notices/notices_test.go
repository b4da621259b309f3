package notices

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
	"messenger-bridge/bridge/queue"
)

// TestNotices_EveryKind_HasItsLaneAndKey: lanes say what waits for what, and ids of
// messages are made from keys; so neither changes.
func TestNotices_EveryKind_HasItsLaneAndKey(t *testing.T) {
	tell := func(n bridge.Notice) func(context.Context, *world) error {
		return func(ctx context.Context, w *world) error { return w.Tell(ctx, anna, n) }
	}
	about := func(kind bridge.NoticeKind) bridge.Notice {
		return bridge.Notice{Kind: kind, Room: "room", Message: "x", To: bo}
	}
	with := func(kind bridge.NoticeKind, change func(*bridge.Notice)) bridge.Notice {
		n := about(kind)
		change(&n)
		return n
	}
	command := bridge.Command{ID: "cmd", From: bo, Words: "pages"}
	for _, test := range []struct {
		key  bridge.NoticeKey
		lane bridge.Lane
		tell func(context.Context, *world) error
	}{
		{"not-delivered/x", anna.Lane(), tell(about(bridge.NotDelivered))},
		{"not-delivered-2/x", anna.Lane(), tell(with(bridge.NotDelivered, func(n *bridge.Notice) { n.RetryNo = 2 }))},
		{"not-delivered-10/x", anna.Lane(), tell(with(bridge.NotDelivered, func(n *bridge.Notice) { n.Edit = 36 }))},
		{"not-delivered-1-10/x", anna.Lane(), tell(with(bridge.NotDelivered, func(n *bridge.Notice) { n.RetryNo, n.Edit = 1, 36 }))},
		{"not-delivered/x", anna.Lane(), tell(with(bridge.NotDelivered, func(n *bridge.Notice) { n.Part, n.Parts = 1, 2 }))},
		{"waiting/x", anna.Lane(), tell(about(bridge.StillWaiting))},
		{"file-left-0/x", anna.Lane(), tell(about(bridge.FileLeft))},
		{"file-left-3/x", anna.Lane(), tell(with(bridge.FileLeft, func(n *bridge.Notice) { n.Part = 3 }))},
		{"still-seen/x", anna.Lane(), tell(about(bridge.StillSeen))},
		{"corrected/x", anna.Lane(), tell(about(bridge.Corrected))},
		{"revised-1/x", anna.Lane(), tell(with(bridge.Revised, func(n *bridge.Notice) { n.RetryNo = 1 }))},
		{"private/x", anna.Lane(), tell(about(bridge.Private))},
		{"window-ending/1/m/7/5", anna.Lane(), tell(bridge.Notice{Kind: bridge.WindowEndsSoon, Room: "room", Topic: "1/m/7/5"})},
		{"window-ended/1/m/7/5", anna.Lane(), tell(bridge.Notice{Kind: bridge.WindowHasEnded, Room: "room", Topic: "1/m/7/5"})},
		{"survey-skipped/survey/room", anna.Lane(), func(ctx context.Context, w *world) error {
			return w.Notices.SurveySkipped(ctx, anna, "room", bridge.WroteAgain)
		}},
		{"announcement/policy/1", bridge.AnnouncementLane(), func(ctx context.Context, w *world) error {
			return w.Announce(ctx, "policy/1", "Facebook warns")
		}},
		{"ordered/cmd", bridge.CommandLane("u"), func(ctx context.Context, w *world) error {
			return w.FromPeople(ctx, []bridge.Command{command})
		}},
		{"answer/cmd", bridge.CommandLane("u"), func(ctx context.Context, w *world) error {
			return w.runCommand(ctx, bridge.Notice{Kind: bridge.CommandReceived, Message: "cmd", To: bo, Command: &bridge.Command{At: noon}})
		}},
	} {
		w := newWorld(t)
		w.handle = func(bridge.Command) (bridge.Reply, error) { return bridge.Reply{Text: "none"}, nil }
		for range 2 { // again tells nothing twice
			if err := test.tell(t.Context(), w); err != nil {
				t.Errorf("%s: %v", test.key, err)
			}
		}
		if got := w.lanes(); !maps.Equal(got, map[bridge.NoticeKey]bridge.Lane{test.key: test.lane}) || !w.store.Seen(string(test.key)) {
			t.Errorf("%s waits in %+v: %v", test.key, test.lane, got)
		}
	}
}

// TestDeliver_Ends is how the telling of one notice ends.
func TestDeliver_Ends(t *testing.T) {
	away := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceDown, Gate: bridge.GateWorkspace}
	for _, test := range []struct {
		name   string
		refuse error
		left   int // that wait
		failed []bridge.Reason
		again  *bridge.Refusal
	}{
		{name: "told"},
		{name: "Rocket.Chat is away", refuse: away, left: 1, again: away},
		{name: "nobody knows whether it was told", refuse: errors.New("cut"), left: 1, again: &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.Unclear}},
		{name: "the room is gone", refuse: &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.RoomClosed}, failed: []bridge.Reason{bridge.RoomClosed}},
	} {
		w := newWorld(t)
		if err := w.Tell(t.Context(), anna, bridge.Notice{Kind: bridge.StillWaiting, Message: "x"}); err != nil {
			t.Fatal(err)
		}
		w.refuse = test.refuse
		var got bridge.Refusal
		if err := w.deliver(); err != nil {
			got = *bridge.RefusalOf(err)
		}
		if test.again != nil && (got.Verdict != bridge.Again || got.Reason != test.again.Reason || got.Gate != test.again.Gate) || test.again == nil && got != (bridge.Refusal{}) {
			t.Errorf("%s: refused with %+v", test.name, got)
		}
		var failed []bridge.Reason
		for _, f := range w.store.Failures() {
			failed = append(failed, f.Reason)
		}
		if len(w.store.Seqs()) != test.left || !slices.Equal(failed, test.failed) {
			t.Errorf("%s: %d wait, failed %v", test.name, len(w.store.Seqs()), failed)
		}
	}
}

func TestDeliver_Unreadable_HoldsUpNobody(t *testing.T) {
	w := newWorld(t)
	entries := []bridge.Entry{{Lane: anna.Lane(), Key: "broken", Body: []byte("{")}}
	if _, err := w.Lanes.Append(t.Context(), entries, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.deliver(); err != nil || len(w.store.Seqs()) != 0 || len(w.store.Failures()) != 1 {
		t.Errorf("%d wait, %d set aside: %v", len(w.store.Seqs()), len(w.store.Failures()), err)
	}
	if err := w.Deliver(t.Context(), 1); err != nil {
		t.Errorf("concluded before: %v", err)
	}
}

// The mark that a message was read says more than that it has arrived: whoever comes late
// with less is not told.
func TestDeliver_ArrivedAfterRead_IsSpared(t *testing.T) {
	for _, test := range []struct {
		stored []bridge.NoticeKind
		told   string
	}{
		{[]bridge.NoticeKind{bridge.HasArrived}, "[arrived]"},
		{[]bridge.NoticeKind{bridge.HasArrived, bridge.WasRead}, "[read]"},
		{[]bridge.NoticeKind{bridge.WasRead, bridge.HasArrived}, "[read]"},
	} {
		w := newWorld(t)
		for _, kind := range test.stored {
			if err := w.Tell(t.Context(), anna, bridge.Notice{Kind: kind, Message: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.deliver(); err != nil || len(w.store.Seqs()) != 0 {
			t.Errorf("%v: %d wait: %v", test.stored, len(w.store.Seqs()), err)
		}
		var told []bridge.NoticeKind
		for _, n := range w.told {
			told = append(told, n.Kind)
		}
		if got := fmt.Sprint(told); got != test.told {
			t.Errorf("%v: agents see %s, want %s", test.stored, got, test.told)
		}
	}
}

func TestTell_StoreFails_IsNotTold(t *testing.T) {
	w := newWorld(t)
	w.store.Break("Append", 1)
	n := bridge.Notice{Kind: bridge.NotDelivered, Message: "x", At: noon.Add(-time.Hour)}
	if err := w.Tell(t.Context(), anna, n); err == nil || w.Told(n) {
		t.Errorf("told: %v, %v", w.Told(n), err)
	}
	if err := w.Tell(t.Context(), anna, n); err != nil || !w.Told(n) || !w.store.Notices()[0].At.Equal(noon) {
		t.Errorf("told: %v, %v", w.Told(n), err)
	}
}

// notifier tells as a function does.
type notifier func(bridge.Notice) error

func (f notifier) Notify(_ context.Context, n bridge.Notice) error { return f(n) }

// TestUntold_DirectMessageInstead: a notice that its room keeps refusing is told by direct message, which may be refused, too.
func TestUntold_DirectMessageInstead(t *testing.T) {
	room := &bridge.Response{Route: "POST chat.sendMessage", Status: 403, Others: bridge.OthersPass}
	gateway := &bridge.Response{Route: "POST im.create", Status: 502, Others: bridge.OthersPass}
	away := bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceDown, Gate: bridge.GateWorkspace}
	refused := bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.WorkspaceError, Answer: gateway}
	for _, test := range []struct {
		name    string
		refuse  bridge.Refusal
		times   int
		told    int
		atLeast int // times that it is tried
	}{
		{"at once", bridge.Refusal{}, 0, 1, 1},
		{"the workspace is away for a moment", away, 1, 1, 2},
		{"a gateway fails for a moment", refused, 1, 1, 2},
		{"the bridge is stopped", bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.Unclear, Err: context.Canceled}, 1, 1, 2},
		{"it is refused for long", refused, 1000, 0, 2},
		{"it is refused for good", bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WorkspaceError}, 1, 0, 1},
	} {
		w := newWorld(t)
		asides := 0
		w.Notices.Notifier = notifier(func(n bridge.Notice) error {
			if !n.Aside {
				return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, Answer: room}
			}
			if asides++; asides <= test.times {
				r := test.refuse
				return &r
			}
			w.told = append(w.told, n)
			return nil
		})
		if err := w.Tell(t.Context(), anna, bridge.Notice{Kind: bridge.NotDelivered, Room: "room", Message: "a", To: bo, Reason: bridge.WindowClosed}); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			w.Notices.Lanes = queue.New(queue.Config{Rules: queue.Rules{Home: func(bridge.Lane) bridge.Gate { return bridge.GateWorkspace }, First: time.Second, Insist: 9 * time.Second}, Workers: 1,
				Store: w.store, Direction: bridge.ToAgents, Clock: time.Now, Meter: bridgetest.Meter{}, Log: slog.New(slog.DiscardHandler)})
			if err := w.Notices.Lanes.Load(nil); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { defer close(ended); w.Notices.Lanes.Run(ctx, ctx, w.Notices.Deliver) }()
			time.Sleep(10 * time.Minute) // of a clock that only the test moves
			stop()
			<-ended
		})
		if len(w.told) != test.told || len(w.store.Failures()) != 1-test.told || len(w.store.Seqs()) > 0 || asides < test.atLeast {
			t.Errorf("%s: told %d, tried aside %d times, %d wait, given up %+v", test.name, len(w.told), asides, len(w.store.Seqs()), w.store.Failures())
		}
	}
}
