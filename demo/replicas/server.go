package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"
)

//go:embed page
var page embed.FS

func (s *stage) routes() http.Handler {
	mux := http.NewServeMux()
	files, _ := fs.Sub(page, "page") // it is there
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.view()) // the page asks again
	})
	mux.HandleFunc("POST /do/{what}/{which}", s.do)
	return mux
}

// guard keeps other sites out.
func guard(next http.Handler, address string) http.Handler {
	_, port, _ := net.SplitHostPort(address)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		switch {
		case !slices.Contains([]string{address, "localhost:" + port}, r.Host):
			http.Error(w, "this is not our name", http.StatusMisdirectedRequest)
		case r.Method != http.MethodGet && r.Header.Get("Origin") != "http://"+r.Host:
			http.Error(w, "only the page itself may do that", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// view is what the page shows.
type view struct {
	Replicas []replicaView `json:"replicas"`
	Nodes    []nodeView    `json:"nodes"`
	Books    books         `json:"books"`
	Events   []event       `json:"events"`
}

type replicaView struct {
	Name   string `json:"name"`
	Runs   bool   `json:"runs"`
	Says   status `json:"says"`
	Answer bool   `json:"answers"`
}

type nodeView struct {
	Name  string `json:"name"`
	Runs  bool   `json:"runs"`
	Leads bool   `json:"leads"` // the journal's stream
}

func (s *stage) view() view {
	v := view{Replicas: make([]replicaView, len(s.replicas)), Books: s.books()}
	var asking sync.WaitGroup
	for i, r := range s.replicas {
		asking.Go(func() {
			v.Replicas[i] = replicaView{Name: r.Name, Runs: r.runs()}
			v.Replicas[i].Says, v.Replicas[i].Answer = r.ask()
		})
	}
	asking.Wait()
	leads := s.nodes.Leader(journal)
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range s.nodes.Nodes() {
		v.Nodes = append(v.Nodes, nodeView{Name: fmt.Sprintf("nats-%d", n+1), Runs: !s.stopped[n], Leads: n == leads})
	}
	for _, r := range v.Replicas {
		if r.Answer && r.Says.Replica.Role == "leader" && r.Name != s.led {
			s.led = r.Name
			s.events = append(s.events, event{time.Since(s.began).Seconds(), r.Name + " leads"})
		}
	}
	v.Events = append([]event{}, s.events[max(0, len(s.events)-12):]...)
	slices.Reverse(v.Events)
	return v
}

func (s *stage) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, event{time.Since(s.began).Seconds(), fmt.Sprintf(format, args...)})
}

// leader returns the replica that leads, or nil.
func (s *stage) leader() *replica {
	for _, r := range s.replicas {
		if says, ok := r.ask(); ok && says.Replica.Role == "leader" {
			return r
		}
	}
	return nil
}

// do is a button.
func (s *stage) do(w http.ResponseWriter, r *http.Request) {
	which := 0
	_, _ = fmt.Sscanf(r.PathValue("which"), "%d", &which) // else the first
	which = min(max(which, 0), 2)
	switch r.PathValue("what") {
	case "kill-leader":
		if l := s.leader(); l != nil {
			l.kill()
			s.note("%s, which led, was killed", l.Name)
		}
	case "stop-leader":
		if l := s.leader(); l != nil {
			l.end(syscall.SIGTERM)
			s.note("%s, which led, was told to stop, and said so in the journal", l.Name)
		}
	case "kill-node":
		s.stopNode(which)
	case "kill-machine": // the replica and the node that stand in it
		s.replicas[min(which, 1)].kill()
		s.stopNode(min(which, 1))
		s.note("machine %d is gone: its bridge and its node", min(which, 1)+1)
	case "start-all":
		if err := s.startAll(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		s.note("all that was dead was started again")
	default:
		http.NotFound(w, r)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *stage) stopNode(n int) {
	s.nodes.Stop(n)
	s.mu.Lock()
	s.stopped[n] = true
	s.mu.Unlock()
	s.note("nats-%d was ended", n+1)
}

func (s *stage) startAll() error {
	for n := range s.nodes.Nodes() {
		if err := s.nodes.Run(n); err != nil {
			return err
		}
	}
	s.mu.Lock()
	clear(s.stopped)
	s.mu.Unlock()
	for _, r := range s.replicas {
		if err := r.start(); err != nil {
			return err
		}
	}
	return nil
}
