package replicas

import (
	"context"
	"io"
	"net"
	"net/http"

	"messenger-bridge/store"
)

// These set what only tests change.

// OnDisk replaces the look at the disk.
func (c Config) OnDisk(full func() bool) Config {
	c.seams.room = func() bool { return !full() }
	c.seams.full = func(*store.Store) bool { return full() }
	return c
}

// Copying replaces where snapshots are copied to.
func (c Config) Copying(to func(context.Context, io.Writer) io.Writer) Config {
	c.seams.copying = to
	return c
}

// Opening has something happen before a leader opens its file.
func (c Config) Opening(first func()) Config {
	c.seams.opening = func(store.Options) error { first(); return nil }
	return c
}

// Reach replaces how the leader is reached.
func (d *Desk) Reach(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	d.client.Transport.(*http.Transport).DialContext = dial
}
