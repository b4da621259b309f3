package notices

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// at is a moment of the story that the tests tell: so many seconds after noon.
func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// step is something that is heard of what became of messages.
type step struct {
	name string
	do   func(context.Context, *world) error
}

func midOf(tag bridge.SendTag) bridge.Mid { return bridge.Mid(fmt.Sprint(tag.Message, tag.Part)) }

// echo is Meta telling that a part of a message was sent.
func echo(message bridge.MessageID, part int, second int) step {
	return step{fmt.Sprintf("echo %s%d", message, part), func(ctx context.Context, w *world) error {
		in := bridge.Incoming{Conversation: anna, Kind: bridge.EchoEvent, Tag: bridge.SendTag{Message: message, Part: part}, At: at(second)}
		err := w.receipts.SaveReceipts(ctx, []bridge.Receipt{{Page: "1", Mid: midOf(in.Tag), Tag: in.Tag, With: anna, Sent: bridge.Sent{To: anna, Tag: in.Tag, At: in.At}}})
		if err != nil {
			return err
		}
		return w.ApplyReceipts(ctx, []bridge.Incoming{in})
	}}
}

// whole is a message concluded: all its parts were sent.
func whole(message bridge.MessageID, parts int) step {
	return step{"whole " + string(message), func(ctx context.Context, w *world) error {
		for part := range parts {
			tag := bridge.SendTag{Message: message, Part: part}
			if err := w.receipts.SaveReceipts(ctx, []bridge.Receipt{{Page: "1", Mid: midOf(tag), Tag: tag, TextHash: "hash"}}); err != nil {
				return err
			}
		}
		return w.ShowHowFar(ctx, anna)
	}}
}

// upTo is a watermark: the customer has, or has read, what was sent up to a second.
func upTo(kind bridge.EventKind, second int) step {
	return step{fmt.Sprintf("%s up to %d", kind, second), func(ctx context.Context, w *world) error {
		return w.ApplyReceipts(ctx, []bridge.Incoming{{Conversation: anna, Kind: kind, Watermark: at(second), At: at(second + 1)}})
	}}
}

// marks are what the agent sees in the end, once all of it is shown.
func (w *world) marks() string {
	if err := w.deliver(); err != nil {
		w.t.Fatal(err)
	}
	marks := map[string]string{}
	for _, n := range w.told {
		if marks[string(n.Message)] != string(bridge.WasRead) {
			marks[string(n.Message)] = string(n.Kind)
		}
	}
	var all []string
	for _, message := range slices.Sorted(maps.Keys(marks)) {
		all = append(all, message+" "+marks[message])
	}
	return strings.Join(all, ", ")
}

// orders calls each with every order of some steps.
func orders(steps []step, each func([]step)) {
	var place func(done, left []step)
	place = func(done, left []step) {
		if len(left) == 0 {
			each(done)
		}
		for i := range left {
			place(append(slices.Clone(done), left[i]), slices.Delete(slices.Clone(left), i, i+1))
		}
	}
	place(nil, steps)
}

// TestReceipts_ComeInAnyOrder_AgentsSeeTheSame: whatever Meta tells last, the marks are
// those of what is true, and nobody is told anything twice.
func TestReceipts_ComeInAnyOrder_AgentsSeeTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		steps []step
		marks string
	}{
		"two messages, the first is read": {
			[]step{echo("a", 0, 10), echo("b", 0, 20), whole("a", 1), whole("b", 1), upTo(bridge.ReceivedEvent, 20), upTo(bridge.ReadEvent, 10)},
			"a read, b arrived"},
		"read, and never said to have arrived": {
			[]step{echo("a", 0, 10), whole("a", 1), upTo(bridge.ReadEvent, 30)}, "a read"},
		"watermarks that overtake one another": {
			[]step{echo("a", 0, 10), echo("b", 0, 20), whole("a", 1), whole("b", 1), upTo(bridge.ReceivedEvent, 10), upTo(bridge.ReceivedEvent, 20)},
			"a arrived, b arrived"},
		"a message of two parts, of which one has arrived": {
			[]step{echo("a", 0, 10), echo("a", 1, 20), whole("a", 2), upTo(bridge.ReceivedEvent, 15)}, ""},
		"a message of two parts, of which one was read": {
			[]step{echo("a", 0, 10), echo("a", 1, 20), whole("a", 2), upTo(bridge.ReceivedEvent, 20), upTo(bridge.ReadEvent, 15)}, "a arrived"},
		"only a part of it was sent": {
			[]step{echo("a", 0, 10), upTo(bridge.ReceivedEvent, 20), upTo(bridge.ReadEvent, 20)}, ""},
		"a text that nobody wrote": {
			[]step{echo("fbaxyz", 0, 10), whole("fbaxyz", 1), upTo(bridge.ReadEvent, 20)}, ""},
		"sent after the customer has looked": {
			[]step{echo("a", 0, 10), whole("a", 1), upTo(bridge.ReadEvent, 5)}, ""},
	} {
		orders(c.steps, func(steps []step) {
			w := newWorld(t)
			var heard []string
			for _, s := range steps {
				heard = append(heard, s.name)
				if err := s.do(t.Context(), w); err != nil {
					t.Fatal(err)
				}
			}
			for _, s := range steps { // Meta says it again
				if err := s.do(t.Context(), w); err != nil {
					t.Fatal(err)
				}
			}
			if got := w.marks(); got != c.marks {
				t.Errorf("%s: after %s the agent sees %q, want %q", name, strings.Join(heard, ", "), got, c.marks)
			}
		})
	}
}

func TestReceipts_TravelInTheirOwnLane(t *testing.T) {
	w := newWorld(t)
	for _, s := range []step{echo("a", 0, 10), whole("a", 1), upTo(bridge.ReceivedEvent, 10)} {
		if err := s.do(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.lanes(); !maps.Equal(got, map[bridge.NoticeKey]bridge.Lane{"arrived/a": anna.ReceiptMarks()}) {
		t.Errorf("they wait in %v", got)
	}
}

// TestReceipts_NotStored_ComeWithTheNext: what could not be stored is shown when the same
// is said again, or a moment later.
func TestReceipts_NotStored_ComeWithTheNext(t *testing.T) {
	for name, next := range map[string]step{
		"the same again":  upTo(bridge.ReceivedEvent, 20),
		"a later one":     upTo(bridge.ReceivedEvent, 300),
		"it was read":     upTo(bridge.ReadEvent, 20),
		"another message": whole("b", 1),
	} {
		w := newWorld(t)
		for _, s := range []step{echo("a", 0, 10), whole("a", 1)} {
			if err := s.do(t.Context(), w); err != nil {
				t.Fatal(err)
			}
		}
		w.store.Break("Append", 1)
		if err := upTo(bridge.ReceivedEvent, 20).do(t.Context(), w); err == nil {
			t.Fatalf("%s: the store did not fail", name)
		}
		if err := next.do(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		if got := w.marks(); got == "" {
			t.Errorf("%s: the agent sees nothing", name)
		}
	}
}

// TestReceipts_OfNobody_AreNotRemembered: who was forgotten may still read the chat.
func TestReceipts_OfNobody_AreNotRemembered(t *testing.T) {
	w := newWorld(t)
	w.states.ForgetState(anna)
	if err := upTo(bridge.ReadEvent, 10).do(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if got := w.states.State(anna); got != (bridge.ConversationState{}) {
		t.Errorf("remembered %+v", got)
	}
	for _, s := range []step{echo("a", 0, 10), whole("a", 1), upTo(bridge.ReadEvent, 10)} { // a private answer to a comment
		if err := s.do(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.marks(); got != "a read" {
		t.Errorf("of a private answer the agent sees %q", got)
	}
}

func TestReceipts_NotWanted_AreNotRemembered(t *testing.T) {
	for _, c := range []bridge.Conversation{
		{Page: "2", Customer: "7", Kind: bridge.Messages}, // whose agents do not want to see it
		{Page: "3", Customer: "7", Kind: bridge.Messages}, // nobody's
		{Page: "1", Customer: "8", Kind: bridge.Comments},
	} {
		w := newWorld(t)
		err := w.ApplyReceipts(t.Context(), []bridge.Incoming{{Conversation: c, Kind: bridge.ReadEvent, Watermark: at(10), At: at(11)}})
		if err != nil || w.states.State(c) != (bridge.ConversationState{}) || w.WantsReceipts(c) {
			t.Errorf("%v: remembered %+v: %v", c, w.states.State(c), err)
		}
		if err := w.ShowHowFar(t.Context(), c); err != nil || len(w.store.Seqs()) > 0 {
			t.Errorf("%v: shown: %v", c, err)
		}
	}
}
