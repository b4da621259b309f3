package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	tooLate   = 2 * time.Second // the writer is behind when somebody waits longer
	diskFloor = 64 << 20        // bytes; with less free nothing new is taken
)

// Health returns nil, or why nothing new can be stored: ErrBehind, ErrDiskFull,
// ErrClosed, or what the last commit failed of (ErrNotStored). In the last case it
// has the writer try again, once a second, so that a service nobody calls while
// it is not ready gets ready again.
func (s *Store) Health() error {
	select {
	case <-s.stop:
		return ErrClosed
	default:
	}
	err, try := s.health.get(time.Now())
	if try {
		select {
		case s.ops <- &op{apply: func(*group) {}, handedIn: time.Now(), done: make(chan error, 1)}:
		default: // others are trying
		}
	}
	if err != nil {
		return err
	}
	return s.refusal()
}

// refusal returns why nothing new is taken, or nil.
func (s *file) refusal() error {
	if since := s.busy.Load(); since != nil {
		if late := time.Since(*since); late > tooLate {
			return fmt.Errorf("%w: for %v", ErrBehind, late.Round(time.Second))
		}
	}
	if s.disk.full(s) {
		return ErrDiskFull
	}
	return nil
}

// health is the outcome of the last commit.
type health struct {
	mu      sync.Mutex // guards all below
	failure error
	tried   time.Time
}

func (h *health) set(failure error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failure = failure
}

func (h *health) get(now time.Time) (failure error, try bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failure == nil || now.Sub(h.tried) < time.Second {
		return h.failure, false
	}
	h.tried = now
	return h.failure, true
}

// disk asks for free space, once a second at most.
type disk struct {
	isFull atomic.Bool

	mu    sync.Mutex // held by the one who asks; guards asked
	asked time.Time
}

func (d *disk) full(s *file) bool {
	if !d.mu.TryLock() {
		return d.isFull.Load() // somebody asks; a hanging disk must not hold all up
	}
	defer d.mu.Unlock()
	if now := s.now(); now.Sub(d.asked).Abs() >= time.Second {
		d.asked = now
		free, err := s.seams.free(s.path)
		d.isFull.Store(err == nil && free < diskFloor)
	}
	return d.isFull.Load()
}
