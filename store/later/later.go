// Package later holds what must be written by a time, the earliest first.
package later

import "time"

// slice is how much is taken at once, at least.
const slice = 512

// Line is keys that wait. It has no lock of its own.
type Line struct{ waiting []key }

type key struct {
	name string
	by   time.Time
}

// Add puts a key at the end, and reports whether it is the only one.
func (l *Line) Add(name string, by time.Time) (only bool) {
	l.waiting = append(l.waiting, key{name, by})
	return len(l.waiting) == 1
}

// Take calls each for the oldest slice, if the time of the first has come.
func (l *Line) Take(now time.Time, each func(name string)) {
	if len(l.waiting) == 0 || now.Before(l.waiting[0].by) {
		return
	}
	n := min(len(l.waiting), max(slice, len(l.waiting)/64))
	for _, k := range l.waiting[:n] {
		each(k.name)
	}
	if l.waiting = l.waiting[n:]; len(l.waiting) == 0 {
		l.waiting = nil
	}
}

// Wait returns for how long the first waits, not less than least; 0 if nothing waits.
func (l *Line) Wait(now time.Time, least time.Duration) time.Duration {
	if len(l.waiting) == 0 {
		return 0
	}
	return max(l.waiting[0].by.Sub(now), least)
}
