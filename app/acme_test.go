package app

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// counted counts how many of its connections are open.
type counted struct {
	net.Listener
	open, most atomic.Int64
}

func (l *counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.most.Store(max(l.most.Load(), l.open.Add(1))) // nobody else accepts
		c = &countedConn{Conn: c, of: l}
	}
	return c, err
}

type countedConn struct {
	net.Conn
	of     *counted
	closed atomic.Bool
}

func (c *countedConn) Close() error {
	if !c.closed.Swap(true) {
		c.of.open.Add(-1)
	}
	return c.Conn.Close()
}

// Strangers on ACME_LISTEN take few of the open files that the bridge may have, and shut the authority out no more than
// on LISTEN.
func TestACMEListen_ManySockets_TakeFewFilesAndTheAuthorityIsAnswered(t *testing.T) {
	t.Parallel()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := &counted{Listener: plain}
	l := listeners{asked: asked, questions: func(http.Handler) http.Handler { return http.HandlerFunc(greet) }}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	var dismissed atomic.Int64
	part := l.acme(time.Minute, func() { dismissed.Add(1) }, slog.New(slog.DiscardHandler))
	go func() { ended <- part.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	at := plain.Addr().String()
	for i := range 300 {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%3 > 0 { // and the others are silent
			_, _ = io.WriteString(c, []string{1: "GET / HTTP/1.1\r\nHost: bridge.test\r\n\r\n", 2: "GET / HTTP/1.1\r\nX-Slow: "}[i%3]) // it may be gone
		}
	}
	answer, err := http.Get("http://" + at + "/.well-known/acme-challenge/x")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK || !answer.Close {
		t.Errorf("the authority is answered %s, and keeps a connection: %v", answer.Status, !answer.Close)
	}
	if most := asked.most.Load(); most > 65 { // one more, while it takes another's place
		t.Errorf("%d connections were open at once", most)
	}
	if dismissed.Load() == 0 {
		t.Error("nobody hears of them")
	}
}
