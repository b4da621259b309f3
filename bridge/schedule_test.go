package bridge

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

// clock is a time that tests move.
type clock struct{ now time.Time }

const firstRetry = 250 * time.Millisecond

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

func newTestSchedule(perGate int) (*schedule, *clock) {
	c := &clock{now: time.Unix(1_790_000_000, 0)}
	home := func(l Lane) Gate { return GatePage(l.Page()) }
	return newSchedule(home, perGate, firstRetry, c.Now, func() float64 { return 0.5 }), c
}

// ready takes all turns that can be had now.
func ready(s *schedule) (turns []turn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		t, ok := s.pick()
		if !ok {
			return turns
		}
		turns = append(turns, t)
	}
}

func lanesOf(turns []turn) (names []Lane) {
	for _, t := range turns {
		names = append(names, t.lane.id)
	}
	return names
}

func TestSchedule_OneLane_IsInOneWorkersHandsAtATime(t *testing.T) {
	s, _ := newTestSchedule(0)
	for seq := Seq(1); seq <= 20; seq++ {
		s.add("p/m/anna", seq)
	}
	var got []Seq
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
		if seq != Seq(i+1) {
			t.Fatalf("order is %v", got)
		}
	}
	if len(got) != 20 || len(s.lanes) != 0 || s.count() != 0 {
		t.Fatalf("%d delivered, %d lanes and %d entries left", len(got), len(s.lanes), s.count())
	}
}

func TestSchedule_PostponedDelivery_HoldsBackItsLaneOnly(t *testing.T) {
	s, clock := newTestSchedule(0)
	s.add("p/m/anna", 1)
	s.add("p/m/anna", 2)
	s.add("p/m/ben", 3)
	turns := ready(s)
	s.finish(turns[0], 0, &Refusal{Verdict: Again, Reason: MetaError})
	s.finish(turns[1], 1, nil)
	s.add("p/m/ben", 4)
	if got := lanesOf(ready(s)); !reflect.DeepEqual(got, []Lane{"p/m/ben"}) {
		t.Fatalf("while anna waits, ready are %v", got)
	}
	clock.advance(firstRetry)
	s.release()
	turns = ready(s)
	if len(turns) != 1 || !reflect.DeepEqual(turns[0].seqs, []Seq{1, 2}) {
		t.Fatalf("after the wait: %+v", turns)
	}
}

func TestSchedule_ShutGate_IsTriedByOneLaneForAll(t *testing.T) {
	s, clock := newTestSchedule(0)
	down := func() *Refusal { return &Refusal{Verdict: Again, Reason: MetaDown, Gate: GatePage("p")} }
	for i := range 10 {
		s.add(Lane(fmt.Sprintf("p/m/%d", i)), Seq(i+1))
	}
	s.add("q/m/other", 99)
	for _, turn := range ready(s) {
		if turn.lane.id == "q/m/other" {
			s.finish(turn, 1, nil)
			continue
		}
		s.finish(turn, 0, down())
	}
	if s.gates[GatePage("p")].failures != 1 {
		t.Fatalf("one outage counted %d times", s.gates[GatePage("p")].failures)
	}
	for round := range 3 {
		clock.advance(firstRetry * backoff[round])
		s.release()
		turns := ready(s)
		if len(turns) != 1 || turns[0].lane.id != "p/m/0" {
			t.Fatalf("round %d: tried by %v, not by the one that came first", round, lanesOf(turns))
		}
		s.finish(turns[0], 0, down())
	}
	clock.advance(firstRetry * backoff[3])
	s.release()
	probe := ready(s)
	s.add("p/m/late", 50) // must not slip through while one is trying
	if got := ready(s); len(got) != 0 {
		t.Fatalf("went through a shut gate: %v", lanesOf(got))
	}
	s.finish(probe[0], 1, nil)
	if got := lanesOf(ready(s)); len(got) != 10 || got[0] != "p/m/1" {
		t.Fatalf("after it opened: %v", got)
	}
}

func TestSchedule_GateNamedByRefusal_ParksThoseWhoMeetIt(t *testing.T) {
	s, clock := newTestSchedule(0)
	away := &Refusal{Verdict: Again, Reason: NoAgent, Gate: GateDepartment("d"), After: 30 * time.Second}
	s.add("p/m/anna", 1)
	s.add("p/m/ben", 2)
	for _, turn := range ready(s) {
		s.finish(turn, 0, away)
	}
	s.add("p/m/carl", 3) // has an open room, say
	turns := ready(s)
	if got := lanesOf(turns); !reflect.DeepEqual(got, []Lane{"p/m/carl"}) {
		t.Fatalf("ready are %v", got)
	}
	s.finish(turns[0], 1, nil)
	if next, ok := s.release(); !ok || next.Sub(clock.now) != 30*time.Second {
		t.Fatalf("next look at %v", next)
	}
	clock.advance(30 * time.Second)
	s.release()
	turns = ready(s)
	if got := lanesOf(turns); !reflect.DeepEqual(got, []Lane{"p/m/anna"}) {
		t.Fatalf("looked by %v", got)
	}
	s.finish(turns[0], 1, nil)
	if got := lanesOf(ready(s)); !reflect.DeepEqual(got, []Lane{"p/m/ben"}) {
		t.Fatalf("after somebody came: %v", got)
	}
}

func TestSchedule_BusyPage_LeavesRoomForOthers(t *testing.T) {
	s, _ := newTestSchedule(2)
	for i := range 5 {
		s.add(Lane(fmt.Sprintf("p/m/%d", i)), Seq(i+1))
	}
	s.add("q/m/other", 99)
	turns := ready(s)
	if got := lanesOf(turns); !reflect.DeepEqual(got, []Lane{"p/m/0", "p/m/1", "q/m/other"}) {
		t.Fatalf("under way are %v", got)
	}
	s.finish(turns[0], 1, nil)
	if got := lanesOf(ready(s)); !reflect.DeepEqual(got, []Lane{"p/m/2"}) {
		t.Fatalf("the freed place went to %v", got)
	}
}

func TestSchedule_Proof_WakesTheLaneThatWaitsForIt(t *testing.T) {
	settling := &Refusal{Verdict: Again, Reason: Settling, After: 30 * time.Second}
	for name, early := range map[string]bool{"while it waits": false, "while a worker has it": true} {
		t.Run(name, func(t *testing.T) {
			s, _ := newTestSchedule(0)
			s.add("p/m/anna", 1)
			turns := ready(s)
			if early {
				s.proven("p/m/anna")
			}
			s.finish(turns[0], 0, settling)
			if !early {
				s.proven("p/m/anna")
			}
			if got := ready(s); len(got) != 1 {
				t.Fatal("the lane was not woken")
			}
		})
	}
}

func TestSchedule_Proof_DoesNotCutABackoffShort(t *testing.T) {
	s, _ := newTestSchedule(0)
	s.add("p/m/anna", 1)
	s.finish(ready(s)[0], 0, &Refusal{Verdict: Again, Reason: RateLimited, After: time.Minute})
	s.proven("p/m/anna")
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
		step := firstRetry * backoff[min(failures, len(backoff))-1]
		for _, jitter := range []float64{0, 0.5, 1} {
			got := backoffAfter(firstRetry, failures, jitter)
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
	department := GateDepartment("sales")
	for seq := Seq(1); seq <= crowd; seq++ {
		s.add(Lane(fmt.Sprintf("p/m/%04d", seq)), seq)
	}
	for _, turn := range ready(s) {
		s.finish(turn, 0, &Refusal{Verdict: Again, Reason: NoAgent, Gate: department, After: time.Minute})
	}
	s.openGate(department)
	var got []Lane
	for i := range crowd + 3 {
		if i%100 == 50 && i < 350 {
			s.add(Lane(fmt.Sprintf("p/m/x%d", i)), Seq(crowd+1+i))
		}
		s.mu.Lock()
		turn, ok := s.pick()
		s.mu.Unlock()
		if !ok {
			t.Fatalf("nothing is ready after %d turns", i)
		}
		got = append(got, turn.lane.id)
	}
	last := Lane("")
	for i, id := range got {
		if at := 0; id > "p/m/x" {
			if _, err := fmt.Sscanf(string(id), "p/m/x%d", &at); err != nil || i > at+1 {
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
	s.hold("p/c/anna")
	if pages, heads, all := s.byPage(), s.heads(), s.all(); len(pages) != 0 || len(heads) != 0 || len(all) != 0 {
		t.Errorf("waiting are %v by page, heads %v, all %v", pages, heads, all)
	}
	if s.holds("p/c/anna") || s.holdsBelow("p/c/") {
		t.Error("something waits in it")
	}
	s.add("p/m/ben", 6)
	s.add("p/c/anna", 7)
	if got := s.byPage()["p"]; got.waiting != 2 || got.oldest != 6 {
		t.Errorf("waiting at the page is %+v", got)
	}
	if !s.holds("p/c/anna") || !s.holdsBelow("p/c/") {
		t.Error("nothing waits in it")
	}
	s.letGo("p/c/anna", func(Seq) bool { return false })
	if got := lanesOf(ready(s)); !reflect.DeepEqual(got, []Lane{"p/m/ben", "p/c/anna"}) {
		t.Errorf("ready are %v", got)
	}
}
