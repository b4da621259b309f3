package messenger

import (
	"net/http"
	"sync"
	"time"
)

// skew is by how much Meta's clock is ahead of ours, in whole seconds, as answers tell.
// Our clock may be set at any moment, so it may have been another one when something
// was written down.
type skew struct {
	mu      sync.Mutex
	latest  time.Duration
	least   time.Duration // of the last day
	leastAt time.Time     // when it was the least last; zero: nothing is known yet
}

// learn takes the time of an answer.
func (s *skew) learn(h http.Header, ours time.Time) {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = at.Sub(ours).Truncate(time.Second)
	// time.Since goes on evenly, whatever becomes of the clock.
	if s.leastAt.IsZero() || s.latest <= s.least || time.Since(s.leastAt) > 24*time.Hour {
		s.least, s.leastAt = s.latest, time.Now()
	}
}

// now is by how much Meta's clock is ahead at present.
func (s *skew) now() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latest
}

// meta turns a time by our clock of this moment into one by Meta's.
func (s *skew) meta(t time.Time) time.Time { return t.Add(s.now()) }

// earliest turns a time that was written down by our clock, as it was then, into one by
// Meta's that is not later. Whoever looks for a message from there on misses none.
func (s *skew) earliest(t time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return t.Add(min(s.least, 0))
}

// second is earliest where Meta tells whole seconds only.
func (s *skew) second(t time.Time) time.Time {
	return s.earliest(t).Truncate(time.Second).Add(-time.Second)
}
