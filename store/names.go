package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/receipt"
)

// NameTable remembers what customers are called.
type NameTable struct{ *file }

var _ bridge.Names = NameTable{}

// Names lie in the bucket of the day on which they were asked for last, beside the
// receipts, and go with it; sealed, after the time (8) when they were asked for.
func nameKey(c bridge.Conversation) []byte { return append([]byte{'n'}, c.String()...) }

// Name implements bridge.Names.
func (s NameTable) Name(c bridge.Conversation) (name string, asked time.Time) {
	key := nameKey(c)
	sealed, _ := ReceiptTable(s).receipt(key)
	text, err := s.seal.Open(bucketMessages, key, sealed)
	if err != nil || len(text) < 8 {
		return "", time.Time{}
	}
	return string(text[8:]), layout.FromNanos(text)
}

// Called returns the conversations of a page whose customer has a name that fits, each once, by
// the latest name; those of the last 30 days.
func (s NameTable) Called(page bridge.PageID, fits func(name string) bool) (found []bridge.Called, err error) {
	seen, prefix := map[string]bool{}, append([]byte{'n'}, page+"/"...)
	if err := s.settled(context.Background()); err != nil {
		return nil, err
	}
	err = s.view(func(tx *bbolt.Tx) error {
		days := tx.Bucket(bucketMessages).Cursor()
		oldest := oldestReceipts(s.now())
		for day, _ := days.Last(); day != nil && receipt.DayNumber(day) >= oldest; day, _ = days.Prev() {
			b := receiptsOn(s.file, tx, day)
			c := b.Cursor()
			for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
				if seen[string(k)] {
					continue
				}
				seen[string(k)] = true
				if v, err := b.Value(k, v); err == nil {
					found = append(found, s.called(k, v, fits)...)
				}
			}
		}
		return nil
	})
	return found, err
}

// called reads one name, and returns whose it is, if it fits.
func (s NameTable) called(key, sealed []byte, fits func(string) bool) []bridge.Called {
	text, err := s.seal.Open(bucketMessages, key, sealed)
	conversation, ok := bridge.ConversationOf(string(key[1:]))
	if err != nil || len(text) <= 8 || !ok || !fits(string(text[8:])) {
		return nil
	}
	return []bridge.Called{{Conversation: conversation, Name: string(text[8:])}}
}

// SaveName implements bridge.Names.
func (s NameTable) SaveName(ctx context.Context, c bridge.Conversation, name string) error {
	return s.do(ctx, &op{size: len(name), apply: func(g *group) {
		key := nameKey(c)
		text := append(binary.BigEndian.AppendUint64(nil, layout.Nanos(g.now)), name...)
		g.saveReceipts([]receipt.Pair{{Key: key, Value: s.seal.Seal(nil, bucketMessages, key, text)}})
	}})
}
