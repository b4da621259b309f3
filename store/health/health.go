// Package health is how the writer of a store does, and whether its disk has room.
package health

import (
	"sync"
	"sync/atomic"
	"time"
)

// State is the outcome of the last commit.
type State struct {
	mu      sync.Mutex // guards all below
	failure error
	tried   time.Time
}

// Set says how the last commit ended.
func (h *State) Set(failure error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failure = failure
}

// Get returns how the last commit ended, and whether another should be tried: once a second.
func (h *State) Get(now time.Time) (failure error, try bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failure == nil || now.Sub(h.tried) < time.Second {
		return h.failure, false
	}
	h.tried = now
	return h.failure, true
}

// Disk asks for free space, once a second at most.
type Disk struct {
	isFull atomic.Bool

	mu    sync.Mutex // held by the one who asks; guards asked
	asked time.Time
}

// Full reports whether fewer bytes than the floor are free.
func (d *Disk) Full(now time.Time, floor uint64, free func() (uint64, error)) bool {
	if !d.mu.TryLock() {
		return d.isFull.Load() // somebody asks; a hanging disk must not hold all up
	}
	defer d.mu.Unlock()
	if now.Sub(d.asked).Abs() >= time.Second { // a clock that was set back as well
		d.asked = now
		bytes, err := free()
		d.isFull.Store(err == nil && bytes < floor)
	}
	return d.isFull.Load()
}
