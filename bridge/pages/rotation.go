package pages

import (
	"slices"
	"time"

	"messenger-bridge/bridge"
)

// rotation says which page is checked next, and when: in one period every page once,
// in the order of their ids, evenly spread. Pages that come or go change the pace and
// nothing else. The first round is quicker. It belongs to one goroutine.
type rotation struct {
	every  time.Duration  // the period
	quick  time.Duration  // at most so long between two pages of the first round
	first  int            // turns that are left of it
	jitter func() float64 // 0 to 1
	last   bridge.PageID  // checked
}

// next returns the page after the last one, false if there is none. pages are in the
// order of their ids.
func (r *rotation) next(pages []bridge.PageID) (bridge.PageID, bool) {
	if len(pages) == 0 {
		return "", false
	}
	i, found := slices.BinarySearch(pages, r.last)
	if found {
		i++
	}
	r.last = pages[i%len(pages)]
	r.first--
	return r.last, true
}

// nextBut is next without those whose turn came early.
func (r *rotation) nextBut(pages []bridge.PageID, early map[bridge.PageID]bool) (id bridge.PageID, ok bool) {
	for range pages {
		if id, ok = r.next(pages); !early[id] {
			return id, ok
		}
		delete(early, id)
	}
	return "", false
}

// pause returns how long to wait for the next of n pages: plus or minus a fifth, so
// that bridges that were started together do not stay together.
func (r *rotation) pause(n int) time.Duration {
	step := r.every / time.Duration(max(n, 1))
	if r.first > 0 {
		step = min(step, r.quick)
	}
	return time.Duration(float64(step) * (0.8 + 0.4*r.jitter()))
}

// hurry returns how long to wait between pages that should be checked soon: after
// an outage these may be all of them.
func (r *rotation) hurry(n int) time.Duration {
	return min(r.every/time.Duration(4*max(n, 1)), 200*time.Millisecond)
}
