package queue

import (
	"reflect"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// left is a queue in which an earlier run left something.
type left struct {
	bridge.Queue // nil: nothing else is called
	waiting      []bridge.Delivery
}

func (q left) Waiting(each func(*bridge.Delivery, int)) error {
	numbers := map[bridge.Lane]int{}
	for _, d := range q.waiting {
		if _, met := numbers[d.Lane]; !met {
			numbers[d.Lane] = len(numbers)
		}
		each(&d, numbers[d.Lane])
	}
	return nil
}

// TestLoad_BackoffGoesOnWhereItWas: a restart neither tries at once what was refused a
// moment ago, nor waits for ever because a clock was set.
func TestLoad_BackoffGoesOnWhereItWas(t *testing.T) {
	c := &clock{now: time.Unix(1_790_000_000, 0)}
	anna, ben, carl := customer("p", "anna"), customer("p", "ben"), customer("p", "carl")
	due := func(d time.Duration) bridge.History {
		return bridge.History{Tries: 9, Step: 5, Due: c.now.Add(d), Reason: bridge.MetaError}
	}
	l := New(Config{
		Rules: Rules{Home: func(l bridge.Lane) bridge.Gate { return bridge.GatePage(l.Page) }, First: firstRetry, Now: c.Now, Jitter: func() float64 { return 0.5 }},
		Clock: c.Now,
		Store: left{waiting: []bridge.Delivery{
			{Seq: 1, Lane: anna, History: due(20 * time.Second)}, {Seq: 2, Lane: ben, History: due(-time.Second)},
			{Seq: 3, Lane: anna}, {Seq: 4, Lane: carl, History: due(1000 * time.Hour)},
		}},
	})
	var oldest []bridge.Seq
	if err := l.Load(func(d *bridge.Delivery, first bool) {
		if first {
			oldest = append(oldest, d.Seq)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(oldest, []bridge.Seq{1, 2, 4}) || l.Look().Count() != 4 {
		t.Errorf("oldest are %v of %d", oldest, l.Look().Count())
	}
	if got := lanesOf(ready(l.Schedule)); !reflect.DeepEqual(got, []bridge.Lane{ben}) {
		t.Errorf("at once %v are tried", got)
	}
	c.advance(20 * time.Second)
	l.release()
	turns := ready(l.Schedule)
	if got := lanesOf(turns); !reflect.DeepEqual(got, []bridge.Lane{anna}) || !reflect.DeepEqual(turns[0].seqs, []bridge.Seq{1, 3}) {
		t.Fatalf("when it is due %v are tried", got)
	}
	if e := l.finish(turns[0], 0, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaError}); e.tries != 10 || e.step != 6 || e.wait != Backoff(firstRetry, 6, 0.5) || !e.news {
		t.Errorf("the next refusal counts as %+v", e)
	}
	c.advance(longestRest)
	l.release()
	if got := lanesOf(ready(l.Schedule)); len(got) != 2 {
		t.Errorf("after %v %v are tried", longestRest, got)
	}
}
