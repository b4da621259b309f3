// Package seen is the keys of what was ever appended to a queue, as hashes, in memory and in bytes.
package seen

import (
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"sync"
	"time"

	"messenger-bridge/store/proof"
)

// Hash stands for the key of an entry, and its queue.
type Hash [16]byte

// HashOf returns what stands for a key in a queue.
func HashOf(queue []byte, key string) Hash {
	var room [128]byte
	full := sha256.Sum256(append(append(append(room[:0], queue...), 0), key...))
	return Hash(full[:16])
}

// Set is the keys as far back as they are remembered. The file has the same as a log in order of
// time: a bucket with the hashes as keys would touch a page for each.
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

// Len returns how many keys are remembered.
func (s *Set) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.set)
}

// Change remembers and forgets keys.
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
			for h := range Hashes(v) {
				s.set[h] = struct{}{}
			}
		}
	}
	return from
}

// Fresh is the keys that a transaction adds.
type Fresh struct {
	Order []Hash
	set   map[Hash]struct{}
}

// Empty returns the same without any.
func (f *Fresh) Empty() *Fresh {
	const kept = 512
	if len(f.Order) > kept {
		*f = Fresh{}
	}
	clear(f.set)
	f.Order = f.Order[:0]
	return f
}

// First reports whether a key is new, also to a set, and if so has it remembered.
func (f *Fresh) First(s *Set, h Hash) bool {
	if s.Has(h) {
		return false
	}
	if _, twice := f.set[h]; twice {
		return false
	}
	if f.set == nil {
		f.set = map[Hash]struct{}{}
	}
	f.set[h] = struct{}{}
	f.Order = append(f.Order, h)
	return true
}

const (
	// perRecord bounds a record of the log to about half a page, and few one to which keys are
	// added: bbolt splits pages of five records and more.
	perRecord = 120
	few       = 40
	// SameRecord is for how long keys come into the same record, which counts as made when it was
	// begun: pages of many small ones take long to write.
	SameRecord = time.Minute
)

// Record returns a record of the log with the first of some keys, and the others.
func Record(room *proof.Room, now time.Time, of []Hash) (record []byte, rest []Hash) {
	n := min(len(of), perRecord)
	record = room.Make(4 + len(Hash{})*n)
	record = binary.BigEndian.AppendUint32(record, uint32(max(now.Unix(), 0))) // #nosec G115 -- seconds fit until 2106
	for _, h := range of[:n] {
		record = append(record, h[:]...)
	}
	return record, of[n:]
}

// Continue returns the newest record with the first of some keys behind those in it, where it stands,
// and the others; no key if it is full, old, or not proven.
func Continue(b proof.Bucket, room *proof.Room, now time.Time, of []Hash) (key, record []byte, rest []Hash) {
	key, stored := b.Cursor().Last()
	if key == nil {
		return nil, nil, of
	}
	old, err := b.Value(key, stored)
	age, n := now.Sub(At(old)), min(len(of), few-len(old)/len(Hash{}))
	if err != nil || n <= 0 || age < 0 || age >= SameRecord {
		return nil, nil, of
	}
	record = append(room.Make(len(old)+len(Hash{})*n), old...)
	for _, h := range of[:n] {
		record = append(record, h[:]...)
	}
	return key, record, of[n:]
}

// At returns when a record was made.
func At(v []byte) time.Time {
	if len(v) < 4 {
		return time.Time{} // long ago
	}
	return time.Unix(int64(binary.BigEndian.Uint32(v)), 0)
}

// ahead is by how much a clock may be ahead of the next one.
const ahead = time.Hour

// FromTheFuture reports whether a record seems to be made later than now: the clock was ahead then, or is
// behind now.
func FromTheFuture(at, now time.Time) bool { return at.After(now.Add(ahead)) }

// Ages tells when the oldest records of a log were made, as far as that is known by now.
type Ages struct {
	Log  proof.Bucket
	Now  time.Time
	next time.Time // of the first record that is not from the future; zero: not looked for yet
}

// Made returns when the log's oldest record was made. One that seems to come from the future was made
// before the next that does not; if there is none, it says what the record says.
func (a *Ages) Made(oldest []byte) time.Time {
	at := At(oldest)
	if !FromTheFuture(at, a.Now) {
		return at
	}
	c := a.Log.Cursor()
	for k, v := c.First(); k != nil && a.next.IsZero(); k, v = c.Next() {
		if later := At(v); !FromTheFuture(later, a.Now) {
			a.next = later
		}
	}
	if a.next.IsZero() {
		return at
	}
	return a.next
}

// Hashes returns the keys of a record, one after the other.
func Hashes(v []byte) iter.Seq[Hash] {
	return func(yield func(Hash) bool) {
		for i := 4; i+16 <= len(v); i += 16 {
			if !yield(Hash(v[i : i+16])) {
				return
			}
		}
	}
}
