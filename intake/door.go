package intake

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Door lets a number of connections in. Whoever comes when it is full takes the place of one
// that has had a moment and proven nothing: first of those that wait or dawdle with their headers,
// then of those whose request is under way; of the address that has most, the one that is longest
// at it.
type Door struct {
	most      int
	dismissed func() // one had to go

	mu     sync.Mutex // guards all below
	inside map[*conn]struct{}
	held   map[Owner]int // how many of inside have proven nothing, by address
}

// NewDoor returns a door for so many connections; dismissed is called for each that has to go.
func NewDoor(most int, dismissed func()) *Door {
	return &Door{most: most, dismissed: dismissed, inside: map[*conn]struct{}{}, held: map[Owner]int{}}
}

// Guard has a server and what it listens on use the door.
func (d *Door) Guard(s *http.Server, l net.Listener) net.Listener {
	next := s.Handler
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, bare(c))
	}
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
	c, ok := ctx.Value(connKey{}).(*conn)
	if !ok || c.proven.Load() {
		return
	}
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	if _, in := c.door.inside[c]; in && !c.proven.Swap(true) {
		c.door.hold(c.owner, -1)
	}
}

// bare is a connection without TLS around it.
func bare(c net.Conn) net.Conn {
	if t, ok := c.(*tls.Conn); ok {
		return t.NetConn()
	}
	return c
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
		c.Close() // #nosec G104 -- it is to end, however
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
	c.door.leave(c)
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

// enter lets a connection in, in another's place if need be, once somebody can go; nil if
// nobody can for a while.
func (d *Door) enter(c net.Conn) *conn {
	in := &conn{Conn: c, door: d, owner: at(c.RemoteAddr().String())}
	in.begin(waits)
	end := time.Now().Add(patience)
	for {
		victim, let := d.take(in)
		switch {
		case victim != nil:
			d.dismissed()
			victim.Conn.Close() // #nosec G104 -- it is to end, however
			return in
		case let:
			return in
		case time.Now().After(end):
			d.dismissed()
			return nil
		}
		time.Sleep(lookAgain) // those who come next wait in the system's queue
	}
}

// lookAgain is how soon the door looks again whether somebody can go.
const lookAgain = 5 * time.Millisecond

// take gives a connection a free place, or that of a victim.
func (d *Door) take(in *conn) (victim *conn, let bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.inside) >= d.most {
		if victim = d.leastWorthy(); victim == nil {
			return nil, false
		}
		d.leave(victim)
	}
	in.begin(waits)
	d.inside[in] = struct{}{}
	d.hold(in.owner, 1)
	return victim, true
}

// leave gives the place of a connection free. The caller holds the lock.
func (d *Door) leave(c *conn) {
	if _, in := d.inside[c]; !in {
		return
	}
	delete(d.inside, c)
	if !c.proven.Load() {
		d.hold(c.owner, -1)
	}
}

// hold counts a connection that has proven nothing, or one less.
func (d *Door) hold(o Owner, n int) {
	if d.held[o] += n; d.held[o] <= 0 {
		delete(d.held, o)
	}
}

// fewAreAsked is how many connections are compared: to compare all would cost more, each
// time somebody comes to a full house, than letting them in.
const fewAreAsked = 64

// leastWorthy returns who has to go, or nil. It compares a number of them, whoever they are;
// only where none of those dawdles, all.
func (d *Door) leastWorthy() (found *conn) {
	now, asked := time.Now(), 0
	for c := range d.inside { // in no order
		if found == nil || c.before(found, now) {
			found = c
		}
		if asked++; asked >= fewAreAsked && found.rank(now) < young {
			return found
		}
	}
	if r := found.rank(now); r == young || r == mayStay {
		return nil
	}
	return found
}

// moment is what everybody has to send a request, and to have it answered, before they may
// have to go.
const moment = 200 * time.Millisecond

// Ranks, by which connections have to go.
const (
	dawdles = iota
	dawdlesAtWork
	young // and is waited for
	rests // and is proven
	mayStay
)

// rank orders connections by how soon they have to go.
func (c *conn) rank(now time.Time) int {
	working := c.at.Load() == atWork
	switch proven := c.proven.Load(); {
	case proven && working:
		return mayStay
	case proven:
		return rests
	case now.UnixNano()-c.since.Load() < int64(moment):
		return young
	case working:
		return dawdlesAtWork
	}
	return dawdles
}

// before reports whether a connection has to go before another one.
func (c *conn) before(other *conn, now time.Time) bool {
	if a, b := c.rank(now), other.rank(now); a != b {
		return a < b
	}
	if a, b := c.door.held[c.owner], c.door.held[other.owner]; a != b {
		return a > b
	}
	return c.since.Load() < other.since.Load()
}
