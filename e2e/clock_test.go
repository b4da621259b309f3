package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

var (
	steps    = flag.Int("steps", 12, "how often TestClock_StepsWhilePeopleWrite_NothingIsLostOrDoubled sets the bridge's clock; 200 is the long form")
	stepSeed = flag.Uint64("step-seed", 0, "of its steps; 0 draws one")
)

// wrongClock is right until it is set.
type wrongClock struct{ by atomic.Int64 }

func (c *wrongClock) now() time.Time       { return time.Now().Add(time.Duration(c.by.Load())) }
func (c *wrongClock) set(by time.Duration) { c.by.Store(int64(by)) }

// newWrongWorld has a bridge whose clock can be set while it runs; both platforms
// have the right time.
func newWrongWorld(t *testing.T) (*world, *wrongClock) {
	t.Helper()
	w, clock := newWorld(t, bypassed), &wrongClock{}
	w.cfg.Now, w.cfg.Times.EchoWait = clock.now, 100*time.Millisecond
	return w, clock
}

func TestClock_StepsWhilePeopleWrite_NothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	if *stepSeed == 0 {
		*stepSeed = rand.Uint64()
	}
	t.Logf("replay with: go test ./e2e -run %s -step-seed %d -steps %d", t.Name(), *stepSeed, *steps)
	random := rand.New(rand.NewPCG(*stepSeed, 1))
	w, clock := newWrongWorld(t)
	w.run()
	customers := []string{anna, ben}
	rooms := make([]string, len(customers))
	for c, customer := range customers {
		w.meta.CustomerWrites(page, customer, fmt.Sprintf("c%d 0", c))
		w.eventually("there is a room", func() bool { return len(w.rc.Rooms()) == c+1 && len(w.texts()) == c+1 })
		rooms[c] = w.rc.Rooms()[c].ID
	}
	stopTalking := make(chan struct{})
	var talking sync.WaitGroup
	said, asked := make([]int, len(customers)), make([]int, len(customers))
	for c, customer := range customers {
		asked[c] = 1
		talking.Go(func() {
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-stopTalking:
					return
				case <-tick.C:
				}
				if asked[c]-len(w.rc.CustomerTexts(rooms[c])) < 4 && asked[c]-said[c] < 4 {
					w.meta.CustomerWrites(page, customer, fmt.Sprintf("c%d %d", c, asked[c]))
					asked[c]++
				}
				if said[c]-len(w.meta.CustomerSees(page, customer)) < 4 {
					w.agent.Says(rooms[c], fmt.Sprintf("answer %d", said[c]))
					said[c]++
				}
			}
		})
	}
	outcomes := []*meta.SendOutcome{meta.Status500(false), meta.DeliveredThenCut(), meta.CutBefore(), meta.Status500(true)}
	const hour, day = time.Hour, 24 * time.Hour
	offsets := []time.Duration{0, 5 * time.Second, -5 * time.Second, hour, -hour, day, -day, 6 * day, -40 * day}
	for n := range *steps {
		heard := len(w.texts())
		if n%3 == 0 { // now and then: after some attempts an answer is given up
			w.meta.NextSends(outcomes[random.IntN(len(outcomes))])
		}
		clock.set(offsets[random.IntN(len(offsets))])
		w.eventually("people write on", func() bool { return len(w.texts()) > heard })
		if n%5 == 4 { // what was written down by one clock is read by another
			w.halt()
			clock.set(offsets[random.IntN(len(offsets))])
			w.run()
		}
	}
	close(stopTalking)
	talking.Wait()
	for c, customer := range customers {
		w.eventually("agents read everything", func() bool { return len(w.rc.CustomerTexts(rooms[c])) >= asked[c] })
		w.eventually("customers read everything, or agents are told", func() bool { return len(w.received(customer))+len(w.marked(rooms[c])) >= said[c] })
	}
	w.settled()
	for c, customer := range customers {
		inOrder(t, fmt.Sprintf("what agents read of customer %d", c), w.rc.CustomerTexts(rooms[c]), asked[c]) // perhaps with the time below which it was written
		marked := w.marked(rooms[c])                                                                          // perhaps delivered, perhaps not
		sure := func(text string) bool { return !slices.Contains(marked, text) }
		if got := w.received(customer); len(slices.Compact(slices.Sorted(slices.Values(got)))) != len(got) {
			t.Errorf("customer %d reads something twice: %q", c, got)
		}
		var want []string
		for n := range said[c] {
			want = append(want, fmt.Sprintf("answer %d", n))
		}
		if got, want := filter(w.received(customer), sure), filter(want, sure); !slices.Equal(got, want) {
			t.Errorf("customer %d reads %q, not %q; marked are %q", c, got, want, marked)
		}
	}
	if len(w.rc.Rooms()) != len(customers) {
		t.Errorf("%d rooms", len(w.rc.Rooms()))
	}
	t.Logf("%d steps, %d messages in, %d out", *steps, sum(asked), sum(said))
}

// marked are the texts of the answers in a room of which the agent is told that they
// did not arrive, or perhaps not.
func (w *world) marked(rid string) (texts []string) {
	for _, m := range w.rc.Messages(rid) {
		if m.Reactions[":warning:"] != nil {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// filter keeps what is wanted.
func filter(texts []string, wanted func(string) bool) (kept []string) {
	for _, text := range texts {
		if wanted(text) {
			kept = append(kept, text)
		}
	}
	return kept
}

// An answer is looked for some time after it was tried, not when the clock has come
// there again.
func TestClock_SetBackWhileAnAnswerIsUnclear_DoesNotHoldItUp(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]*meta.SendOutcome{"it arrived": meta.DeliveredThenCut(), "it did not": meta.CutBefore()} {
		t.Run(name, func(t *testing.T) {
			w, clock := newWrongWorld(t)
			w.cfg.Times.EchoWait = 500 * time.Millisecond
			w.run()
			w.meta.Echoes(meta.EchoNever)
			w.meta.CustomerWrites(page, anna, "hello")
			rid := w.room()
			w.meta.NextSends(o)
			w.meta.FailReads(1, meta.ReduceData()) // what is found at once is not unclear
			w.agent.Says(rid, "first")
			w.eventually("it is unclear", func() bool {
				return strings.Contains(w.log.String(), "direction=out lane="+page+" delivery=1 reason=settling")
			})
			clock.set(-time.Hour)
			w.agent.Says(rid, "second")
			w.eventually("both arrive", func() bool { return len(w.received(anna)) >= 2 })
			w.settled()
			if got := fmt.Sprint(w.received(anna)); got != "[first second]" {
				t.Errorf("Anna reads %s", got)
			}
		})
	}
}

// A reaction to a message nobody has heard of waits for it a while, not until the clock
// has come there again.
func TestClock_SetBackWhileAReactionWaits_ItWaitsNoLonger(t *testing.T) {
	t.Parallel()
	w, clock := newWrongWorld(t)
	w.run()
	w.meta.CustomerWrites(page, anna, "hello")
	w.room()
	w.meta.Send(w.meta.ReactionEvent(page, anna, "m_never_seen", "love", "❤", time.Now()))
	w.eventually("it waits", func() bool { return w.meta.Waiting() == 0 && w.health().In.Waiting > 0 })
	clock.set(-time.Hour)
	w.settled()
}
