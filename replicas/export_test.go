package replicas

import "messenger-bridge/store"

// These set what only tests change.

// OnDisk replaces the look at the disk.
func (c Config) OnDisk(full func() bool) Config {
	c.seams.room = func() bool { return !full() }
	c.seams.full = func(*store.Store) bool { return full() }
	return c
}
