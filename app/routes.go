package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"messenger-bridge/app/settled"
	"messenger-bridge/bridge"
	"messenger-bridge/bridge/backfill"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/commands"
	"messenger-bridge/companion"
	"messenger-bridge/language"
	"messenger-bridge/messenger/webhook"
	"messenger-bridge/metrics"
	"messenger-bridge/replica"
	"messenger-bridge/store"
	"messenger-bridge/web"
)

// route is where requests are answered on LISTEN.
type route struct {
	pattern string // as http.ServeMux takes it
	inside  bool   // for load balancers: a proxy does not forward it (docs/operating.md)
	handler http.Handler
}

// publicServer is what Meta and browsers reach.
type publicServer struct {
	*late
	cfg       Config
	settled   *settled.Settled
	store     *store.Store
	verified  func() // Meta has made the webhook's handshake
	pages     *pages.Parts
	heartbeat *backfill.WebhookHeartbeat
	leads     func() bool // nil: nobody else can lead
	clerk     *commands.Commands
	trusted   func(ctx context.Context, who bridge.UserID, room bridge.RoomID, kind string) bool
	pace      *notices.Pace
	roomLink  func(bridge.RoomID) string
	avatars   http.Handler
	metrics   *metrics.Metrics
	strangers *strangers
	say       *language.Speaker
	log       *slog.Logger
}

// handler answers on LISTEN.
func (s *publicServer) handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.pattern, r.handler)
	}
	return mux
}

// routes are all on LISTEN.
func (s *publicServer) routes() []route {
	events := webhook.New(webhook.Config{
		Fresh:  s.settled.Webhook,
		Accept: whileLeading{s.relay.Inbound.FromCustomer, s.leads}, Count: s.countWebhook, OnForged: forged(s.log), OnVerified: s.verified, Now: s.cfg.Now, Log: s.log,
	})
	browser := web.New(web.Config{
		Login: s.pages.Login, Editor: s.pages.Editor, Deletion: s.pages.Eraser.Deletion,
		Secure: strings.HasPrefix(s.cfg.Network.PublicURL, "https:"), Path: publicPath(s.cfg.Network.PublicURL),
		Chats: func() string { return strings.TrimSuffix(s.roomLink(""), "/live/") + "/omnichannel/current" },
		Sign:  s.store.Sign, Pressed: func() { s.strangers.left(formPlace) }, Now: s.cfg.Now, Say: s.say, Log: s.log,
	})
	callbacks := webhook.NewCallbacks(webhook.CallbacksConfig{
		AppSecrets: s.settled.AppSecrets, EraseGrant: s.pages.Eraser.EraseGrant, Receipt: s.pages.Eraser.DeletionReceipt,
		Count: s.countCallback, Now: s.cfg.Now, Log: s.log,
	})
	return []route{
		{pattern: "/webhook", handler: events},
		{pattern: "/oauth/", handler: browser},
		{pattern: "/pages/", handler: browser},
		{pattern: companion.CommandsAt, handler: s.commandsRoute()},
		{pattern: webhook.DeauthorizePath, handler: callbacks},
		{pattern: webhook.DeletionPath, handler: callbacks},
		{pattern: webhook.DeletionPath + "/", handler: browser},
		{pattern: "GET /avatars/{token}", handler: s.avatars},
		{pattern: "GET /{$}", inside: true, handler: http.HandlerFunc(greet)},
		{pattern: "GET /healthz", inside: true, handler: http.HandlerFunc(alive)},
		{pattern: "GET /readyz", inside: true, handler: ready{s.store, s.strangers}},
	}
}

// publicPath returns the path below which browsers see us.
func publicPath(public string) string {
	u, err := url.Parse(public)
	if err != nil { // the configuration was checked
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}

// privateRoutes are for operators' machines, on an address of their own.
func privateRoutes(p *program) http.Handler {
	v := p.view()
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", board{v, p.history, p.log})
	mux.Handle("GET /metrics", p.metrics.Handler())
	mux.Handle("GET /status", v)
	mux.HandleFunc("GET /healthz", alive)
	mux.Handle("GET /readyz", ready{p.store, p.strangers})
	return mux
}

// alive says that the process answers.
func alive(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }

// ready says whether webhooks can be stored. Neither Rocket.Chat being away nor strangers who
// hold connections are a reason to take the webhook out of a load balancer; the latter are told.
type ready struct {
	store     *store.Store
	strangers *strangers
}

// ServeHTTP answers GET /readyz.
func (r ready) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if err := r.store.Health(); err != nil {
		http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
	for _, told := range []string{r.strangers.String(), changed(r.store.Changes().Count())} {
		if told != "" {
			fmt.Fprintln(w, told)
		}
	}
}

func (s *publicServer) countWebhook(what string, n int) {
	if kind, ok := strings.CutPrefix(what, webhook.CountIgnored); ok {
		s.metrics.Ignored.WithLabelValues(kind).Add(float64(n))
	}
	if answer, ok := strings.CutPrefix(what, webhook.CountAnswer); ok {
		s.metrics.Webhooks.WithLabelValues(answer).Add(float64(n))
		s.noteAnswer(answer)
	}
}

// noteAnswer draws what follows from an answer. Only signed calls say anything about whether
// Meta is heard: what strangers send, and what nobody could read, proves nothing.
func (s *publicServer) noteAnswer(answer string) {
	switch answer {
	case webhook.AnswerOK, webhook.AnswerMalformed:
		s.heartbeat.Taken()
	case webhook.AnswerNotStored:
		s.heartbeat.Refused()
	}
	s.strangers.unread(webhookPlace, answer)
}

func (s *publicServer) countCallback(answer string) {
	s.metrics.Callbacks.WithLabelValues(answer).Inc()
	s.strangers.unread(callbackPlace, answer)
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // the reader is gone; there is nobody to tell
}

// forged announces bursts of bad signatures, which are strangers, or the wrong
// app secret: then nothing arrives although everything looks well.
func forged(log *slog.Logger) func() {
	burst := newBurst(20, time.Minute)
	return func() {
		if n := burst.count(time.Now()); n > 0 {
			log.Error("many webhook calls with a wrong signature; if messages do not arrive, FACEBOOK_APP_SECRET is not the secret of the app that is subscribed", "calls", n)
		}
	}
}

// whileLeading takes webhooks for a replica that leads, and has Meta keep them otherwise: what is dropped, because
// the page is not known for example, is dropped by what another replica may have changed meanwhile.
type whileLeading struct {
	accept func(context.Context, []bridge.Incoming) error
	leads  func() bool // nil: nobody else can lead
}

// FromCustomer stores events, and returns nil only if nobody else could lead when everything was decided.
func (w whileLeading) FromCustomer(ctx context.Context, events []bridge.Incoming) error {
	err := w.accept(ctx, events)
	if err == nil && w.leads != nil && !w.leads() {
		return replica.ErrDeposed
	}
	return err
}
