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
	"strings"
	"time"

	"messenger-bridge/bridge"
)

// ruling is what one kind of refusal by Meta means to the queue.
type ruling struct {
	verdict    bridge.Verdict
	reason     bridge.Reason
	page       bool          // it concerns the whole page, not this customer
	after      time.Duration // with Again: how long it usually lasts; 0: the queue's own backoff
	app        bool          // with page: it concerns all pages of the app
	temporary  bool          // after is a guess: what the answer itself says counts
	permission bool          // the app may not do this; a subcode may narrow it to one customer
}

// The rulings, named after the classes of messenger.md 7.2.
var (
	unclear    = ruling{verdict: bridge.Unknown, reason: bridge.MetaError}
	throttled  = ruling{verdict: bridge.Again, reason: bridge.RateLimited, page: true, after: 30 * time.Second, temporary: true}
	appLimit   = ruling{verdict: bridge.Again, reason: bridge.RateLimited, page: true, app: true, after: 30 * time.Second, temporary: true}
	tokenDead  = ruling{verdict: bridge.Again, reason: bridge.PageLost, page: true, after: 5 * time.Minute}
	forbidden  = ruling{verdict: bridge.Again, reason: bridge.PageLost, page: true, after: 5 * time.Minute, permission: true}
	unapproved = ruling{verdict: bridge.Again, reason: bridge.NotApproved, page: true, after: 5 * time.Minute, permission: true}
	restricted = ruling{verdict: bridge.Again, reason: bridge.PageRestricted, page: true, after: 30 * time.Minute}
	asking     = ruling{verdict: bridge.Again, reason: bridge.OtherAppControls, after: 2 * time.Minute}
	notYet     = ruling{verdict: bridge.Never, reason: bridge.NotApproved}
	window     = ruling{verdict: bridge.Never, reason: bridge.WindowClosed}
	noFile     = ruling{verdict: bridge.Never, reason: bridge.FileRefused}
	tooBig     = ruling{verdict: bridge.Never, reason: bridge.FileTooBig}
	blocked    = ruling{verdict: bridge.Never, reason: bridge.CustomerBlocked}
	otherApp   = ruling{verdict: bridge.Never, reason: bridge.OtherAppControls}
	rejected   = ruling{verdict: bridge.Never, reason: bridge.Rejected}
	tagRefused = ruling{verdict: bridge.Never, reason: bridge.TagRefused}
	codeSpent  = ruling{verdict: bridge.Never, reason: bridge.CodeRefused}
)

// anySub in a row stands for a code without subcode; whether it also stands for
// subcodes nobody has listed is said in rule.
const anySub = 0

type codePair struct{ code, sub int }

// rulings are messenger.md 7.3 and 7.4 as far as they concern messages and
// connecting pages. A row with two numbers beats a row with one. Subcodes from a
// million up mean the same under any code, and alone in the place of the code (7.3,
// last paragraph).
var rulings = map[codePair]ruling{
	{-3, anySub}:   unclear,
	{-1, anySub}:   unclear, // 2018012: passed 25 seconds later; not proven undelivered
	{1, anySub}:    unclear,
	{1, 99}:        unclear, // or a permission is missing; the settling before each repeat bounds it
	{1, 1357046}:   unclear, // Meta: the messages were sent
	{2, anySub}:    unclear, // Meta: may also be a customer who blocked the page
	{1200, anySub}: unclear,

	{3, anySub}:       unapproved,
	{10, anySub}:      unapproved,
	{10, 1404170}:     rejected, // opt-in requests only
	{10, 1893015}:     rejected, // the customer stopped notification messages
	{10, 1893063}:     restricted,
	{10, 2018065}:     window,
	{10, 2018108}:     blocked,
	{10, 2018278}:     window,
	{10, 2018300}:     otherApp,
	{10, 2018336}:     rejected,
	{10, 2534022}:     window,
	{10, 2534077}:     unapproved, // the link to an Instagram account cannot be verified
	{200, anySub}:     forbidden,
	{200, 1545041}:    blocked,
	{200, 2018021}:    rejected,
	{200, 2018027}:    rejected,
	{200, 2018028}:    notYet, // until review only the app's own people can be written to
	{200, 2534041}:    unapproved,
	{283, anySub}:     forbidden,
	{230, anySub}:     forbidden,
	{368, anySub}:     restricted,
	{2022, anySub}:    restricted, // about a day
	{2534122, anySub}: restricted,

	{102, anySub}: tokenDead,
	{104, anySub}: tokenDead, // no token, or no appsecret_proof, in the call
	{190, anySub}: tokenDead,

	{4, anySub}:     appLimit,
	{4, 2018354}:    rejected, // two notifications too close together
	{9, 2018352}:    rejected,
	{17, anySub}:    throttled,
	{27, 2018464}:   otherApp, // taking a thread that cannot be taken
	{32, anySub}:    throttled,
	{341, anySub}:   appLimit,
	{613, anySub}:   throttled,
	{613, 1996}:     throttled,
	{613, 1893016}:  rejected, // the same opt-in topic twice
	{613, 2018338}:  throttled,
	{613, 2534040}:  throttled,
	{80001, anySub}: throttled,
	{80002, anySub}: throttled,
	{80006, anySub}: throttled,

	{100, anySub}:     rejected,
	{100, 33}:         tokenDead, // the object of our calls is the page itself
	{100, 36007}:      codeSpent, // too old
	{100, 36008}:      codeSpent, // of another redirect
	{100, 36009}:      codeSpent, // used
	{100, 1893061}:    rejected,
	{100, 2018001}:    blocked, // no matching user
	{100, 2018005}:    noFile,
	{100, 2018008}:    rejected, // Meta could not fetch the file
	{100, 2018034}:    rejected,
	{100, 2018047}:    noFile,
	{100, 2018074}:    noFile,
	{100, 2018109}:    tooBig,
	{100, 2018151}:    otherApp,
	{100, 2018276}:    tagRefused, // HUMAN_AGENT
	{100, 2018294}:    noFile,     // a video
	{100, 2534015}:    rejected,
	{100, 2534025}:    privateOver,
	{100, 2534029}:    restricted,
	{100, 2534037}:    otherApp,
	{105, anySub}:     rejected,
	{194, anySub}:     rejected,
	{506, anySub}:     commentTwice,
	{551, anySub}:     blocked,
	{551, 1545041}:    blocked,
	{10900, anySub}:   privateUsed,
	{10903, anySub}:   privateOver,
	{1609005, anySub}: rejected,
	{2200, anySub}:    rejected, // Meta could not verify the webhook
	{2500, anySub}:    rejected,
	{2018321, anySub}: asking, // Meta's automated questions hold the thread, for minutes
	{9000001, anySub}: rejected,
}

// bySub finds the rows of subcodes that mean the same everywhere.
var bySub = func() map[int]ruling {
	found := map[int]ruling{}
	for pair, r := range rulings {
		switch {
		case pair.sub >= million:
			found[pair.sub] = r
		case pair.code >= million:
			found[pair.code] = r
		}
	}
	return found
}()

const million = 1_000_000

// ofReading is the same ruling for a call that changes nothing, or sets what it
// would set again: it may always be made again. That reading or configuring is not
// permitted says nothing about sending.
func (r ruling) ofReading() ruling {
	if r.verdict == bridge.Unknown {
		r.verdict = bridge.Again
	}
	if r.permission {
		r.page, r.after = false, 0
	}
	return r
}

// rule looks a Graph error up. setup says that the call concerned no customer.
func rule(status int, e *wireError, setup bool) ruling {
	code, sub := int(e.Code), int(e.Subcode)
	if sub != 0 {
		if r, ok := rulings[codePair{code, sub}]; ok {
			return r
		}
		if r, ok := bySub[sub]; ok {
			return r
		}
	}
	if r, ok := bySub[code]; ok {
		return r
	}
	r, ok := rulings[codePair{code, anySub}]
	switch {
	case code == 100 && sub == 0 && e.Type == "GraphMethodException":
		return tokenDead // a missing or wrong appsecret_proof has no code of its own (6.9)
	case code >= 200 && code <= 299 && !ok:
		r, ok = forbidden, true
	case code >= 80000 && code <= 80099 && !ok:
		r, ok = throttled, true
	}
	if ok && sub != 0 && r.permission && !setup {
		// Permission trouble concerns the page; under the same codes stand refusals
		// of one customer. A subcode nobody knows must not stop a whole page.
		r = rejected
	}
	switch {
	case ok && (r.verdict != bridge.Never || !bool(e.Transient)):
		return r
	case status == http.StatusTooManyRequests:
		return throttled
	case status >= 500 || bool(e.Transient):
		return unclear
	}
	return rejected
}

// wireError is the object in {"error": …}. Its texts are left out: they are
// translated, they change, and they may repeat what we sent.
type wireError struct {
	Type      text   `json:"type"`
	Code      number `json:"code"`
	Subcode   number `json:"error_subcode"`
	Trace     text   `json:"fbtrace_id"`
	Transient flag   `json:"is_transient"`
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
	refusal := &bridge.Refusal{Verdict: r.verdict, Reason: r.reason, After: r.after, Trouble: death, Err: cause}
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
		if d := max(regain(a.header, a.page), retryAfter(a.header, now)); d > 0 {
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
	case errors.Is(err, errTooLong):
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
