package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"sync"
)

// TagLen is how long a tag is.
const TagLen = 16

// tagger makes tags: HMAC-SHA256 under a key of its own, cut to 16 bytes.
type tagger struct{ states sync.Pool }

func newTagger(key []byte) (*tagger, error) {
	tagging, err := hkdf.Key(sha256.New, key, nil, "messenger-bridge: record tags, 1", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the tagging key: %w", err)
	}
	return &tagger{sync.Pool{New: func() any { return &tagState{mac: hmac.New(sha256.New, tagging)} }}}, nil
}

// tagState is a hash with room for what it gives and takes.
type tagState struct {
	mac  hash.Hash
	room [sha256.Size]byte
	head []byte
}

// Tag appends a proof to dst that this text stands in this bucket under this key, which
// nobody without the secret key can make. The text may be a part of dst.
func (s *Sealer) Tag(dst, bucket, key, text []byte) []byte {
	t := s.tags.states.Get().(*tagState)
	defer s.tags.states.Put(t)
	return append(dst, t.sum(bucket, key, text)...)
}

// Proven reports whether a tag was made for this text at this place.
func (s *Sealer) Proven(bucket, key, text, tag []byte) bool {
	t := s.tags.states.Get().(*tagState)
	defer s.tags.states.Put(t)
	return hmac.Equal(t.sum(bucket, key, text), tag)
}

func (t *tagState) sum(bucket, key, text []byte) []byte {
	t.head = binary.BigEndian.AppendUint16(append(append(t.head[:0], bucket...), 0), uint16(len(key))) // #nosec G115 -- bbolt's keys are at most 32 KiB
	t.mac.Reset()
	t.head = append(t.head, key...)
	t.mac.Write(t.head)
	t.mac.Write(text)
	return t.mac.Sum(t.room[:0])[:TagLen]
}
