package intake

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// house is a server behind a door for few.
type house struct {
	door      *Door
	address   string
	dismissed atomic.Int32
	hold      chan struct{}
	release   func() // ends the work of all
	working   chan struct{}
}

func build(t *testing.T, most int) *house {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{address: l.Addr().String(), hold: make(chan struct{}), working: make(chan struct{}, 100)}
	h.release = sync.OnceFunc(func() { close(h.hold) })
	h.door = NewDoor(most, func() { h.dismissed.Add(1) })
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/proves" || r.URL.Path == "/proves-and-works" {
			Prove(r.Context())
		}
		if r.URL.Path == "/works" || r.URL.Path == "/proves-and-works" {
			h.working <- struct{}{}
			<-h.hold
		}
		fmt.Fprint(w, "yes")
	})}
	l = h.door.Guard(server, l)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		h.release()
		server.Close()
		<-ended
	})
	return h
}

// caller is a connection from outside.
type caller struct {
	net.Conn
	answers *bufio.Reader
}

func (h *house) call(t *testing.T, text string) *caller {
	t.Helper()
	c, err := net.Dial("tcp", h.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return &caller{c, bufio.NewReader(c)}
}

func request(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" }

// answered reports whether a request is answered, rather than ended.
func (c *caller) answered(t *testing.T) bool {
	t.Helper()
	res, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err == nil && res.StatusCode == http.StatusOK
}

func TestDoor_FullOfSlowHeaders_NewcomersAreAnswered(t *testing.T) {
	h := build(t, 10)
	var slow []*caller
	for range 20 {
		slow = append(slow, h.call(t, "GET / HTTP/1.1\r\nX-Slow: "))
	}
	for range 30 {
		if !h.call(t, request("/")).answered(t) {
			t.Fatal("a newcomer was not answered")
		}
	}
	if _, err := slow[0].Read(make([]byte, 1)); err == nil {
		t.Error("who was there first and sent nothing is still there")
	}
	h.door.mu.Lock()
	inside := len(h.door.inside)
	h.door.mu.Unlock()
	if inside > 10 || h.dismissed.Load() < 40 {
		t.Errorf("%d are inside, %d had to go", inside, h.dismissed.Load())
	}
}

func TestDoor_WhoHasProvenThemselves_StaysWhileOthersCanGo(t *testing.T) {
	h := build(t, 5)
	proven := h.call(t, request("/proves"))
	works := h.call(t, request("/proves-and-works"))
	<-h.working
	if !proven.answered(t) {
		t.Fatal("not answered")
	}
	for range 20 {
		h.call(t, request("/works"))
		<-h.working // nobody else is being let in meanwhile
	}
	if _, err := io.WriteString(proven, request("/")); err != nil || !proven.answered(t) {
		t.Error("who had proven themselves had to go:", err)
	}
	h.release()
	if !works.answered(t) {
		t.Error("who was at work and proven had to go")
	}
}

func TestDoor_AllAreProvenAndAtWork_NewcomersAreRefused(t *testing.T) {
	h := build(t, 3)
	for range 3 {
		h.call(t, request("/proves-and-works"))
		<-h.working
	}
	if h.call(t, request("/")).answered(t) {
		t.Error("a fourth was let in")
	}
	if n := h.dismissed.Load(); n != 1 {
		t.Errorf("%d had to go", n)
	}
}
