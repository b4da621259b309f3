// Package evidence remembers which calls the workspace lets through and which it refuses, so
// that what it refuses of one sender can be told from what it refuses of everybody.
package evidence

import (
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// Book is what is known of all routes. Safe for concurrent use.
type Book struct {
	now func() time.Time

	mu     sync.Mutex // guards routes
	routes map[string]*route
}

// route is what is known of one.
type route struct {
	passed   pass               // the last call that was let through,
	other    pass               // and the last of anybody else
	refused  map[string]refusal // by sender; of none who was let through since
	tellable bool               // somebody was told that everybody is refused
}

type pass struct {
	of string
	at time.Time
}

// refusal is since when a sender is refused, when last, and whether that looked like trouble
// of the workspace.
type refusal struct {
	since, last time.Time
	trouble     bool
}

const (
	// mostRefused bounds how many senders are remembered for each route.
	mostRefused = 1000
	// fresh is how old a refusal may be to count for everybody: longer than anything waits
	// before it is tried again.
	fresh = 5 * time.Minute
	// lately is how long ago a call may have passed to count although another one was refused
	// since.
	lately = 10 * time.Second
)

// New returns an empty book.
func New(now func() time.Time) *Book { return &Book{now: now, routes: map[string]*route{}} }

// Passed notes that a call was let through, whose ever it is; of is empty if it is nobody's in
// particular. It reports whether everybody was refused before, as far as was told.
func (b *Book) Passed(name, of string) (recovered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.route(name)
	if r.passed.of != of {
		r.other = r.passed
	}
	r.passed = pass{of, b.now()}
	delete(r.refused, of)
	recovered, r.tellable = r.tellable, false
	return recovered
}

// Refused notes that a call was refused, and returns what became of others since that
// sender is refused. Those refused for other things than trouble tell nothing of trouble,
// and the other way round.
func (b *Book) Refused(name, of string, trouble bool) bridge.Others {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, now := b.route(name), b.now()
	mine := r.refused[of]
	if mine.since.IsZero() {
		mine.since = now
	}
	mine.last, mine.trouble = now, trouble
	if len(r.refused) >= mostRefused {
		r.forget(now)
	}
	r.refused[of] = mine
	return r.others(of, trouble, now)
}

// others is what became of others since a sender is refused. That one passed tells nothing any
// more when another was refused since, and it is a while ago: an outage may have begun.
func (r *route) others(of string, trouble bool, now time.Time) bridge.Others {
	var passed, refused time.Time
	for _, p := range []pass{r.passed, r.other} {
		if p.of != of && p.at.After(passed) {
			passed = p.at
		}
	}
	for other, its := range r.refused {
		if other != of && its.trouble == trouble && now.Sub(its.last) < fresh && its.last.After(refused) {
			refused = its.last
		}
	}
	switch {
	case !passed.Before(r.refused[of].since) && (now.Sub(passed) < lately || refused.Before(passed)):
		return bridge.OthersPass
	case !refused.IsZero():
		return bridge.OthersRefused
	}
	return bridge.OthersSilent
}

// Told notes that somebody was told that everybody is refused.
func (b *Book) Told(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.route(name).tellable = true
}

func (b *Book) route(name string) *route {
	r := b.routes[name]
	if r == nil {
		r = &route{refused: map[string]refusal{}}
		b.routes[name] = r
	}
	return r
}

// forget makes room: what is old goes, and if nothing is, all.
func (r *route) forget(now time.Time) {
	for of, its := range r.refused {
		if now.Sub(its.last) >= fresh {
			delete(r.refused, of)
		}
	}
	if len(r.refused) >= mostRefused {
		clear(r.refused)
	}
}
