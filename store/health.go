package store

import (
	"fmt"
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
	err, try := s.health.Get(time.Now())
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

// HasRoom reports whether the disk of a store has room for more than what is under way.
func HasRoom(o Options) bool {
	o.setDefaults()
	free, err := o.seams.free(o.Path)
	return err != nil || free >= diskFloor
}

// refusal returns why nothing new is taken, or nil.
func (s *file) refusal() error {
	if since := s.busy.Load(); since != nil {
		if late := time.Since(*since); late > tooLate {
			return fmt.Errorf("%w: for %v", ErrBehind, late.Round(time.Second))
		}
	}
	if s.disk.Full(s.now(), diskFloor, func() (uint64, error) { return s.seams.free(s.path) }) {
		return ErrDiskFull
	}
	return nil
}
