package replicas

import (
	"context"
	"errors"
	"syscall"
	"time"

	"messenger-bridge/store"
)

const (
	lookAtDisk = time.Second
	// giveOften is how long a leader whose disk is full leads at least: there may be nobody else.
	giveOften = time.Minute
)

// seams are what only tests of this package change.
type seams struct {
	room func() bool             // whether more can be stored than what is under way
	full func(*store.Store) bool // whether a leader's store takes nothing for want of room
}

func (c *Config) setSeams() {
	if c.seams.room == nil {
		o := c.Store
		c.seams.room = func() bool { return store.HasRoom(o) }
	}
	if c.seams.full == nil {
		c.seams.full = func(s *store.Store) bool { return errors.Is(s.Health(), store.ErrDiskFull) }
	}
}

// ofTheDisk reports whether an error comes from the operating system: it may be over when somebody
// has made room.
func ofTheDisk(err error) bool {
	var code syscall.Errno
	return errors.As(err, &code)
}

// letOthers waits while others may claim, if the disk is full here.
func letOthers(ctx context.Context, c Config) {
	if !c.seams.room() {
		pause(ctx, 2*c.Journal.TakeoverAfter)
	}
}

// watchDisk hands over when the store takes nothing because the disk is full.
func watchDisk(ctx context.Context, m *Member, s *store.Store) {
	for full := 0; ctx.Err() == nil; pause(ctx, lookAtDisk) {
		if full++; !m.cfg.seams.full(s) {
			full = 0
		}
		m.mu.Lock()
		if full > 1 && m.handOver != nil && time.Since(m.given) > giveOften {
			m.cfg.Log.Error("the disk is full, another replica is to lead", "file", m.cfg.Store.Path)
			m.given = time.Now()
			m.handOver(errHandOver)
		}
		m.mu.Unlock()
	}
}
