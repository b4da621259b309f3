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

// ages is a queue that counts how often it is asked for the ages of entries.
type ages struct {
	left
	asked *int
}

func (q ages) Accepted(seqs []bridge.Seq, each func(bridge.Seq, time.Time)) {
	for _, seq := range seqs {
		*q.asked++
		each(seq, time.Unix(int64(seq), 0))
	}
}

// TestBacklogs_AreCountedAsItComesAndGoes: who asks again and again has nothing read that
// was read before.
func TestBacklogs_AreCountedAsItComesAndGoes(t *testing.T) {
	asked := 0
	l := New(Config{Rules: Rules{Home: func(l bridge.Lane) bridge.Gate { return bridge.GatePage(l.Page) }, First: firstRetry}, Store: ages{asked: &asked}})
	if b := l.Backlog(); b != (bridge.Backlog{}) || len(l.Backlogs()) != 0 || asked != 0 {
		t.Errorf("of nothing waits %+v, %d asked", b, asked)
	}
	l.add(customer("p", "anna"), 1)
	l.add(customer("q", "ben"), 2)
	l.add(customer("p", "carl"), 3)
	l.add(customer("p", "anna"), 4)
	want := func(all bridge.Backlog, p, q bridge.Backlog, questions int) {
		t.Helper()
		pages := l.Backlogs()
		if got := l.Backlog(); got != all || pages["p"].Backlog != p || pages["q"].Backlog != q || asked != questions {
			t.Errorf("%+v waits, of p %+v, of q %+v, asked %d times; want %+v, %+v, %+v, %d", got, pages["p"], pages["q"], asked, all, p, q, questions)
		}
	}
	since := func(waiting int, seq int64) bridge.Backlog {
		return bridge.Backlog{Waiting: waiting, Oldest: time.Unix(seq, 0)}
	}
	want(since(4, 1), since(3, 1), since(1, 2), 2)
	want(since(4, 1), since(3, 1), since(1, 2), 2)
	anna, _ := l.next() // 1 and 4
	l.finish(anna, 1, nil)
	want(since(3, 2), since(2, 3), since(1, 2), 3)
	ben, _ := l.next()
	l.finish(ben, 1, nil)
	want(since(2, 3), since(2, 3), bridge.Backlog{}, 3)
}
