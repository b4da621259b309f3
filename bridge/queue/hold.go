package queue

import (
	"fmt"

	"messenger-bridge/bridge"
)

// hold takes a lane out of the schedule, waits until no worker has it, and returns
// what waits in it. What is added later stays in it until letGo. Holding it again
// returns what waits by then.
func (s *Schedule) hold(id bridge.Lane) (waiting []bridge.Seq) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.places.lanes[id]
	switch {
	case l == nil:
		l = &lane{id: id, where: held}
		s.places.lanes[id] = l
	case l.where != withWorker && l.where != held:
		s.places.takeOut(l)
		l.where = held
	}
	l.wanted = true
	for l.where == withWorker {
		s.back.Wait()
	}
	return append([]bridge.Seq(nil), l.seqs...)
}

// takeOut removes a lane from wherever it waits.
func (p *places) takeOut(l *lane) {
	if probe := l.endProbe(); probe != nil { // let the others try themselves
		p.open(probe)
	}
	switch l.where {
	case waitsForTime:
		p.due.Remove(l.timer)
		l.timer = nil
	case readyForWork:
		p.ready.remove(l)
	case atGate:
		for _, g := range p.gates {
			if g.parked.remove(l) {
				break
			}
		}
	}
	l.where = nowhere
	p.callNext(p.gate(p.Home(l.id))) // it was perhaps called in, and leaves its place to the next
}

// letGo puts a held lane back, without the entries that are gone.
func (s *Schedule) letGo(id bridge.Lane, gone map[bridge.Seq]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.places.lanes[id]
	left := make([]bridge.Seq, 0, len(l.seqs))
	for _, seq := range l.seqs {
		if !gone[seq] {
			left = append(left, seq)
		}
	}
	before := len(l.seqs)
	l.seqs, l.wanted, l.failures, l.tries, l.settling, l.answered = left, false, 0, 0, false, nil
	if before > 0 {
		changed(&s.places, l, before)
	}
	if len(left) == 0 {
		end(&s.places, id)
		return
	}
	s.places.makeReady(l)
}

// Held is a lane out of which entries are taken for good.
type Held struct {
	lanes   *Lanes
	id      bridge.Lane
	waiting []bridge.Seq // when it was taken
	dropped map[bridge.Seq]bool
}

// Hold takes a lane out of the schedule and waits until no worker has it. The caller
// must call LetGo.
func (l *Lanes) Hold(id bridge.Lane) *Held {
	return &Held{lanes: l, id: id, waiting: l.hold(id), dropped: map[bridge.Seq]bool{}}
}

// Waiting returns what waited when it was taken.
func (h *Held) Waiting() []bridge.Seq { return h.waiting }

// Again takes what has come since, too.
func (h *Held) Again() { h.waiting = h.lanes.hold(h.id) }

// Drop removes what waits, and returns how much that was. On error some of it stays.
func (h *Held) Drop() (n int, err error) {
	for _, seq := range h.waiting {
		if h.dropped[seq] {
			continue
		}
		if err := h.lanes.Store.Conclude(seq); err != nil {
			return n, fmt.Errorf("drop delivery %d: %w", seq, err)
		}
		h.dropped[seq] = true
		n++
		if h.lanes.Dropped != nil {
			h.lanes.Dropped(seq)
		}
	}
	h.waiting = nil
	return n, nil
}

// LetGo puts the lane back, without what was dropped.
func (h *Held) LetGo() { h.lanes.letGo(h.id, h.dropped) }
