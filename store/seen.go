package store

import (
	"encoding/binary"
	"time"

	"messenger-bridge/store/keys"
)

// hashesPerRecord bounds a record of the log to about half a page.
const hashesPerRecord = 120

// freshKeys are those that a transaction adds.
type freshKeys struct {
	set   map[keys.Hash]struct{}
	order []keys.Hash
}

// empty returns the same without any.
func (f *freshKeys) empty() *freshKeys {
	if len(f.order) > groupOps {
		*f = freshKeys{}
	}
	clear(f.set)
	f.order = f.order[:0]
	return f
}

// firstSeen reports whether a key is new, and if so has it remembered.
func (g *group) firstSeen(h keys.Hash) bool {
	if g.file.seen.Has(h) {
		return false
	}
	if _, twice := g.fresh.set[h]; twice {
		return false
	}
	if g.fresh.set == nil {
		g.fresh.set = map[keys.Hash]struct{}{}
	}
	g.fresh.set[h] = struct{}{}
	g.fresh.order = append(g.fresh.order, h)
	return true
}

// writeKeys adds the new keys to the log, many to a record.
func (g *group) writeKeys() {
	for rest := g.fresh.order; len(rest) > 0; {
		n := min(len(rest), hashesPerRecord)
		v := g.room.Make(4 + 16*n)
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
	for n := 0; k != nil && n < atOnce && g.now.Sub(keys.At(v)) >= g.file.remember; n++ {
		if v, err := b.Value(k, v); err == nil {
			g.forgotten = append(g.forgotten, keys.In(v)...)
		}
		g.keep(c.Delete())
		k, v = c.First()
	}
	g.after.seenFrom = time.Time{}
	if k != nil {
		g.after.seenFrom = keys.At(v)
	}
}
