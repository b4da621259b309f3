package notices

import (
	"context"
	"strings"
	"time"

	"messenger-bridge/bridge"
)

// How far the customer is, Meta tells by watermarks: everything the page sent up to a
// time, by Meta's clock, has arrived, or was read (messenger.md 2.8). When one of our
// messages was sent, its echo tells. Both come in any order, late, twice or never, so
// whichever comes last, echo, watermark or the end of a message of several parts,
// looks for what can be shown now; what was shown is told by the notices' keys.

// watermarkSlack is by how much more than necessary is looked at, for what an earlier
// look could not store.
const watermarkSlack = 10 * time.Minute

// WantsReceipts reports whether agents of a conversation are to see how far the
// customer is.
func (o *Notices) WantsReceipts(c bridge.Conversation) bool {
	page, err := o.Pages.Page(c.Page)
	return err == nil && page.Settings.Receipts && c.Kind == bridge.Messages
}

// ApplyReceipts shows what the events of one webhook call tell about how far customers
// are. The receipts of its echoes are stored already.
func (o *Notices) ApplyReceipts(ctx context.Context, events []bridge.Incoming) error {
	for _, in := range events {
		if !o.WantsReceipts(in.Conversation) {
			continue
		}
		since := in.At.Add(-time.Millisecond)
		switch {
		case in.Kind == bridge.EchoEvent && in.Tag != (bridge.SendTag{}):
		case in.Kind == bridge.ReceivedEvent || in.Kind == bridge.ReadEvent:
			raised, before := o.raise(in)
			if !raised {
				continue
			}
			since = before.Add(-watermarkSlack)
		default:
			continue
		}
		if err := o.showHowFar(ctx, in.Conversation, since); err != nil {
			return err
		}
	}
	return nil
}

// raise remembers a watermark, and returns the one before; false if a higher one is
// known, or nothing of the customer, who was forgotten. The same again counts: perhaps
// nothing came of it.
func (o *Notices) raise(in bridge.Incoming) (raised bool, before time.Time) {
	nobody := bridge.ConversationState{}
	sent := o.States.State(in.Conversation) == nobody && len(o.Sent.SentSince(in.Conversation, time.Time{})) > 0 // privately, to who has only commented
	o.States.ChangeState(in.Conversation, func(s *bridge.ConversationState) {
		if *s == nobody && !sent {
			return
		}
		mark := &s.Watermarks.Received
		if in.Kind == bridge.ReadEvent {
			mark = &s.Watermarks.Read
		}
		if before = *mark; in.Watermark.Before(before) {
			return
		}
		raised, *mark = true, in.Watermark.UTC()
	})
	return raised, before
}

// ShowHowFar has shown how far the customer is, after a message was sent as a whole.
func (o *Notices) ShowHowFar(ctx context.Context, c bridge.Conversation) error {
	if !o.WantsReceipts(c) {
		return nil
	}
	far := o.States.State(c).Watermarks
	latest := far.Received
	if far.Read.After(latest) {
		latest = far.Read
	}
	return o.showHowFar(ctx, c, latest.Add(-watermarkSlack))
}

// showHowFar has shown on each message that was sent after a time, as a whole, whether
// it has arrived or was read.
func (o *Notices) showHowFar(ctx context.Context, c bridge.Conversation, since time.Time) error {
	far := o.States.State(c).Watermarks
	if !far.Received.After(since) && !far.Read.After(since) {
		return nil
	}
	var entries []bridge.Entry
	for _, sent := range lastParts(o.Sent.SentSince(c, since)) {
		n := bridge.Notice{Kind: bridge.HasArrived, Message: sent.Tag.Message}
		switch {
		case !sent.At.After(far.Read):
			n.Kind = bridge.WasRead
		case sent.At.After(far.Received):
			continue
		}
		if strings.HasPrefix(string(n.Message), bridge.AutomaticPrefix) || o.Told(n) || !sentWhole(o.Receipts, sent.Tag) {
			continue // nobody's, or shown, or not all of it was sent
		}
		e, err := entry(c.ReceiptMarks(), n, o.Now())
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	_, err := o.Lanes.Append(ctx, entries, nil)
	return err
}

// sentWhole reports whether all of a message was sent, and this part last: the echo of a
// later one may not be here yet.
func sentWhole(receipts bridge.Receipts, last bridge.SendTag) bool {
	if hash := receipts.TextHashOf(last.Message); hash == "" || strings.HasPrefix(hash, bridge.VersionSign) { // not yet, or only a part before it was kept
		return false
	}
	last.Part++
	return receipts.MidOf(last) == ""
}

// lastParts returns of each message what was sent of it last, in the order in which the
// messages began.
func lastParts(all []bridge.Sent) (last []bridge.Sent) {
	at := map[bridge.MessageID]int{}
	for _, s := range all {
		i, known := at[s.Tag.Message]
		if !known {
			at[s.Tag.Message] = len(last)
			last = append(last, s)
			continue
		}
		last[i] = s // the later parts stand behind
	}
	return last
}
