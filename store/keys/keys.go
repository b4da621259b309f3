// Package keys remembers the keys of what was ever appended to the store's queues.
package keys

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"messenger-bridge/store/proof"
)

// Hash stands for the key of an entry, and its queue.
type Hash [16]byte

// Of returns what stands for a key in a queue.
func Of(queue []byte, key string) Hash {
	var room [128]byte
	full := sha256.Sum256(append(append(append(room[:0], queue...), 0), key...))
	return Hash(full[:16])
}

// Set is the keys of what was ever appended, as far back as they are
// remembered. The file has the same as a log in order of time: a bucket with the
// hashes as keys would touch a page for each.
type Set struct {
	mu  sync.RWMutex // held by the writer for changes, by others for reading
	set map[Hash]struct{}
}

// Has reports whether a key is remembered.
func (s *Set) Has(h Hash) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, seen := s.set[h]
	return seen
}

// Len returns how many are.
func (s *Set) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.set)
}

// Change has some remembered and others forgotten.
func (s *Set) Change(add, remove []Hash) {
	if len(add) == 0 && len(remove) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range remove {
		delete(s.set, h)
	}
	for _, h := range add {
		s.set[h] = struct{}{}
	}
}

// Load fills the set and returns when its oldest record was made. Keys that are too old are
// loaded as well: they leave the set when they leave the log.
func (s *Set) Load(b proof.Bucket) (from time.Time) {
	c := b.Cursor()
	n := 0
	for k, v := c.First(); k != nil; k, v = c.Next() {
		n += len(v) / len(Hash{})
	}
	s.set = make(map[Hash]struct{}, n) // growing step by step takes longer than counting
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if from.IsZero() {
			from = At(v)
		}
		if v, err := b.Value(k, v); err == nil {
			for _, h := range In(v) {
				s.set[h] = struct{}{}
			}
		}
	}
	return from
}

// At returns when a record of the log was made.
func At(v []byte) time.Time {
	if len(v) < 4 {
		return time.Time{} // long ago
	}
	return time.Unix(int64(binary.BigEndian.Uint32(v)), 0)
}

// In returns the keys of a record of the log.
func In(v []byte) []Hash {
	var hashes []Hash
	for i := 4; i+16 <= len(v); i += 16 {
		hashes = append(hashes, Hash(v[i:i+16]))
	}
	return hashes
}
