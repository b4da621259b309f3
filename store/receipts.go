package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
)

var _ bridge.Receipts = (*Store)(nil)

// Receipts of a day are in a bucket of their own, so that letting them go is
// deleting that bucket. In it, both ways:
//
//	'o' message id 0 part (2)  -> mid
//	'i' page id 0 mid          -> message id 0 part (2)
const keepReceipts = 30 // days

// SaveReceipts implements bridge.Receipts.
func (s *Store) SaveReceipts(ctx context.Context, receipts []bridge.Receipt) error {
	if err := checkReceipts(receipts); err != nil || len(receipts) == 0 {
		return err
	}
	return s.do(ctx, &op{apply: func(g *group) { g.saveReceipts(receipts) }})
}

// MidOf implements bridge.Receipts.
func (s *Store) MidOf(m bridge.Mark) bridge.Mid {
	return bridge.Mid(s.receipt(markKey('o', m)))
}

// MarkOf implements bridge.Receipts.
func (s *Store) MarkOf(page bridge.PageID, mid bridge.Mid) (bridge.Mark, bool) {
	v := s.receipt(midKey(page, mid))
	n := len(v) - 3
	if n < 0 {
		return bridge.Mark{}, false
	}
	return bridge.Mark{Message: bridge.MessageID(v[:n]), Part: int(binary.BigEndian.Uint16(v[n+1:]))}, true
}

// receipt looks a key up, the newest day first; nil if it is not there.
func (s *Store) receipt(key []byte) []byte {
	var found []byte
	err := s.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketMessages)
		oldest := dayOf(s.now()) - keepReceipts
		c := b.Cursor()
		for day, _ := c.Last(); day != nil && found == nil && numberOf(day) >= oldest; day, _ = c.Prev() {
			found = bytes.Clone(b.Bucket(day).Get(key))
		}
		return nil
	})
	if err != nil {
		return nil // closed: nothing can be sent or concluded any more
	}
	return found
}

func (g *group) saveReceipts(receipts []bridge.Receipt) {
	for _, r := range receipts {
		if r.Mid == "" {
			continue // proves nothing
		}
		b := g.today()
		if b == nil {
			return
		}
		g.put(b, markKey('o', r.Mark), []byte(r.Mid))
		g.put(b, midKey(r.Page, r.Mid), markKey('i', r.Mark)[1:])
	}
}

// today returns the bucket of today's receipts.
func (g *group) today() *bbolt.Bucket {
	if g.day != nil {
		return g.day
	}
	b, err := g.bucket(bucketMessages).CreateBucketIfNotExists(dayKey(dayOf(g.now)))
	g.keep(err)
	g.wrote = true
	g.day = b
	return b
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
	}
}

func checkReceipts(receipts []bridge.Receipt) error {
	for _, r := range receipts {
		if len(r.Mid) > maxKey || len(r.Page) > maxKey || len(r.Mark.Message) > maxKey ||
			r.Mark.Message == "" || r.Mark.Part < 0 || r.Mark.Part > 0xffff {
			return errors.New("receipt without a message, or with ids that are too long")
		}
	}
	return nil
}

func markKey(direction byte, m bridge.Mark) []byte {
	key := make([]byte, 0, 4+len(m.Message))
	key = append(append(append(key, direction), m.Message...), 0)
	return binary.BigEndian.AppendUint16(key, uint16(m.Part))
}

func midKey(page bridge.PageID, mid bridge.Mid) []byte {
	key := make([]byte, 0, 2+len(page)+len(mid))
	return append(append(append(append(key, 'i'), page...), 0), mid...)
}

// dayOf numbers days since 1970, in UTC.
func dayOf(t time.Time) uint32 { return uint32(t.Unix() / (24 * 60 * 60)) }

func dayKey(day uint32) []byte      { return binary.BigEndian.AppendUint32(nil, day) }
func numberOf(dayKey []byte) uint32 { return binary.BigEndian.Uint32(dayKey) }
