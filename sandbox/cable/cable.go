// Package cable is a line between two programs on this machine that can be cut, slowed down and
// broken.
package cable

import (
	"net"
	"sync"
	"time"
)

// Cable leads to one address. Its methods are safe for concurrent use.
type Cable struct {
	listener net.Listener
	ends     chan struct{} // closed by Close

	mu    sync.Mutex // guards all below
	to    string
	whole chan struct{} // closed while something gets through
	delay time.Duration
	rate  int // bytes a second, each way and connection; 0: as many as there are
	conns map[net.Conn]struct{}
}

// New returns a cable to an address at which something listens or will.
func New(to string) (*Cable, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &Cable{listener: l, to: to, ends: make(chan struct{}), whole: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	close(c.whole)
	go c.accept()
	return c, nil
}

// Address is where the cable begins.
func (c *Cable) Address() string { return c.listener.Addr().String() }

// Cut has nothing get through, either way, until it is whole again: what is under way waits, as in
// a network that loses all packets.
func (c *Cable) Cut(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.whole:
		if cut {
			c.whole = make(chan struct{})
		}
	default:
		if !cut {
			close(c.whole)
		}
	}
}

// Lead leads the cable elsewhere. What is under way breaks off.
func (c *Cable) Lead(to string) {
	c.mu.Lock()
	c.to = to
	c.mu.Unlock()
	c.Break()
}

// Slow has all that gets through take so long, each way.
func (c *Cable) Slow(delay time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.delay = delay
}

// Narrow has only so many bytes a second get through each way of a connection; 0: as many as there are.
func (c *Cable) Narrow(bytesPerSecond int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rate = bytesPerSecond
}

// Break ends all connections.
func (c *Cable) Break() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		conn.Close()
	}
}

// Close ends the cable.
func (c *Cable) Close() {
	close(c.ends)
	c.listener.Close()
	c.Break()
}

func (c *Cable) accept() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		go c.join(near)
	}
}

// join forwards both ways until one end is gone.
func (c *Cable) join(near net.Conn) {
	defer near.Close()
	if !c.through(0) {
		return
	}
	c.mu.Lock()
	to := c.to
	c.mu.Unlock()
	far, err := net.DialTimeout("tcp", to, time.Second)
	if err != nil {
		return
	}
	defer far.Close()
	c.hold(near, far)
	defer c.let(near, far)
	var both sync.WaitGroup
	both.Go(func() { c.forward(far, near) })
	both.Go(func() { c.forward(near, far) })
	both.Wait()
}

func (c *Cable) hold(conns ...net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range conns {
		c.conns[conn] = struct{}{}
	}
}

func (c *Cable) let(conns ...net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range conns {
		delete(c.conns, conn)
	}
}

// through waits until so many bytes get through, and reports false when the cable has ended.
func (c *Cable) through(bytes int) bool {
	c.mu.Lock()
	whole, delay := c.whole, c.delay
	if c.rate > 0 {
		delay += time.Duration(bytes) * time.Second / time.Duration(c.rate)
	}
	c.mu.Unlock()
	select {
	case <-whole:
	case <-c.ends:
		return false
	}
	if delay > 0 {
		time.Sleep(delay)
	}
	return true
}

func (c *Cable) forward(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if !c.through(n) {
			return
		}
		if n > 0 {
			if _, failed := to.Write(buf[:n]); failed != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
