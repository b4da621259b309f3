package store

import "messenger-bridge/store/keys"

// firstSeen reports whether a key is new, and if so has it remembered.
func (g *group) firstSeen(h keys.Hash) bool { return !g.file.seen.Has(h) && g.fresh.Add(h) }

// writeKeys adds the new keys to the log, and lets go of the oldest, a little with each commit.
func (g *group) writeKeys() {
	if len(g.fresh.All) > 0 {
		g.wrote = true
		g.keep(keys.Write(g.bucket(bucketSeen), g.room, g.fresh.All, g.now))
		if g.after.seenFrom.IsZero() {
			g.after.seenFrom = g.now
		}
	}
	before := g.now.Add(-g.file.remember - keys.SameRecord)
	if from := g.after.seenFrom; from.IsZero() || from.After(before) {
		return
	}
	var err error
	g.forgotten, g.after.seenFrom, err = keys.Forget(g.bucket(bucketSeen), before)
	g.keep(err)
}
