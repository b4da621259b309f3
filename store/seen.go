package store

import "messenger-bridge/store/seen"

// writeKeys adds the new keys to the log, many to a record: first to the newest one, but for
// a journal, which would be told all that stands in it.
func (g *group) writeKeys() {
	rest := g.fresh.Order
	if len(rest) == 0 {
		return
	}
	b := g.Bucket(bucketSeen)
	if g.file.ledger.journal == nil {
		var key, record []byte
		if key, record, rest = seen.Continue(b, g.Room, g.now, rest); key != nil {
			g.Put(b, key, record)
		}
	}
	for len(rest) > 0 {
		var record []byte
		record, rest = seen.Record(g.Room, g.now, rest)
		g.Put(b, seqKey(g.Next(b)), record)
	}
	if g.after.seenFrom.IsZero() {
		g.after.seenFrom = g.now
	}
}

// forgetKeys lets go of the oldest, a little with each commit.
func (g *group) forgetKeys() {
	over := g.file.remember + seen.SameRecord
	if from := g.after.seenFrom; from.IsZero() || g.now.Sub(from) < over && !seen.FromTheFuture(from, g.now) {
		return
	}
	b := g.Bucket(bucketSeen)
	c, ages := b.Cursor(), seen.Ages{Log: b, Now: g.now}
	k, v := c.First()
	for n := 0; k != nil && n < 64 && g.now.Sub(ages.Made(v)) >= over; n++ {
		if v, err := b.Value(k, v); err == nil {
			for h := range seen.Hashes(v) {
				g.forgotten = append(g.forgotten, h)
			}
		}
		g.Remove(b, c, k)
		k, v = c.First()
	}
	g.after.seenFrom = ages.Made(v) // zero: none is left
}
