package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger"
	"messenger-bridge/rocketchat"
	"messenger-bridge/store"
	"messenger-bridge/web"
)

// publicRoutes are what Meta and browsers reach.
func (p *program) publicRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/webhook", messenger.NewWebhook(messenger.WebhookConfig{
		VerifyToken: p.cfg.FacebookVerifyToken, AppSecrets: secrets(p.cfg.FacebookAppSecret),
		Accept: p.bridge, Count: p.countWebhook, OnForged: p.forged(), OnVerified: p.handshake, Log: p.log,
	}))
	pages := web.New(web.Config{Connect: p.connector, Secure: strings.HasPrefix(p.cfg.PublicURL, "https:"), Path: publicPath(p.cfg.PublicURL), Log: p.log})
	mux.Handle("/oauth/", pages)
	mux.Handle("/pages/", pages)
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
	}
}

// status is what GET /status and `messenger-bridge status` show.
type status struct {
	Version    string           `json:"version"`
	Started    time.Time        `json:"started"`
	Ready      string           `json:"ready"` // "yes", or why webhooks are refused
	RocketChat rocketchat.State `json:"rocketchat"`
	In         backlog          `json:"toRooms"`
	Out        backlog          `json:"toCustomers"`
	Notices    backlog          `json:"toAgents"`
	Failed     int              `json:"failed"` // set aside, to be tried again by a person
	Pages      []pageStatus     `json:"pages"`
}

type backlog struct {
	Waiting int        `json:"waiting"`
	Oldest  *time.Time `json:"oldest,omitempty"`
}

type pageStatus struct {
	ID    bridge.PageID    `json:"id"`
	Name  string           `json:"name"`
	State bridge.PageState `json:"state"`
	Why   string           `json:"why,omitempty"`
}

func (p *program) status() status {
	s := status{Version: versionText(), Started: p.started, Ready: "yes", RocketChat: p.stream.State()}
	if err := p.store.Health(); err != nil {
		s.Ready = err.Error()
	}
	in, out, notices := p.bridge.Backlog()
	s.In, s.Out, s.Notices = show(in), show(out), show(notices)
	s.Failed = p.store.Stats().Failed
	for _, page := range p.store.Pages() {
		s.Pages = append(s.Pages, pageStatus{ID: page.ID, Name: page.DisplayName(), State: page.State, Why: page.Why})
	}
	return s
}

func show(b bridge.Backlog) backlog {
	if b.Oldest.IsZero() {
		return backlog{Waiting: b.Waiting}
	}
	return backlog{Waiting: b.Waiting, Oldest: &b.Oldest}
}

func (p *program) serveStatus(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, p.status())
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // the reader is gone; there is nobody to tell
}

// gauges are asked for when somebody reads the metrics.
func (p *program) gauges() {
	for direction, pick := range map[string]func() bridge.Backlog{
		"in":     func() bridge.Backlog { in, _, _ := p.bridge.Backlog(); return in },
		"out":    func() bridge.Backlog { _, out, _ := p.bridge.Backlog(); return out },
		"notice": func() bridge.Backlog { _, _, notices := p.bridge.Backlog(); return notices },
	} {
		labels := prometheus.Labels{"direction": direction}
		p.metrics.Gauge("waiting", "Deliveries that wait.", labels, func() float64 { return float64(pick().Waiting) })
		p.metrics.Gauge("oldest_seconds", "Age of the oldest delivery that waits.", labels, func() float64 {
			if b := pick(); !b.Oldest.IsZero() {
				return time.Since(b.Oldest).Seconds()
			}
			return 0
		})
	}
	stats := func(value func(store.Stats) float64) func() float64 {
		return func() float64 { return value(p.store.Stats()) }
	}
	p.metrics.Gauge("store_commits", "Commits since the start.", nil, stats(func(s store.Stats) float64 { return float64(s.Commits) }))
	p.metrics.Gauge("store_bytes", "Size of the store's file.", nil, stats(func(s store.Stats) float64 { return float64(s.FileSize) }))
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
