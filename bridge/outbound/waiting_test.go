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
