package messenger

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/pace"
	"messenger-bridge/messenger/wire"
	"messenger-bridge/rest"
)

// wireError is the object in {"error": …}. Its texts are left out: they are
// translated, they change, and they may repeat what we sent.
type wireError struct {
	Type      wire.Text   `json:"type"`
	Code      wire.Number `json:"code"`
	Subcode   wire.Number `json:"error_subcode"`
	Trace     wire.Text   `json:"fbtrace_id"`
	Transient wire.Flag   `json:"is_transient"`
}

// graphError is an answer of Meta's that is no success, for the operator and for
// Meta's support.
type graphError struct {
	Status  int    // HTTP
	Code    int    // 0: the answer was not in Meta's format
	Subcode int    //
	Trace   string // by which Meta finds the call
}

func (e *graphError) Error() string {
	s := fmt.Sprintf("graph answered HTTP %d", e.Status)
	if e.Code != 0 || e.Subcode != 0 {
		s += fmt.Sprintf(", code %d/%d", e.Code, e.Subcode)
	} else {
		s += ", not in its format"
	}
	if e.Trace != "" {
		s += ", trace " + e.Trace
	}
	return s
}

// code is the number by which Meta knows the error, "" if it gave none.
func (e *graphError) code() string {
	switch {
	case e.Subcode != 0:
		return strconv.Itoa(e.Code) + "/" + strconv.Itoa(e.Subcode)
	case e.Code != 0:
		return strconv.Itoa(e.Code)
	}
	return ""
}

// answer is what came back from a call.
type answer struct {
	page    bridge.PageID // empty: the call is about none
	status  int
	header  http.Header
	body    []byte
	err     error         // of the transport
	source  error         // then: the file could not be read to its end, and nothing was sent
	written bool          // the request, or some of it, left this machine
	reading bool          // the call changes nothing at Meta's, or may be made again
	setup   bool          // it concerned no customer
	comment bool          // it was about a comment
	wait    time.Duration // after a throttle that does not say how long; 0: as ruled
}

// refused returns the error object, or nil if there is none.
func (a *answer) refused() *wireError {
	if !wire.MayRefuse(a.body) {
		return nil
	}
	var reply struct {
		Error *wireError `json:"error"`
	}
	err := json.Unmarshal(a.body, &reply)
	var odd *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &odd) || reply.Error == nil || *reply.Error == (wireError{}) {
		return nil
	}
	return reply.Error
}

// classify says of a call that was no success what it means. Codes decide, never
// texts; the HTTP status is a weak hint (7.1).
func classify(a *answer, now time.Time) *bridge.Refusal {
	if a.source != nil {
		return brokenOff(a.source)
	}
	if a.err != nil {
		return transportRefusal(a)
	}
	cause := &graphError{Status: a.status, Trace: trace("", a.header)}
	r, death := unclear, bridge.TroubleKind("")
	if e := a.refused(); e != nil {
		cause.Code, cause.Subcode, cause.Trace = int(e.Code), int(e.Subcode), trace(string(e.Trace), a.header)
		r = rule(a.status, e, a.setup)
		if a.comment {
			r = r.ofComment(cause.Code, cause.Subcode)
		}
		death = deathBy(cause.Code, cause.Subcode, r)
	} else if a.status == http.StatusTooManyRequests {
		r = appLimit // of what stands in front of Meta, which knows no pages
	}
	if a.reading {
		r = r.ofReading()
	}
	refusal := &bridge.Refusal{Verdict: r.verdict, Reason: r.reason, After: r.after, Code: cause.code(), Alone: r.alone, Trouble: death, Err: cause}
	switch {
	case r.app:
		refusal.Gate = bridge.GateApp
	case r.page:
		refusal.Gate = a.gate()
	}
	if r.temporary {
		if a.wait > 0 {
			refusal.After = a.wait
		}
		if d := max(pace.Regain(a.header, a.page), pace.RetryAfter(a.header, now)); d > 0 {
			refusal.After = d
		}
	}
	return refusal
}

// brokenOff judges a call that broke off because our file did.
func brokenOff(cause error) *bridge.Refusal {
	var r *bridge.Refusal
	if errors.As(cause, &r) {
		return r
	}
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.FileUnreadable, Err: errors.New("the file breaks off: " + describe(cause))}
}

// transportRefusal judges a call without an answer. If nothing was written, the
// customer got nothing; else nobody knows.
func transportRefusal(a *answer) *bridge.Refusal {
	cause := &transportError{what: describe(a.err), written: a.written}
	if errors.Is(a.err, context.Canceled) {
		cause.stopped = context.Canceled
	}
	switch {
	case a.written && a.reading:
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown, Err: cause}
	case a.written:
		return &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaDown, Err: cause}
	case cause.stopped != nil: // we stop; nothing is wrong with the page
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown, Err: cause}
	}
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown, Gate: a.gate(), Err: cause}
}

// gate is the page's, or none if the call is about no page.
func (a *answer) gate() bridge.Gate {
	if a.page == "" {
		return ""
	}
	return bridge.GatePage(a.page)
}

// transportError keeps nothing of the original but a description: net/http puts
// the URL, and what a server sent, into its errors.
type transportError struct {
	what    string
	written bool
	stopped error // context.Canceled, or nil
}

func (e *transportError) Error() string {
	if e.written {
		return "graph gave no answer: " + e.what
	}
	return "graph not reached: " + e.what
}

func (e *transportError) Unwrap() error { return e.stopped }

// describe names a transport error in words that cannot contain a URL or content.
func describe(err error) string {
	var (
		dns  *net.DNSError
		op   *net.OpError
		cert *tls.CertificateVerificationError
		rec  tls.RecordHeaderError
		tout net.Error
	)
	switch {
	case errors.Is(err, errHangs):
		return errHangs.Error()
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.As(err, &dns):
		return "no address for the host: " + dns.Err
	case errors.As(err, &cert):
		return "its certificate is not trusted"
	case errors.As(err, &rec):
		return "the server does not speak TLS"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &tout) && tout.Timeout():
		return "timed out"
	case errors.As(err, &op):
		return op.Op + ": " + op.Err.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection cut"
	case errors.Is(err, rest.ErrTooLong):
		return "its answer is too long"
	}
	return fmt.Sprintf("%T", err)
}

// trace returns the id by which Meta finds a call, if it looks like one.
func trace(id string, header http.Header) string {
	if id == "" {
		id = header.Get("X-Fb-Trace-Id")
	}
	if len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-')
	}) {
		return ""
	}
	return id
}
