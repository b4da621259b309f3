package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"messenger-bridge/metrics"
)

// How far the customer is, Meta tells by watermarks: everything the page sent up to a
// time, by Meta's clock, has arrived, or was read (messenger.md 2.8). When one of our
// messages was sent, its echo tells. Both come in any order, late, twice or never, so
// whichever comes last, echo, watermark or the end of a message of several parts,
// looks for what can be shown now; what was shown is told by the notices' keys.

// watermarkSlack is by how much more than necessary is looked at, for what an earlier
// look could not store.
const watermarkSlack = 10 * time.Minute

// wantsReceipts reports whether agents of a conversation are to see how far the
// customer is.
func (b *Bridge) wantsReceipts(c Conversation) bool {
	page, err := b.Pages.Page(c.Page)
	return err == nil && page.Settings.Receipts && b.Talks != nil && c.Kind == Messages
}

// heed shows what the events of one webhook call tell about how far customers are.
// The receipts of its echoes are stored already.
func (b *Bridge) heed(ctx context.Context, events []Incoming) error {
	for _, in := range events {
		if !b.wantsReceipts(in.Conversation) {
			continue
		}
		since := in.At.Add(-time.Millisecond)
		switch {
		case in.Kind == EchoEvent && in.Mark != (Mark{}):
		case in.Kind == ReceivedEvent || in.Kind == ReadEvent:
			raised, before := b.raise(in)
			if !raised {
				continue
			}
			since = before.Add(-watermarkSlack)
		default:
			continue
		}
		if err := b.showHowFar(ctx, in.Conversation, since); err != nil {
			return err
		}
	}
	return nil
}

// raise remembers a watermark, and returns the one before; false if a higher one is
// known. The same again counts: perhaps nothing came of it.
func (b *Bridge) raise(in Incoming) (raised bool, before time.Time) {
	b.Talks.ChangeTalk(in.Conversation, func(t *Talk) {
		mark := &t.Received
		if in.Kind == ReadEvent {
			mark = &t.Read
		}
		if before = *mark; in.Watermark.Before(before) {
			return
		}
		raised, *mark = true, in.Watermark.UTC()
	})
	return raised, before
}

// showHowFar has shown on each message that was sent after a time, as a whole, whether
// it has arrived or was read.
func (b *Bridge) showHowFar(ctx context.Context, c Conversation, since time.Time) error {
	t := b.Talks.Talk(c)
	if !t.Received.After(since) && !t.Read.After(since) {
		return nil
	}
	var order []MessageID
	last := map[MessageID]time.Time{}
	for _, s := range b.Receipts.SentSince(c, since) {
		if _, known := last[s.Message]; !known {
			order = append(order, s.Message)
		}
		last[s.Message] = s.At // the later parts stand behind
	}
	var entries []Entry
	for _, id := range order {
		n := Notice{Kind: HasArrived, Message: id, At: b.Now()}
		switch at := last[id]; {
		case !at.After(t.Read):
			n.Kind = WasRead
		case at.After(t.Received):
			continue
		}
		if strings.HasPrefix(string(id), automaticPrefix) || b.Notices.Seen(n.Key()) || b.Receipts.PrintOf(id) == "" {
			continue // nobody's, or shown, or not all of it was sent
		}
		body, err := json.Marshal(n)
		if err != nil {
			return fmt.Errorf("encode a notice: %w", err)
		}
		entries = append(entries, Entry{Lane: c.Lane(), Key: n.Key(), Body: body})
	}
	_, err := b.append(ctx, metrics.Notice, b.Notices, b.notices, entries)
	return err
}

// showArrived spares the mark of a message that was read meanwhile.
func (b *Bridge) showArrived(ctx context.Context, n Notice) error {
	read := n
	if read.Kind = WasRead; b.Notices.Seen(read.Key()) {
		return nil
	}
	return b.Desk.Tell(ctx, n)
}
