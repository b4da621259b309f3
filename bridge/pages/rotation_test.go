package pages

import (
	"fmt"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

const period = 5 * time.Minute

func TestRotation_ThousandPages_AreSpreadOverThePeriod(t *testing.T) {
	for _, n := range []int{1, 2, 1000} {
		var pages []bridge.PageID
		for i := range n {
			pages = append(pages, bridge.PageID(fmt.Sprintf("%04d", i)))
		}
		r := &rotation{every: period, jitter: func() float64 { return 0.5 }}
		checked := map[bridge.PageID]int{}
		busiest, second, at := 0, map[int]int{}, time.Duration(0)
		for range 3 * n {
			at += r.pause(n)
			id, _ := r.next(pages)
			checked[id]++
			second[int(at/time.Second)]++
			busiest = max(busiest, second[int(at/time.Second)])
		}
		for id, times := range checked {
			if times != 3 {
				t.Errorf("%d pages: %s was checked %d times in three rotations", n, id, times)
			}
		}
		if len(checked) != n || at > 3*period+time.Second || at < 3*period-time.Second {
			t.Errorf("%d pages: three rotations over %d pages took %s", n, len(checked), at)
		}
		if busiest > n/300+2 {
			t.Errorf("%d pages: %d checks in one second", n, busiest)
		}
	}
}

func TestRotation_PagesComeAndGo_TheOthersKeepTheirTurn(t *testing.T) {
	r := &rotation{every: time.Minute, jitter: func() float64 { return 0.5 }}
	list := func(ids ...bridge.PageID) []bridge.PageID { return ids }
	for i, step := range []struct {
		pages []bridge.PageID
		want  bridge.PageID
	}{
		{list("b", "d"), "b"}, {list("a", "b", "c", "d"), "c"}, {list("a", "d"), "d"}, {list("a", "d"), "a"}, {list("b"), "b"}, {nil, ""}, {list("a"), "a"},
	} {
		if id, ok := r.next(step.pages); id != step.want || ok != (step.want != "") {
			t.Errorf("step %d: %q, %v", i, id, ok)
		}
	}
	if r.hurry(1000) < 50*time.Microsecond || r.hurry(0) > 200*time.Millisecond {
		t.Error("urgent checks burst, or are not urgent")
	}
}

func TestRotation_AtAStart_EveryPageHasItsTurnSoon(t *testing.T) {
	for n, most := range map[int]time.Duration{1: time.Second, 100: 15 * time.Second, 1000: 2*time.Minute + time.Second, 5000: period + time.Second} {
		for _, jitter := range []float64{0, 0.5, 1} {
			r := &rotation{every: period, quick: firstStep, first: n, jitter: func() float64 { return jitter }}
			var pages []bridge.PageID
			for i := range n {
				pages = append(pages, bridge.PageID(fmt.Sprintf("%04d", i)))
			}
			seen, took := map[bridge.PageID]bool{}, time.Duration(0)
			for range n {
				took += r.pause(n)
				id, _ := r.next(pages)
				seen[id] = true
			}
			if len(seen) != n || took > most*6/5 || jitter <= 0.5 && took > most {
				t.Errorf("%d pages: at a start, %d are looked at in %s", n, len(seen), took)
			}
			if n >= 1000 && r.pause(n) < period/time.Duration(n)*4/5 {
				t.Errorf("%d pages: the second round is as quick", n)
			}
		}
	}
}
