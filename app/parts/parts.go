// Package parts runs what makes a program: each from its start to its end, and HTTP servers among them.
package parts

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"messenger-bridge/intake"
)

// Part is something that runs as long as the program and ends when its context does.
type Part struct {
	Name  string
	Grace time.Duration // how long it may take to end
	Run   func(context.Context) error
}

// Run runs all parts until ctx ends or one of them does. Then it stops them
// one after another, in their order, each within its grace. It returns why it
// stopped, nil if it was told to.
func Run(ctx context.Context, log *slog.Logger, parts []Part) error {
	ended := make(chan error, len(parts))
	stops := make([]func() bool, len(parts))
	var wg sync.WaitGroup
	for i, p := range parts {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		done := make(chan struct{})
		wg.Go(func() {
			defer close(done)
			if err := p.Run(own); err != nil && own.Err() == nil {
				ended <- fmt.Errorf("%s: %w", p.Name, err)
			}
		})
		stops[i] = func() bool {
			cancel()
			select {
			case <-done:
				return true
			case <-time.After(p.Grace):
				return false
			}
		}
	}
	var why error
	select {
	case <-ctx.Done():
		log.Info("stopping")
	case why = <-ended:
		log.Error("a part ended, stopping", "err", why)
	}
	for i, p := range parts {
		if !stops[i]() {
			log.Warn("did not stop in time", "part", p.Name, "grace", p.Grace)
		}
	}
	return why
}

// HTTP serves until its context ends, then lets requests under way finish for
// a while. Every connection has a time-out for each thing it can be slow at.
func HTTP(l net.Listener, h http.Handler, log *slog.Logger) func(context.Context) error {
	return serving(newServer(h, log), l)
}

// Public is HTTP for everybody: a door bounds how many connections there are. speak is
// how TLS is spoken; nil: by a proxy.
func Public(l net.Listener, h http.Handler, door *intake.Door, speak *tls.Config, log *slog.Logger) func(context.Context) error {
	server := newServer(h, log)
	guarded := door.Guard(server, l)
	if speak == nil {
		return serving(server, guarded)
	}
	server.TLSConfig = speak
	return serving(server, tls.NewListener(guarded, speak))
}

// Small is Public for a port on which there is little to say: its door is small, and each connection
// ends with its answer.
func Small(l net.Listener, h http.Handler, door *intake.Door, log *slog.Logger) func(context.Context) error {
	server := newServer(h, log)
	server.SetKeepAlivesEnabled(false)
	server.ReadTimeout, server.WriteTimeout, server.IdleTimeout = soon, soon, soon
	return serving(server, door.Guard(server, l))
}

// soon is how long anything may take on a small port.
const soon = 5 * time.Second

func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func serving(server *http.Server, l net.Listener) func(context.Context) error {
	return func(ctx context.Context) error {
		drained := make(chan struct{})
		defer context.AfterFunc(ctx, func() {
			defer close(drained)
			within, stop := context.WithTimeout(context.Background(), Drain)
			defer stop()
			if server.Shutdown(within) != nil {
				server.Close() // #nosec G104 -- what is cut off has had its time
			}
		})()
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		<-drained // Serve returns when Shutdown begins
		return nil
	}
}

// Drain is how long a server waits for requests under way. A webhook is answered
// in milliseconds.
const Drain = time.Second
