package intake

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Door lets a number of connections in. Whoever comes when it is full takes the place of one
// that has proven nothing: first of those that wait or dawdle with their headers, then of those
// whose request is under way; of the address that has most, the one that is longest at it.
type Door struct {
	most      int
	dismissed func() // one had to go; may be nil

	mu     sync.Mutex // guards inside
	inside map[*conn]struct{}
}

// NewDoor returns a door for so many connections; dismissed is called for each that has to go.
func NewDoor(most int, dismissed func()) *Door {
	return &Door{most: most, dismissed: dismissed, inside: map[*conn]struct{}{}}
}

// Guard has a server and what it listens on use the door.
func (d *Door) Guard(s *http.Server, l net.Listener) net.Listener {
	next := s.Handler
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(connKey{}).(*conn)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		c.begin(atWork)
		defer func() {
			c.begin(waits)
			if r.ContentLength != 0 { // what was left unread is not waited for long
				_ = c.SetReadDeadline(time.Now().Add(leftUnread))
			}
		}()
		next.ServeHTTP(w, r)
	})
	return guarded{l, d}
}

// leftUnread is how long the server reads on for a body that nobody wanted.
const leftUnread = time.Second

type connKey struct{}

// Prove says that whoever sends a request has shown that they may: their connection gives way
// to nobody while others can.
func Prove(ctx context.Context) {
	if c, ok := ctx.Value(connKey{}).(*conn); ok {
		c.proven.Store(true)
	}
}

// guarded is a listener with a door.
type guarded struct {
	net.Listener
	door *Door
}

// Accept returns the next connection that is let in.
func (g guarded) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if in := g.door.enter(c); in != nil {
			return in, nil
		}
		c.Close()
	}
}

// What a connection is at.
const (
	waits = iota
	atWork
)

// conn is a connection that was let in.
type conn struct {
	net.Conn
	door   *Door
	owner  Owner
	at     atomic.Int32 // waits or atWork
	since  atomic.Int64 // nanoseconds of the Unix time
	proven atomic.Bool
}

func (c *conn) begin(at int32) {
	c.at.Store(at)
	c.since.Store(time.Now().UnixNano())
}

// Close ends the connection and gives its place free.
func (c *conn) Close() error {
	c.door.mu.Lock()
	delete(c.door.inside, c)
	c.door.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite lets the server end its half first, so that an answer is read before the rest
// of a request is refused.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// enter lets a connection in, in another's place if need be; nil if nobody can go.
func (d *Door) enter(c net.Conn) *conn {
	in := &conn{Conn: c, door: d, owner: at(c.RemoteAddr().String())}
	in.begin(waits)
	d.mu.Lock()
	var victim *conn
	full := len(d.inside) >= d.most
	if full {
		victim = d.leastWorthy()
		delete(d.inside, victim)
	}
	if !full || victim != nil {
		d.inside[in] = struct{}{}
	}
	d.mu.Unlock()
	if !full {
		return in
	}
	if d.dismissed != nil {
		d.dismissed()
	}
	if victim == nil {
		return nil
	}
	victim.Conn.Close()
	return in
}

// leastWorthy returns who has to go, or nil.
func (d *Door) leastWorthy() *conn {
	held := map[Owner]int{}
	for c := range d.inside {
		if !c.proven.Load() {
			held[c.owner]++
		}
	}
	var found *conn
	now := time.Now()
	for c := range d.inside {
		if c.rank(now) < mayStay && (found == nil || c.before(found, held, now)) {
			found = c
		}
	}
	return found
}

// mayStay is the rank of a request that is under way and proven.
const mayStay = 3

// moment is what a connection has to send the headers of a request in before it counts as
// one that dawdles.
const moment = 500 * time.Millisecond

// rank orders connections by how soon they have to go.
func (c *conn) rank(now time.Time) int {
	working := c.at.Load() == atWork
	switch proven := c.proven.Load(); {
	case !proven && !working && now.UnixNano()-c.since.Load() > int64(moment):
		return 0
	case !proven:
		return 1
	case !working:
		return 2
	}
	return mayStay
}

// before reports whether a connection has to go before another one.
func (c *conn) before(other *conn, held map[Owner]int, now time.Time) bool {
	if a, b := c.rank(now), other.rank(now); a != b {
		return a < b
	}
	if a, b := held[c.owner], held[other.owner]; a != b {
		return a > b
	}
	return c.since.Load() < other.since.Load()
}
