package pages

import (
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// refusals are what sending has shown of pages since they were last checked. Safe for
// concurrent use.
type refusals struct {
	mu     sync.Mutex // guards all below
	noted  map[bridge.PageID]*bridge.Refusal
	alarms map[bridge.PageID]time.Time // when a refusal was last found to be a false alarm
	barred map[bridge.PageID]bool      // answers to comments were refused
}

func newRefusals() *refusals {
	return &refusals{noted: map[bridge.PageID]*bridge.Refusal{}, alarms: map[bridge.PageID]time.Time{}, barred: map[bridge.PageID]bool{}}
}

// recordRefusal notes that everything of a page was refused, or, with nil, that something
// of it was taken.
func (r *refusals) recordRefusal(id bridge.PageID, refused *bridge.Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noted[id] = refused
}

// take returns what was noted about a page, and forgets it.
func (r *refusals) take(id bridge.PageID) (refused *bridge.Refusal, noted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	refused, noted = r.noted[id]
	delete(r.noted, id)
	return refused, noted
}

// recordBarred notes that an answer to a comment was refused for want of a permission.
func (r *refusals) recordBarred(id bridge.PageID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.barred[id] = true
}

// takeBarred returns whether that was noted, and forgets it.
func (r *refusals) takeBarred(id bridge.PageID) (barred bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer delete(r.barred, id)
	return r.barred[id]
}

// giveBack notes again what take returned, because a check found nothing out; what was
// noted meanwhile counts more.
func (r *refusals) giveBack(id bridge.PageID, refused *bridge.Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, noted := r.noted[id]; !noted {
		r.noted[id] = refused
	}
}

// retryAfterFalseAlarm reports whether what waits for a page may be tried again at once
// after a false alarm. It may, unless the last one was just before: then the gate's own
// time counts, so that nothing is called in a circle.
func (r *refusals) retryAfterFalseAlarm(id bridge.PageID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	recently := now.Sub(r.alarms[id]) < checkEvery
	r.alarms[id] = now
	return !recently
}
