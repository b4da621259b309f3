package bridge

import (
	"container/heap"
	"strings"
	"sync"
	"time"
)

// turnLength is how many deliveries of one lane a worker makes before the lane
// goes to the end of the line, so that a long lane does not keep a worker.
const turnLength = 8

// schedule decides which lane is next. It holds sequence numbers only, and only
// of lanes in which something waits: an idle conversation costs nothing. Only a held
// lane may be empty.
//
// A lane is always in exactly one place: in the ready line, with a worker, in
// the heap until its time comes, parked at a gate, or held (hold.go). Nothing here blocks but
// next, and nothing here calls out while it holds the lock.
type schedule struct {
	home    func(Lane) Gate // the gate all deliveries of a lane pass
	outer   Gate            // one that all lanes pass before; empty: none
	perGate int             // attempts under way behind one home gate; 0: no limit
	now     func() time.Time
	first   time.Duration  // the first step of backoff
	jitter  func() float64 // 0 to 1

	moved chan struct{} // holds one token when the earliest due time may have changed

	mu      sync.Mutex // guards all below
	some    *sync.Cond // a lane is ready, or stopped was set
	back    *sync.Cond // a worker has given a held lane back
	lanes   map[Lane]*lane
	gates   map[Gate]*gate
	ready   readyLine
	due     dueHeap
	waiting int // entries in all lanes
	stopped bool
}

// lane is what waits in one conversation's direction.
type lane struct {
	timed
	id       Lane
	seqs     []Seq // oldest first
	failures int   // in a row
	settling bool  // waits for proof of delivery, which may come early
	proof    bool  // it came while the lane was with a worker
	busy     bool  // it is with a worker
	held     bool  // it is nowhere until letGo
	probe    *gate // the gate this lane tries for all who are parked there
}

// gate is something many lanes wait for together.
type gate struct {
	timed
	name     Gate
	shut     bool
	reason   Reason // why it was shut last
	failures int    // in a row
	opened   int    // times it was opened because its cause is gone
	active   int    // attempts under way, if it is a home gate
	parked   line
}

// turn is a piece of work for one worker: the oldest deliveries of a lane.
type turn struct {
	lane   *lane
	seqs   []Seq
	opened int // how often the home gate had been opened when it began
}

func newSchedule(home func(Lane) Gate, perGate int, first time.Duration, now func() time.Time, jitter func() float64) *schedule {
	s := &schedule{
		home: home, perGate: perGate, first: first, now: now, jitter: jitter,
		moved: make(chan struct{}, 1),
		lanes: map[Lane]*lane{}, gates: map[Gate]*gate{},
	}
	s.some, s.back = sync.NewCond(&s.mu), sync.NewCond(&s.mu)
	return s
}

// add puts a stored entry at the end of its lane.
func (s *schedule) add(id Lane, seq Seq) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting++
	if l := s.lanes[id]; l != nil {
		l.seqs = append(l.seqs, seq)
		return
	}
	l := &lane{id: id, seqs: []Seq{seq}, timed: timed{index: -1}}
	l.timed.lane = l
	s.lanes[id] = l
	s.makeReady(l)
}

// holds reports whether something waits, or is under way, in a lane.
func (s *schedule) holds(id Lane) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[id]
	return l != nil && len(l.seqs) > 0
}

// holdsBelow is holds for all lanes whose names begin so.
func (s *schedule) holdsBelow(prefix string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, l := range s.lanes {
		if len(l.seqs) > 0 && strings.HasPrefix(string(id), prefix) {
			return true
		}
	}
	return false
}

// next waits for a turn; false means the schedule was stopped.
func (s *schedule) next() (turn, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for !s.stopped && s.ready.len() == 0 {
			s.some.Wait()
		}
		if s.stopped {
			return turn{}, false
		}
		if t, ok := s.pick(); ok {
			return t, true
		}
	}
}

// pick takes lanes from the ready line until one may pass the outer gate and its home
// gate; the others are parked there. The lock is held.
func (s *schedule) pick() (turn, bool) {
	for s.ready.len() > 0 {
		l := s.ready.pop()
		home := s.gate(s.home(l.id))
		if outer := s.gate(s.outer); outer.shut && l.probe != outer {
			s.holdBack(l, outer)
			continue
		}
		if l.probe == home || !home.shut && !s.full(home) {
			home.active++
			l.proof, l.busy = false, true
			return turn{lane: l, seqs: l.seqs[:min(len(l.seqs), turnLength)], opened: home.opened}, true
		}
		if g := l.probe; g != nil { // it cannot try for the others; another one may
			l.probe = nil
			s.probe(g)
		}
		home.parked.push(l)
	}
	return turn{}, false
}

// holdBack parks a lane at the outer gate. One that was to try its home gate tries it
// when the outer one may be open: the others there stay parked.
func (s *schedule) holdBack(l *lane, outer *gate) {
	g := l.probe
	if g == nil {
		outer.parked.push(l)
		return
	}
	l.probe = nil
	g.parked.pushFront(l)
	s.wait(&g.timed, g.failures, max(outer.at.Sub(s.now()), s.first))
}

// probe has one of those who wait at a gate try for all; if none does, it is open.
func (s *schedule) probe(g *gate) {
	if g.parked.len() == 0 {
		s.open(g)
		return
	}
	l := g.parked.pop()
	l.probe = g
	s.makeReady(l)
}

// finish takes a turn back: done deliveries were concluded, then came refusal,
// or nil if there was none. It reports whether the refusal is news: the first of
// its lane, or of its gate.
func (s *schedule) finish(t turn, done int, refusal *Refusal) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, home := t.lane, s.gate(s.home(t.lane.id))
	probe := l.probe
	home.active--
	l.probe, l.settling, l.busy = nil, false, false
	l.seqs = l.seqs[done:]
	s.waiting -= done
	if done > 0 {
		l.failures = 0
		home.failures = 0
	}
	if probe != nil && (refusal == nil || refusal.Gate != probe.name) {
		s.open(probe) // whatever else is wrong, this gate let it through
	}
	switch {
	case l.held:
		if probe != nil { // it does not try for the others any more
			s.open(probe)
		}
		s.back.Broadcast()
	case refusal != nil && refusal.Gate == home.name && t.opened != home.opened:
		s.makeReady(l) // its cause went away meanwhile: a new token, for example
	case refusal != nil:
		news = s.refused(l, refusal, probe)
	case len(l.seqs) == 0:
		delete(s.lanes, l.id)
	default:
		s.makeReady(l)
	}
	if !home.shut && !s.full(home) && home.parked.len() > 0 {
		s.makeReady(home.parked.pop())
	}
	return news
}

// refused sends a lane away until its time comes or its gate opens.
func (s *schedule) refused(l *lane, r *Refusal, probe *gate) (news bool) {
	if r.Gate == "" {
		l.failures++
		l.settling = r.Reason == Settling
		if l.settling && l.proof {
			s.makeReady(l)
			return false
		}
		s.wait(&l.timed, l.failures, r.After)
		return l.failures == 1
	}
	g := s.gate(r.Gate)
	if !g.shut || g == probe {
		g.failures++ // an outage counts once, however many were under way
		g.shut, g.reason = true, r.Reason
		news = g.failures == 1
		s.wait(&g.timed, g.failures, r.After)
	} else if r.After > 0 && s.now().Add(r.After).After(g.at) && g.index >= 0 {
		s.wait(&g.timed, g.failures, r.After)
	}
	if g == probe {
		g.parked.pushFront(l)
	} else {
		g.parked.push(l)
	}
	return news
}

// release makes ready what is due and returns the next due time, if any.
func (s *schedule) release() (next time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for len(s.due) > 0 && !s.due[0].at.After(now) {
		t := heap.Pop(&s.due).(*timed)
		if t.lane != nil {
			s.makeReady(t.lane)
			continue
		}
		s.probe(t.gate)
	}
	if len(s.due) == 0 {
		return time.Time{}, false
	}
	return s.due[0].at, true
}

// openGate lets everything through that waits at a gate, because its cause is gone.
func (s *schedule) openGate(name Gate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.gate(name)
	g.opened++
	s.open(g)
}

// retryNow cuts short all waiting for a time: something changed for everybody.
func (s *schedule) retryNow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range append([]*timed(nil), s.due...) {
		if t.lane != nil {
			heap.Remove(&s.due, t.index)
			s.makeReady(t.lane)
		}
	}
}

// proven wakes a lane that waits for proof of delivery.
func (s *schedule) proven(id Lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[id]
	switch {
	case l == nil:
	case l.settling && l.index >= 0:
		heap.Remove(&s.due, l.index)
		s.makeReady(l)
	default:
		l.proof = true
	}
}

// stop lets every call of next return.
func (s *schedule) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.some.Broadcast()
}

func (s *schedule) gate(name Gate) *gate {
	g := s.gates[name]
	if g == nil {
		g = &gate{name: name, timed: timed{index: -1}}
		g.timed.gate = g
		s.gates[name] = g
	}
	return g
}

func (s *schedule) full(g *gate) bool { return s.perGate > 0 && g.active >= s.perGate }

func (s *schedule) makeReady(l *lane) {
	s.ready.push(l)
	s.some.Signal()
}

func (s *schedule) open(g *gate) {
	g.shut, g.failures = false, 0
	if g.index >= 0 {
		heap.Remove(&s.due, g.index)
	}
	for g.parked.len() > 0 {
		s.ready.freed.push(g.parked.pop())
		s.some.Signal()
	}
}

func (s *schedule) wait(t *timed, failures int, after time.Duration) {
	if after <= 0 {
		after = backoffAfter(s.first, failures, s.jitter())
	}
	t.at = s.now().Add(after)
	if t.index >= 0 {
		heap.Fix(&s.due, t.index)
	} else {
		heap.Push(&s.due, t)
	}
	if s.due[0] == t {
		select {
		case s.moved <- struct{}{}:
		default:
		}
	}
}
