package queue

import (
	"slices"
	"time"

	"messenger-bridge/bridge"
)

// where says in which place a lane is: always in exactly one.
type where uint8

const (
	nowhere      where = iota // only while it is moved
	readyForWork              // in the ready line
	withWorker                //
	waitsForTime              // among the due
	atGate                    // parked, until the gate opens
	held                      // out of the schedule, until letGo
)

// lane is what waits in one conversation's direction.
type lane struct {
	id       bridge.Lane
	seqs     []bridge.Seq // oldest first; none only while it is held, or wanted
	where    where
	timer    *Item[waiter] // while it waits for a time
	failures int           // in a row
	tries    int           // refusals of the oldest
	answered []streak      // how often in a row its parts were, with a Response; the latest refused last
	restored bool          // an earlier run left it, and nothing was refused since
	settling bool          // waits for proof of delivery, which may come early
	proof    bool          // it came while the lane was with a worker
	wanted   bool          // somebody holds it, or will when the worker gives it back
	probe    *gate         // the gate this lane tries for all who are parked there
	load     *pageLoad     // what it is part of, while something waits in it
	at       int           // among the lanes of that
}

// streak is how often in a row a part of the oldest was refused with a Response, and since when.
type streak struct {
	count int
	since time.Time
	part  int
}

// drop takes the oldest off a lane.
func drop(p *places, l *lane, done int) {
	if done > 0 {
		l.seqs, l.failures, l.tries, l.answered = l.seqs[done:], 0, 0, nil
		changed(p, l, len(l.seqs)+done)
	}
}

// gate is something many lanes wait for together. The trade calls it a circuit breaker;
// the probe is its half-open state.
type gate struct {
	name     bridge.Gate
	shut     bool
	reason   bridge.Reason // why it was shut last
	timer    *Item[waiter] // while it is shut and nobody tries it
	failures int           // in a row
	opened   int           // times it was opened because its cause is gone
	active   int           // attempts under way, if it is a home gate
	trying   *lane         // it tries the gate for all who are parked here; nil: nobody does
	parked   line
}

// waiter is a lane or a gate that waits for a time.
type waiter struct {
	lane *lane
	gate *gate
}

// places are where all lanes are. It has no lock of its own; the schedule's is held.
type places struct {
	Rules
	signal  func() // a lane is ready
	sooner  func() // the earliest due time changed
	lanes   map[bridge.Lane]*lane
	most    int // lanes at once, since the map of them was made
	gates   map[bridge.Gate]*gate
	ready   readyLine
	due     Due[waiter]
	waiting int                         // entries in all lanes
	loads   map[bridge.PageID]*pageLoad // of pages for which something waits
}

// begin makes a lane of its first entry. It is nowhere yet.
func (p *places) begin(id bridge.Lane, seq bridge.Seq) *lane {
	l := &lane{id: id, seqs: []bridge.Seq{seq}}
	p.lanes[id] = l
	p.most = max(p.most, len(p.lanes))
	changed(p, l, 0)
	return l
}

// crowd is how many lanes at once leave a map behind that is not kept.
const crowd = 64

// end lets go of a lane in which nothing waits. Maps never shrink: what a crowd has taken
// is given back when the last has gone.
func end(p *places, id bridge.Lane) {
	delete(p.lanes, id)
	if len(p.lanes) == 0 && p.most > crowd {
		p.lanes, p.loads, p.most = map[bridge.Lane]*lane{}, map[bridge.PageID]*pageLoad{}, 0
	}
}

// longestRest bounds how long something waits because an earlier run said so: clocks are
// set now and then.
const longestRest = 5 * time.Minute

// restore has a lane go on where an earlier run left its oldest entry.
func (p *places) restore(l *lane, h bridge.History, now time.Time) {
	l.failures, l.tries, l.restored = h.Step, h.Tries, true
	if rest := min(h.Due.Sub(now), longestRest); !h.Due.IsZero() && rest > 0 {
		p.wait(l, rest)
		return
	}
	p.makeReady(l)
}

// pick takes lanes from the ready line until one may pass the outer gate and its home
// gate; the others are parked there.
func (p *places) pick() (turn, bool) {
	for p.ready.len() > 0 {
		l := p.ready.pop()
		l.where = nowhere
		home := p.gate(p.Home(l.id))
		if outer := p.gate(p.Outer); outer.shut && l.probe != outer {
			p.holdBack(l, outer)
			continue
		}
		if l.probe == home || !home.shut && !home.full(p.PerGate) {
			home.active++
			l.proof, l.where = false, withWorker
			return turn{lane: l, seqs: l.seqs[:min(len(l.seqs), turnLength)], opened: home.opened}, true
		}
		if g := l.endProbe(); g != nil { // it cannot try for the others; another one may
			p.tryGate(g)
		}
		home.park(l)
	}
	return turn{}, false
}

// holdBack parks a lane at the outer gate. One that was to try its home gate tries it
// when the outer one may be open: the others there stay parked.
func (p *places) holdBack(l *lane, outer *gate) {
	g := l.endProbe()
	if g == nil {
		outer.park(l)
		return
	}
	g.parkFirst(l)
	wait := p.First
	if outer.timer != nil {
		wait = max(outer.timer.At.Sub(p.Now()), wait)
	}
	p.shutFor(g, wait)
}

// tryGate has one of those who wait at a gate try for all; if none does, it is open. Whoever was
// not refused yet goes first: what is refused may be of those lanes alone, and a crowd of them
// would have all others wait longer with each try.
func (p *places) tryGate(g *gate) {
	g.timer = nil
	if g.parked.len() == 0 {
		p.open(g)
		return
	}
	l := g.parked.popFirst(func(l *lane) bool { return l.tries == 0 })
	l.probe, g.trying = g, l
	p.makeReady(l)
}

// endProbe says that a lane does not try a gate any more, and returns which one it did.
func (l *lane) endProbe() *gate {
	g := l.probe
	if g != nil {
		l.probe, g.trying = nil, nil
	}
	return g
}

// refused sends a lane away until its time comes or its gate opens.
func (p *places) refused(l *lane, r *bridge.Refusal, probe *gate) (e ending) {
	if r.Reason != bridge.Deferred {
		l.tries++
	}
	e.tries = l.tries
	l.note(r, p.Now())
	if r.Gate == "" {
		l.failures++
		l.settling = r.Reason == bridge.Deferred
		if l.settling && l.proof {
			p.makeReady(l)
			return e
		}
		e.wait, e.step, e.news = p.pause(r, l.failures), l.failures, l.failures == 1 || l.restored
		l.restored = false
		p.wait(l, e.wait)
		return e
	}
	g := p.gate(r.Gate)
	if !g.shut || g == probe {
		g.failures++ // an outage counts once, however many were under way
		g.shut, g.reason = true, r.Reason
		e.news = g.failures == 1
		p.shutFor(g, p.pause(r, g.failures))
	} else if r.After > 0 && g.timer != nil && p.Now().Add(r.After).After(g.timer.At) {
		p.shutFor(g, r.After)
	}
	g.park(l) // behind the others, so that the next to try is another one: what is refused may be of this lane alone
	return e
}

// note counts refusals with a Response in a row.
func (l *lane) note(r *bridge.Refusal, now time.Time) {
	switch {
	case r.Reason == bridge.Deferred:
	case !r.OfItem():
		l.answered = nil
	default:
		one := streak{since: now, part: r.Answer.Part}
		if i := slices.IndexFunc(l.answered, func(s streak) bool { return s.part == r.Answer.Part }); i >= 0 {
			one = l.answered[i]
			l.answered = slices.Delete(l.answered, i, i+1)
		}
		one.count++
		l.answered = append(l.answered, one)
	}
}

// pause is how long to wait after a refusal.
func (p *places) pause(r *bridge.Refusal, failures int) time.Duration {
	if r.After > 0 {
		return r.After
	}
	wait := Backoff(p.First, failures, p.Jitter())
	if r.OfItem() && p.Insist > 0 {
		wait = min(wait, p.Insist)
	}
	return wait
}

func (p *places) gate(name bridge.Gate) *gate {
	g := p.gates[name]
	if g == nil {
		g = &gate{name: name}
		p.gates[name] = g
	}
	return g
}

// full reports whether as many pass a home gate as may; 0 is no limit.
func (g *gate) full(limit int) bool { return limit > 0 && g.active >= limit }

func (p *places) makeReady(l *lane) {
	l.where, l.timer = readyForWork, nil
	p.ready.push(l)
	p.signal()
}

func (g *gate) park(l *lane) {
	l.where = atGate
	g.parked.push(l)
}

func (g *gate) parkFirst(l *lane) {
	l.where = atGate
	g.parked.pushFront(l)
}

func (p *places) open(g *gate) {
	g.shut, g.failures = false, 0
	if g.trying != nil {
		g.trying.endProbe()
	}
	p.due.Remove(g.timer)
	g.timer = nil
	for g.parked.len() > 0 {
		l := g.parked.pop()
		l.where = readyForWork
		p.ready.released.push(l)
		p.signal()
	}
}

// callNext makes ready one of those who wait at a gate that is open and was full.
func (p *places) callNext(g *gate) {
	if !g.shut && !g.full(p.PerGate) && g.parked.len() > 0 {
		p.makeReady(g.parked.pop())
	}
}

// wait has a lane wait for a time.
func (p *places) wait(l *lane, d time.Duration) {
	l.where = waitsForTime
	l.timer = p.startTimer(nil, d, waiter{lane: l})
}

// shutFor has a gate wait until one of its lanes tries it.
func (p *places) shutFor(g *gate, d time.Duration) {
	g.timer = p.startTimer(g.timer, d, waiter{gate: g})
}

func (p *places) startTimer(running *Item[waiter], d time.Duration, w waiter) *Item[waiter] {
	at := p.Now().Add(d)
	if running == nil {
		running = p.due.Add(at, w)
	} else {
		p.due.Move(running, at)
	}
	if p.due.First() == running {
		p.sooner()
	}
	return running
}
