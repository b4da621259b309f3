package messenger

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/pace"
	"messenger-bridge/messenger/proof"
	"messenger-bridge/pause"
	"messenger-bridge/rest"
)

// ClientConfig is what a Client needs.
type ClientConfig struct {
	GraphURL    string // without version
	Version     string // v27.0
	AppID       string
	AppSecret   bridge.Secret
	Dialog      Dialog
	VerifyToken bridge.Secret                      // told to Meta with the webhook's address
	Fresh       func() (app, verify bridge.Secret) // both secrets, as they are at the moment; nil: as above for good
	Times       Times
	Leads       func() bool // nothing is changed at Facebook while it says no; nil: always yes
	MaxConns    int         // idle connections kept: not fewer than calls at once; 64
	Now         func() time.Time
	Log         *slog.Logger
}

// Dialog is where administrators log in.
type Dialog struct {
	URL      string // without version; empty: https://www.facebook.com
	ConfigID string // a configuration of Facebook Login for Business; empty: classic login
}

// Times that are zero get the default that stands beside them.
type Times struct {
	Timeout     time.Duration // of one call; 15 s
	Throttled   time.Duration // how long a page pauses when Meta throttles it and does not say how long; 30 s
	ThreadEvery time.Duration // pause between two reads of a page's threads; 550 ms
}

// Client calls the Graph API in the name of pages, of who grants them, and of the
// app. It never repeats a call: only the queue knows whether that is safe. Safe for
// concurrent use.
type Client struct {
	cfg    ClientConfig // complete after NewClient, never changed
	base   string       // address of the version
	rest   *rest.Client
	pacer  *pace.Pacer
	pulse  pulse
	skew   skew
	served atomic.Value // string: the version that Meta last answered with
	proofs proof.Prover
	sleep  func(context.Context, time.Duration) error

	uploads *rest.Client // for calls that carry a file: their answers take longer
}

// NewClient returns a client; it makes no call.
func NewClient(cfg ClientConfig) *Client {
	if cfg.Fresh == nil {
		cfg.Fresh = func() (app, verify bridge.Secret) { return cfg.AppSecret, cfg.VerifyToken }
	}
	if cfg.Dialog.URL == "" {
		cfg.Dialog.URL = "https://www.facebook.com"
	}
	if cfg.Times.Timeout <= 0 {
		cfg.Times.Timeout = 15 * time.Second
	}
	if cfg.Times.ThreadEvery <= 0 {
		cfg.Times.ThreadEvery = pace.LookEvery
	}
	if cfg.MaxConns <= 0 {
		cfg.MaxConns = 64
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	// Graph does not redirect, and a token must not follow anybody who does.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	slow := transport(cfg)
	slow.ResponseHeaderTimeout = uploadAnswer(cfg.Times.Timeout)
	return &Client{
		cfg: cfg, base: strings.TrimRight(cfg.GraphURL, "/") + "/" + url.PathEscape(cfg.Version),
		pacer: pace.New(time.Now, cfg.Times.ThreadEvery), pulse: pulse{state: State{Answers: true}}, sleep: pause.For,
		rest:    rest.New(&http.Client{Transport: transport(cfg), CheckRedirect: stay}),
		uploads: rest.New(&http.Client{Transport: slow, CheckRedirect: stay}),
	}
}

// transport speaks HTTP/1.1: one call a connection, so that "nothing was written"
// is a plain fact, and net/http never sends a POST twice.
func transport(cfg ClientConfig) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConns:           cfg.MaxConns,
		MaxIdleConnsPerHost:    cfg.MaxConns, // the default of 2 would tear down the others after each burst
		IdleConnTimeout:        30 * time.Second,
		ResponseHeaderTimeout:  cfg.Times.Timeout,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// request is one call.
type request struct {
	page    bridge.Page   // in whose name; empty if the call is about no page
	token   bridge.Secret // then: a person's or the app's; empty: none
	method  string
	path    string // below the page, or "" for the page itself; without page: below the version
	query   map[string]string
	body    any               // JSON
	upload  *upload           // instead of JSON
	form    map[string]string // instead of JSON
	comment bridge.Mid        // instead of the page, what the call is about: a comment, or a post
	private bool              // it answers a comment
	setup   bool              // configures: concerns no customer, and may be made again whatever became of it
}

// address returns the path below the version.
func (q request) address() string {
	if q.page.ID == "" {
		return "/" + q.path
	}
	node := string(q.page.ID)
	if q.comment != "" {
		node = string(q.comment)
	}
	if q.path == "" {
		return "/" + url.PathEscape(node)
	}
	return "/" + url.PathEscape(node) + "/" + q.path
}

// errNotLeading says that another replica may send this, too.
var errNotLeading = errors.New("this replica does not lead")

// call makes a call in a page's name when it is the page's turn, and returns the
// body of a success. Every error is a Refusal.
func (c *Client) call(ctx context.Context, q request) ([]byte, error) {
	if q.page.Token == "" {
		return nil, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.PageLost, Gate: bridge.GatePage(q.page.ID),
			After: tokenDead.after, Err: errors.New("no token for the page")}
	}
	if q.method == http.MethodPost && q.path == "messages" {
		kind := pace.Sends
		if q.upload != nil {
			kind = pace.Files
		}
		take := func(page bridge.PageID) (wait, none time.Duration) { return c.pacer.Take(page, kind) }
		if err := c.turn(ctx, q.page.ID, take, ""); err != nil {
			return nil, err
		}
	}
	q.token = q.page.Token
	return c.ask(ctx, q)
}

// ask makes a call when it is its turn. Every error is a Refusal.
func (c *Client) ask(ctx context.Context, q request) ([]byte, error) {
	if wait, none, gate := c.pacer.Reserve(q.page.ID); wait > 0 || none > 0 {
		if err := c.await(ctx, wait, none, gate); err != nil {
			return nil, err
		}
	}
	if c.cfg.Leads != nil && q.method != http.MethodGet && !c.cfg.Leads() { // asked last, after all waiting
		return nil, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown, After: time.Second, Err: errNotLeading}
	}
	start := time.Now()
	call := c.do
	if q.upload != nil {
		call = c.send
	}
	a := call(ctx, q)
	c.pulse.note(a, c.cfg.Now())
	took := time.Since(start)
	c.pacer.Report(q.page.ID, a.header)
	if a.err != nil || a.status < 200 || a.status > 299 || a.refused() != nil {
		refusal := classify(a, c.cfg.Now())
		c.pacer.Refused(q.page.ID, refusal)
		c.log(ctx, q, took, "graph call refused", slog.String("verdict", refusal.Verdict.String()), slog.Any("reason", refusal.Reason), slog.Any("err", refusal.Err))
		return nil, refusal
	}
	c.log(ctx, q, took, "graph call made", slog.Int("status", a.status))
	return a.body, nil
}

// log says what became of a call, to whoever wants to know that much.
func (c *Client) log(ctx context.Context, q request, took time.Duration, what string, became ...slog.Attr) {
	if c.cfg.Log.Enabled(ctx, slog.LevelDebug) {
		about := []slog.Attr{slog.Any("page", q.page.ID), slog.String("method", q.method), slog.String("path", q.path), slog.Duration("took", took)}
		c.cfg.Log.LogAttrs(ctx, slog.LevelDebug, what, append(about, became...)...)
	}
}

// turn waits until the page may make a call, if that is soon, else it refuses.
func (c *Client) turn(ctx context.Context, page bridge.PageID, take func(bridge.PageID) (wait, none time.Duration), gate bridge.Gate) error {
	wait, none := take(page)
	return c.await(ctx, wait, none, gate)
}

// patiently is turn for whoever waits as long as it takes.
func (c *Client) patiently(ctx context.Context, page bridge.PageID, take func(bridge.PageID) (wait, none time.Duration)) error {
	for {
		wait, none := take(page)
		if wait+none == 0 {
			return nil
		}
		if err := c.sleep(ctx, wait+none); err != nil {
			return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RateLimited, Err: err}
		}
		if none == 0 {
			return nil
		}
	}
}

// await waits for a turn that comes soon, else it refuses.
func (c *Client) await(ctx context.Context, wait, none time.Duration, gate bridge.Gate) error {
	if none > 0 {
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RateLimited, Gate: gate, After: none,
			Err: errors.New("held back below Meta's limit")}
	}
	if wait > 0 && c.sleep(ctx, wait) != nil {
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RateLimited, Err: context.Cause(ctx)}
	}
	return nil
}

// do makes a call without a file.
func (c *Client) do(ctx context.Context, q request) *answer {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Times.Timeout)
	defer cancel()
	a := &answer{page: q.page.ID, wait: c.cfg.Times.Throttled,
		reading: q.method == http.MethodGet || q.setup, setup: q.setup, comment: q.comment != "" || q.private}
	var body any = q.body
	if q.form != nil {
		body = values(q.form)
	}
	c.exchange(ctx, c.rest, c.write(q, body), a)
	return a
}

// maxAnswer bounds how much of an answer is read, in bytes.
const maxAnswer = 4 << 20

// exchange makes an HTTP call and notes what became of it.
func (c *Client) exchange(ctx context.Context, over *rest.Client, call rest.Call, a *answer) {
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }})
	res, err := over.Do(ctx, call)
	if err == nil {
		defer res.Body.Close()
		a.status, a.header = res.StatusCode, res.Header
		a.body, err = rest.Read(res, maxAnswer)
		c.skew.learn(a.header, c.cfg.Now())
		if v := a.header.Get("Facebook-Api-Version"); v != "" {
			c.served.Store(v)
		}
	}
	a.err, a.written = err, written.Load()
}

// write makes the HTTP call of a request.
func (c *Client) write(q request, body any) rest.Call {
	call := rest.Call{Method: q.method, URL: c.base + q.address(), Bearer: q.token.Reveal(), Body: body}
	if len(q.query) > 0 {
		call.Query = values(q.query)
	}
	if q.token == "" {
		return call
	}
	secret, _ := c.cfg.Fresh()
	made := c.proofs.Of(secret, q.token)
	if call.Query == nil { // as of nearly every call: no values are made for one
		call.URL += "?appsecret_proof=" + made
	} else {
		call.Query.Set("appsecret_proof", made)
	}
	return call
}

func values(of map[string]string) url.Values {
	all := make(url.Values, len(of)+1)
	for name, value := range of {
		all.Set(name, value)
	}
	return all
}
