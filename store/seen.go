package store

import (
	"time"

	"messenger-bridge/store/seen"
)

// writeKeys adds the new keys to the log, many to a record.
func (g *group) writeKeys() {
	for rest := g.fresh.Order; len(rest) > 0; {
		var record []byte
		record, rest = seen.Record(g.now, rest)
		b := g.Bucket(bucketSeen)
		g.Put(b, seqKey(g.Next(b)), record)
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
	b := g.Bucket(bucketSeen)
	c := b.Cursor()
	k, v := c.First()
	for n := 0; k != nil && n < atOnce && g.now.Sub(seen.At(v)) >= g.file.remember; n++ {
		if v, err := b.Value(k, v); err == nil {
			g.forgotten = append(g.forgotten, seen.Hashes(v)...)
		}
		g.Remove(b, c, k)
		k, v = c.First()
	}
	g.after.seenFrom = time.Time{}
	if k != nil {
		g.after.seenFrom = seen.At(v)
	}
}
