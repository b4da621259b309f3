package rocketchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
	"messenger-bridge/rest"
	"messenger-bridge/rocketchat/evidence"
	"messenger-bridge/rocketchat/limits"
	"messenger-bridge/rocketchat/wire"
)

// ClientConfig says how to reach a workspace.
type ClientConfig struct {
	URL           string             // base URL of the workspace
	BotUsers      []string           // usernames of bots that are agents
	Timeout       time.Duration      // of one REST call; 15 s
	UploadTimeout time.Duration      // of one with a file; 5 min
	MaxConns      int                // kept open; at least the number of workers; 64
	Memory        Memory             // which room is the setup channel; nil: nothing is kept
	Recovered     func(route string) // called when a call is taken again that was refused of everybody, with its Response.Route; may be nil
	Leads         func() bool        // no call is made while it says no; nil: always yes
	Now           func() time.Time
	Sign          func(purpose, text string) string // what only the store's key makes; nil: nothing is signed
	Say           *language.Speaker
	Log           *slog.Logger
}

// Client makes REST calls as the bot. It never repeats a call: the stored queue
// does. Safe for concurrent use.
type Client struct {
	cfg     ClientConfig
	rest    *rest.Client
	uploads *rest.Client // without a time-out of its own
	files   *http.Client // for what agents sent
	limits  *limits.Limits
	book    *evidence.Book

	mu   sync.Mutex // guards the fields below
	user bridge.UserID
	name string // username of the bot
	auth bridge.Secret
	site string // the workspace's own idea of its URL
	hush bool   // of what is deleted, no list tells: it is only hidden (Message_KeepHistory)

	server time.Time // by the workspace's clock, at learnt
	learnt time.Time // zero: never

	setup       bridge.RoomID             // the setup channel; "": there is none, or not known yet
	asked       asked                     // there already
	told        map[bridge.MessageID]bool // of the channel, by direct message
	departments departments
}

// maxAnswer bounds how much of an answer is read, in bytes.
const maxAnswer = 16 << 20

// NewClient returns a client that refuses every call until the bot is logged in:
// the headers of the bot decide which rate limit counts (rocketchat.md 5).
func NewClient(cfg ClientConfig) *Client {
	cfg.URL = strings.TrimRight(cfg.URL, "/")
	if cfg.Timeout == 0 {
		cfg.Timeout = 15 * time.Second
	}
	if cfg.UploadTimeout == 0 {
		cfg.UploadTimeout = 5 * time.Minute
	}
	if cfg.MaxConns == 0 {
		cfg.MaxConns = 64
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Recovered == nil {
		cfg.Recovered = func(string) {}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 2*cfg.MaxConns, cfg.MaxConns
	transport.DialContext = (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	// Redirects are not followed: POST would become GET, and the token would go along.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client := func(timeout time.Duration) *rest.Client {
		return rest.New(&http.Client{Transport: transport, Timeout: timeout, CheckRedirect: stay})
	}
	c := &Client{cfg: cfg, rest: client(cfg.Timeout), uploads: client(0), files: fileClient(cfg), site: cfg.URL}
	c.book = evidence.New(cfg.Now)
	c.limits = limits.New(c.ServerTime) // windows end by the workspace's clock
	return c
}

// Bot returns who the bot is; empty before the first login.
func (c *Client) Bot() (bridge.UserID, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.user, c.name
}

// LoggedIn says who the bot is from now on, and with which token it calls.
func (c *Client) LoggedIn(user bridge.UserID, auth bridge.Secret) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.user, c.auth = user, auth
}

func (c *Client) knowBot(name, site string, hush, told bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.name, c.hush = name, told && hush || !told && c.hush // until somebody tells
	if site != "" {
		c.site = strings.TrimRight(site, "/")
	}
}

// ServerTime is the time by the workspace's clock, as its last answer told. It goes on
// evenly when our clock is set.
func (c *Client) ServerTime() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.serverNow()
}

// ServerClock is ServerTime, and whether any answer has told it yet.
func (c *Client) ServerClock() (now time.Time, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.serverNow(), !c.learnt.IsZero()
}

// serverNow is called with mu held.
func (c *Client) serverNow() time.Time {
	if c.learnt.IsZero() {
		return c.cfg.Now()
	}
	return c.server.Add(time.Since(c.learnt))
}

// OurTime is what our clock, as it goes now, showed when the workspace's showed t.
func (c *Client) OurTime(t time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cfg.Now().Add(t.Sub(c.serverNow()))
}

// learnTime compares the clocks. An answer tells the time to the second only, so
// what was known is kept while it is possible. took is how long the answer took.
func (c *Client) learnTime(h http.Header, took time.Duration) {
	t, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.serverNow()
	if now.Before(t) {
		now = t
	}
	if most := t.Add(time.Second + took); now.After(most) {
		now = most
	}
	c.server, c.learnt = now, time.Now()
}

// call is one REST call.
type call struct {
	method string
	base   string            // instead of /api/v1
	route  string            // below that, with {names} for params; the key of the rate limit
	params map[string]string // path parameters
	query  url.Values
	body   any               // sent as JSON, or as it is if it is a []byte
	stream *rest.Stream      // instead of body: sent as it is read, never as a whole
	ours   func() bool       // reports whether we broke the call off ourselves; may be nil
	kind   string            // Content-Type of a []byte
	header map[string]string // more headers
	of     string            // whose it is, for telling what is refused of one from what is refused of everybody; "": nobody's in particular
	user   bridge.UserID     // who makes it; "": nobody in particular
	auth   bridge.Secret     // of the user
	answer any               // decoded from the JSON answer, if not nil

	named string    // its name, once it is made; "": not yet
	began time.Time // when it is made
}

// do makes a call. The error is a Refusal; codes of Rocket.Chat are found in it
// by CodeOf, and what is known of others by its Answer.
func (c *Client) do(ctx context.Context, k call) error {
	k.named = k.name()
	k.began = c.cfg.Now()
	err := c.make(ctx, k)
	if r, refused := asRefusal(err); err == nil || refused && answersAsRocketChat[r.Reason] {
		passed(c, k)
	} else if refused && r.Answer != nil && !errors.Is(context.Cause(ctx), context.Canceled) && (k.ours == nil || !k.ours()) {
		c.weigh(k, r)
	}
	return err
}

// passed notes that a call was let through.
func passed(c *Client, k call) {
	if c.book.Passed(k.name(), k.of, k.began) {
		c.cfg.Recovered(k.shown())
	}
}

// errNotLeading says that another replica may do this, too.
var errNotLeading = errors.New("this replica does not lead")

// make is do without evidence.
func (c *Client) make(ctx context.Context, k call) error {
	c.mu.Lock()
	user, auth := c.user, c.auth
	c.mu.Unlock()
	if user == "" {
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceDown, Gate: bridge.GateWorkspace, Err: errors.New("not logged in yet")}
	}
	bucket := k.name()
	if wait := c.limits.Take(bucket); wait > 0 {
		return limited(bucket, wait, errors.New("held back by us"))
	}
	if c.cfg.Leads != nil && !c.cfg.Leads() { // asked last, after all waiting
		c.limits.Undecided(bucket)
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceDown, After: time.Second, Err: errNotLeading}
	}
	k.user, k.auth = user, auth
	start := time.Now()
	res, err := c.answered(ctx, k)
	if err != nil {
		c.limits.Undecided(bucket)
		return transport(k, err)
	}
	defer res.Body.Close()
	c.learnTime(res.Header, time.Since(start))
	body, err := rest.Read(res, maxAnswer)
	wait := c.limits.Learn(bucket, res.StatusCode, res.Header, body)
	if err != nil {
		return transport(k, err)
	}
	if res.StatusCode == http.StatusTooManyRequests {
		return k.throttled(res, "", wait)
	}
	if status := res.StatusCode; status >= 300 && status < 400 {
		return redirected(k, status, res.Header)
	}
	if err := verdict(k, res.StatusCode, body); err != nil {
		if code := CodeOf(err); tooMany[code] {
			return k.throttled(res, code, limits.SaidWait(res.Header, body))
		}
		return err
	}
	if k.answer == nil {
		return nil
	}
	if err := json.Unmarshal(body, k.answer); !wire.Tolerable(err) {
		return unexpected(k, err)
	}
	return nil
}

// answered makes a call and returns the answer, whatever it says.
func (c *Client) answered(ctx context.Context, k call) (*http.Response, error) {
	if k.base == "" {
		k.base = "/api/v1"
	}
	written := rest.Call{Method: k.method, URL: c.cfg.URL + k.base + k.route, Params: k.params, Query: k.query, Header: k.headers(), Body: k.body}
	if k.stream == nil {
		return c.rest.Do(ctx, written)
	}
	written.Body = k.stream
	return c.uploads.Do(ctx, written)
}

var inJSON = []string{"application/json"}

// headers are those of a call.
func (k call) headers() http.Header {
	h := http.Header{"Content-Type": inJSON}
	if k.kind != "" {
		h.Set("Content-Type", k.kind)
	}
	if k.user != "" {
		who := []string{string(k.user), k.auth.Reveal()}
		h["X-User-Id"], h["X-Auth-Token"] = who[:1:1], who[1:]
	}
	for name, value := range k.header {
		h.Set(name, value)
	}
	return h
}

// redirected is a refusal of a proxy, or of a workspace that lives elsewhere. Of
// where it leads, only the host is shown: the rest may hold tokens.
func redirected(k call, status int, h http.Header) error {
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, Answer: k.answered(status, ""),
		Err: fmt.Errorf("%s: HTTP %d: ROCKETCHAT_URL leads %s; correct it", k.name(), status, leadsTo(h))}
}

// leadsTo says where a redirect leads, as far as that may be shown.
func leadsTo(h http.Header) string {
	if u, err := url.Parse(h.Get("Location")); err == nil && u.Host != "" {
		return "to " + strings.TrimPrefix(u.Scheme+"://", "://") + u.Host
	}
	return "elsewhere"
}

// throttled is limited, because somebody said so: Rocket.Chat's limiter, which counts calls, or
// somebody else, who may mean what was sent.
func (k call) throttled(res *http.Response, code string, wait time.Duration) error {
	r := limited(k.name(), wait, errors.New("refused by Rocket.Chat"))
	if res.Header.Get("X-Ratelimit-Limit") == "" {
		r.Answer = k.answered(res.StatusCode, code)
	}
	return r
}

// limited is a refusal that concerns all calls of a route.
func limited(bucket string, wait time.Duration, err error) *bridge.Refusal {
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RateLimited,
		Gate: bridge.Gate("limit/" + bucket), After: wait, Err: fmt.Errorf("%s: %w", bucket, err)}
}
