// Package mob plays strangers who hold connections to a server open and prove nothing. They
// attack this machine only, stop when they are told to, and then leave nothing behind.
package mob

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Attack is what each stranger does, again and again: connect, send what is said here, hold
// the connection until the other side ends it.
type Attack struct {
	Text string        // headers, or a part of them
	Body int           // so many bytes more
	Drip time.Duration // one byte more this often; 0: none
	Rest time.Duration // before connecting again
}

// FalseSignature is well-formed, and nobody's.
const FalseSignature = "sha256=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// Post is an attack by the body of a POST: so many bytes announced, and some of them sent.
func Post(path string, announced, sent int, headers ...string) Attack {
	var more strings.Builder
	for _, h := range headers {
		more.WriteString(h + "\r\n")
	}
	return Attack{Text: fmt.Sprintf("POST %s HTTP/1.1\r\nHost: bridge\r\n%sContent-Length: %d\r\n\r\n", path, more.String(), announced), Body: sent}
}

// Mob is the strangers at work.
type Mob struct {
	stop   context.CancelFunc
	all    sync.WaitGroup
	rounds atomic.Int64
}

// Start has so many strangers attack an address, which must be of the loopback.
func Start(address string, strangers int, what Attack) (*Mob, error) {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%s is not an address of this machine alone", address)
	}
	ctx, stop := context.WithCancel(context.Background())
	m := &Mob{stop: stop}
	text := []byte(what.Text + strings.Repeat("x", what.Body))
	for range strangers {
		m.all.Go(func() {
			for ctx.Err() == nil {
				m.attack(ctx, address, text, what.Drip)
				select {
				case <-ctx.Done():
				case <-time.After(max(what.Rest, time.Millisecond)):
				}
			}
		})
	}
	return m, nil
}

// Rounds is how many connections have sent what they had to, or as much of it as was taken.
func (m *Mob) Rounds() int { return int(m.rounds.Load()) }

// Stop ends the attack, and returns when it has ended.
func (m *Mob) Stop() {
	m.stop()
	m.all.Wait()
}

// attack makes one connection and holds it. Errors are the other side's way out.
func (m *Mob) attack(ctx context.Context, address string, text []byte, drip time.Duration) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer context.AfterFunc(ctx, func() { c.Close() })()
	defer c.Close()
	_, err = c.Write(text)
	m.rounds.Add(1)
	if err != nil {
		return
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, c) // until it ends, one way or another
	}()
	for drip > 0 {
		select {
		case <-gone:
			return
		case <-time.After(drip):
			if _, err := c.Write([]byte("x")); err != nil {
				return
			}
		}
	}
	<-gone
}
