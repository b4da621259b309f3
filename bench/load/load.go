package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Volley says what to send to a server.
type Volley struct {
	Target  string  // address of a server
	Conns   int     // connections, each with one call under way
	Seconds float64 // for how long
	Rate    float64 // calls a second by schedule (open loop); 0: as fast as answers come (closed loop)
	Most    int     // calls; 0: as many as Seconds may need
	Events  int     // in each call; 0: one
	Lanes   int     // conversations
	Pages   int     // whose conversations they are; 0: one
	InTurn  bool    // one conversation after another, instead of random ones
	Form    Form    // of a call
	Await   bool    // until all events were delivered
}

// Outcome is what came of a volley. Times are milliseconds.
type Outcome struct {
	Acked     int     // calls answered 200 within Elapsed
	Elapsed   float64 // seconds in which calls were sent
	Ack       Spread  // from the first byte sent to the answer
	Delivered int     // events read by the workspace within Elapsed
	E2E       Spread  // from the first byte sent to the event read
	Late      int     // calls of the open loop counted from when they were due
}

// AckRate is calls answered in a second.
func (o Outcome) AckRate() float64 { return float64(o.Acked) / o.Elapsed }

// DeliveredRate is events read by the workspace in a second.
func (o Outcome) DeliveredRate() float64 { return float64(o.Delivered) / o.Elapsed }

// Spread is two quantiles.
type Spread struct{ P50, P99 float64 }

// Loader sends, and has the workspace that receives.
type Loader struct {
	workspace *workspace
	run       int
}

// Start starts the workspace; nothing is sent yet.
func Start() (*Loader, error) {
	w, err := startWorkspace()
	if err != nil {
		return nil, err
	}
	return &Loader{workspace: w}, nil
}

// Workspace returns the URL of the workspace, which is Meta's as well.
func (l *Loader) Workspace() string { return l.workspace.url }

// Take says how the workspace takes messages from now on.
func (l *Loader) Take(m Mood) { l.workspace.take(m) }

// Close ends the workspace.
func (l *Loader) Close() error { return l.workspace.close() }

// perSecond is more calls than any server answered here in a second.
const perSecond = 50_000

// attempt is one volley under way.
type attempt struct {
	Volley
	requests requests
	flight   *flight
	end      time.Duration // since flight.started
	next     atomic.Int64  // closed loop: the next call
	late     atomic.Int64

	sent []int64 // per call, ns since flight.started; each belongs to who sends the call
	done []int64 // per call, likewise; 0: no answer
}

// tolerance is how much later than due a call may be sent and still count from when
// it was sent: time.Sleep is not more exact. Beyond it, the call waited for the server.
const tolerance = 1500 * time.Microsecond

// Fire sends a volley.
func (l *Loader) Fire(v Volley) (Outcome, error) {
	v.Events, v.Pages = max(v.Events, 1), max(v.Pages, 1)
	count := int(v.Seconds*perSecond) + 1
	if v.Rate > 0 {
		count = max(int(v.Rate*v.Seconds), 1)
	}
	if v.Most > 0 {
		count = min(count, v.Most)
	}
	l.run++
	a := &attempt{
		Volley: v, requests: makeRequests(l.run, count, v),
		end:  time.Duration(v.Seconds * float64(time.Second)),
		sent: make([]int64, count), done: make([]int64, count),
	}
	conns, err := dial(v.Target, v.Conns)
	if err != nil {
		return Outcome{}, err
	}
	a.flight = newFlight(l.run, count*v.Events)
	l.workspace.flight.Store(a.flight)
	errs := make([]error, v.Conns)
	var wg sync.WaitGroup
	for i, conn := range conns {
		wg.Go(func() {
			defer conn.Close()
			if v.Rate > 0 {
				errs[i] = a.bySchedule(i, conn)
			} else {
				errs[i] = a.nonStop(conn)
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(a.flight.started)
	if err := errors.Join(errs...); err != nil {
		return Outcome{}, err
	}
	if v.Await {
		if err := a.await(); err != nil {
			return Outcome{}, err
		}
	}
	return a.outcome(elapsed), nil
}

func dial(target string, n int) ([]*connection, error) {
	conns := make([]*connection, n)
	for i := range conns {
		c, err := net.Dial("tcp", target)
		if err != nil {
			return nil, err
		}
		conns[i] = &connection{Conn: c, answers: bufio.NewReader(c)}
	}
	return conns, nil
}

// nonStop sends the next call as soon as the one before is answered, one in any case.
func (a *attempt) nonStop(conn *connection) error {
	for {
		i := int(a.next.Add(1) - 1)
		now := time.Since(a.flight.started)
		if i >= len(a.sent) || i > 0 && now >= a.end {
			return nil
		}
		a.sent[i] = int64(now)
		if err := a.send(i, conn); err != nil {
			return err
		}
	}
}

// bySchedule sends every n-th call when it is due, n being the connections. A call
// that waits for the answer to the one before counts from when it was due, so that
// a slow server does not hide behind a patient client.
func (a *attempt) bySchedule(i int, conn *connection) error {
	for ; i < len(a.sent); i += a.Conns {
		due := time.Duration(float64(i) / a.Rate * float64(time.Second))
		time.Sleep(due - time.Since(a.flight.started))
		now := time.Since(a.flight.started)
		if now-due >= tolerance {
			a.late.Add(1)
			now = due
		}
		a.sent[i] = int64(now)
		if err := a.send(i, conn); err != nil {
			return err
		}
	}
	return nil
}

func (a *attempt) send(i int, conn *connection) error {
	if err := conn.exchange(a.requests.all[i]); err != nil {
		return fmt.Errorf("call %d: %w", i, err)
	}
	a.done[i] = int64(time.Since(a.flight.started))
	return nil
}

// await waits until every acknowledged event was delivered.
func (a *attempt) await() error {
	acked := 0
	for _, at := range a.done {
		if at > 0 {
			acked += a.Events
		}
	}
	for deadline := time.Now().Add(time.Minute); a.flight.count.Load() < int64(acked); {
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d events were not delivered", acked-int(a.flight.count.Load()), acked)
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

func (a *attempt) outcome(elapsed time.Duration) Outcome {
	o := Outcome{Elapsed: elapsed.Seconds(), Late: int(a.late.Load())}
	var acks, e2e []int64
	for i, done := range a.done {
		if done == 0 {
			continue
		}
		o.Acked++
		acks = append(acks, done-a.sent[i])
		for e := range a.Events {
			if at := a.flight.landed[i*a.Events+e].Load(); at > 0 {
				e2e = append(e2e, at-a.sent[i])
				if at <= int64(elapsed) {
					o.Delivered++
				}
			}
		}
	}
	o.Ack, o.E2E = SpreadOf(acks), SpreadOf(e2e)
	return o
}

// SpreadOf returns the quantiles of times in nanoseconds.
func SpreadOf(ns []int64) Spread {
	if len(ns) == 0 {
		return Spread{}
	}
	slices.Sort(ns)
	at := func(q float64) float64 { return float64(ns[int(q*float64(len(ns)-1))]) / 1e6 }
	return Spread{P50: at(0.50), P99: at(0.99)}
}

// connection speaks just enough HTTP.
type connection struct {
	net.Conn
	answers *bufio.Reader
}

var accepted = []byte("HTTP/1.1 200 ")

func (c *connection) exchange(request []byte) error {
	if _, err := c.Write(request); err != nil {
		return err
	}
	status, err := c.answers.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, accepted) {
		return fmt.Errorf("answered %q", bytes.TrimSpace(status))
	}
	length := 0
	for {
		line, err := c.answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			return c.skip(length)
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, err = strconv.Atoi(string(bytes.TrimSpace(value)))
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			length = inChunks
		}
		if err != nil {
			return err
		}
	}
}

// inChunks stands for the length of a body that comes in chunks.
const inChunks = -1

// skip reads over a body.
func (c *connection) skip(length int) error {
	if length != inChunks {
		_, err := c.answers.Discard(length)
		return err
	}
	for {
		line, err := c.answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return err
		}
		if _, err := c.answers.Discard(int(n) + len("\r\n")); n == 0 || err != nil {
			return err
		}
	}
}
