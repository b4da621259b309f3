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

// lookAtOnce is how many lanes are looked at before others have their turn: whoever asks
// about very many must not keep anybody from working.
const lookAtOnce = 256

// each calls do for some lanes, with the lock held for a few at a time. Meanwhile they may
// have come to their end; then nothing waits in them.
func each(s *Schedule, lanes []*lane, do func(*lane) (more bool)) {
	for some := range slices.Chunk(lanes, lookAtOnce) {
		if !eachNow(s, some, do) {
			return
		}
	}
}

func eachNow(s *Schedule, lanes []*lane, do func(*lane) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range lanes {
		if len(l.seqs) > 0 && !do(l) {
			return false
		}
	}
	return true
}

// allLanes returns those in which something waits.
func allLanes(s *Schedule) []*lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*lane, 0, len(s.places.lanes))
	for _, load := range s.places.loads {
		all = append(all, load.lanes...)
	}
	return all
}

// pageLanes returns those of a page in which something waits.
func pageLanes(s *Schedule, p bridge.PageID) []*lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	if load := s.places.loads[p]; load != nil {
		return slices.Clone(load.lanes)
	}
	return nil
}

// Crowds returns who waits at some of the gates.
func (v View) Crowds(which func(bridge.Gate) bool) (all []Crowd) {
	crowds, lanes := parked(v.s, which)
	for i, c := range crowds {
		each(v.s, lanes[i], func(l *lane) bool {
			if c.Lanes++; c.Lanes == 1 || l.seqs[0] < c.Oldest {
				c.Oldest = l.seqs[0]
			}
			return true
		})
		if c.Lanes > 0 {
			all = append(all, c)
		}
	}
	return all
}

// parked returns the lanes at some of the gates that are shut, and the one that tries each.
func parked(s *Schedule, which func(bridge.Gate) bool) (crowds []Crowd, lanes [][]*lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, g := range s.places.gates {
		if !g.shut || !which(name) {
			continue
		}
		here := slices.Clone(g.parked.all())
		if g.trying != nil {
			here = append(here, g.trying)
		}
		crowds, lanes = append(crowds, Crowd{Gate: name, Reason: g.reason}), append(lanes, here)
	}
	return crowds, lanes
}

// Heads returns the oldest entry of each lane.
func (v View) Heads() (heads []bridge.Seq) {
	each(v.s, allLanes(v.s), func(l *lane) bool {
		heads = append(heads, l.seqs[0])
		return true
	})
	return heads
}

// All returns every waiting entry, lane by lane, oldest first in each.
func (v View) All() (all [][]bridge.Seq) {
	each(v.s, allLanes(v.s), func(l *lane) bool {
		all = append(all, slices.Clone(l.seqs))
		return true
	})
	return all
}

// Of returns what waits in some of the lanes of a page.
func (v View) Of(p bridge.PageID, which func(bridge.Lane) bool) map[bridge.Lane][]bridge.Seq {
	lanes := map[bridge.Lane][]bridge.Seq{}
	each(v.s, pageLanes(v.s, p), func(l *lane) bool {
		if which(l.id) {
			lanes[l.id] = slices.Clone(l.seqs)
		}
		return true
	})
	return lanes
}

// Refusals returns how often in a row the oldest entry of a lane was refused with a Response.
func (v View) Refusals(id bridge.Lane) bridge.Refusals {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	l := v.s.places.lanes[id]
	if l == nil || len(l.answered) == 0 {
		return bridge.Refusals{}
	}
	var all []bridge.Refusals
	for _, s := range l.answered {
		all = append(all, bridge.Refusals{Count: s.count, For: v.s.places.Now().Sub(s.since), Part: s.part})
	}
	last := all[len(all)-1]
	last.Before = all[:len(all)-1]
	return last
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

// HoldsAny is Holds for some of the lanes of a page.
func (v View) HoldsAny(p bridge.PageID, which func(bridge.Lane) bool) (holds bool) {
	each(v.s, pageLanes(v.s, p), func(l *lane) bool {
		holds = which(l.id)
		return !holds
	})
	return holds
}

// Load is what waits in a page's lanes.
type Load struct {
	Waiting int
	Oldest  bridge.Seq    // 0: nothing waits
	Since   time.Time     // when that was accepted; zero: it was not asked for yet
	Held    bridge.Reason // why nothing is tried; empty: it is
	Until   time.Time     // when the next of them is tried, if Held
}

// ByPage returns what waits, page by page. What holds up the oldest of a page does so to
// all of it: its lanes have the same home gate.
func (v View) ByPage() map[bridge.PageID]Load {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	p := &v.s.places
	pages := make(map[bridge.PageID]Load, len(p.loads))
	for id, l := range p.loads {
		load := l.load()
		if g := v.shutBefore(l.lanes[0].id); g != nil {
			load.Held = g.reason
			if g.timer != nil {
				load.Until = g.timer.At
			}
		}
		pages[id] = load
	}
	return pages
}

// Total returns what waits in all lanes, and for which page the oldest of it does.
func (v View) Total() (page bridge.PageID, all Load) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	for id, l := range v.s.places.loads {
		if all.Oldest == 0 || l.oldest() < all.Oldest {
			page, all = id, l.load()
		}
	}
	all.Waiting = v.s.places.waiting
	return page, all
}

// remember keeps how old the oldest entries of pages are.
func (v View) remember(of map[bridge.Seq]bridge.PageID, ages []age) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	for _, a := range ages {
		if l := v.s.places.loads[of[a.seq]]; l != nil {
			l.asked = a
		}
	}
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
