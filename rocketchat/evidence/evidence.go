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

	mu      sync.Mutex // guards all below
	routes  map[string]*route
	passed  latest // of all calls that were let through,
	trouble latest // and of all that met trouble of the workspace
}

// latest are the last calls of two senders.
type latest struct{ one, other pass }

func (l *latest) note(p pass) {
	if p.at.Before(l.one.at) { // it ends after one that began later
		if p.of != l.one.of && p.at.After(l.other.at) {
			l.other = p
		}
		return
	}
	if l.one.of != p.of {
		l.other = l.one
	}
	l.one = p
}

// byOthers is the last of them that somebody else than a sender made.
func (l *latest) byOthers(of string) pass {
	if l.one.of != of {
		return l.one
	}
	if l.other.of != of {
		return l.other
	}
	return pass{}
}

// route is what is known of one.
type route struct {
	passed   latest             // calls that were let through
	refused  map[string]refusal // by sender; of none who was let through since
	tellable bool               // somebody was told that everybody is refused
}

// pass is a call of a sender, when it began, and when its answer was there: in between the workspace let
// it through, nobody knows when.
type pass struct {
	of        string
	at, ended time.Time
}

// refusal is since when a sender is refused, when last, and whether that looked like trouble
// of the workspace.
type refusal struct {
	since, last time.Time
	trouble     bool
	witness     time.Time // when somebody else's call had passed that began since then; of several any
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

// Passed notes that a call was let through. of is whom it was for; empty: nobody in particular. What counts is when it began: it tells nothing of an outage that began since.
// Passed reports whether everybody was refused before, as far as was told.
func (b *Book) Passed(name, of string, began time.Time) (recovered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.route(name)
	passed := pass{of, began, b.now()}
	r.passed.note(passed)
	b.passed.note(passed)
	delete(r.refused, of)
	recovered, r.tellable = r.tellable, false
	return recovered
}

// Refused notes that a call was refused, and returns what became of others since that
// sender is refused. Those refused for other things than trouble tell nothing of trouble,
// and the other way round; those who passed tell nothing of a call that had begun before theirs was
// through: an outage may have ended between the two.
func (b *Book) Refused(name, of string, trouble bool, began time.Time) bridge.Others {
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
	if passed := r.passed.byOthers(of); mine.witness.IsZero() && !passed.at.Before(mine.since) {
		mine.witness = passed.ended
	}
	r.refused[of] = mine
	if trouble {
		b.trouble.note(pass{of, now, now})
	}
	return r.others(of, trouble, now, began)
}

// others is what became of others since a sender is refused. That one passed tells nothing any
// more when another was refused since, and it is a while ago: an outage may have begun.
func (r *route) others(of string, trouble bool, now, began time.Time) bridge.Others {
	passed, refused := r.passed.byOthers(of).at, time.Time{}
	for other, its := range r.refused {
		if other != of && its.trouble == trouble && now.Sub(its.last) < fresh && its.last.After(refused) {
			refused = its.last
		}
	}
	switch {
	case r.passedSince(of, passed, refused, now) && !r.refused[of].witness.After(began):
		return bridge.OthersPass
	case !refused.IsZero():
		return bridge.OthersRefused
	}
	return bridge.OthersSilent
}

// passedSince reports whether somebody else's call passed since a sender is refused, and
// nothing says that this changed.
func (r *route) passedSince(of string, passed, refused, now time.Time) bool {
	return !passed.Before(r.refused[of].since) && (now.Sub(passed) < lately || refused.Before(passed))
}

// Works reports whether the workspace lets others through with whatever they call, since a
// sender is refused on a route: then it is not down.
func (b *Book) Works(name, of string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.route(name).passedSince(of, b.passed.byOthers(of).at, b.trouble.byOthers(of).at, b.now())
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
