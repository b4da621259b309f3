package bridge

import "container/heap"

// hold takes a lane out of the schedule, waits until no worker has it, and returns
// what waits in it. What is added later stays in it until letGo. Holding it again
// returns what waits by then.
func (s *schedule) hold(id Lane) (waiting []Seq) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[id]
	if l == nil {
		l = &lane{id: id, timed: timed{index: -1}}
		l.timed.lane = l
		s.lanes[id] = l
	} else if !l.busy && !l.held {
		s.takeOut(l)
	}
	l.held = true
	for l.busy {
		s.back.Wait()
	}
	return append([]Seq(nil), l.seqs...)
}

// takeOut removes a lane from wherever it waits. The lock is held.
func (s *schedule) takeOut(l *lane) {
	if l.probe != nil { // let the others try themselves
		probe := l.probe
		l.probe = nil
		s.open(probe)
	}
	if l.index >= 0 {
		heap.Remove(&s.due, l.index)
		return
	}
	if s.ready.remove(l) {
		return
	}
	for _, g := range s.gates {
		if g.parked.remove(l) {
			return
		}
	}
}

// letGo puts a held lane back, without the entries that are gone.
func (s *schedule) letGo(id Lane, gone func(Seq) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[id]
	left := make([]Seq, 0, len(l.seqs))
	for _, seq := range l.seqs {
		if !gone(seq) {
			left = append(left, seq)
		}
	}
	s.waiting -= len(l.seqs) - len(left)
	l.seqs, l.held, l.failures, l.settling = left, false, 0, false
	if len(left) == 0 {
		delete(s.lanes, id)
		return
	}
	s.makeReady(l)
}
