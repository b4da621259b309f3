package queue

import (
	"fmt"
	"reflect"
	"runtime"
	"strconv"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// clock is a time that tests move.
type clock struct{ now time.Time }

const firstRetry = 250 * time.Millisecond

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

func newTestSchedule(perGate int) (*Schedule, *clock) {
	c := &clock{now: time.Unix(1_790_000_000, 0)}
	return newSchedule(Rules{
		Home: func(l bridge.Lane) bridge.Gate { return bridge.GatePage(l.Page) }, PerGate: perGate,
		First: firstRetry, Now: c.Now, Jitter: func() float64 { return 0.5 },
	}), c
}

// customer is the lane of a page's customer.
func customer(page bridge.PageID, id string) bridge.Lane {
	return bridge.Conversation{Page: page, Kind: bridge.Messages, Customer: bridge.CustomerID(id)}.Lane()
}

// ready takes all turns that can be had now.
func ready(s *Schedule) (turns []turn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		t, ok := s.places.pick()
		if !ok {
			return turns
		}
		turns = append(turns, t)
	}
}

func lanesOf(turns []turn) (names []bridge.Lane) {
	for _, t := range turns {
		names = append(names, t.lane.id)
	}
	return names
}

func TestSchedule_OneLane_IsInOneWorkersHandsAtATime(t *testing.T) {
	s, _ := newTestSchedule(0)
	for seq := bridge.Seq(1); seq <= 20; seq++ {
		s.add(customer("p", "anna"), seq)
	}
	var got []bridge.Seq
	for turns := ready(s); len(turns) > 0; turns = ready(s) {
		if len(turns) != 1 {
			t.Fatalf("%d workers have the lane at once", len(turns))
		}
		if len(turns[0].seqs) > turnLength {
			t.Fatalf("a turn of %d deliveries", len(turns[0].seqs))
		}
		got = append(got, turns[0].seqs...)
		s.finish(turns[0], len(turns[0].seqs), nil)
	}
	for i, seq := range got {
		if seq != bridge.Seq(i+1) {
			t.Fatalf("order is %v", got)
		}
	}
	if len(got) != 20 || len(s.places.lanes) != 0 || s.Look().Count() != 0 {
		t.Fatalf("%d delivered, %d lanes and %d entries left", len(got), len(s.places.lanes), s.Look().Count())
	}
}

func TestSchedule_PostponedDelivery_HoldsBackItsLaneOnly(t *testing.T) {
	s, clock := newTestSchedule(0)
	s.add(customer("p", "anna"), 1)
	s.add(customer("p", "anna"), 2)
	s.add(customer("p", "ben"), 3)
	turns := ready(s)
	s.finish(turns[0], 0, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaError})
	s.finish(turns[1], 1, nil)
	s.add(customer("p", "ben"), 4)
	if got := lanesOf(ready(s)); !reflect.DeepEqual(got, []bridge.Lane{customer("p", "ben")}) {
		t.Fatalf("while anna waits, ready are %v", got)
	}
	clock.advance(firstRetry)
	s.release()
	turns = ready(s)
	if len(turns) != 1 || !reflect.DeepEqual(turns[0].seqs, []bridge.Seq{1, 2}) {
		t.Fatalf("after the wait: %+v", turns)
	}
}

func TestSchedule_ShutGate_IsTriedByOneLaneForAll(t *testing.T) {
	s, clock := newTestSchedule(0)
	down := func() *bridge.Refusal {
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown, Gate: bridge.GatePage("p")}
	}
	for i := range 10 {
		s.add(customer("p", fmt.Sprint(i)), bridge.Seq(i+1))
	}
	s.add(customer("q", "other"), 99)
	for _, turn := range ready(s) {
		if turn.lane.id == customer("q", "other") {
			s.finish(turn, 1, nil)
			continue
		}
		s.finish(turn, 0, down())
	}
	if s.places.gates[bridge.GatePage("p")].failures != 1 {
		t.Fatalf("one outage counted %d times", s.places.gates[bridge.GatePage("p")].failures)
	}
	for round := range 3 {
		clock.advance(firstRetry * steps[round])
		s.release()
		turns := ready(s)
		if len(turns) != 1 || turns[0].lane.id != customer("p", fmt.Sprint(round)) { // each in its turn: one may be refused for itself
			t.Fatalf("round %d: tried by %v, not by the one whose turn it is", round, lanesOf(turns))
		}
		s.finish(turns[0], 0, down())
	}
	clock.advance(firstRetry * steps[3])
	s.release()
	probe := ready(s)
	s.add(customer("p", "late"), 50) // must not slip through while one is trying
	if got := ready(s); len(got) != 0 {
		t.Fatalf("went through a shut gate: %v", lanesOf(got))
	}
	s.finish(probe[0], 1, nil)
	if got := lanesOf(ready(s)); len(got) != 10 || got[0] != customer("p", "4") {
		t.Fatalf("after it opened: %v", got)
	}
}

// TestSchedule_ShutGate_IsTriedByWhoWasNotRefused: what a crowd is refused for may be of
// each of them alone; whoever comes later does not wait until all of them have tried.
func TestSchedule_ShutGate_IsTriedByWhoWasNotRefused(t *testing.T) {
	s, clock := newTestSchedule(0)
	for i := range 10 {
		s.add(customer("p", fmt.Sprint(i)), bridge.Seq(i+1))
	}
	for _, turn := range ready(s) {
		s.finish(turn, 0, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown, Gate: bridge.GatePage("p")})
	}
	for i := range 3 {
		s.add(customer("p", fmt.Sprint("late ", i)), bridge.Seq(50+i))
	}
	if got := ready(s); len(got) != 0 {
		t.Fatalf("went through a shut gate: %v", lanesOf(got))
	}
	clock.advance(firstRetry)
	s.release()
	turns := ready(s)
	if len(turns) != 1 || turns[0].lane.id != customer("p", "late 0") {
		t.Fatalf("tried by %v", lanesOf(turns))
	}
	s.finish(turns[0], 1, nil)
	if got := lanesOf(ready(s)); len(got) != 12 || got[0] != customer("p", "0") {
		t.Fatalf("after it opened: %v", got)
	}
}

func TestSchedule_GateNamedByRefusal_ParksThoseWhoMeetIt(t *testing.T) {
	s, clock := newTestSchedule(0)
	away := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.NoAgent, Gate: bridge.GateDepartment("d"), After: 30 * time.Second}
	s.add(customer("p", "anna"), 1)
	s.add(customer("p", "ben"), 2)
	for _, turn := range ready(s) {
		s.finish(turn, 0, away)
	}
	s.add(customer("p", "carl"), 3) // has an open room, say
	turns := ready(s)
	if got := lanesOf(turns); !reflect.DeepEqual(got, []bridge.Lane{customer("p", "carl")}) {
		t.Fatalf("ready are %v", got)
	}
	s.finish(turns[0], 1, nil)
	if next, ok := s.release(); !ok || next.Sub(clock.now) != 30*time.Second {
		t.Fatalf("next look at %v", next)
	}
	clock.advance(30 * time.Second)
	s.release()
	turns = ready(s)
	if got := lanesOf(turns); !reflect.DeepEqual(got, []bridge.Lane{customer("p", "anna")}) {
		t.Fatalf("looked by %v", got)
	}
	s.finish(turns[0], 1, nil)
	if got := lanesOf(ready(s)); !reflect.DeepEqual(got, []bridge.Lane{customer("p", "ben")}) {
		t.Fatalf("after somebody came: %v", got)
	}
}

func TestSchedule_BusyPage_LeavesRoomForOthers(t *testing.T) {
	s, _ := newTestSchedule(2)
	for i := range 5 {
		s.add(customer("p", fmt.Sprint(i)), bridge.Seq(i+1))
	}
	s.add(customer("q", "other"), 99)
	turns := ready(s)
	if got := lanesOf(turns); !reflect.DeepEqual(got, []bridge.Lane{customer("p", "0"), customer("p", "1"), customer("q", "other")}) {
		t.Fatalf("under way are %v", got)
	}
	s.finish(turns[0], 1, nil)
	if got := lanesOf(ready(s)); !reflect.DeepEqual(got, []bridge.Lane{customer("p", "2")}) {
		t.Fatalf("the freed place went to %v", got)
	}
}

func TestSchedule_Proof_WakesTheLaneThatWaitsForIt(t *testing.T) {
	settling := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.Deferred, After: 30 * time.Second}
	for name, early := range map[string]bool{"while it waits": false, "while a worker has it": true} {
		t.Run(name, func(t *testing.T) {
			s, _ := newTestSchedule(0)
			s.add(customer("p", "anna"), 1)
			turns := ready(s)
			if early {
				s.Proven(customer("p", "anna"))
			}
			s.finish(turns[0], 0, settling)
			if !early {
				s.Proven(customer("p", "anna"))
			}
			if got := ready(s); len(got) != 1 {
				t.Fatal("the lane was not woken")
			}
		})
	}
}

func TestSchedule_Proof_DoesNotCutABackoffShort(t *testing.T) {
	s, _ := newTestSchedule(0)
	s.add(customer("p", "anna"), 1)
	s.finish(ready(s)[0], 0, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RateLimited, After: time.Minute})
	s.Proven(customer("p", "anna"))
	if len(ready(s)) != 0 {
		t.Fatal("an echo made a throttled lane try again")
	}
}

func TestSchedule_Stop_ReleasesWorkers(t *testing.T) {
	s, _ := newTestSchedule(0)
	ended := make(chan bool)
	for range 3 {
		go func() { _, ok := s.next(); ended <- ok }()
	}
	s.stop()
	for range 3 {
		if <-ended {
			t.Fatal("a stopped schedule handed out work")
		}
	}
}

func TestBackoff_GrowsToItsLimitAndStaysNearItsStep(t *testing.T) {
	for failures := 1; failures < 20; failures++ {
		step := firstRetry * steps[min(failures, len(steps))-1]
		for _, jitter := range []float64{0, 0.5, 1} {
			got := Backoff(firstRetry, failures, jitter)
			if got < step*8/10 || got > step*12/10 {
				t.Fatalf("after %d failures with jitter %v: %v, step %v", failures, jitter, got, step)
			}
		}
	}
}

// TestSchedule_CrowdIsFreed_NobodyStandsBehindIt: a thousand customers waited for an agent;
// whoever has a room already is next but one, and the thousand come in their order.
func TestSchedule_CrowdIsFreed_NobodyStandsBehindIt(t *testing.T) {
	s, _ := newTestSchedule(0)
	const crowd = 1000
	department := bridge.GateDepartment("sales")
	for seq := bridge.Seq(1); seq <= crowd; seq++ {
		s.add(customer("p", fmt.Sprintf("%04d", seq)), seq)
	}
	for _, turn := range ready(s) {
		s.finish(turn, 0, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.NoAgent, Gate: department, After: time.Minute})
	}
	s.OpenGate(department)
	var got []bridge.Lane
	for i := range crowd + 3 {
		if i%100 == 50 && i < 350 {
			s.add(customer("p", fmt.Sprintf("x%d", i)), bridge.Seq(crowd+1+i))
		}
		s.mu.Lock()
		turn, ok := s.places.pick()
		s.mu.Unlock()
		if !ok {
			t.Fatalf("nothing is ready after %d turns", i)
		}
		got = append(got, turn.lane.id)
	}
	last := bridge.CustomerID("")
	for i, lane := range got {
		id := lane.Customer
		if at := 0; id > "x" {
			if _, err := fmt.Sscanf(string(id), "x%d", &at); err != nil || i > at+1 {
				t.Errorf("%s came at turn %d (%v)", id, i, err)
			}
			continue
		}
		if id <= last {
			t.Fatalf("%s came after %s", id, last)
		}
		last = id
	}
}

// TestSchedule_HeldLaneInWhichNothingWaits_CountsForNothing: a customer is forgotten, who
// has nothing that waits.
func TestSchedule_HeldLaneInWhichNothingWaits_CountsForNothing(t *testing.T) {
	s, _ := newTestSchedule(0)
	held := bridge.Conversation{Page: "p", Kind: bridge.Comments, Customer: "anna"}.Lane()
	comments := func(l bridge.Lane) bool { return l.Kind == bridge.Comments }
	s.hold(held)
	look := s.Look()
	if pages, heads, all := look.ByPage(), look.Heads(), look.All(); len(pages) != 0 || len(heads) != 0 || len(all) != 0 {
		t.Errorf("waiting are %v by page, heads %v, all %v", pages, heads, all)
	}
	if look.Holds(held) || look.HoldsAny("p", comments) {
		t.Error("something waits in it")
	}
	s.add(customer("p", "ben"), 6)
	s.add(held, 7)
	if got := look.ByPage()["p"]; got.Waiting != 2 || got.Oldest != 6 {
		t.Errorf("waiting at the page is %+v", got)
	}
	if !look.Holds(held) || !look.HoldsAny("p", comments) {
		t.Error("nothing waits in it")
	}
	s.letGo(held, nil)
	if got := lanesOf(ready(s)); !reflect.DeepEqual(got, []bridge.Lane{customer("p", "ben"), held}) {
		t.Errorf("ready are %v", got)
	}
}

func TestSchedule_GateTriedBeforeItsTime_OneLaneTriesForAll(t *testing.T) {
	now := time.Now()
	s := newSchedule(Rules{Home: func(bridge.Lane) bridge.Gate { return "home" }, First: time.Second, Now: func() time.Time { return now }})
	for i := range 3 {
		s.add(bridge.Lane{Page: bridge.PageID(fmt.Sprint(i))}, bridge.Seq(i+1))
	}
	away := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.NoAgent, Gate: "department/x", After: 8 * time.Second}
	for range 3 {
		turn, _ := s.next()
		s.finish(turn, 0, away)
	}
	ready := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.places.ready.len()
	}
	s.TryGate("department/y") // nobody waits there
	s.TryGate("department/x")
	s.TryGate("department/x") // one tries it already
	if n := ready(); n != 1 {
		t.Fatalf("%d lanes try the gate", n)
	}
	turn, _ := s.next()
	s.finish(turn, 0, away)
	if n := ready(); n != 0 {
		t.Fatalf("it is shut again, and %d lanes are ready", n)
	}
	now = now.Add(8 * time.Second)
	s.release()
	turn, _ = s.next()
	s.OpenGate("department/x") // before its turn is over: a room is open
	if n := ready(); n != 2 {
		t.Errorf("%d of the others are ready", n)
	}
	s.finish(turn, 1, nil)
}

// TestSchedule_CrowdHasGone_NothingIsKeptOfIt: an idle conversation costs nothing, also after
// many have waited at once.
func TestSchedule_CrowdHasGone_NothingIsKeptOfIt(t *testing.T) {
	const many = 20_000
	s, _ := newTestSchedule(0)
	fill := func() {
		for i := range many {
			s.add(customer("p", strconv.Itoa(i)), bridge.Seq(i+1))
		}
	}
	before := inUse()
	fill()
	if took := inUse() - before; took < 64*many {
		t.Fatalf("a crowd took %d bytes: too few to tell", took)
	}
	for turns := ready(s); len(turns) > 0; turns = ready(s) {
		for _, one := range turns {
			s.finish(one, len(one.seqs), nil)
		}
	}
	if kept := inUse() - before; kept > 16*many { // the ready line keeps a pointer for each
		t.Errorf("%d bytes are kept for each of a crowd that has gone", kept/many)
	}
	fill()
	if turns := ready(s); len(turns) != many {
		t.Errorf("of the next crowd, %d are ready", len(turns))
	}
}

// inUse returns how many bytes are in use.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
