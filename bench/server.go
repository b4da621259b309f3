package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"time"

	"messenger-bridge/memory"
	"messenger-bridge/store"
)

// Kinds of servers.
const (
	product = "product" // webhook, bridge and store as the program has them
	raw     = "raw"     // the same with a raw file in place of the store
	signed  = "signed"  // checks the signature and answers
)

// serverConfig says what a server is made of.
type serverConfig struct {
	Kind      string
	Sync      time.Duration // a sync takes
	Workers   int           // of the product, in each direction
	Pages     int           // of the product: connected; 0: one
	InOrder   time.Duration // of the product: how long answers wait for older ones; 0: as the program
	Workspace string        // of the product: delivers there; empty: stores only
	Dir       string        // of store or raw file, nothing in it yet
	Profile   string        // folder; empty: none
	Name      string        // of the profiles
}

type serverHello struct{ Address string }

// usage is what a server used so far.
type usage struct {
	Processor time.Duration
	Mallocs   uint64
	Bytes     uint64 // allocated
	Commits   uint64
	Entries   uint64        // stored
	Committed time.Duration // in commits, syncs included
}

// since returns what was used after an earlier moment.
func (u usage) since(before usage) usage {
	return usage{
		Processor: u.Processor - before.Processor, Mallocs: u.Mallocs - before.Mallocs, Bytes: u.Bytes - before.Bytes,
		Commits: u.Commits - before.Commits, Entries: u.Entries - before.Entries, Committed: u.Committed - before.Committed,
	}
}

// group is the entries and milliseconds of a mean commit.
func (u usage) group() (entries, took float64) {
	n := float64(max(u.Commits, 1))
	return float64(u.Entries) / n, u.Committed.Seconds() * 1000 / n
}

// server is the actor that is being measured.
type server struct {
	config serverConfig
	log    *slog.Logger
	store  *store.Store // nil: there is none
	http   *http.Server
	ends   []func() error // called by close, the last first
}

func startServer(config json.RawMessage) (a actor, err error) {
	memory.Make(os.DirFS("/"), os.Getenv).Apply() // as the program does
	s := &server{log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	if err := json.Unmarshal(config, &s.config); err != nil {
		return actor{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	stop, err := profile(s.config.Profile, s.config.Name)
	if err != nil {
		return actor{}, err
	}
	s.ends = append(s.ends, func() error { stop(); return nil })
	h, err := s.handler()
	if err != nil {
		return actor{}, err
	}
	address, err := s.listen(h)
	return actor{
		hello: serverHello{Address: address},
		calls: map[string]handler{"usage": handle(s.usage), "round trip": handle(s.roundTrip)},
		close: s.close,
	}, err
}

func (s *server) close() (err error) {
	for _, end := range slices.Backward(s.ends) {
		err = errors.Join(err, end())
	}
	return err
}

func (s *server) handler() (http.Handler, error) {
	switch s.config.Kind {
	case product:
		return s.product()
	case raw:
		return s.rawProduct()
	case floored:
		return s.floor(newRawFile, (*kept).end)
	case flooredInBolt:
		return s.floor(newBoltFile, (*kept).endAtOnce)
	case signed:
		return http.HandlerFunc(onlySigned), nil
	}
	return nil, fmt.Errorf("no server is called %q", s.config.Kind)
}

// listen serves with the settings of the program.
func (s *server) listen(h http.Handler) (address string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s.http = &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
	go func() { _ = s.http.Serve(l) }()
	s.ends = append(s.ends, s.http.Close)
	return l.Addr().String(), nil
}

func (s *server) usage(nothing) (usage, error) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := usage{Processor: processorTime(), Mallocs: m.Mallocs, Bytes: m.TotalAlloc}
	if s.store != nil {
		stats := s.store.Stats()
		u.Commits, u.Entries, u.Committed = stats.Commits, stats.Entries, stats.CommitTime
	}
	return u, nil
}
