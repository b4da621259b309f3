package store

import (
	"context"
	"encoding/binary"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
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

// SaveName implements bridge.Names.
func (s NameTable) SaveName(ctx context.Context, c bridge.Conversation, name string) error {
	return s.do(ctx, &op{size: len(name), apply: func(g *group) {
		key := nameKey(c)
		text := append(binary.BigEndian.AppendUint64(nil, layout.Nanos(g.now)), name...)
		if b := g.today(); b != nil {
			g.Put(*b, key, s.seal.Seal(nil, bucketMessages, key, text))
		}
	}})
}
