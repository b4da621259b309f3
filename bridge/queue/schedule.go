package queue

import (
	"math/rand/v2"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// turnLength is how many deliveries of one lane a worker makes before the lane
// goes to the end of the line, so that a long lane does not keep a worker.
const turnLength = 8

// Rules say which gates lanes pass, and how long they wait.
type Rules struct {
	Home    func(bridge.Lane) bridge.Gate // the gate all deliveries of a lane pass
	Outer   bridge.Gate                   // one that all lanes pass before; empty: none
	PerGate int                           // attempts under way behind one home gate; 0: no limit
	First   time.Duration                 // the first step of backoff
	Insist  time.Duration                 // the longest wait of a lane that is refused alone, with a Response; 0: as of others
	Now     func() time.Time              // goes on when the clock is set; nil: time.Now
	Jitter  func() float64                // 0 to 1; nil: random
}

// Schedule decides which lane is next. It holds sequence numbers only, and only
// of lanes in which something waits: an idle conversation costs nothing. Nothing in it
// blocks but next and Hold, and nothing calls out while it holds the lock.
type Schedule struct {
	moved chan struct{} // holds one token when the earliest due time may have changed

	mu      sync.Mutex // guards all below
	some    *sync.Cond // a lane is ready, or stopped was set
	back    *sync.Cond // a worker has given a lane back that somebody wants to hold
	places  places
	stopped bool
}

// turn is a piece of work for one worker: the oldest deliveries of a lane.
type turn struct {
	lane   *lane
	seqs   []bridge.Seq
	opened int // how often the home gate had been opened when it began
}

// ending is what follows from a turn that was refused.
type ending struct {
	news  bool          // the refusal is the first of its lane, or of its gate
	tries int           // how often the delivery was refused
	step  int           // of backoff
	wait  time.Duration // how long its lane waits on its own; 0: at a gate, or not at all
}

func newSchedule(r Rules) *Schedule {
	if r.Now == nil {
		r.Now = time.Now
	}
	if r.Jitter == nil {
		r.Jitter = rand.Float64
	}
	s := &Schedule{moved: make(chan struct{}, 1)}
	s.some, s.back = sync.NewCond(&s.mu), sync.NewCond(&s.mu)
	s.places = places{Rules: r, signal: s.some.Signal, sooner: s.sooner, lanes: map[bridge.Lane]*lane{}, gates: map[bridge.Gate]*gate{},
		loads: map[bridge.PageID]*pageLoad{}}
	return s
}

// sooner has the due times looked at again.
func (s *Schedule) sooner() {
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

// add puts a stored entry at the end of its lane.
func (s *Schedule) add(id bridge.Lane, seq bridge.Seq) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.places.lanes[id]; l != nil {
		l.seqs = append(l.seqs, seq)
		changed(&s.places, l, len(l.seqs)-1)
		return
	}
	s.places.makeReady(s.places.begin(id, seq))
}

// next waits for a turn; false means the schedule was stopped.
func (s *Schedule) next() (turn, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for !s.stopped && s.places.ready.len() == 0 {
			s.some.Wait()
		}
		if s.stopped {
			return turn{}, false
		}
		if t, ok := s.places.pick(); ok {
			return t, true
		}
	}
}

// finish takes a turn back: done deliveries were concluded, then came refusal,
// or nil if there was none.
func (s *Schedule) finish(t turn, done int, refusal *bridge.Refusal) (e ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, l := &s.places, t.lane
	home, probe := p.gate(p.Home(l.id)), l.endProbe()
	home.active--
	l.settling, l.where = false, nowhere
	drop(p, l, done)
	if done > 0 {
		home.failures = 0
	}
	if probe != nil && (refusal == nil || refusal.Gate != probe.name) {
		p.open(probe) // whatever else is wrong, this gate let it through
	}
	switch {
	case l.wanted:
		if probe != nil { // it does not try for the others any more
			p.open(probe)
		}
		l.where = held
		s.back.Broadcast()
	case refusal != nil && refusal.Gate == home.name && t.opened != home.opened:
		p.makeReady(l) // its cause went away meanwhile: a new token, for example
	case refusal != nil:
		e = p.refused(l, refusal, probe)
	case len(l.seqs) == 0:
		end(p, l.id)
	default:
		p.makeReady(l)
	}
	p.callNext(home)
	return e
}

// release makes ready what is due and returns the next due time, if any.
func (s *Schedule) release() (next time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &s.places
	for i := p.due.Take(p.Now()); i != nil; i = p.due.Take(p.Now()) {
		if l := i.Value.lane; l != nil {
			p.makeReady(l)
		} else {
			p.tryGate(i.Value.gate)
		}
	}
	if first := p.due.First(); first != nil {
		return first.At, true
	}
	return time.Time{}, false
}

// OpenGate lets everything through that waits at a gate, because its cause is gone.
func (s *Schedule) OpenGate(name bridge.Gate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.places.gate(name)
	g.opened++
	s.places.open(g)
}

// TryGate has a gate that is shut tried now: its cause may be gone.
func (s *Schedule) TryGate(name bridge.Gate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.places.gates[name]
	if g == nil || !g.shut || g.timer == nil {
		return
	}
	s.places.due.Remove(g.timer)
	s.places.tryGate(g)
}

// RetryNow cuts short all waiting for a time: something changed for everybody.
func (s *Schedule) RetryNow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.places.lanes {
		if l.where == waitsForTime {
			s.places.takeOut(l)
			s.places.makeReady(l)
		}
	}
}

// Proven wakes a lane that waits for proof of delivery.
func (s *Schedule) Proven(id bridge.Lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.places.lanes[id]
	switch {
	case l == nil:
	case l.settling && l.where == waitsForTime:
		s.places.takeOut(l)
		s.places.makeReady(l)
	default:
		l.proof = true
	}
}

// stop lets every call of next return.
func (s *Schedule) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.some.Broadcast()
}

// Look returns what can be asked of a schedule without changing it.
func (s *Schedule) Look() View { return View{s} }
