package inbound

import (
	"errors"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/queue"
)

// What customers do to a message that exists travels in a lane of its own. Meta may tell
// of it before it tells of the message; then it waits here, and the message need not wait
// behind it.

// orphanGrace is how long such an event waits for a message nobody has heard of.
const orphanGrace = 30 * time.Second

// mostEdits is how often Messenger lets a message be edited, and some more.
const mostEdits = 10

// order decides when an event may be shown.
type order struct {
	inbox         *queue.Lanes
	outbox        *queue.Lanes
	receipts      bridge.Receipts
	rooms         bridge.Rooms
	resolveWithin time.Duration
}

// ready decides whether an event is to be shown now: done means it need not be shown
// any more, a Refusal that it must wait.
func (o *order) ready(in *bridge.Incoming, d bridge.Delivery) (done bool, err error) {
	if in.Comment != nil {
		if done, err := o.resolveConversation(in, d); done || err != nil {
			return done, err
		}
	}
	switch in.Kind {
	case bridge.EchoEvent: // our own answer may have come in the meantime
		return o.isOurs(in), nil
	case bridge.TextEvent, bridge.MediaEvent, bridge.UnsupportedEvent:
		in.Deleted = in.Mid != "" && o.eventSeen(in, bridge.DeletionKey(in.Mid))
	case bridge.EditEvent:
		if o.outdated(in) {
			return true, nil
		}
	}
	if in.AboutMessage() && !o.messageKnown(in) && o.messageMayCome(in, d) {
		return false, deferred(o.age(d), "its message is not shown yet")
	}
	return false, nil
}

// eventSeen reports whether an event of the same page with this key ever came.
func (o *order) eventSeen(in *bridge.Incoming, key string) bool {
	return o.inbox.Store.Seen(in.EntryKey(key))
}

// outdated reports whether a newer edit of the same message came; to one that came
// without words, the same one with them is newer.
func (o *order) outdated(in *bridge.Incoming) bool {
	first := in.Edit + 1
	if in.Text == "" {
		first = in.Edit
	}
	for n := first; in.Edit > 0 && n <= in.Edit+mostEdits; n++ {
		if o.eventSeen(in, bridge.EditKey(in.Mid, n)) {
			return true
		}
	}
	return false
}

// isOurs reports whether a message of the page is known to be sent by us.
func (o *order) isOurs(in *bridge.Incoming) bool {
	_, ours := o.receipts.TagOf(in.Conversation.Page, in.Mid)
	return ours
}

func (o *order) messageKnown(in *bridge.Incoming) bool {
	if o.isOurs(in) {
		return true
	}
	_, shown := o.receipts.ShownAs(in.Conversation.Page, in.Mid)
	return len(shown) > 0
}

// messageMayCome reports whether the message an event is about is still on its way
// through here, or may be on its way from Meta.
func (o *order) messageMayCome(in *bridge.Incoming, d bridge.Delivery) bool {
	waits := o.inbox.Look().Holds(in.Conversation.Lane()) && (o.eventSeen(in, bridge.MessageKey(in.Mid)) || o.eventSeen(in, bridge.EchoKey(in.Mid)))
	return waits || o.age(d) < orphanGrace
}

// age is how long ago a delivery was accepted. When the clock was set back meanwhile,
// which may take hours to be there again, it counts as old: nothing waits any longer.
func (o *order) age(d bridge.Delivery) time.Duration {
	age := o.inbox.Clock().Sub(d.Accepted)
	if age < -bridge.ClocksDiffer {
		return o.resolveWithin
	}
	return max(age, 0)
}

// deferred has an event of an age wait for something that mostly takes a moment.
func deferred(age time.Duration, why string) error {
	after := 250 * time.Millisecond
	if age > orphanGrace {
		after = orphanGrace
	}
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.Deferred, After: after, Err: errors.New(why)}
}
