package queue

import (
	"slices"
	"time"

	"messenger-bridge/bridge"
)

// View is what can be asked of a schedule without changing it.
type View struct{ s *Schedule }

// Crowd is what waits at a gate.
type Crowd struct {
	Gate   bridge.Gate
	Reason bridge.Reason // why it is shut
	Lanes  int
	Oldest bridge.Seq
}

// Crowds returns who waits at some of the gates.
func (v View) Crowds(which func(bridge.Gate) bool) (all []Crowd) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	for name, g := range v.s.places.gates {
		if !g.shut || !which(name) {
			continue
		}
		if c := v.crowd(g); c.Lanes > 0 {
			all = append(all, c)
		}
	}
	return all
}

// crowd counts those parked at a gate, and the one that tries it.
func (v View) crowd(g *gate) Crowd {
	c := Crowd{Gate: g.name, Reason: g.reason}
	count := func(l *lane) {
		if oldest, some := l.oldest(); some {
			if c.Lanes == 0 || oldest < c.Oldest {
				c.Oldest = oldest
			}
			c.Lanes++
		}
	}
	for _, l := range g.parked.all() {
		count(l)
	}
	for _, l := range v.s.places.lanes {
		if l.probe == g {
			count(l)
		}
	}
	return c
}

// oldest returns the head of a lane; false if nothing waits, as may be in a held one.
func (l *lane) oldest() (bridge.Seq, bool) {
	if len(l.seqs) == 0 {
		return 0, false
	}
	return l.seqs[0], true
}

// Heads returns the oldest entry of each lane.
func (v View) Heads() []bridge.Seq {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	heads := make([]bridge.Seq, 0, len(v.s.places.lanes))
	for _, l := range v.s.places.lanes {
		if oldest, some := l.oldest(); some {
			heads = append(heads, oldest)
		}
	}
	return heads
}

// All returns every waiting entry, lane by lane, oldest first in each.
func (v View) All() [][]bridge.Seq {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	all := make([][]bridge.Seq, 0, len(v.s.places.lanes))
	for _, l := range v.s.places.lanes {
		if len(l.seqs) > 0 {
			all = append(all, slices.Clone(l.seqs))
		}
	}
	return all
}

// Of returns what waits in some of the lanes.
func (v View) Of(which func(bridge.Lane) bool) map[bridge.Lane][]bridge.Seq {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	lanes := map[bridge.Lane][]bridge.Seq{}
	for id, l := range v.s.places.lanes {
		if len(l.seqs) > 0 && which(id) {
			lanes[id] = slices.Clone(l.seqs)
		}
	}
	return lanes
}

// Refusals returns how often in a row the oldest entry of a lane was refused with a Response.
func (v View) Refusals(id bridge.Lane) bridge.Refusals {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	if l := v.s.places.lanes[id]; l != nil && l.answered.count > 0 {
		return bridge.Refusals{Count: l.answered.count, For: v.s.places.Now().Sub(l.answered.since)}
	}
	return bridge.Refusals{}
}

// After returns what waits in a lane behind an entry.
func (v View) After(id bridge.Lane, seq bridge.Seq) []bridge.Seq {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	l := v.s.places.lanes[id]
	if l == nil {
		return nil
	}
	at := slices.Index(l.seqs, seq)
	if at < 0 {
		return nil
	}
	return slices.Clone(l.seqs[at+1:])
}

// Holds reports whether something waits, or is under way, in a lane.
func (v View) Holds(id bridge.Lane) bool {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	l := v.s.places.lanes[id]
	return l != nil && len(l.seqs) > 0 // a held lane may be empty
}

// HoldsAny is Holds for some of the lanes.
func (v View) HoldsAny(which func(bridge.Lane) bool) bool {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	for id, l := range v.s.places.lanes {
		if len(l.seqs) > 0 && which(id) {
			return true
		}
	}
	return false
}

// Load is what waits in a page's lanes.
type Load struct {
	Waiting int
	Oldest  bridge.Seq    // 0: nothing waits
	Held    bridge.Reason // why nothing is tried; empty: it is
	Until   time.Time     // when the next of them is tried, if Held
}

// ByPage returns what waits, page by page, in one pass.
func (v View) ByPage() map[bridge.PageID]Load {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	p := &v.s.places
	pages := map[bridge.PageID]Load{}
	for id, l := range p.lanes {
		oldest, some := l.oldest()
		if !some {
			continue
		}
		load := pages[id.Page]
		load.Waiting += len(l.seqs)
		if load.Oldest == 0 || oldest < load.Oldest {
			load.Oldest = oldest
		}
		if g := v.shutBefore(id); g != nil {
			if load.Held = g.reason; g.timer != nil {
				load.Until = g.timer.At
			}
		}
		pages[id.Page] = load
	}
	return pages
}

// shutBefore returns the gate that keeps a lane from being tried, its home gate first; nil:
// none does.
func (v View) shutBefore(id bridge.Lane) *gate {
	p := &v.s.places
	for _, name := range []bridge.Gate{p.Home(id), p.Outer} {
		if g := p.gates[name]; g != nil && g.shut {
			return g
		}
	}
	return nil
}

// Count returns how many entries wait.
func (v View) Count() int {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	return v.s.places.waiting
}
