package queue

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

var modelRuns = flag.Int("model-runs", 300, "how many random lives of a schedule TestSchedule_RandomLives_ plays")

// check compares the places of all lanes with what each lane says, and returns what is
// wrong.
func (p *places) check() error {
	found := map[*lane]where{}
	put := func(l *lane, w where) error {
		if other, twice := found[l]; twice {
			return fmt.Errorf("lane %v is in two places: %d and %d", l.id, other, w)
		}
		found[l] = w
		return nil
	}
	for _, l := range slices.Concat(p.ready.line.all(), p.ready.released.all()) {
		if err := put(l, readyForWork); err != nil {
			return err
		}
	}
	for _, g := range p.gates {
		for _, l := range g.parked.all() {
			if err := put(l, atGate); err != nil {
				return err
			}
		}
	}
	for _, i := range p.due.items {
		if i.Value.lane != nil {
			if err := put(i.Value.lane, waitsForTime); err != nil {
				return err
			}
		}
	}
	active, waiting := map[bridge.Gate]int{}, 0
	for id, l := range p.lanes {
		waiting += len(l.seqs)
		if l.where == withWorker {
			active[p.Home(id)]++
		}
		at, somewhere := found[l]
		switch inNoList := l.where == withWorker || l.where == held; {
		case l.where == nowhere:
			return fmt.Errorf("lane %v is nowhere", id)
		case inNoList && somewhere, !inNoList && at != l.where:
			return fmt.Errorf("lane %v says %d and is in %d (%v)", id, l.where, at, somewhere)
		case len(l.seqs) == 0 && !l.wanted:
			return fmt.Errorf("lane %v is empty and nobody holds it", id)
		case !slices.IsSorted(l.seqs):
			return fmt.Errorf("lane %v is out of order: %v", id, l.seqs)
		}
		delete(found, l)
	}
	if len(found) > 0 {
		return fmt.Errorf("%d lanes wait somewhere and are not known", len(found))
	}
	if waiting != p.waiting {
		return fmt.Errorf("%d entries wait, counted are %d", waiting, p.waiting)
	}
	if err := p.checkLoads(); err != nil {
		return err
	}
	return p.checkGates(active)
}

// checkLoads: what is counted as it comes and goes is what counting all lanes gives.
func (p *places) checkLoads() error {
	want := map[bridge.PageID]Load{}
	for id, l := range p.lanes {
		if len(l.seqs) == 0 {
			continue
		}
		load := want[id.Page]
		load.Waiting += len(l.seqs)
		if load.Oldest == 0 || l.seqs[0] < load.Oldest {
			load.Oldest = l.seqs[0]
		}
		want[id.Page] = load
		if l.load != p.loads[id.Page] || l.load.lanes[l.at] != l {
			return fmt.Errorf("lane %v is not where its load has it", l.id)
		}
	}
	if len(p.loads) != len(want) {
		return fmt.Errorf("something waits for %d pages, counted are %d", len(want), len(p.loads))
	}
	for id, l := range p.loads {
		if got := (Load{Waiting: l.waiting, Oldest: l.oldest()}); got != want[id] {
			return fmt.Errorf("of page %s %+v waits, counted is %+v", id, want[id], got)
		}
	}
	return nil
}

// checkGates: whoever is parked will be tried.
func (p *places) checkGates(active map[bridge.Gate]int) error {
	probes := map[*gate]int{}
	for _, l := range p.lanes {
		if l.probe != nil {
			probes[l.probe]++
		}
	}
	for name, g := range p.gates {
		switch {
		case g.active != active[name]:
			return fmt.Errorf("gate %s counts %d attempts under way, there are %d", name, g.active, active[name])
		case p.PerGate > 0 && g.active > p.PerGate+1: // the one that tries a gate passes all the same
			return fmt.Errorf("gate %s lets %d through at once", name, g.active)
		case probes[g] > 1:
			return fmt.Errorf("gate %s is tried by %d lanes at once", name, probes[g])
		case g.shut && g.timer == nil && probes[g] == 0:
			return fmt.Errorf("gate %s is shut, and nobody will try it", name)
		case !g.shut && g.timer != nil:
			return fmt.Errorf("gate %s is open and waits", name)
		case !g.shut && g.parked.len() > 0 && !p.calledSoon(g):
			return fmt.Errorf("%d lanes wait at gate %s, which is open, and nobody will call them", g.parked.len(), name)
		}
	}
	return nil
}

// calledSoon reports whether a lane that passes a gate will come to its end: then it calls
// the next of those who wait there although it is open, because it is full.
func (p *places) calledSoon(g *gate) bool {
	for id, l := range p.lanes {
		parkedHere := l.where == atGate && slices.Contains(g.parked.all(), l)
		if p.Home(id) == g.name && l.where != held && !parkedHere {
			return true
		}
	}
	return false
}

// life is a schedule to which random things happen, and what must be true of it.
type life struct {
	t     *testing.T
	rand  *rand.Rand
	s     *Schedule
	clock *clock
	lanes []bridge.Lane
	gates []bridge.Gate

	seq   bridge.Seq
	left  map[bridge.Lane][]bridge.Seq // what must still be delivered, in order
	turns []turn
	held  map[bridge.Lane]bool
	story []string
}

func newLife(t *testing.T, seed uint64) *life {
	f := &life{t: t, rand: rand.New(rand.NewPCG(seed, 1)), left: map[bridge.Lane][]bridge.Seq{}, held: map[bridge.Lane]bool{}, clock: &clock{now: time.Unix(1_790_000_000, 0)}}
	for i := range 2 + f.rand.IntN(9) {
		f.lanes = append(f.lanes, customer(bridge.PageID(fmt.Sprint("p", i%3)), fmt.Sprint("c", i)))
	}
	f.gates = []bridge.Gate{bridge.GatePage("p0"), bridge.GatePage("p1"), bridge.GatePage("p2"), bridge.GateDepartment("d"), bridge.GateApp}
	rules := Rules{Home: func(l bridge.Lane) bridge.Gate { return bridge.GatePage(l.Page) }, First: firstRetry, Now: f.clock.Now, Jitter: f.rand.Float64}
	if rules.PerGate = f.rand.IntN(3); f.rand.IntN(2) == 0 {
		rules.Outer = bridge.GateApp
	}
	f.s = newSchedule(rules)
	return f
}

func (f *life) note(format string, args ...any) {
	f.story = append(f.story, fmt.Sprintf(format, args...))
}

func (f *life) verify() {
	f.t.Helper()
	f.s.mu.Lock()
	err := f.s.places.check()
	f.s.mu.Unlock()
	if err != nil {
		f.t.Fatalf("%v, after:\n%v", err, f.story)
	}
	v := f.s.Look() // none of these may believe that a lane is never empty
	v.ByPage()
	v.Total()
	v.Heads()
	v.All()
	v.Crowds(func(bridge.Gate) bool { return true })
}

func (f *life) lane() bridge.Lane { return f.lanes[f.rand.IntN(len(f.lanes))] }

// step lets one random thing happen.
func (f *life) step() {
	switch what := f.rand.IntN(12); what {
	case 0, 1, 2:
		id := f.lane()
		f.seq++
		f.note("add %v %d", id.Customer, f.seq)
		f.left[id] = append(f.left[id], f.seq)
		f.s.add(id, f.seq)
	case 3, 4:
		f.takeTurn()
	case 5, 6:
		if len(f.turns) > 0 {
			f.endTurn(f.refusal())
		}
	case 7:
		d := time.Duration(f.rand.IntN(40_000)) * time.Millisecond
		f.note("%v pass", d)
		f.clock.advance(d)
		f.s.release()
	case 8:
		g := f.gates[f.rand.IntN(len(f.gates))]
		f.note("open %s", g)
		f.s.OpenGate(g)
	case 9:
		id := f.lane()
		f.note("proof for %v", id.Customer)
		f.s.Proven(id)
	case 10:
		f.note("retry now")
		f.s.RetryNow()
	case 11:
		f.holdOrLetGo()
	}
}

func (f *life) takeTurn() {
	f.s.mu.Lock()
	t, ok := f.s.places.pick()
	f.s.mu.Unlock()
	if !ok {
		return
	}
	f.note("a worker takes %v %v", t.lane.id.Customer, t.seqs)
	if f.held[t.lane.id] {
		f.t.Fatalf("a held lane was taken, after:\n%v", f.story)
	}
	for i, seq := range t.seqs {
		if f.left[t.lane.id][i] != seq {
			f.t.Fatalf("taken are %v, due were %v, after:\n%v", t.seqs, f.left[t.lane.id], f.story)
		}
	}
	f.turns = append(f.turns, t)
}

func (f *life) endTurn(r *bridge.Refusal) {
	i := f.rand.IntN(len(f.turns))
	t := f.turns[i]
	f.turns = slices.Delete(f.turns, i, i+1)
	done := len(t.seqs)
	if r != nil {
		done = f.rand.IntN(len(t.seqs))
	}
	id := t.lane.id
	f.note("%v gives back %d done, refusal %+v", id.Customer, done, r)
	f.left[id] = f.left[id][done:]
	f.s.finish(t, done, r)
}

func (f *life) refusal() *bridge.Refusal {
	r := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaError}
	switch f.rand.IntN(5) {
	case 0, 1:
		return nil
	case 2:
		r.Gate = f.gates[f.rand.IntN(len(f.gates))]
	case 3:
		r.Reason, r.After = bridge.Deferred, 30*time.Second
	}
	if f.rand.IntN(3) == 0 {
		r.After = time.Duration(1+f.rand.IntN(20_000)) * time.Millisecond
	}
	return r
}

// holdOrLetGo never waits for a worker: there is but this goroutine.
func (f *life) holdOrLetGo() {
	id := f.lane()
	if f.held[id] {
		gone := map[bridge.Seq]bool{}
		kept := f.left[id][:0:0]
		for _, seq := range f.left[id] {
			if gone[seq] = f.rand.IntN(2) == 0; !gone[seq] {
				kept = append(kept, seq)
			}
		}
		f.note("let go %v without %v", id.Customer, gone)
		f.left[id] = kept
		f.s.letGo(id, gone)
		delete(f.held, id)
		return
	}
	if slices.ContainsFunc(f.turns, func(t turn) bool { return t.lane.id == id }) {
		return
	}
	f.note("hold %v", id.Customer)
	if got := f.s.hold(id); !slices.Equal(got, f.left[id]) {
		f.t.Fatalf("held are %v, due were %v, after:\n%v", got, f.left[id], f.story)
	}
	f.held[id] = true
}

// end lets nothing be refused any more: everything must be delivered in the end.
func (f *life) end() {
	for id := range f.held {
		f.s.letGo(id, nil)
	}
	clear(f.held)
	for range 10_000 {
		f.takeTurn()
		if len(f.turns) > 0 {
			f.endTurn(nil)
		} else {
			f.clock.advance(time.Minute)
			f.s.release()
		}
		f.verify()
		if f.s.Look().Count() == 0 && len(f.turns) == 0 {
			return
		}
	}
	f.t.Fatalf("%d entries are never delivered, after:\n%v", f.s.Look().Count(), f.story)
}

// TestSchedule_RandomLives_EveryLaneIsInOnePlace plays random lives; after each step every
// lane is in exactly one place, gates will be tried, and order holds; in the end everything
// is delivered. Held lanes may be empty, and nothing that looks at the schedule minds.
func TestSchedule_RandomLives_EveryLaneIsInOnePlace(t *testing.T) {
	for seed := range uint64(*modelRuns) {
		f := newLife(t, seed)
		for range 200 {
			f.step()
			f.verify()
		}
		f.end()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
