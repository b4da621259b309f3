package outbound

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// meanwhile is a queue during whose calls something else happens.
type meanwhile struct {
	bridge.Queue
	appended func(key string) // before an entry is stored
	failed   func()           // before a delivery is set apart
}

func (q meanwhile) Append(ctx context.Context, entries []bridge.Entry, stored func(*bridge.Entry, bridge.Seq)) (int, error) {
	if q.appended != nil {
		q.appended(entries[0].Key)
	}
	return q.Queue.Append(ctx, entries, stored)
}

func (q meanwhile) Fail(seq bridge.Seq, reason bridge.Reason, detail string) error {
	q.failed()
	return q.Queue.Fail(seq, reason, detail)
}

// refused is a message that has waited long enough, and that Facebook does not take.
func refused(t *testing.T) *world {
	w := newWorld(t)
	w.send = func(bridge.OutboundPart) (bool, error) {
		return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WindowClosed}
	}
	w.says(write("a", "one"))
	w.outbox.Change(1, func(d *bridge.Delivery) { d.Accepted = noon.Add(-w.Times.TellAfter) })
	return w
}

// TestWatch_ToldThatItFailed_NotToldThatItWaits: the watch looks after the author is told that a message was not
// delivered, and before the message is set apart.
func TestWatch_ToldThatItFailed_NotToldThatItWaits(t *testing.T) {
	w := refused(t)
	watch := w.watch()
	w.Lanes.Store = meanwhile{Queue: w.outbox, failed: func() { watch.look(t.Context()) }}
	w.deliver()
	if got := w.notices(); !slices.Equal(got, []string{"not-delivered/a window-closed"}) {
		t.Errorf("told: %q", got)
	}
}

// TestWatch_LooksWhileItIsToldThatItFailed_OneNoticeIsLeft: the watch looks while that is stored. The author is told
// of it alone, or it takes the place of what the watch said.
func TestWatch_LooksWhileItIsToldThatItFailed_OneNoticeIsLeft(t *testing.T) {
	w := refused(t)
	watch, looked := w.watch(), make(chan struct{})
	w.Notices.Lanes.Store = meanwhile{Queue: w.told, appended: func(key string) {
		if strings.HasPrefix(key, string(bridge.NotDelivered)) {
			go func() { watch.look(context.Background()); close(looked) }()
			select { // the watch waits until this is stored, or must not have told anything that stays
			case <-looked:
			case <-time.After(100 * time.Millisecond):
			}
		}
	}}
	w.deliver()
	<-looked
	told := w.told.Notices()
	last := told[len(told)-1]
	if last.Kind != bridge.NotDelivered || last.Waited != (len(told) == 2) {
		t.Errorf("told: %+v", told)
	}
}

// waits returns the keys of the notices that say at the end that a message waits.
func (w *world) waits() (left []bridge.NoticeKey) {
	all := w.told.Notices()
	for _, n := range all {
		over := slices.ContainsFunc(all, func(o bridge.Notice) bool {
			return o.Message == n.Message && o.Edit == n.Edit && o.RetryNo == n.RetryNo &&
				(o.Kind == bridge.Corrected || o.Kind == bridge.NotDelivered)
		})
		if n.Kind == bridge.StillWaiting && !over {
			left = append(left, n.Key())
		}
	}
	return left
}

// waitsWhile has messages wait while the page is down, the author told so after each step, until all are out.
func (w *world) waitsWhile(steps ...[]bridge.AgentMessage) {
	watch := w.watch()
	w.page.State = bridge.PageNeedsAuth
	for i, some := range steps {
		if w.says(some...); i == 0 {
			w.deliver()
		}
		w.now = w.now.Add(2 * w.Times.TellAfter)
		watch.look(w.t.Context())
	}
	w.page.State = bridge.PageRunning
	for range 3 {
		w.deliver()
	}
}

// TestWatch_EditedWhileItWaits_NothingSaysThatItWaits: the author, told that a message waits, edits it, and all is out.
func TestWatch_EditedWhileItWaits_NothingSaysThatItWaits(t *testing.T) {
	one, long, b := write("a", "one"), write("a", strings.Repeat("x", 2500)), write("b", "B")
	two, three := edit("a", 3, "two"), edit("a", 4, "three")
	waits := func(m bridge.AgentMessage) string {
		return string(bridge.Notice{Kind: bridge.StillWaiting, Message: m.ID, Edit: m.Edited.UnixMilli()}.Key())
	}
	is := func(kind bridge.NoticeKind, m bridge.AgentMessage) string {
		return string(kind) + strings.TrimPrefix(waits(m), string(bridge.StillWaiting))
	}
	newer := func(m bridge.AgentMessage) string { return is(bridge.Corrected, m) + " newer" }
	for _, test := range []struct {
		name        string
		first, then []bridge.AgentMessage
		keepEdits   bool
		reads       int
		ends        []string // what is said at the end of what was said to wait
	}{
		{"alone", []bridge.AgentMessage{one}, []bridge.AgentMessage{two}, false, 1, []string{"corrected/a newer, marked", is(bridge.Corrected, two)}},
		{"alone, twice", []bridge.AgentMessage{one}, []bridge.AgentMessage{two, three}, false, 1, []string{"corrected/a newer, marked", newer(two) + ", marked", is(bridge.Corrected, three)}},
		{"before another", []bridge.AgentMessage{one, b}, []bridge.AgentMessage{two}, false, 2, []string{"corrected/a", "corrected/b", is(bridge.Corrected, two)}},
		{"the page sends no corrections", []bridge.AgentMessage{long, b}, []bridge.AgentMessage{two}, true, 3, []string{"corrected/a", "corrected/b", is(bridge.NotDelivered, two)}},
	} {
		w := newWorld(t)
		w.page.Settings.KeepEdits = test.keepEdits
		w.waitsWhile(test.first, test.then)
		var ends []string
		for _, n := range w.told.Notices() {
			end := string(n.Key())
			if n.Newer {
				end += " newer"
			}
			if n.Marked {
				end += ", marked"
			}
			if n.Kind != bridge.StillWaiting {
				ends = append(ends, end)
			}
		}
		if left := w.waits(); len(left) > 0 || len(w.outbox.Seqs()) > 0 || len(w.texts()) != test.reads || !slices.Equal(ends, test.ends) {
			t.Errorf("%s: the customer reads %q, %d wait, agents read for ever %q, and of what waited %q", test.name, w.texts(), len(w.outbox.Seqs()), left, ends)
		}
	}
}

// TestWatch_CorrectionThatIsNotSent_IsNotSaidToWait: where a page's customers get no corrections.
func TestWatch_CorrectionThatIsNotSent_IsNotSaidToWait(t *testing.T) {
	w := newWorld(t)
	w.page.Settings.KeepEdits = true
	w.says(write("a", "one"))
	w.deliver()
	w.waitsWhile([]bridge.AgentMessage{edit("a", 1, "two")})
	if got := w.notices(); len(got) > 0 || len(w.outbox.Seqs()) > 0 {
		t.Errorf("told: %q", got)
	}
}

// TestWatch_ToldWhileAnEditIsConcluded_IsCorrected: also if an earlier version was not delivered.
func TestWatch_ToldWhileAnEditIsConcluded_IsCorrected(t *testing.T) {
	w := refused(t)
	w.deliver()
	w.send = nil
	w.says(edit("a", 1, "two"))
	seq := w.outbox.Seqs()[0]
	w.now = w.now.Add(2 * w.Times.TellAfter)
	w.Notices.Lanes.Store = meanwhile{Queue: w.told, appended: func(key string) {
		if strings.HasPrefix(key, string(bridge.StillWaiting)) {
			if err := w.outbox.Conclude(seq); err != nil {
				t.Error(err)
			}
		}
	}}
	w.watch().look(t.Context())
	if left := w.waits(); len(left) > 0 || len(w.notices()) != 3 {
		t.Errorf("agents read for ever %q; told %q", left, w.notices())
	}
}
