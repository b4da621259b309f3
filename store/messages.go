package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/proof"
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
//	'n' conversation           -> what the customer is called (names.go)
const keepReceipts = 30 // days

// SaveReceipts implements bridge.Receipts.
func (s ReceiptTable) SaveReceipts(ctx context.Context, receipts []bridge.Receipt) error {
	if err := checkReceipts(receipts); err != nil || len(receipts) == 0 {
		return err
	}
	return s.do(ctx, &op{apply: func(g *group) { g.saveReceipts(receipts) }})
}

// MidOf implements bridge.Receipts.
func (s ReceiptTable) MidOf(m bridge.SendTag) bridge.Mid {
	return bridge.Mid(s.receipt(markKey('o', m)))
}

// TagOf implements bridge.Receipts.
func (s ReceiptTable) TagOf(page bridge.PageID, mid bridge.Mid) (bridge.SendTag, bool) {
	version, part, _, ok := cutMark(s.receipt(midKey('i', page, mid)))
	if !ok {
		return bridge.SendTag{}, false
	}
	return bridge.TagOfVersion(string(version), int(binary.BigEndian.Uint16(part))), true
}

// cutMark reads which part of which version of a message a mid is, and in which
// conversation.
func cutMark(v []byte) (version, part, conversation []byte, ok bool) {
	version, rest, _ := bytes.Cut(v, []byte{0})
	if len(rest) < 2 {
		return nil, nil, nil, false
	}
	return version, rest[:2], rest[2:], true
}

// PrintOf implements bridge.Receipts.
func (s ReceiptTable) TextHashOf(id bridge.MessageID) string { return string(s.receipt(printKey(id))) }

func printKey(id bridge.MessageID) []byte { return append([]byte{'t'}, id...) }

// mostSent bounds what SentSince returns.
const mostSent = 1000

// SentSince implements bridge.SentLog.
func (s ReceiptTable) SentSince(c bridge.Conversation, since time.Time) (all []bridge.Sent) {
	if epoch := time.Unix(0, 0); since.Before(epoch) {
		since = epoch
	}
	var err error
	prefix, first := sentTo(c), sentKey(bridge.Sent{To: c, At: since.Add(time.Millisecond)})
	_ = s.view(func(tx *bbolt.Tx) error { // closed: nothing is shown any more
		days := tx.Bucket(bucketMessages).Cursor()
		from := max(dayOf(since), dayOf(s.now())-keepReceipts) - 1 // by our clock it may be the day before
		for day, _ := days.Seek(dayKey(from)); day != nil; day, _ = days.Next() {
			b := receiptsOn(s.file, tx, day)
			sent := b.Cursor()
			for k, v := sent.Seek(first); bytes.HasPrefix(k, prefix); k, v = sent.Next() {
				if v, err = b.Value(k, v); err != nil {
					continue
				}
				at := int64(binary.BigEndian.Uint64(k[len(prefix):])) // #nosec G115 -- the very bits that were written
				all = append(all, bridge.Sent{To: c, Tag: sentTag(k[len(first):], v), At: time.UnixMilli(at).UTC()})
			}
		}
		return nil
	})
	slices.SortStableFunc(all, func(a, b bridge.Sent) int { return a.At.Compare(b.At) })
	return all[max(0, len(all)-mostSent):]
}

// sentTag reads which part was sent; older records tell the message alone.
func sentTag(message, value []byte) bridge.SendTag {
	version, part, _, ok := cutMark(value)
	if !ok {
		return bridge.SendTag{Message: bridge.MessageID(message), Part: bridge.SomePart}
	}
	return bridge.TagOfVersion(string(version), int(binary.BigEndian.Uint16(part)))
}

func sentTo(c bridge.Conversation) []byte { return append(append([]byte{'w'}, c.String()...), 0) }

func sentKey(sent bridge.Sent) []byte {
	key := binary.BigEndian.AppendUint64(sentTo(sent.To), uint64(max(sent.At.UnixMilli(), 0)))
	return append(key, sent.Tag.Message...)
}

// ShownAs implements bridge.Receipts.
func (s ReceiptTable) ShownAs(page bridge.PageID, mid bridge.Mid) (bridge.RoomID, []bridge.MessageID) {
	ids := strings.Split(string(s.receipt(midKey('s', page, mid))), "\x00")
	shown := make([]bridge.MessageID, 0, len(ids)-1)
	for _, id := range ids[1:] {
		shown = append(shown, bridge.MessageID(id))
	}
	return bridge.RoomID(ids[0]), shown
}

// receipt looks a key up, what waits for a commit first, then the newest day first;
// nil if it is not there.
func (s ReceiptTable) receipt(key []byte) []byte {
	if v, waits := s.lazy.receipt(key); waits {
		return v
	}
	var found []byte
	err := s.view(func(tx *bbolt.Tx) error {
		oldest := dayOf(s.now()) - keepReceipts
		c := tx.Bucket(bucketMessages).Cursor()
		for day, _ := c.Last(); day != nil && found == nil && numberOf(day) >= oldest; day, _ = c.Prev() {
			found = bytes.Clone(receiptsOn(s.file, tx, day).Get(key))
		}
		return nil
	})
	if err != nil {
		return nil // closed: nothing can be sent or concluded any more
	}
	return found
}

func (g *group) saveReceipts(receipts []bridge.Receipt) {
	for key, value := range pairs(receipts) {
		b := g.today()
		if b == nil {
			return
		}
		g.put(*b, key, value)
	}
}

// pairs returns what is stored of receipts.
func pairs(receipts []bridge.Receipt) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for _, r := range receipts {
			mid := []byte(r.Mid)
			if r.TextHash != "" && r.Tag.Message != "" && !yield(printKey(r.Tag.Message), []byte(r.TextHash)) {
				return
			}
			if r.Mid == "" {
				continue // proves nothing
			}
			if r.Sent.Tag.Message != "" && !yield(sentKey(r.Sent), markKey('w', r.Sent.Tag)[1:]) {
				return
			}
			if r.Room == "" {
				key := markKey('o', r.Tag)
				of := key[1:]
				if r.With.Customer != "" {
					of = append(slices.Clone(of), r.With.String()...)
				}
				if !yield(key, mid) || !yield(midKey('i', r.Page, r.Mid), of) {
					return
				}
				continue
			}
			value := []byte(r.Room)
			for _, id := range r.Shown[:min(len(r.Shown), mostShown)] {
				value = append(append(value, 0), id...)
				if !yield(markKey('o', bridge.SendTag{Message: id}), mid) {
					return
				}
			}
			if !yield(midKey('s', r.Page, r.Mid), value) {
				return
			}
		}
	}
}

// today returns the bucket of today's receipts.
func (g *group) today() *proof.Bucket {
	if g.day != nil {
		return g.day
	}
	day := dayKey(dayOf(g.now))
	_, err := g.bucket(bucketMessages).CreateBucketIfNotExists(day)
	g.record.Create(bucketMessages, day)
	g.wrote = true
	if g.keep(err); err != nil {
		return nil
	}
	b := g.on(day)
	g.day = &b
	return g.day
}

// on returns the bucket of a day's receipts, which is there.
func (g *group) on(day []byte) proof.Bucket {
	b := receiptsOn(g.file, g.tx, day)
	g.record.Named(b.Bucket, bucketMessages, day)
	return b
}

// receiptsOn returns the bucket of a day's receipts, which is there. Those from before the
// upgrade to format 3 have no tags; in a month they are gone.
func receiptsOn(f *file, tx *bbolt.Tx, day []byte) proof.Bucket {
	return f.tables.Numbered(tx, bucketMessages, day, numberOf(day), f.tagged)
}

// expireReceipts lets go of days that are over, once a day.
func (g *group) expireReceipts() {
	today := dayOf(g.now)
	if g.after.trimmed == today {
		return
	}
	g.after.trimmed = today
	b := g.bucket(bucketMessages)
	var over [][]byte
	c := b.Cursor()
	for day, _ := c.First(); day != nil && numberOf(day) < today-keepReceipts; day, _ = c.Next() {
		over = append(over, bytes.Clone(day))
	}
	for _, day := range over {
		g.keep(b.DeleteBucket(day))
		g.record.Drop(bucketMessages, day)
	}
}

// mostShown bounds what is remembered of a message that is shown as very many.
const mostShown = 200

func checkReceipts(receipts []bridge.Receipt) error {
	for _, r := range receipts {
		ids := r.Shown
		if r.Room == "" {
			ids = []bridge.MessageID{r.Tag.Message}
		}
		wrong := len(r.Mid) > maxKey || len(r.With.String()) > layout.MaxLane || len(r.Page) > maxKey || len(r.Room) > maxKey || len(ids) == 0 ||
			r.Tag.Part < 0 || r.Tag.Part > 0xffff
		for _, id := range ids {
			wrong = wrong || id == "" || len(id) > maxKey || strings.Contains(string(id), "\x00")
		}
		if wrong {
			return errors.New("receipt without a message, or with ids that are too long")
		}
	}
	return nil
}

func markKey(direction byte, m bridge.SendTag) []byte {
	version := m.Version()
	key := make([]byte, 0, 4+len(version))
	key = append(append(append(key, direction), version...), 0)
	return binary.BigEndian.AppendUint16(key, uint16(m.Part)) // #nosec G115 -- a message has some parts
}

func midKey(direction byte, page bridge.PageID, mid bridge.Mid) []byte {
	key := make([]byte, 0, 2+len(page)+len(mid))
	return append(append(append(append(key, direction), page...), 0), mid...)
}

// dayOf numbers days since 1970, in UTC.
func dayOf(t time.Time) uint32 { return uint32(t.Unix() / (24 * 60 * 60)) } // #nosec G115 -- days since 1970

func dayKey(day uint32) []byte      { return binary.BigEndian.AppendUint32(nil, day) }
func numberOf(dayKey []byte) uint32 { return binary.BigEndian.Uint32(dayKey) }
