package intake

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// place serves bodies over real sockets: it answers with what became of each, and holds those
// that are named "held" until the test ends them.
type place struct {
	*httptest.Server
	bodies *Bodies
	hold   chan struct{}
	ends   chan string // what became of each, in the order in which they end
}

func open(t *testing.T, c Config) *place {
	p := &place{bodies: NewBodies(c), hold: make(chan struct{}), ends: make(chan string, 1000)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := p.bodies.Read(w, r, Named(r.Header.Get("Owner")), p.bodies.cfg.Max)
		name := r.URL.Path[1:]
		if err != nil {
			p.ends <- name + ": " + err.Error()
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		defer body.Release()
		if name == "held" {
			<-p.hold
		}
		p.ends <- name + ": " + fmt.Sprint(len(body.Bytes()))
	}))
	t.Cleanup(func() {
		close(p.hold)
		p.CloseClientConnections()
		p.Close()
		if p.bodies.small.used+p.bodies.large.used+p.bodies.small.leaving+p.bodies.large.leaving != 0 {
			t.Error("some memory was not given back")
		}
	})
	return p
}

// begin announces a body of a length and sends the first bytes of it.
func (p *place) begin(t *testing.T, name, owner string, length, first int) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_, err = fmt.Fprintf(c, "POST /%s HTTP/1.1\r\nHost: x\r\nOwner: %s\r\nContent-Length: %d\r\n\r\n%s", name, owner, length, strings.Repeat("x", first))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// arrived waits until so many bytes of so many bodies that are being read have arrived.
func (p *place) arrived(t *testing.T, bodies int, bytes int64) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		p.bodies.mu.Lock()
		n, sum := 0, int64(0)
		for _, part := range []*part{&p.bodies.small, &p.bodies.large} {
			for o := range part.reading {
				n, sum = n+1, sum+o.arrived
			}
		}
		p.bodies.mu.Unlock()
		if n == bodies && sum == bytes {
			return
		}
	}
	t.Fatalf("they did not arrive: %+v", p.bodies.small)
}

func (p *place) next(t *testing.T) string {
	t.Helper()
	select {
	case end := <-p.ends:
		return end
	case <-time.After(time.Minute):
		t.Fatal("nothing ends")
		return ""
	}
}

// end waits until as many end as are wanted, which must be those.
func (p *place) end(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for range want {
		got = append(got, p.next(t))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("these end: %q", got)
	}
}

// patient has buffers of 8, which cost nothing, 16, 32 and 40 KiB.
var patient = Config{Budget: 79 << 10, Max: 40 << 10, Within: time.Hour, Rate: 1}

func TestBodies_Full_TheSlowestGivesWayAndTheNewcomerIsRead(t *testing.T) {
	p := open(t, patient)
	p.begin(t, "slow", "a", 30<<10, 17<<10)
	p.arrived(t, 1, 17<<10)
	p.begin(t, "fast", "a", 30<<10, 20<<10)
	p.arrived(t, 2, 37<<10)
	p.begin(t, "newcomer", "a", 10<<10, 10<<10)
	p.end(t, "newcomer: 10240", "slow: "+ErrGaveWay.Error())
}

func TestBodies_Full_WhoHoldsMostGivesWay(t *testing.T) {
	p := open(t, patient)
	p.begin(t, "modest", "a", 30<<10, 9<<10)
	p.arrived(t, 1, 9<<10)
	p.begin(t, "greedy", "b", 30<<10, 17<<10)
	p.arrived(t, 2, 26<<10)
	p.begin(t, "greedy", "b", 30<<10, 9<<10)
	p.arrived(t, 3, 35<<10)
	p.begin(t, "newcomer", "c", 10<<10, 10<<10)
	p.end(t, "newcomer: 10240", "greedy: "+ErrGaveWay.Error())
}

// TestBodies_Full_ShortOnesAreRead: most calls of Meta's need no memory that others hold.
func TestBodies_Full_ShortOnesAreRead(t *testing.T) {
	p := open(t, patient)
	for i := range 2 {
		p.begin(t, "held", "a", 30<<10, 30<<10)
		for p.charged() < int64(i+1)*32<<10 {
			time.Sleep(time.Millisecond)
		}
	}
	p.begin(t, "short", "a", 8<<10, 8<<10)
	p.end(t, "short: 8192")
}

func TestBodies_LargeOnesFillTheirPart_SmallOnesHaveTheirs(t *testing.T) {
	p := open(t, Config{Budget: 1 << 20, Small: 16 << 10, Max: 700 << 10, Within: time.Hour, Rate: 1})
	for i := range 3 {
		p.begin(t, "held", "a", 140<<10, 140<<10) // is charged with 256 KiB
		p.arrived(t, 0, 0)
		for p.charged() < int64(i+1)*256<<10 {
			time.Sleep(time.Millisecond)
		}
	}
	p.begin(t, "small", "a", 16<<10, 16<<10)
	if end := p.next(t); end != fmt.Sprintf("small: %d", 16<<10) {
		t.Errorf("ends %q", end)
	}
	p.begin(t, "large", "a", 140<<10, 140<<10)
	if end := p.next(t); end != "large: "+ErrBusy.Error() { // nobody can go: all are whole
		t.Errorf("ends %q", end)
	}
}

func (p *place) charged() int64 {
	p.bodies.mu.Lock()
	defer p.bodies.mu.Unlock()
	return p.bodies.small.used + p.bodies.large.used
}

func TestBodies_ChargedForWhatArrived(t *testing.T) {
	p := open(t, Config{Budget: 32 << 20, Small: 128 << 10, Max: 8 << 20, Within: time.Hour, Rate: 1})
	sum := int64(0)
	for range 10 {
		p.begin(t, "slow", "a", 8<<20, 1)
	}
	for i, first := range []int64{9 << 10, 70 << 10, 1<<20 + 1} {
		p.begin(t, "slow", "a", 8<<20, int(first))
		sum += first
		p.arrived(t, i+1, sum)
	}
	if charged := p.charged(); charged > 2*sum {
		t.Errorf("%d bytes are charged for %d", charged, sum)
	}
}

// TestBodies_TooSlow: nothing for a second, a trickle, and a body that takes too long.
func TestBodies_TooSlow_AreEnded(t *testing.T) {
	for name, c := range map[string]struct {
		every time.Duration
		bytes int
		ends  time.Duration
	}{
		"nothing":  {time.Hour, 1, time.Second},
		"trickle":  {100 * time.Millisecond, 10, time.Second + 100*time.Millisecond},
		"too long": {10 * time.Millisecond, 1 << 10, 5 * time.Second}, // 100 KiB a second
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				over := make(chan struct{})
				defer close(over)
				defer near.Close()
				go func() {
					for {
						select {
						case <-time.After(c.every):
						case <-over:
							return
						}
						if _, err := near.Write(make([]byte, c.bytes)); err != nil {
							return
						}
					}
				}()
				b := NewBodies(Config{Budget: 1 << 20, Max: 1 << 20})
				start := time.Now()
				w := deadlines{httptest.NewRecorder(), far}
				_, err := b.Read(w, httptest.NewRequest(http.MethodPost, "/", far), Owner{}, 1<<20)
				took := time.Since(start)
				if !errors.Is(err, ErrSlow) || took < c.ends-100*time.Millisecond || took > c.ends+100*time.Millisecond {
					t.Errorf("after %s: %v", took, err)
				}
				far.Close()
			})
		})
	}
}

// deadlines is an answer whose request can be ended.
type deadlines struct {
	*httptest.ResponseRecorder
	far net.Conn
}

func (d deadlines) SetReadDeadline(t time.Time) error { return d.far.SetReadDeadline(t) }

func TestBodies_TooLong_AndCut(t *testing.T) {
	p := open(t, patient)
	p.begin(t, "long", "a", 41<<10, 41<<10)
	if end := p.next(t); end != "long: http: request body too large" {
		t.Errorf("ends %q", end)
	}
	p.begin(t, "cut", "a", 100, 50).Close()
	if end := p.next(t); end != "cut: "+io.ErrUnexpectedEOF.Error() {
		t.Errorf("ends %q", end)
	}
}

// TestBodies_ConnectionGoesOn: the time-out of one body is not that of the next request.
func TestBodies_ConnectionGoesOn(t *testing.T) {
	p := open(t, patient)
	c := p.begin(t, "one", "a", 10, 10)
	answers := bufio.NewReader(c)
	for range 2 {
		res, err := http.ReadResponse(answers, nil)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		fmt.Fprint(c, "POST /more HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
	}
}

func TestFrom_IsAnAddressOrANetwork(t *testing.T) {
	same := func(a, b string) bool { return at(a) == at(b) }
	if !same("192.0.2.1:1", "192.0.2.1:2") || !same("192.0.2.1:1", "[::ffff:192.0.2.1]:1") || !same("[2001:db8::1]:1", "[2001:db8::2]:1") {
		t.Error("one is taken for two")
	}
	if same("192.0.2.1:1", "192.0.2.2:1") || same("[2001:db8::1]:1", "[2001:db8:0:1::1]:1") || at("192.0.2.1:1") == Named("192.0.2.1") {
		t.Error("two are taken for one")
	}
}
