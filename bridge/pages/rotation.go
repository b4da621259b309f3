package pages

import (
	"cmp"
	"slices"
	"time"

	"messenger-bridge/bridge"
)

// rotation says which page is checked next, and when: in one period every page once,
// in the order of their ids, evenly spread. Pages that come or go change the pace and
// nothing else. It belongs to one goroutine.
type rotation struct {
	every  time.Duration  // the period
	jitter func() float64 // 0 to 1
	last   bridge.PageID  // checked
}

// next returns the page after the last one, false if there is none. pages are in the
// order of their ids.
func (r *rotation) next(pages []bridge.Page) (bridge.PageID, bool) {
	if len(pages) == 0 {
		return "", false
	}
	i, found := slices.BinarySearchFunc(pages, r.last, func(p bridge.Page, id bridge.PageID) int { return cmp.Compare(p.ID, id) })
	if found {
		i++
	}
	r.last = pages[i%len(pages)].ID
	return r.last, true
}

// pause returns how long to wait for the next of n pages: plus or minus a fifth, so
// that bridges that were started together do not stay together.
func (r *rotation) pause(n int) time.Duration {
	step := float64(r.every) / float64(max(n, 1))
	return time.Duration(step * (0.8 + 0.4*r.jitter()))
}

// hurry returns how long to wait between pages that should be checked soon: after
// an outage these may be all of them.
func (r *rotation) hurry(n int) time.Duration {
	return min(r.every/time.Duration(4*max(n, 1)), 200*time.Millisecond)
}
