// Package limits keeps a bot within the REST rate limiter of a workspace.
package limits

import (
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// Limits keeps the bot within the REST rate limiter, which counts per route and
// answers 429 beyond it (rocketchat.md 5). While the limiter is off or bypassed,
// answers carry no X-RateLimit headers and nothing is held back.
type Limits struct {
	now func() time.Time

	mu     sync.Mutex // guards all below
	active bool       // some answer carried the headers
	routes map[string]*window
}

// window is what we know of one route's fixed window.
type window struct {
	limit     int // calls a window allows; 0: not known yet
	remaining int // calls left, ours under way subtracted
	reset     time.Time
	trying    bool // the first call, which will tell the limit, is under way
	free      bool // the last answer carried no headers
}

const (
	learning   = 100 * time.Millisecond // how long others wait for the first answer of a route
	noIdea     = time.Minute            // how long to wait after a 429 that says nothing
	afterReset = 20 * time.Millisecond  // for clocks that differ a little
	atLeast    = time.Second            // how long to wait after a 429 whose window is over by our reckoning
)

// New returns Limits that know of none yet, by the workspace's clock.
func New(now func() time.Time) *Limits {
	return &Limits{now: now, routes: map[string]*window{}}
}

// Take asks for one call and returns how long to wait first; 0 means call now.
func (l *Limits) Take(route string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.active {
		return 0
	}
	w := l.window(route)
	now := l.now()
	switch {
	case w.free:
		return 0
	case w.limit == 0 && w.trying:
		return learning
	case w.limit == 0:
		w.trying = true
		return 0
	case !now.Before(w.reset):
		w.remaining, w.reset = w.limit, now.Add(time.Minute) // the answer corrects the time
	}
	if w.remaining <= 0 {
		return w.reset.Sub(now) + afterReset
	}
	w.remaining--
	return 0
}

// Undecided notes that a call brought no answer.
func (l *Limits) Undecided(route string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w := l.routes[route]; w != nil {
		w.trying = false
	}
}

// seconds is the only place where a 429 without headers says how long.
var seconds = regexp.MustCompile(`wait (\d+) seconds`)

// Learn takes what an answer says about the limit and, for a 429, returns how
// long to wait.
func (l *Limits) Learn(route string, status int, h http.Header, body []byte) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	limit, limited := 0, false
	if said := h.Get("X-Ratelimit-Limit"); said != "" {
		n, err := strconv.Atoi(said)
		limit, limited = n, err == nil
	}
	if !limited {
		if w := l.routes[route]; w != nil {
			w.trying = false
			w.free = status < 300
		}
		if status != http.StatusTooManyRequests {
			return 0
		}
		return SaidWait(h, body)
	}
	l.active = true
	w := l.window(route)
	w.trying, w.free = false, false
	remaining, _ := strconv.Atoi(h.Get("X-Ratelimit-Remaining"))
	millis, _ := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64)
	reset := time.UnixMilli(millis)
	if w.limit != 0 && now.Before(w.reset) { // calls under way are subtracted already
		remaining = min(w.remaining, remaining)
	}
	w.limit, w.remaining, w.reset = limit, remaining, reset
	if status != http.StatusTooManyRequests {
		return 0
	}
	wait := reset.Sub(now)
	if wait <= 0 {
		wait = atLeast
	}
	w.remaining, w.reset = 0, now.Add(wait)
	return wait + afterReset
}

// SaidWait is how long to wait by what an answer says, which is no limiter's of Rocket.Chat's.
func SaidWait(h http.Header, body []byte) time.Duration {
	said := h.Get("Retry-After")
	if m := seconds.FindSubmatch(body); m != nil {
		said = string(m[1])
	}
	if n, err := strconv.Atoi(said); err == nil {
		return min(time.Duration(max(n, 1))*time.Second, noIdea)
	}
	return noIdea
}

func (l *Limits) window(route string) *window {
	w := l.routes[route]
	if w == nil {
		w = &window{}
		l.routes[route] = w
	}
	return w
}

// InForce reports whether the workspace limits our calls of a route.
func (l *Limits) InForce(route string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.routes[route]
	return w != nil && w.limit > 0 && !w.free
}

// Seen returns what is known of a route's limit; 0 if it has none.
func (l *Limits) Seen(route string) (limit, left int, again time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.routes[route]
	if w == nil || w.free || w.limit == 0 {
		return 0, 0, 0
	}
	return w.limit, max(0, w.remaining), w.reset.Sub(l.now())
}
