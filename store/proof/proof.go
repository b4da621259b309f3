// Package proof has the records of a store prove that the bridge wrote them, where they
// stand. Who has the file but not the key can neither write one, nor change one, nor put one
// in the place of another, without its being noticed.
//
// Behind each value stands a tag over bucket, key and value. A record of a queue has it
// behind its header, for the body is sealed and proves itself.
package proof

import (
	"errors"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/layout"
	"messenger-bridge/store/seal"
)

// ErrChanged says that a record is not as the bridge wrote it.
var ErrChanged = errors.New("record was changed, or moved, by somebody else than the bridge")

// Place is where a record stands.
type Place struct{ Bucket, Key string }

// Bucket is one whose values have tags behind them. What is read of it is proven, and comes
// without the tag; the methods of bbolt that are not here know nothing of tags.
type Bucket struct {
	*bbolt.Bucket
	name    []byte
	seal    *seal.Sealer // nil: its values have no tags
	changed func(Place)
	room    *Room // for what is put; nil: anew each time
}

// Open returns a bucket of that name. changed is told of values that are not proven.
func Open(b *bbolt.Bucket, name []byte, s *seal.Sealer, changed func(Place)) Bucket {
	return Bucket{Bucket: b, name: name, seal: s, changed: changed}
}

// Within returns the bucket as a transaction changes it that has this room.
func (b Bucket) Within(room *Room) Bucket {
	b.room = room
	return b
}

// Put stores a value with its tag. Both belong to bbolt until the commit.
func (b Bucket) Put(key, value []byte) error { return b.Bucket.Put(key, b.Tagged(key, value)) }

// Tagged returns a value as Put stores it.
func (b Bucket) Tagged(key, value []byte) []byte {
	if b.seal == nil {
		return value
	}
	whole := append(b.room.Make(len(value)+seal.TagLen), value...)
	return b.seal.Tag(whole, b.name, key, value)
}

// Get returns a value; nil if there is none, or it is not proven.
func (b Bucket) Get(key []byte) []byte {
	v := b.Bucket.Get(key)
	if v == nil {
		return nil
	}
	value, err := b.Value(key, v)
	if err != nil {
		return nil
	}
	return value
}

// ForEach calls do for all that are proven, until it fails.
func (b Bucket) ForEach(do func(key, value []byte) error) error {
	return b.Bucket.ForEach(func(key, v []byte) error {
		if value, err := b.Value(key, v); err == nil {
			return do(key, value)
		}
		return nil
	})
}

// Value takes the tag off a value as bbolt has it; ErrChanged if it is not proven.
func (b Bucket) Value(key, v []byte) ([]byte, error) {
	if b.seal == nil {
		return v, nil
	}
	n := len(v) - seal.TagLen
	if n < 0 || !b.seal.Proven(b.name, key, v[:n], v[n:]) {
		b.tell(key)
		return nil, ErrChanged
	}
	return v[:n], nil
}

func (b Bucket) tell(key []byte) {
	if b.changed != nil {
		b.changed(Place{string(b.name), string(key)})
	}
}

// Head appends a header with its tag to a record; what is sealed follows.
func Head(s *seal.Sealer, header, bucket, key []byte) []byte {
	return s.Tag(header, bucket, key, header)
}

// Sealed takes a tag off what follows a header, and returns what is sealed behind it.
func Sealed(s *seal.Sealer, bucket, key, header, rest []byte) ([]byte, error) {
	if len(rest) < seal.TagLen || !s.Proven(bucket, key, header, rest[:seal.TagLen]) {
		return nil, ErrChanged
	}
	return rest[seal.TagLen:], nil
}

// Rewrite returns a copy of a queue's record, for the same place, whose header change has
// made another; ErrChanged if it is not proven as it is.
func Rewrite(s *seal.Sealer, bucket, key, record []byte, change func(record []byte) ([]byte, error)) ([]byte, error) {
	header, rest, err := layout.CutHeader(record)
	if err != nil {
		return nil, err
	}
	if _, err := Sealed(s, bucket, key, header, rest); err != nil {
		return nil, err
	}
	v, err := change(record)
	if err != nil {
		return nil, err
	}
	if header, rest, err = layout.CutHeader(v); err != nil {
		return nil, err
	}
	s.Tag(rest[:0], bucket, key, header)
	return v, nil
}
