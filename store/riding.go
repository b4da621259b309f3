package store

import (
	"encoding/binary"

	"messenger-bridge/store/layout"
	"messenger-bridge/store/marks"
)

// place is where an entry is.
type place = marks.Place

// riding is what one commit takes along.
type riding struct {
	marks.Set
	states map[string]newState
}

func (r riding) empty() bool { return r.Set.Empty() && len(r.states) == 0 }

// apply writes it with a group of ops, once those have looked who look. Cursors come first, so that one that an op drops stays so.
func (r riding) apply(g *group, ops []*op) {
	for _, o := range ops {
		if o.looks {
			o.apply(g)
		}
	}
	for name, at := range r.Cursors {
		b := g.Bucket(bucketCursors)
		if at.IsZero() {
			g.Drop(b, []byte(name))
			continue
		}
		g.Put(b, []byte(name), binary.BigEndian.AppendUint64(nil, layout.Nanos(at)))
	}
	for _, o := range ops {
		if !o.looks {
			o.apply(g)
		}
	}
	for _, d := range r.Done {
		g.conclude(g.file.queues[d.Queue-1], d.Seq, d.Said)
	}
	g.postpone(r.Histories)
	saveStates(g, r.states)
}
