package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/marks"
	"messenger-bridge/store/proof"
	"messenger-bridge/store/receipt"
)

// ReceiptTable remembers which messages are the same.
type ReceiptTable struct{ *file }

var (
	_ bridge.Receipts = ReceiptTable{}
	_ bridge.SentLog  = ReceiptTable{}
)

// Which messages are the same is kept by the day, each in a bucket of its own, so
// that letting them go is deleting that bucket. In it, both ways:
//
//	'o' message id 0 part (2)  -> mid
//	'i' page id 0 mid          -> message id 0 part (2) conversation, of an agent's message; older ones without it
//	't' message id             -> fingerprint of the text which the customer has of an agent's message
//	'w' conversation 0 milliseconds since 1970 (8) message id -> version 0 part (2); when a part was sent, where that is asked for; older ones without value
//	's' page id 0 mid          -> room id 0 message id 0 message id …, of any other
//	'b' message id             -> page id 0 mid 0 room id, in place of 'o' and 's', of what is shown as one message whose id follows from page and mid
//	'n' conversation           -> what the customer is called (names.go)
const keepReceipts = 30 // days

// oldestReceipts is the first day of which receipts are still read.
func oldestReceipts(now time.Time) uint32 { return layout.DaysBefore(layout.Day(now), keepReceipts) }

// SaveReceipts implements bridge.Receipts.
func (s ReceiptTable) SaveReceipts(ctx context.Context, receipts []bridge.Receipt) error {
	if err := receipt.Check(receipts); err != nil || len(receipts) == 0 {
		return err
	}
	return s.do(ctx, &op{apply: func(g *group) { g.saveReceipts(receipt.Pairs(receipts)) }})
}

// MidOf implements bridge.Receipts.
func (s ReceiptTable) MidOf(m bridge.SendTag) bridge.Mid {
	v, which := s.receipt(receipt.MarkKey('o', m), receipt.OneKey(m))
	if which == 1 {
		_, mid, _ := receipt.CutOne(v)
		return mid
	}
	return bridge.Mid(v)
}

// TagOf implements bridge.Receipts.
func (s ReceiptTable) TagOf(page bridge.PageID, mid bridge.Mid) (bridge.SendTag, bool) {
	v, _ := s.receipt(receipt.MidKey('i', page, mid))
	version, part, _, ok := receipt.CutMark(v)
	if !ok {
		return bridge.SendTag{}, false
	}
	return bridge.TagOfVersion(string(version), int(binary.BigEndian.Uint16(part))), true
}

// PrintOf implements bridge.Receipts.
func (s ReceiptTable) TextHashOf(id bridge.MessageID) string {
	v, _ := s.receipt(receipt.PrintKey(id))
	return string(v)
}

// mostSent bounds what SentSince returns.
const mostSent = 1000

// SentSince implements bridge.SentLog.
func (s ReceiptTable) SentSince(c bridge.Conversation, since time.Time) (all []bridge.Sent) {
	if epoch := time.Unix(0, 0); since.Before(epoch) {
		since = epoch
	}
	var err error
	prefix, first := receipt.SentTo(c), receipt.SentKey(bridge.Sent{To: c, At: since.Add(time.Millisecond)})
	_ = s.look(func(tx *bbolt.Tx) error { // closed: nothing is shown any more
		days := tx.Bucket(bucketMessages).Cursor()
		from := layout.DaysBefore(max(layout.Day(since), oldestReceipts(s.now())), 1) // by our clock it may be the day before
		for day, _ := days.Seek(receipt.DayKey(from)); day != nil; day, _ = days.Next() {
			b := receiptsOn(s.file, tx, day)
			sent := b.Cursor()
			for k, v := sent.Seek(first); bytes.HasPrefix(k, prefix); k, v = sent.Next() {
				if v, err = b.Value(k, v); err != nil {
					continue
				}
				at := int64(binary.BigEndian.Uint64(k[len(prefix):])) // #nosec G115 -- the very bits that were written
				all = append(all, bridge.Sent{To: c, Tag: receipt.SentTag(k[len(first):], v), At: time.UnixMilli(at).UTC()})
			}
		}
		return nil
	})
	slices.SortStableFunc(all, func(a, b bridge.Sent) int { return a.At.Compare(b.At) })
	return all[max(0, len(all)-mostSent):]
}

// ShownAs implements bridge.Receipts.
func (s ReceiptTable) ShownAs(page bridge.PageID, mid bridge.Mid) (bridge.RoomID, []bridge.MessageID) {
	one := receipt.OneKeyOf(page, mid)
	v, which := s.receipt(receipt.MidKey('s', page, mid), one)
	if which == 1 {
		_, _, room := receipt.CutOne(v)
		return room, []bridge.MessageID{bridge.MessageID(one[1:])}
	}
	ids := strings.Split(string(v), "\x00")
	shown := make([]bridge.MessageID, 0, len(ids)-1)
	for _, id := range ids[1:] {
		shown = append(shown, bridge.MessageID(id))
	}
	return bridge.RoomID(ids[0]), shown
}

// receipt looks keys up, what waits for a commit first, then the newest day first, and returns
// the value of the first that is there, and which that is; nil if none is.
func (s ReceiptTable) receipt(keys ...[]byte) (found []byte, which int) {
	for i, key := range keys {
		v, waits := s.lazy.Receipt(key)
		if !waits {
			v, waits = s.unfiled.Get(key)
		}
		if waits {
			return v, i
		}
	}
	err := s.view(func(tx *bbolt.Tx) error {
		oldest := oldestReceipts(s.now())
		c := tx.Bucket(bucketMessages).Cursor()
		for day, _ := c.Last(); day != nil && found == nil && receipt.DayNumber(day) >= oldest; day, _ = c.Prev() {
			b := receiptsOn(s.file, tx, day)
			for which = 0; which < len(keys) && found == nil; which++ {
				found = bytes.Clone(b.Get(keys[which]))
			}
		}
		return nil
	})
	if err != nil || found == nil {
		return nil, 0 // closed: nothing can be sent or concluded any more
	}
	return found, which - 1
}

func (g *group) saveReceipts(said []receipt.Pair) {
	for _, p := range said {
		b := g.today()
		if b == nil {
			return
		}
		g.Put(*b, p.Key, p.Value)
	}
	g.said = append(g.said, said...)
}

// today returns the bucket of today's receipts.
func (g *group) today() *proof.Bucket {
	if g.day == nil {
		day := receipt.Today(&g.Transaction, bucketMessages, g.now)
		if g.Create(bucketMessages, day) != nil {
			return nil
		}
		b := g.on(day)
		g.day = &b
	}
	return g.day
}

// on returns the bucket of a day's receipts, which is there.
func (g *group) on(day []byte) proof.Bucket {
	return g.Numbered(bucketMessages, day, receipt.DayNumber(day), g.file.tagged)
}

// receiptsOn returns the bucket of a day's receipts, which is there. Those from before the
// upgrade to format 3 have no tags; in a month they are gone.
func receiptsOn(f *file, tx *bbolt.Tx, day []byte) proof.Bucket {
	return f.tables.Numbered(tx, bucketMessages, day, receipt.DayNumber(day), f.tagged)
}

// expireReceipts lets go of days that are over, a little with each commit: they are no
// longer read anyway.
func (g *group) expireReceipts() {
	today := layout.Day(g.now)
	if g.after.trimmed == today && !g.after.more {
		return
	}
	g.after.trimmed, g.after.more = today, receipt.Expire(&g.Transaction, bucketMessages, oldestReceipts(g.now))
	if g.after.more {
		g.then(func() { g.file.lazy.Wake(marks.ForDone) })
	}
}
