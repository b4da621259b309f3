package bridge

import (
	"context"
	"errors"
	"strings"
	"time"
)

// What customers do to a message that exists, a reaction for example, travels in a
// lane of its own. Meta may tell of it before it tells of the message; then it waits,
// and the message need not wait behind it.

// early is how long such an event waits for a message nobody has heard of.
const early = 30 * time.Second

// mostEdits is how often Messenger lets a message be edited, and some more.
const mostEdits = 10

// aboutMessage reports whether the event is about a message that came before.
func (in *Incoming) aboutMessage() bool {
	return in.Kind == ReactionEvent || in.Kind == EditEvent || in.Kind == DeletionEvent || in.Kind == HiddenEvent
}

// lane is where the event travels.
func (in *Incoming) lane() Lane {
	if in.Conversation.Customer == "" && in.Comment != nil {
		return commentLane(in.Conversation.Page, in.Mid)
	}
	if in.aboutMessage() {
		return in.Conversation.aboutLane()
	}
	return in.Conversation.Lane()
}

func (c Conversation) aboutLane() Lane { return c.Lane() + "/about" }

// entryKey makes a key of an event unique beyond its page.
func (in *Incoming) entryKey(key string) string { return string(in.Conversation.Page) + "/" + key }

// heardOf reports whether an event of the same page with this key ever came.
func (b *Bridge) heardOf(in *Incoming, key string) bool { return b.Inbox.Seen(in.entryKey(key)) }

// ready decides whether an event is to be shown now: done means it need not be shown
// any more, a Refusal that it must wait.
func (b *Bridge) ready(in *Incoming, d Delivery) (done bool, err error) {
	if in.Comment != nil {
		if done, err := b.place(in, d); done || err != nil {
			return done, err
		}
	}
	switch in.Kind {
	case EchoEvent: // our own answer may have come in the meantime
		return b.isOurs(in), nil
	case TextEvent, MediaEvent, UnsupportedEvent:
		in.Deleted = in.Mid != "" && b.heardOf(in, DeletionKey(in.Mid))
	case EditEvent:
		for n := in.Edit + 1; in.Edit > 0 && n <= in.Edit+mostEdits; n++ {
			if b.heardOf(in, EditKey(in.Mid, n)) {
				return true, nil
			}
		}
	}
	if in.aboutMessage() && !b.messageKnown(in) && b.messageMayCome(in, d) {
		return false, &Refusal{Verdict: Again, Reason: Settling, After: 250 * time.Millisecond, Err: errors.New("its message is not shown yet")}
	}
	return false, nil
}

func (b *Bridge) messageKnown(in *Incoming) bool {
	if b.isOurs(in) {
		return true
	}
	_, shown := b.Receipts.ShownAs(in.Conversation.Page, in.Mid)
	return len(shown) > 0
}

// messageMayCome reports whether the message an event is about is still on its way
// through here, or may be on its way from Meta.
func (b *Bridge) messageMayCome(in *Incoming, d Delivery) bool {
	waits := b.inbound.holds(in.Conversation.Lane()) && (b.heardOf(in, MessageKey(in.Mid)) || b.heardOf(in, "e/"+string(in.Mid)))
	return waits || b.age(d) < early
}

// age is how long ago a delivery was accepted. When the clock was set back meanwhile,
// which may take hours to be there again, it counts as old: nothing waits any longer.
func (b *Bridge) age(d Delivery) time.Duration {
	age := b.Now().Sub(d.Accepted)
	if age < -clocksDiffer {
		return b.SettleFor
	}
	return max(age, 0)
}

// explainTo tells a customer, in one automatic text, what of an event was refused.
func (b *Bridge) explainTo(ctx context.Context, in *Incoming, sentences []string) error {
	if len(sentences) == 0 {
		return nil
	}
	err := b.SendAutomatic(ctx, Automatic{Conversation: in.Conversation, Key: "refused/" + in.Key, Text: strings.Join(sentences, "\n")})
	if err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	return nil
}
