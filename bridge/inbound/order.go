package inbound

import (
	"errors"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/queue"
	"messenger-bridge/recent"
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
	newest        *recent.Map[change, time.Time] // when what was shown last had happened
}

// change names what replaces one another: reactions to a message, edits without a number, and hiding a comment and showing it again.
type change struct {
	of       bridge.Conversation
	kind     bridge.EventKind
	mid      bridge.Mid
	fromPage bool
}

// maxNewest bounds what is remembered; forgotten, what comes late is shown.
const maxNewest = 10_000

func changeOf(in *bridge.Incoming) (c change, is bool) {
	is = in.Kind == bridge.ReactionEvent || in.Kind == bridge.EditEvent && in.Edit == 0 || in.Kind == bridge.HiddenEvent
	return change{in.Conversation, in.Kind, in.Mid, in.FromPage}, is
}

// overtaken reports whether a newer event is shown already that replaces this one: Meta repeats a call that was refused after others.
func (o *order) overtaken(in *bridge.Incoming) bool {
	c, is := changeOf(in)
	if !is {
		return false
	}
	at, known := o.newest.Get(c)
	return known && in.At.Before(at)
}

// noteShown notes that an event is shown.
func (o *order) noteShown(in *bridge.Incoming) {
	if c, is := changeOf(in); is {
		o.newest.Set(c, in.At)
	}
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
		in.Deleted = o.deleted(in)
	case bridge.EditEvent:
		if o.outdated(in) || !in.FromPage && o.deleted(in) { // nobody is to read again what the customer took away
			return true, nil
		}
	}
	if !in.AboutMessage() {
		return false, nil
	}
	if may := o.messageMayCome(in, d); !o.messageKnown(in) && may { // asked first: in between it may be shown
		return false, deferred(o.age(d), "its message is not shown yet")
	}
	return o.overtaken(in), nil
}

// deleted reports whether the customer has deleted the message that an event is, or is about.
func (o *order) deleted(in *bridge.Incoming) bool {
	return in.Mid != "" && o.eventSeen(in, bridge.DeletionKey(in.Mid))
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
