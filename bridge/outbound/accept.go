package outbound

import (
	"context"
	"encoding/json"
	"fmt"

	"messenger-bridge/bridge"
)

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
	c, ours := m.With, m.With != bridge.Conversation{}
	if !ours {
		var err error
		if c, ours, err = b.o.Workspace.Rooms.Conversation(m.Room); err != nil {
			return fmt.Errorf("find the conversation of room %s: %w", m.Room, err)
		}
	}
	if !ours {
		return nil
	}
	key, changes, known := messageKey(m.ID), false, b.seen(messageKey(m.ID))
	if !known && (m.Gone || m.Known && (m.Edited.IsZero() || !b.o.wasHeld(m.ID))) {
		return nil // never a message of ours
	}
	kept, why, told := b.keepBack(c, m, known)
	if !m.Gone {
		b.o.follow(m, why)
	}
	if kept {
		if known {
			if err := b.takeBack(c, m, why); err != nil {
				return err
			}
		}
		return b.o.reports.keeps(ctx, c, told)
	}
	if known && (m.Gone || m.Known || !m.Edited.IsZero()) {
		key, changes = changeKey(m, b.o.composer.textHash(m)), true
	}
	if b.seen(key) || changes && b.o.quotedBefore(m) {
		b.repeats++
		return nil
	}
	if !changes {
		if held, told := b.heldForLeftOvers(m); held {
			return b.o.Notices.Tell(ctx, c, told...)
		}
	}
	b.here[key] = struct{}{}
	if changes && !m.Gone && m.Edited.IsZero() {
		return nil // known, and as it was
	}
	return b.put(ctx, c, m, key, changes)
}

// put composes a message, or a change of one, and adds it to what is stored.
func (b *batch) put(ctx context.Context, c bridge.Conversation, m *bridge.AgentMessage, key string, changes bool) error {
	textHash := b.o.composer.textHash(m) // of all that it quotes: what becomes a note later is no change of it
	answers := m.Quote
	if m.Quote != nil || len(m.Repeats) > 0 || len(m.Attachments) > bridge.MostAttached {
		m = b.o.quoting(*m)
	}
	out := b.o.composer.outgoing(c, m, textHash)
	if c.Kind == bridge.Comments && answers != nil && answers.ByBot && m.Quote == nil {
		out.Comment = "" // it is about one comment, and nobody knows here about which
	}
	if !changes {
		if err := b.o.Notices.Tell(ctx, c, b.sentNotices(m, out)...); err != nil {
			return err
		}
	}
	if changes && !m.Gone {
		out.Edit, out.At = m.Edited.UnixMilli(), m.Edited
		if b.o.wasHeld(m.ID) { // as a command, while it waited
			if err := b.o.Notices.Tell(ctx, c, aboutMessage(m)(bridge.Released, "")); err != nil {
				return err
			}
		}
	}
	if !changes {
		b.o.Gestures.Answered(c, m.Author)
	}
	return b.append(key, out)
}

// append adds what is composed to what is stored.
func (b *batch) append(key string, out Outgoing) error {
	body, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("%w: encode message %s: %w", bridge.ErrUnstorable, out.Message, err)
	}
	if out.isChange() {
		b.changed[key] = out.Message
	}
	e := bridge.Entry{Lane: out.Conversation.Lane(), Key: key, Body: body, Progress: b.o.beginning(out)}
	if out.Quote == nil { // of a quote, not all is stored
		e.Answer = &out
	}
	b.entries = append(b.entries, e)
	return nil
}

// beginning returns the progress of a message that has just been accepted. If another
// bridge may have sent it, the thread is read first; its echo is over by now, unless that
// bridge ended just before.
func (c *Config) beginning(out Outgoing) bridge.Progress {
	maybe, latest := c.Memory.Earlier.SentBefore(out.Room, out.At)
	if !maybe || out.Room == "" {
		return bridge.Progress{}
	}
	now := c.Now()
	tried := now.Add(-c.Times.EchoWait)
	if latest.After(tried) {
		tried = latest
	}
	if tried.After(now) {
		tried = now
	}
	return bridge.Progress{State: bridge.Doubtful, Tried: tried}
}

// afterClosing reports whether a message was written into a room after it was closed.
func (b *batch) afterClosing(c bridge.Conversation, m *bridge.AgentMessage) bool {
	closed, known := b.o.Memory.States.State(c).Closings.Of(m.Room)
	return c.Kind == bridge.Messages && !m.Gone && known && m.At.After(closed)
}

// composer composes messages by the settings of their pages, and by what is remembered.
type composer struct{ *Config }

// outgoing composes an agent's message. An answer to a comment goes to the quoted one, or
// to the latest. textHash tells its text from others.
func (c composer) outgoing(to bridge.Conversation, m *bridge.AgentMessage, textHash string) Outgoing {
	out := compose(c.style(to.Page), to, m)
	out.TextHash = textHash
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
	return c.fingerprint("text of a message", string(m.ID)+"\x00"+repeating(m)+m.Text)
}

// fingerprint tells texts apart without telling what they say; "" if they are not to be told
// apart.
func (c composer) fingerprint(purpose, text string) string {
	if c.Memory.TextHash == nil {
		return ""
	}
	return c.Memory.TextHash(purpose, text)[:16]
}
