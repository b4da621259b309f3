package replicas

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"messenger-bridge/intake"
	"messenger-bridge/replica"
)

// Passed is the header of requests that a standby passes on; its value names the standby.
const Passed = "X-Bridge-Passed-By" // #nosec G101 -- the name of a header

// Shown is the header by which a leader's answer to those is told from one of whoever has come to
// stand at its address since.
const Shown = "X-Bridge-Leader-Proof" // #nosec G101 -- the name of a header

const (
	holdFor    = 4 * time.Second // Meta waits for five
	atOnce     = 64              // requests of others than Meta, for which the leader is asked
	largest    = 1 << 20         // of their bodies
	allBodies  = 4 << 20         // together
	smallBody  = 128 << 10       // a quarter of that is for those alone
	slowest    = 2 << 10         // bytes a second; people are slow
	betweenAsk = 20 * time.Millisecond
	answersIn  = 25 * time.Second // the leader, unless it is known to take longer
	tellsEvery = time.Minute
)

// Desk answers while this replica leads, and passes on what comes otherwise.
type Desk struct {
	Leader func() replica.Claim // without a URL: nobody is known to lead
	Name   string
	Count  func(answer string) // of what is passed on
	Proof  string              // what whoever leads shows a standby; empty: no standby asks here
	// Patience is how long the leader's answer is waited for; nil or 0: 25 s. Of Meta's calls it is not asked.
	Patience func(*http.Request) time.Duration
	Log      *slog.Logger

	client http.Client
	bodies *intake.Bodies // of others
	asking chan struct{}  // holds one token for each request of others for which the leader is asked

	mu   sync.Mutex // guards all below
	here *seat
	told time.Time // when it was logged last that the leader is not reached
}

// seat is a handler, and how many requests it works on.
type seat struct {
	http.Handler
	mu   sync.Mutex // guards all below
	busy int
	idle chan struct{} // closed when it is empty and nobody comes any more
	gone bool
}

// NewDesk returns a desk at which nobody sits.
func NewDesk(name string, leader func() replica.Claim, count func(string), log *slog.Logger) *Desk {
	return &Desk{
		Leader: leader, Name: name, Count: count, Log: log, asking: make(chan struct{}, atOnce),
		bodies: intake.NewBodies(intake.Config{Budget: allBodies, Small: smallBody, Max: largest, Rate: slowest}),
		client: http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport:     &http.Transport{DialContext: (&net.Dialer{Timeout: time.Second}).DialContext, MaxIdleConnsPerHost: atOnce, IdleConnTimeout: time.Minute},
		},
	}
}

// Sit has a handler answer until ctx ends, and then waits a little for what it works on.
func (d *Desk) Sit(h http.Handler, patience time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		own := &seat{Handler: h, idle: make(chan struct{})}
		d.mu.Lock()
		d.here = own
		d.mu.Unlock()
		<-ctx.Done()
		d.mu.Lock()
		d.here = nil
		d.mu.Unlock()
		select {
		case <-own.leave():
		case <-time.After(patience):
		}
		return nil
	}
}

func (s *seat) leave() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	if s.busy == 0 {
		close(s.idle)
	}
	return s.idle
}

// Here has whoever sits here answer, and reports whether somebody does.
func (d *Desk) Here(w http.ResponseWriter, r *http.Request) bool {
	d.mu.Lock()
	s := d.here
	d.mu.Unlock()
	if s == nil {
		return false
	}
	s.mu.Lock()
	if s.gone {
		s.mu.Unlock()
		return false
	}
	s.busy++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.busy--; s.busy == 0 && s.gone {
			close(s.idle)
		}
	}()
	if r.Header.Get(Passed) != "" && d.Proof != "" {
		w.Header().Set(Shown, d.Proof)
	}
	s.ServeHTTP(w, r)
	return true
}

// Handler answers everything: what is not for the leader by own, signed webhooks by way of hook,
// which hands them to PassWebhook, and the rest by passing it on.
func (d *Desk) Handler(own, hook http.Handler, isOwn, isHook func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isOwn(r):
			own.ServeHTTP(w, r)
		case d.Here(w, r):
		case isHook(r):
			hook.ServeHTTP(w, r)
		default:
			d.passOther(w, r)
		}
	})
}

// Act has whoever sits at a desk answer, and refuses while nobody leads here. Who has just claimed sits down in a
// moment, which is waited for.
func Act(d *Desk, state func() *State) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for end := time.Now().Add(holdFor); state().Works() && time.Now().Before(end) && r.Context().Err() == nil; pause(r.Context(), betweenAsk) {
			if d.Here(w, r) {
				return
			}
		}
		s := state()
		says := s.Says()
		if s.Works() {
			says += ", but only begins or ends to; try again"
		}
		http.Error(w, says, http.StatusServiceUnavailable)
	})
}

// Or answers by another handler while nobody sits here.
func (d *Desk) Or(otherwise http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.Here(w, r) {
			otherwise.ServeHTTP(w, r)
		}
	})
}
