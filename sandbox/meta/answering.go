package meta

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// write sends the answer, or does what it says instead. Everything a client may rely on after
// it has the answer is booked before.
func (m *Messenger) write(w http.ResponseWriter, c *graphCall, a *graphAnswer) {
	if a.hang > 0 && !a.half {
		m.withhold(c, a)
	}
	m.finish(c, a)
	if a.cut {
		m.runAfter(a)
		cutConnection(w)
		return
	}
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	h.Set("Content-Type", a.contentType)
	h.Set("facebook-api-version", "v"+strconv.Itoa(c.served)+".0")
	h.Set("x-fb-request-id", "A"+strconv.FormatInt(c.began.UnixNano(), 36))
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if a.half {
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		m.withhold(c, a)
		cutConnection(w)
		return
	}
	_, err := io.Copy(w, bytes.NewReader(a.body))
	if err == nil {
		_ = http.NewResponseController(w).Flush()
	}
	m.runAfter(a)
}

// withhold lets a client wait for the answer, or for the rest of it.
func (m *Messenger) withhold(c *graphCall, a *graphAnswer) {
	m.runAfter(a)
	m.mu.Lock()
	c.hanging = true
	m.mu.Unlock()
	timer := time.NewTimer(a.hang)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.r.Context().Done():
	case <-m.ctx.Done():
	}
}

func (m *Messenger) runAfter(a *graphAnswer) {
	if a.after != nil {
		a.after()
		a.after = nil
	}
}

// finish books a call whose answer goes out now.
func (m *Messenger) finish(c *graphCall, a *graphAnswer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leave(c)
	c.book.Status, c.book.Code, c.book.Subcode, c.book.Took = a.status, a.code, a.subcode, time.Since(c.began)
	if a.cut {
		c.book.Status = 0
	}
	m.touch()
}

// cutConnection resets the connection, so that the client's read fails.
func cutConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		panic(http.ErrAbortHandler)
	}
}
