package meta

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"messenger-bridge/sandbox/loopback"
)

// The made-up identities used when a Config leaves them empty, and the
// application ids that Meta itself writes into echoes.
const (
	DefaultAppID       = "900800700600500"
	DefaultAppSecret   = "0123456789abcdef0123456789abcdef"
	DefaultVerifyToken = "verify-me"

	// DefaultUserID is the person who authorised the pages of AddPage. AddPerson makes others.
	DefaultUserID = "5550001112223334"

	InboxAppID = "263902037430900" // Page Inbox, Business Suite and Meta's AI

	appName = "Bridge"
)

// Config is what a Messenger is started with. The zero value works.
type Config struct {
	AppID       string // the app that owns the webhook subscription
	AppSecret   string // signs webhooks, proves tokens
	VerifyToken string // told to the webhook in the handshake

	Listen string           // address of the Graph API; "" = a free port on 127.0.0.1
	Now    func() time.Time // clock of windows, timestamps, throttles and the one-hour rule; nil = time.Now

	NoProof bool // accept calls without appsecret_proof; a wrong one is refused anyway

	// NoAppSubscription starts with an application that is subscribed to nothing, until it
	// POSTs to /{app-id}/subscriptions. Otherwise MessageFields are subscribed, and only the URL
	// is missing.
	NoAppSubscription bool

	// Retries are the gaps between attempts to deliver a webhook, in real time. The
	// last one repeats until the page is unsubscribed. Meta's own schedule is not
	// published (messenger.md 13).
	Retries     []time.Duration
	AckDeadline time.Duration // a webhook answered later than this counts as failed; 0 = 5 s

	Quirks Quirks // readings of Meta's documentation to start with
}

// Messenger plays the Messenger Platform: a Graph API server, the sender of webhooks, and
// the customers' screens. All methods may be called from any goroutine.
type Messenger struct {
	cfg    Config       // complete after Start, never changed
	addr   string       // of the Graph API, kept over Down and Up
	client *http.Client // posts the webhooks

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	work sync.WaitGroup // every goroutine started here
	kick chan struct{}  // something may be ready for the dispatcher

	passed atomic.Int64 // by how much PassTime moved the clock

	mu      sync.Mutex // guards everything below
	changed chan struct{}
	closed  bool
	server  *http.Server // nil while down
	seq     int64        // numbers message ids, threads and traces
	quirks  Quirks

	app      appSubscription
	pages    map[string]*page
	tokens   map[string]*graphToken
	foreign  map[string]string // tokens of other applications; their page
	threads  map[threadKey]*thread
	byMid    map[string]*message
	people   map[string]*person
	personas map[string]*persona
	comments commentBooks
	media    []*Media

	admins map[string]*admin // who may authorise, by app-scoped id
	login  login

	hooks    hooks
	switches webhookSwitches
	queues   map[string]*webhookQueue
	echoes   int // echoes that are due but not yet in a queue
	limits   limits
	hang     chan struct{} // not nil: Graph calls wait until it is closed
	inFlight map[threadKey][]*graphCall

	books books
}

// Start starts a simulator that listens. It has no pages and no webhook yet:
// AddPage and SetWebhook come next.
func Start(cfg Config) (*Messenger, error) {
	cfg.complete()
	m := &Messenger{
		cfg: cfg,
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		kick:     make(chan struct{}, 1),
		changed:  make(chan struct{}),
		quirks:   cfg.Quirks,
		app:      appSubscription{fields: setOf(MessageFields), verify: cfg.VerifyToken, active: true, served: newestVersion},
		pages:    map[string]*page{},
		tokens:   map[string]*graphToken{},
		foreign:  map[string]string{},
		threads:  map[threadKey]*thread{},
		byMid:    map[string]*message{},
		people:   map[string]*person{},
		personas: map[string]*persona{},
		comments: newCommentBooks(),
		admins:   map[string]*admin{},
		login:    newLogin(),
		queues:   map[string]*webhookQueue{},
		inFlight: map[threadKey][]*graphCall{},
		switches: webhookSwitches{batch: 1, parallel: 1},
		limits:   newLimits(),
	}
	if cfg.NoAppSubscription {
		m.app.fields = map[string]bool{}
	}
	m.ctx, m.stop = context.WithCancel(context.Background())
	if err := m.listen(cfg.Listen); err != nil {
		m.stop()
		return nil, err
	}
	m.work.Go(m.dispatch)
	return m, nil
}

func (c *Config) complete() {
	setDefault(&c.AppID, DefaultAppID)
	setDefault(&c.AppSecret, DefaultAppSecret)
	setDefault(&c.VerifyToken, DefaultVerifyToken)
	if c.Listen == "" {
		c.Listen = loopback.Own()
	}
	setDefault(&c.AckDeadline, 5*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if len(c.Retries) == 0 {
		c.Retries = []time.Duration{
			50 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
			2 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute,
		}
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (m *Messenger) listen(addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for graph calls: %w", err)
	}
	server := &http.Server{Handler: http.HandlerFunc(m.serve), ReadHeaderTimeout: 10 * time.Second}
	server.RegisterOnShutdown(func() { ln.Close() })
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || m.server != nil {
		return ln.Close()
	}
	m.addr, m.server = ln.Addr().String(), server
	m.work.Go(func() { _ = server.Serve(ln) })
	return nil
}

// URL is the base of the Graph API, as a client's configuration wants it: without version
// and without a slash at the end.
func (m *Messenger) URL() string { return "http://" + m.addr }

// AppID and AppSecret are what the bridge has to be configured with.
func (m *Messenger) AppID() string     { return m.cfg.AppID }
func (m *Messenger) AppSecret() string { return m.cfg.AppSecret }

// VerifyToken is what the handshake says; a POST to /{app-id}/subscriptions changes it.
func (m *Messenger) VerifyToken() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.app.verify
}

// AppToken is the application's own access token.
func (m *Messenger) AppToken() string { return m.cfg.AppID + "|" + m.cfg.AppSecret }

// Down makes the Graph API refuse connections and cuts those that are open. Webhooks go on.
func (m *Messenger) Down() {
	m.mu.Lock()
	server := m.server
	m.server = nil
	m.mu.Unlock()
	if server != nil {
		_ = server.Close()
	}
}

// Up ends Down, on the same port.
func (m *Messenger) Up() error {
	m.mu.Lock()
	up := m.server != nil
	m.mu.Unlock()
	if up {
		return nil
	}
	return m.listen(m.addr)
}

// Close ends everything, also calls that hang, and waits until nothing runs any more. It
// may be called twice.
func (m *Messenger) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.stop()
	m.Down()
	m.work.Wait()
	m.client.CloseIdleConnections()
	return nil
}

// Changed returns a channel that is closed at the next change of anything the simulator
// can be asked about. Take it before asking.
func (m *Messenger) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

// Until waits until cond holds, asking again after each change.
func (m *Messenger) Until(ctx context.Context, cond func() bool) error {
	for {
		changed := m.Changed()
		if cond() {
			return nil
		}
		select {
		case <-changed:
		case <-m.ctx.Done():
			return fmt.Errorf("messenger simulator closed")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// touch announces a change. Called with mu held.
func (m *Messenger) touch() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// PassTime moves Meta's clock forward: the one of windows, message times, throttles and the
// one-hour rule. Pauses between webhooks stay real.
func (m *Messenger) PassTime(d time.Duration) {
	m.passed.Add(int64(d))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.touch()
}

// now is the clock in the resolution Meta uses.
func (m *Messenger) now() time.Time {
	return m.cfg.Now().Add(time.Duration(m.passed.Load())).Truncate(time.Millisecond)
}

// next numbers things. Called with mu held.
func (m *Messenger) next() int64 {
	m.seq++
	return m.seq
}

// newMid makes a message id of the real length, different for every simulator app.
// Called with mu held.
func (m *Messenger) newMid() string {
	sum := sha512.Sum512(fmt.Appendf(nil, "%s %d", m.cfg.AppID, m.next()))
	text := base64.RawURLEncoding.EncodeToString(sum[:])
	return "m_" + text + text[:22]
}

// newTrace makes an fbtrace_id. Called with mu held.
func (m *Messenger) newTrace() string {
	sum := sha512.Sum512(fmt.Appendf(nil, "trace %d", m.next()))
	return "A" + base64.RawURLEncoding.EncodeToString(sum[:16])
}
