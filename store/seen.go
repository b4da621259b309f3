package store

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"messenger-bridge/store/proof"
)

// hash stands for the key of an entry, and its queue.
type hash [16]byte

// hashesPerRecord bounds a record of the log to about half a page.
const hashesPerRecord = 120

func hashOf(queue []byte, key string) hash {
	var room [128]byte
	full := sha256.Sum256(append(append(append(room[:0], queue...), 0), key...))
	return hash(full[:16])
}

// seenSet is the keys of what was ever appended, as far back as they are
// remembered. The file has the same as a log in order of time: a bucket with the
// hashes as keys would touch a page for each.
type seenSet struct {
	mu  sync.RWMutex // held by the writer for changes, by others for reading
	set map[hash]struct{}
}

func (s *seenSet) has(h hash) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, seen := s.set[h]
	return seen
}

func (s *seenSet) len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.set)
}

func (s *seenSet) change(add, remove []hash) {
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

// freshKeys are those that a transaction adds.
type freshKeys struct {
	set   map[hash]struct{}
	order []hash
}

// firstSeen reports whether a key is new, and if so has it remembered.
func (g *group) firstSeen(h hash) bool {
	if g.file.seen.has(h) {
		return false
	}
	if _, twice := g.fresh.set[h]; twice {
		return false
	}
	if g.fresh.set == nil {
		g.fresh.set = map[hash]struct{}{}
	}
	g.fresh.set[h] = struct{}{}
	g.fresh.order = append(g.fresh.order, h)
	return true
}

// writeKeys adds the new keys to the log, many to a record.
func (g *group) writeKeys() {
	for rest := g.fresh.order; len(rest) > 0; {
		n := min(len(rest), hashesPerRecord)
		v := make([]byte, 0, 4+16*n)
		v = binary.BigEndian.AppendUint32(v, uint32(g.now.Unix())) // #nosec G115 -- seconds fit until 2106
		for _, h := range rest[:n] {
			v = append(v, h[:]...)
		}
		rest = rest[n:]
		b := g.bucket(bucketSeen)
		g.put(b, seqKey(g.next(b)), v)
		if g.after.seenFrom.IsZero() {
			g.after.seenFrom = g.now
		}
	}
}

// forgetKeys lets go of the oldest, a little with each commit.
func (g *group) forgetKeys() {
	const atOnce = 64
	if from := g.after.seenFrom; from.IsZero() || g.now.Sub(from) < g.file.remember {
		return
	}
	b := g.bucket(bucketSeen)
	c := b.Cursor()
	k, v := c.First()
	for n := 0; k != nil && n < atOnce && g.now.Sub(seenAt(v)) >= g.file.remember; n++ {
		if v, err := b.Value(k, v); err == nil {
			g.forgotten = append(g.forgotten, hashesOf(v)...)
		}
		g.remove(b, c, k)
		k, v = c.First()
	}
	g.after.seenFrom = time.Time{}
	if k != nil {
		g.after.seenFrom = seenAt(v)
	}
}

// load fills the set and returns when its oldest record was made. Keys that are too old are
// loaded as well: they leave the set when they leave the log.
func (s *seenSet) load(b proof.Bucket) (from time.Time) {
	c := b.Cursor()
	n := 0
	for k, v := c.First(); k != nil; k, v = c.Next() {
		n += len(v) / len(hash{})
	}
	s.set = make(map[hash]struct{}, n) // growing step by step takes longer than counting
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if from.IsZero() {
			from = seenAt(v)
		}
		if v, err := b.Value(k, v); err == nil {
			for _, h := range hashesOf(v) {
				s.set[h] = struct{}{}
			}
		}
	}
	return from
}

func seenAt(v []byte) time.Time {
	if len(v) < 4 {
		return time.Time{} // long ago
	}
	return time.Unix(int64(binary.BigEndian.Uint32(v)), 0)
}

func hashesOf(v []byte) []hash {
	var hashes []hash
	for i := 4; i+16 <= len(v); i += 16 {
		hashes = append(hashes, hash(v[i:i+16]))
	}
	return hashes
}
