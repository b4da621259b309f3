package replicas

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Passed is the header of requests that a standby passes on; its value names the standby.
const Passed = "X-Bridge-Passed-By" // #nosec G101 -- the name of a header

const (
	holdFor    = 4 * time.Second // Meta waits for five
	atOnce     = 64              // requests of others than Meta
	largest    = 1 << 20         // of their bodies
	betweenAsk = 20 * time.Millisecond
)

// Desk answers while this replica leads, and passes on what comes otherwise.
type Desk struct {
	Leader func() (url string) // empty: nobody is known to lead
	Name   string
	Count  func(answer string) // of what is passed on
	Log    *slog.Logger

	client http.Client
	others chan struct{} // holds one token for each request of others that is passed on

	mu   sync.Mutex // guards all below
	here *seat
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
func NewDesk(name string, leader func() string, count func(string), log *slog.Logger) *Desk {
	return &Desk{
		Leader: leader, Name: name, Count: count, Log: log, others: make(chan struct{}, atOnce),
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

// serve reports whether the request was answered here.
func (d *Desk) serve(w http.ResponseWriter, r *http.Request) bool {
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
		case d.serve(w, r):
		case isHook(r):
			hook.ServeHTTP(w, r)
		default:
			d.passOther(w, r)
		}
	})
}

// PassWebhook passes a call on whose signature was found to be Meta's. It may be repeated: the
// leader knows what it has.
func (d *Desk) PassWebhook(w http.ResponseWriter, r *http.Request, body []byte) {
	d.pass(w, r, body, true)
}

func (d *Desk) passOther(w http.ResponseWriter, r *http.Request) {
	if !hasPath(r.URL) {
		d.Count("no-path")
		http.Error(w, "the request names no path", http.StatusBadRequest)
		return
	}
	select {
	case d.others <- struct{}{}:
		defer func() { <-d.others }()
	default:
		d.refuse(w, "busy")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largest))
	if err != nil {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	d.pass(w, r, body, false)
}

// pass offers a request to whoever leads, and holds it while there is nobody.
func (d *Desk) pass(w http.ResponseWriter, r *http.Request, body []byte, repeatable bool) {
	if r.Header.Get(Passed) != "" {
		d.refuse(w, "loop") // who passed it on tries again
		return
	}
	for end := time.Now().Add(holdFor); time.Now().Before(end); pause(r.Context(), betweenAsk) {
		if r.Context().Err() != nil {
			return
		}
		here := r.Clone(r.Context())
		here.Body = io.NopCloser(bytes.NewReader(body))
		if d.serve(w, here) {
			d.Count("here")
			return
		}
		leader := d.Leader()
		if leader == "" {
			continue
		}
		wait := time.Until(end)
		if !repeatable {
			wait = 25 * time.Second
		}
		res, err := d.ask(r, leader, body, wait)
		switch {
		case err == nil && (res.StatusCode != http.StatusServiceUnavailable || !repeatable && !notLeading(res)):
			answer(w, res)
			d.Count("passed")
			return
		case err == nil:
			res.Body.Close() // #nosec G104 -- it is asked again
		case !repeatable && !notAsked(err):
			d.Log.Warn("the leader did not answer", "leader", leader, "err", withoutQuery(err))
			d.Count("failed")
			http.Error(w, "the leading replica did not answer; look whether it was done", http.StatusBadGateway)
			return
		}
	}
	d.refuse(w, "no-leader")
}

// notLeading reports whether an answer is a standby's: nothing was done.
func notLeading(res *http.Response) bool { return res.Header.Get(Passed) != "" }

// notAsked reports whether a request never left.
func notAsked(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// withoutQuery is an error of net/http without the address: codes of Facebook's login and tickets
// stand in its query.
func withoutQuery(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func (d *Desk) refuse(w http.ResponseWriter, why string) {
	d.Count(why)
	w.Header().Set("Retry-After", "1")
	w.Header().Set(Passed, d.Name)
	http.Error(w, "this replica does not lead, and reaches none that does", http.StatusServiceUnavailable)
}

func (d *Desk) ask(r *http.Request, leader string, body []byte, wait time.Duration) (*http.Response, error) {
	to, err := at(leader, r.URL)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(r.Context(), wait)
	req, err := http.NewRequestWithContext(ctx, r.Method, leader, bytes.NewReader(body)) // #nosec G704 -- the address stands in the journal, under a proof
	if err != nil {
		stop()
		return nil, err
	}
	req.URL = to
	req.Header = r.Header.Clone()
	for _, hop := range []string{"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade"} {
		req.Header.Del(hop)
	}
	req.Header.Set(Passed, d.Name)
	req.Host = r.Host
	res, err := d.client.Do(req) // #nosec G704 -- the address stands in the journal, under a proof
	if err != nil {
		stop()
		return nil, err
	}
	res.Body = stopping{res.Body, stop}
	return res, nil
}

// hasPath reports whether an address names a place at whoever answers here, and nothing else:
// http:@elsewhere/ is opaque, and * no path.
func hasPath(u *url.URL) bool { return u.Opaque == "" && strings.HasPrefix(u.Path, "/") }

// at is the leader's address for what was asked here. Nothing that strangers write may say who is
// asked: they choose the path and what follows it, and no part of the text before.
func at(leader string, asked *url.URL) (*url.URL, error) {
	to, err := url.Parse(strings.TrimRight(leader, "/"))
	if err != nil {
		return nil, err
	}
	if !hasPath(asked) {
		return nil, errNoPath
	}
	to.Path, to.RawPath = to.Path+asked.Path, to.EscapedPath()+asked.EscapedPath()
	to.RawQuery, to.ForceQuery = asked.RawQuery, asked.ForceQuery
	return to, nil
}

var errNoPath = errors.New("the request names no path")

// stopping ends a request's context with its body.
type stopping struct {
	io.ReadCloser
	stop func()
}

func (s stopping) Close() error {
	defer s.stop()
	return s.ReadCloser.Close()
}

func answer(w http.ResponseWriter, res *http.Response) {
	defer res.Body.Close()
	for name, values := range res.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, res.Body) // the one who asked is gone; there is nobody to tell
}

// Here has whoever sits here answer, and reports whether somebody does.
func (d *Desk) Here(w http.ResponseWriter, r *http.Request) bool { return d.serve(w, r) }

// Or answers by another handler while nobody sits here.
func (d *Desk) Or(otherwise http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.serve(w, r) {
			otherwise.ServeHTTP(w, r)
		}
	})
}
