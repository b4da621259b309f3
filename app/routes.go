package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"messenger-bridge/companion"
	"messenger-bridge/messenger/webhook"
	"messenger-bridge/web"
)

// route is where requests are answered on LISTEN.
type route struct {
	pattern string // as http.ServeMux takes it
	inside  bool   // for load balancers: a proxy does not forward it (docs/operating.md)
	handler http.Handler
}

// publicRoutes are what Meta and browsers reach.
func (p *program) publicRoutes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range p.routes() {
		mux.Handle(r.pattern, r.handler)
	}
	return mux
}

// routes are all on LISTEN.
func (p *program) routes() []route {
	events := webhook.New(webhook.Config{
		VerifyToken: p.cfg.Facebook.VerifyToken, AppSecrets: Secrets(p.cfg.Facebook.AppSecret),
		Accept: p.relay.Inbound, Count: p.countWebhook, OnForged: p.forged(), OnVerified: p.handshake, Now: p.cfg.Now, Log: p.log,
	})
	browser := web.New(web.Config{Login: p.pages.Login, Editor: p.pages.Editor, Deletion: p.pages.Eraser.Deletion, Secure: strings.HasPrefix(p.cfg.Network.PublicURL, "https:"), Path: publicPath(p.cfg.Network.PublicURL), Say: p.say, Log: p.log})
	callbacks := webhook.NewCallbacks(webhook.CallbacksConfig{
		AppSecrets: Secrets(p.cfg.Facebook.AppSecret), EraseGrant: p.pages.Eraser.EraseGrant, Receipt: p.pages.Eraser.DeletionReceipt,
		Count: func(answer string) { p.metrics.Callbacks.WithLabelValues(answer).Inc() }, Now: p.cfg.Now, Log: p.log,
	})
	return []route{
		{pattern: "/webhook", handler: events},
		{pattern: "/oauth/", handler: browser},
		{pattern: "/pages/", handler: browser},
		{pattern: companion.CommandsAt, handler: p.commandsRoute()},
		{pattern: webhook.DeauthorizePath, handler: callbacks},
		{pattern: webhook.DeletionPath, handler: callbacks},
		{pattern: webhook.DeletionPath + "/", handler: browser},
		{pattern: "GET /avatars/{token}", handler: p.avatars},
		{pattern: "GET /healthz", inside: true, handler: http.HandlerFunc(alive)},
		{pattern: "GET /readyz", inside: true, handler: http.HandlerFunc(p.ready)},
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

// privateRoutes are for operators, on an address of their own.
func (p *program) privateRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", p.metrics.Handler())
	mux.HandleFunc("GET /status", p.serveStatus)
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", p.ready)
	return mux
}

// alive says that the process answers.
func alive(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }

// ready says whether webhooks can be stored. Rocket.Chat being away is no reason
// to take the webhook out of a load balancer.
func (p *program) ready(w http.ResponseWriter, _ *http.Request) {
	if err := p.store.Health(); err != nil {
		http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

func (p *program) countWebhook(what string, n int) {
	if kind, ok := strings.CutPrefix(what, webhook.CountIgnored); ok {
		p.metrics.Ignored.WithLabelValues(kind).Add(float64(n))
	}
	if answer, ok := strings.CutPrefix(what, webhook.CountAnswer); ok {
		p.metrics.Webhooks.WithLabelValues(answer).Add(float64(n))
		switch answer {
		case webhook.AnswerOK, webhook.AnswerMalformed:
			p.heartbeat.Taken()
		case webhook.AnswerBusy, webhook.AnswerNotStored:
			p.heartbeat.Refused()
		case webhook.AnswerForged:
			p.heartbeat.Forged()
		}
	}
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // the reader is gone; there is nobody to tell
}

// forged announces bursts of bad signatures, which are strangers, or the wrong
// app secret: then nothing arrives although everything looks well.
func (p *program) forged() func() {
	burst := newBurst(20, time.Minute)
	return func() {
		if n := burst.count(time.Now()); n > 0 {
			p.log.Error("many webhook calls with a wrong signature; if messages do not arrive, FACEBOOK_APP_SECRET is not the secret of the app that is subscribed", "calls", n)
		}
	}
}
