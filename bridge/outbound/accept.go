package outbound

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"messenger-bridge/bridge"
)

// command is what people type to us or to Rocket.Chat, never to a customer.
var command = regexp.MustCompile(`^\s*(/\S|(?i:!facebook)\b)`)

// FromAgent stores what agents wrote, in order, and leaves out what it has seen
// and what belongs to no conversation. It returns how many were new; with a nil
// error, everything is durable. Calls must not overlap.
func (o *Outbound) FromAgent(ctx context.Context, messages []bridge.AgentMessage) (fresh int, err error) {
	b := batch{o: o, here: map[string]struct{}{}, changed: map[string]bridge.MessageID{}}
	for i := range messages {
		if err := b.add(ctx, &messages[i]); err != nil {
			return 0, err
		}
	}
	if b.repeats > 0 {
		o.Lanes.Meter.Count(bridge.Repeated, o.Lanes.Direction, "", b.repeats)
	}
	return o.Lanes.Append(ctx, b.entries, func(e *bridge.Entry, seq bridge.Seq) {
		if id, changes := b.changed[e.Key]; changes { // known before anybody looks for it
			o.edits.add(id, seq)
		}
	})
}

// batch is what one call of FromAgent stores.
type batch struct {
	o       *Outbound
	entries []bridge.Entry
	here    map[string]struct{}         // keys of this batch
	changed map[string]bridge.MessageID // by key: which message an entry changes
	repeats int
}

func (b *batch) seen(key string) bool {
	_, here := b.here[key]
	return here || b.o.Lanes.Store.Seen(key)
}

// add takes a message, if it is one for a customer and has not been seen.
func (b *batch) add(ctx context.Context, m *bridge.AgentMessage) error {
	c, ours, err := b.o.Workspace.Rooms.Conversation(m.Room)
	if err != nil {
		return fmt.Errorf("find the conversation of room %s: %w", m.Room, err)
	}
	if !ours {
		return nil
	}
	if kept, why := b.keepBack(c, m); kept {
		return b.o.Notices.Tell(ctx, c, why)
	}
	key, changes, known := messageKey(m.ID), false, b.seen(messageKey(m.ID))
	if m.Gone || m.Known || !m.Edited.IsZero() && known {
		if !known {
			return nil // never a message of ours
		}
		key, changes = changeKey(m, b.o.composer.textHash(m)), true
	}
	if b.seen(key) {
		b.repeats++
		return nil
	}
	b.here[key] = struct{}{}
	if changes && !m.Gone && m.Edited.IsZero() {
		return nil // known, and as it was
	}
	return b.put(c, m, key, changes)
}

// keepBack returns what the author is told of a message that is no matter of the
// customer's: a command, or what was written into a closed room. Seen again, a message is
// what it was.
func (b *batch) keepBack(c bridge.Conversation, m *bridge.AgentMessage) (kept bool, why bridge.Notice) {
	if command.MatchString(m.Text) {
		return true, bridge.Notice{Kind: bridge.Private, Room: m.Room, Message: m.ID, To: m.Author, Reason: bridge.CommandText}
	}
	late := bridge.Notice{Kind: bridge.NotDelivered, Room: m.Room, Message: m.ID, To: m.Author, Reason: bridge.RoomOver}
	return !b.seen(messageKey(m.ID)) && (b.afterClosing(c, m) || b.o.Notices.Told(late)), late
}

// put composes a message, or a change of one, and adds it to what is stored.
func (b *batch) put(c bridge.Conversation, m *bridge.AgentMessage, key string, changes bool) error {
	out := b.o.composer.outgoing(c, m)
	if changes && !m.Gone {
		out.Edit, out.At = m.Edited.UnixMilli(), m.Edited
	}
	body, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("encode message %s: %w", m.ID, err)
	}
	if changes {
		b.changed[key] = m.ID
	} else {
		b.o.Gestures.Answered(c, m.Author)
	}
	b.entries = append(b.entries, bridge.Entry{Lane: c.Lane(), Key: key, Body: body, Progress: b.beginning(out.At)})
	return nil
}

// beginning returns the progress of a message that has just been accepted. If it
// may have been sent by an earlier bridge, the thread is read first. Its echo is
// long over, so nothing waits for that.
func (b *batch) beginning(written time.Time) bridge.Progress {
	if !b.o.Memory.SentBefore(written) {
		return bridge.Progress{}
	}
	return bridge.Progress{State: bridge.OutcomeUnknown, Tried: written.Add(-b.o.Times.EchoWait)}
}

// afterClosing reports whether a message was written into a room after it was closed.
func (b *batch) afterClosing(c bridge.Conversation, m *bridge.AgentMessage) bool {
	closed, known := b.o.Memory.States.State(c).Closings.Of(m.Room)
	return c.Kind == bridge.Messages && !m.Gone && known && m.At.After(closed)
}

// composer composes messages by the settings of their pages, and by what is remembered.
type composer struct{ *Config }

// outgoing composes an agent's message. An answer to a comment goes to the quoted one, or
// to the latest.
func (c composer) outgoing(to bridge.Conversation, m *bridge.AgentMessage) Outgoing {
	out := compose(c.style(to.Page), to, m)
	out.TextHash = c.textHash(m)
	switch {
	case to.Kind != bridge.Comments:
	case m.Quote != nil:
		out.Comment = c.Memory.Receipts.MidOf(bridge.SendTag{Message: m.Quote.Message})
	default:
		out.Comment = c.Memory.States.State(to).Reply.Comment
	}
	return out
}

// textHash returns the fingerprint of a message's text.
func (c composer) textHash(m *bridge.AgentMessage) string {
	if c.Memory.TextHash == nil {
		return ""
	}
	return c.Memory.TextHash("text of a message", string(m.ID)+"\x00"+m.Text)[:16]
}
