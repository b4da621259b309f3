package store

import (
	"context"
	"encoding/binary"
	"time"

	"messenger-bridge/bridge"
)

var _ bridge.Names = (*Store)(nil)

// Names lie in the bucket of the day on which they were asked for last, beside the
// receipts, and go with it; sealed, after the time (8) when they were asked for.
func nameKey(c bridge.Conversation) []byte { return append([]byte{'n'}, c.Lane()...) }

// Name implements bridge.Names.
func (s *Store) Name(c bridge.Conversation) (name string, asked time.Time) {
	key := nameKey(c)
	text, err := s.seal.open(bucketMessages, key, s.receipt(key))
	if err != nil || len(text) < 8 {
		return "", time.Time{}
	}
	return string(text[8:]), fromNanos(text)
}

// SaveName implements bridge.Names.
func (s *Store) SaveName(ctx context.Context, c bridge.Conversation, name string) error {
	return s.do(ctx, &op{size: len(name), apply: func(g *group) {
		key := nameKey(c)
		text := append(binary.BigEndian.AppendUint64(nil, nanos(g.now)), name...)
		if b := g.today(); b != nil {
			g.put(b, key, s.seal.seal(nil, bucketMessages, key, text))
		}
	}})
}
