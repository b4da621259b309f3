package bridge

import (
	"slices"
	"strings"
	"time"
)

// What can be asked of a schedule without changing it.

// crowd is what waits at a gate.
type crowd struct {
	gate   Gate
	reason Reason // why it is shut
	lanes  int
	oldest Seq
}

// crowds returns who waits at gates whose names begin so.
func (s *schedule) crowds(prefix string) (all []crowd) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, g := range s.gates {
		if !g.shut || !strings.HasPrefix(string(name), prefix) {
			continue
		}
		c := crowd{gate: name, reason: g.reason}
		count := func(l *lane) {
			if len(l.seqs) == 0 {
				return
			}
			if c.lanes == 0 || l.seqs[0] < c.oldest {
				c.oldest = l.seqs[0]
			}
			c.lanes++
		}
		for _, l := range g.parked.lanes[g.parked.head:] {
			count(l)
		}
		for _, l := range s.lanes {
			if l.probe == g {
				count(l)
			}
		}
		if c.lanes > 0 {
			all = append(all, c)
		}
	}
	return all
}

// heads returns the oldest entry of each lane.
func (s *schedule) heads() []Seq {
	s.mu.Lock()
	defer s.mu.Unlock()
	heads := make([]Seq, 0, len(s.lanes))
	for _, l := range s.lanes {
		if len(l.seqs) > 0 { // it may be held
			heads = append(heads, l.seqs[0])
		}
	}
	return heads
}

// all returns every waiting entry, lane by lane, oldest first in each.
func (s *schedule) all() [][]Seq {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([][]Seq, 0, len(s.lanes))
	for _, l := range s.lanes {
		if len(l.seqs) > 0 {
			all = append(all, slices.Clone(l.seqs))
		}
	}
	return all
}

// below returns what waits in each lane whose name begins so.
func (s *schedule) below(prefix string) map[Lane][]Seq {
	s.mu.Lock()
	defer s.mu.Unlock()
	lanes := map[Lane][]Seq{}
	for id, l := range s.lanes {
		if len(l.seqs) > 0 && strings.HasPrefix(string(id), prefix) {
			lanes[id] = slices.Clone(l.seqs)
		}
	}
	return lanes
}

// after returns what waits in a lane behind an entry.
func (s *schedule) after(id Lane, seq Seq) []Seq {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[id]
	if l == nil {
		return nil
	}
	at := slices.Index(l.seqs, seq)
	if at < 0 {
		return nil
	}
	return slices.Clone(l.seqs[at+1:])
}

// load is what waits in a page's lanes.
type load struct {
	waiting int
	oldest  Seq // 0: nothing waits
	held    Reason
	until   time.Time // when the next of them is tried, if its gate is shut
}

// byPage returns what waits, page by page, in one pass.
func (s *schedule) byPage() map[PageID]load {
	s.mu.Lock()
	defer s.mu.Unlock()
	pages := map[PageID]load{}
	for id, l := range s.lanes {
		if len(l.seqs) == 0 { // it is held
			continue
		}
		p := pages[id.Page()]
		p.waiting += len(l.seqs)
		if p.oldest == 0 || l.seqs[0] < p.oldest {
			p.oldest = l.seqs[0]
		}
		if g := s.gates[s.home(id)]; g != nil && g.shut {
			p.held, p.until = g.reason, g.at
		}
		pages[id.Page()] = p
	}
	return pages
}

// count returns how many entries wait.
func (s *schedule) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}
