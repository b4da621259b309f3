package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"messenger-bridge/companion"
	"messenger-bridge/messenger"
	"messenger-bridge/web"
)

// publicRoutes are what Meta and browsers reach.
func (p *program) publicRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/webhook", messenger.NewWebhook(messenger.WebhookConfig{
		VerifyToken: p.cfg.FacebookVerifyToken, AppSecrets: secrets(p.cfg.FacebookAppSecret),
		Accept: p.bridge, Count: p.countWebhook, OnForged: p.forged(), OnVerified: p.handshake, Now: p.cfg.now, Log: p.log,
	}))
	pages := web.New(web.Config{Login: p.pages.Login, Editor: p.pages.Editor, Deletion: p.pages.Eraser.Deletion, Secure: strings.HasPrefix(p.cfg.PublicURL, "https:"), Path: publicPath(p.cfg.PublicURL), Say: p.say, Log: p.log})
	mux.Handle("/oauth/", pages)
	mux.Handle("/pages/", pages)
	mux.Handle(companion.CommandsAt, p.commandsRoute())
	callbacks := messenger.NewCallbacks(messenger.CallbacksConfig{
		AppSecrets: secrets(p.cfg.FacebookAppSecret), EraseGrant: p.pages.Eraser.EraseGrant, Receipt: p.pages.Eraser.DeletionReceipt,
		Count: func(answer string) { p.metrics.Callbacks.WithLabelValues(answer).Inc() }, Now: p.cfg.now, Log: p.log,
	})
	mux.Handle(messenger.DeauthorizePath, callbacks)
	mux.Handle(messenger.DeletionPath, callbacks)
	mux.Handle(messenger.DeletionPath+"/", pages)
	mux.Handle("GET /avatars/{token}", p.avatars)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", p.ready)
	return mux
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
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", p.ready)
	return mux
}

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
	if kind, ok := strings.CutPrefix(what, messenger.CountIgnored); ok {
		p.metrics.Ignored.WithLabelValues(kind).Add(float64(n))
	}
	if answer, ok := strings.CutPrefix(what, messenger.CountAnswer); ok {
		p.metrics.Webhooks.WithLabelValues(answer).Add(float64(n))
		switch answer {
		case messenger.AnswerOK, messenger.AnswerMalformed:
			p.heartbeat.Taken()
		case messenger.AnswerBusy, messenger.AnswerNotStored:
			p.heartbeat.Refused()
		case messenger.AnswerForged:
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
