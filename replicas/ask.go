package replicas

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"messenger-bridge/intake"
	"messenger-bridge/replica"
)

// question is a request that came to a standby.
type question struct {
	*http.Request
	body  []byte    // its own: a client may still read it after it has answered
	meta  bool      // it is Meta's, and may be repeated: the leader knows what it has
	until time.Time // it is held
}

// PassWebhook passes a call on whose signature was found to be Meta's.
func (d *Desk) PassWebhook(w http.ResponseWriter, r *http.Request, body []byte) {
	d.pass(w, question{Request: r, body: bytes.Clone(body), meta: true})
}

// passOther passes on what anybody may send. It is read before anything is taken up for it: whoever
// dawdles holds nobody up.
func (d *Desk) passOther(w http.ResponseWriter, r *http.Request) {
	if !hasPath(r.URL) {
		d.Count("no-path")
		http.Error(w, errNoPath.Error(), http.StatusBadRequest)
		return
	}
	if r.ContentLength == 0 {
		d.pass(w, question{Request: r})
		return
	}
	body, err := d.bodies.Read(w, r, intake.From(r), largest)
	if err != nil {
		status, answer := intake.Refusal(err)
		d.Count(answer)
		if status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
		w.Header().Set("Connection", "close") // the rest is not worth reading
		http.Error(w, "the request cannot be read: "+answer, status)
		return
	}
	defer body.Release()
	d.pass(w, question{Request: r, body: bytes.Clone(body.Bytes())})
}

// pass offers a request to whoever leads, and holds it while there is nobody, or no place to ask.
func (d *Desk) pass(w http.ResponseWriter, q question) {
	if q.Header.Get(Passed) != "" {
		d.refuse(w, "loop") // who passed it on tries again
		return
	}
	why := "no-leader"
	for q.until = time.Now().Add(holdFor); time.Now().Before(q.until); pause(q.Context(), betweenAsk) {
		if q.Context().Err() != nil {
			return
		}
		here := q.Clone(q.Context())
		here.Body = io.NopCloser(bytes.NewReader(q.body))
		if d.Here(w, here) {
			d.Count("here")
			return
		}
		leader := d.Leader()
		if leader.URL == "" {
			why = "no-leader"
			continue
		}
		if !d.enter(q) {
			why = "busy"
			continue
		}
		res, err := d.ask(w, q, leader)
		d.leave(q) // however slowly the answer is taken
		if d.answered(w, q, leader.URL, res, err) {
			return
		}
		why = "no-leader"
		if isUnreached(err) {
			why = "unreached"
			d.unreached(leader.URL, err)
		}
	}
	d.refuse(w, why)
}

// unreached tells an operator that the address which the leader gave leads nowhere, as it does for a
// while after the leader has gone.
func (d *Desk) unreached(leader string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := time.Now(); now.Sub(d.told) >= tellsEvery {
		d.told = now
		d.Log.Warn("the leader is not reached at its REPLICA_URL", "leader", leader, "err", withoutQuery(err))
	}
}

// enter takes a place to ask the leader, and reports whether one is free. Meta's calls need none.
func (d *Desk) enter(q question) bool {
	if q.meta {
		return true
	}
	select {
	case d.asking <- struct{}{}:
		return true
	default:
		return false
	}
}

func (d *Desk) leave(q question) {
	if !q.meta {
		<-d.asking
	}
}

// answered has the leader's answer be the answer, if there is one, or none may be sought any more.
func (d *Desk) answered(w http.ResponseWriter, q question, leader string, res *http.Response, err error) bool {
	switch {
	case err == nil && (res.StatusCode != http.StatusServiceUnavailable || !q.meta && !notLeading(res)):
		d.Count("passed")
		answer(w, res)
		return true
	case err == nil:
		res.Body.Close() // #nosec G104 -- it is asked again
	case !q.meta && !notAsked(err):
		d.Log.Warn("the leader did not answer", "leader", leader, "err", withoutQuery(err))
		d.Count("failed")
		http.Error(w, "the leading replica did not answer; look whether it was done", http.StatusBadGateway)
		return true
	}
	return false
}

// notLeading reports whether an answer is a standby's: nothing was done.
func notLeading(res *http.Response) bool { return res.Header.Get(Passed) != "" }

// isUnreached reports whether the leader is not where it said, rather than slow, or the one who asked gone.
func isUnreached(err error) bool {
	return err != nil && (notAsked(err) || !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled))
}

// notAsked reports whether a request never left.
func notAsked(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

var errElsewhere = errors.New("whoever answers there does not show that it leads (" + Shown + ")")

// withoutQuery is an error of net/http without the address: codes of Facebook's login and tickets
// stand in its query.
func withoutQuery(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// refusals are why nothing was passed on to a leader that may well be reached.
var refusals = map[string]string{
	"busy": "too many requests to the one that does are under way; try again",
	"loop": "another one that does not has passed this on; try again",
}

func (d *Desk) refuse(w http.ResponseWriter, why string) {
	d.Count(why)
	w.Header().Set("Retry-After", "1")
	w.Header().Set(Passed, d.Name)
	http.Error(w, "this replica does not lead, and "+cmp.Or(refusals[why], "reaches none that does; `messenger-bridge status` says more"), http.StatusServiceUnavailable)
}

func (d *Desk) ask(w http.ResponseWriter, q question, leader replica.Claim) (*http.Response, error) {
	to, err := at(leader.URL, q.URL)
	if err != nil {
		return nil, err
	}
	wait := time.Until(q.until)
	if !q.meta {
		wait = d.patience(w, q)
	}
	ctx, stop := context.WithTimeout(q.Context(), wait)
	req, err := http.NewRequestWithContext(ctx, q.Method, leader.URL, bytes.NewReader(q.body)) // #nosec G704 -- the address stands in the journal, under a proof
	if err != nil {
		stop()
		return nil, err
	}
	req.URL = to
	req.Header = q.Header.Clone()
	for _, hop := range []string{"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade"} {
		req.Header.Del(hop)
	}
	req.Header.Set(Passed, d.Name)
	req.Host = q.Host
	res, err := d.client.Do(req) // #nosec G704 -- the address stands in the journal, under a proof
	if err != nil {
		stop()
		return nil, err
	}
	res.Body = stopping{res.Body, stop}
	if leader.Proves && d.Proof != "" && !shows(res, d.Proof) {
		res.Body.Close() // #nosec G104 -- it is a stranger's
		return nil, errElsewhere
	}
	res.Header.Del(Shown)
	return res, nil
}

// shows reports whether an answer is the leader's, or another replica's that passes nothing on. An address may be
// another program's by the time it is asked: in a cluster they are given anew.
func shows(res *http.Response, proof string) bool {
	return notLeading(res) || hmac.Equal([]byte(res.Header.Get(Shown)), []byte(proof))
}

// patience is how long a leader's answer is waited for. Then the one who asked must still be answered.
func (d *Desk) patience(w http.ResponseWriter, q question) time.Duration {
	if d.Patience != nil {
		if wait := d.Patience(q.Request); wait > 0 {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(wait + 5*time.Second)) // where there is no limit, none is set
			return wait
		}
	}
	return answersIn
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
