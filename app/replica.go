package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"messenger-bridge/app/audit"
	"messenger-bridge/app/config"
	"messenger-bridge/app/figures"
	"messenger-bridge/app/parts"
	"messenger-bridge/app/settled"
	"messenger-bridge/intake"
	"messenger-bridge/journal"
	"messenger-bridge/messenger/webhook"
	"messenger-bridge/metrics"
	"messenger-bridge/replica"
	"messenger-bridge/replicas"
	"messenger-bridge/store"
	"messenger-bridge/web"
)

// replicated is the program as one of several replicas: its ports stay open, and whether it leads
// decides who answers on them.
type replicated struct {
	cfg     Config
	settled *settled.Settled // for the life of the process, whoever leads
	log     *slog.Logger
	started time.Time
	member  *replicas.Member
	metrics *metrics.Metrics // of a standby
	passed  *metrics.PassedOn

	public, control, private *replicas.Desk
	strangers                atomic.Pointer[strangers] // of the program that leads, or of a standby
}

// serveReplica is Serve for one of several replicas.
func serveReplica(ctx context.Context, cfg Config, log *slog.Logger, started func(Addresses)) error {
	r := newReplicated(cfg, log)
	l, where, err := listen(cfg, log)
	if err != nil {
		return err
	}
	grace := cfg.ShutdownGrace
	dismissed := func() { r.strangers.Load().left(connectionPlace) }
	all := []parts.Part{
		{Name: "replica", Grace: grace*5/4 + cfg.Store.Journal.TakeoverAfter, Run: r.member.Run},
		{Name: "public", Grace: grace * 15 / 100, Run: parts.Public(l.public, r.publicHandler(), intake.NewDoor(connections(), dismissed), l.speak, log)},
		{Name: "operators", Grace: grace / 20, Run: parts.HTTP(l.control, r.controlHandler(), log)},
	}
	if l.private != nil {
		all = append(all, parts.Part{Name: "metrics", Grace: grace / 20, Run: parts.HTTP(l.private, r.privateHandler(), log)})
	}
	if l.asked != nil {
		all = append(all, l.acme(grace, dismissed, log))
	}
	if l.profiles != nil {
		all = append(all, parts.Part{Name: "profiles", Grace: grace / 20, Run: parts.HTTP(l.profiles, profileRoutes(), log)})
	}
	all = append(all, parts.Part{Name: "strangers", Grace: grace / 100, Run: r.strangers.Load().Run}, reload(r.settled, grace))
	log.Info("messenger-bridge started as a replica", "version", Version(), "replica", r.name(), "public", where.Public, "metrics", where.Metrics,
		"database", cfg.Store.Database, "journal", cfg.Store.Journal.Name)
	if started != nil {
		started(where)
	}
	err = parts.Run(ctx, log, all)
	log.Info("messenger-bridge stopped")
	return err
}

func newReplicated(cfg Config, log *slog.Logger) *replicated {
	r := &replicated{cfg: cfg, settled: settled.New(cfg, log), log: log, started: time.Now(), metrics: metrics.OfStandby(Version()), passed: metrics.NewPassedOn()}
	r.settled.Hear()
	r.member = replicas.New(replicas.Config{
		Journal: JournalOf(cfg, log),
		Store:   StoreOf(cfg, log),
		Lead:    r.lead, Grace: cfg.ShutdownGrace, Log: log,
	})
	r.strangers.Store(newStrangers(r.metrics.GaveWay, announcesNothing, time.Now, speaker(cfg), log))
	nobody := func() replica.Claim { return replica.Claim{} }
	r.public = replicas.NewDesk(r.name(), r.member.Leader, r.countPassed, log)
	r.public.Proof = proofIn(JournalOf(cfg, log))
	r.public.Patience = func(q *http.Request) time.Duration {
		if strings.HasPrefix(q.URL.Path, "/oauth/") { // whoever gets further there than a moment has shown a ticket
			return web.WorkFor + 10*time.Second
		}
		return 0
	}
	r.control = replicas.NewDesk(r.name(), nobody, func(string) {}, log)
	r.private = replicas.NewDesk(r.name(), nobody, func(string) {}, log)
	r.metrics.Add(figures.Replica{State: r.member.State}, r.passed)
	return r
}

// announcesNothing is a standby's: only who leads may write to the workspace.
func announcesNothing(context.Context, string, string) error { return nil }

// countPassed counts what came to a standby, and tells of strangers who dawdled there.
func (r *replicated) countPassed(answer string) {
	r.passed.Count(answer)
	r.strangers.Load().unread(standbyPlace, answer)
}

// countWebhook counts what a standby said to calls; what it passed on, whoever leads counts.
func (r *replicated) countWebhook(what string, n int) {
	if answer, ok := strings.CutPrefix(what, webhook.CountAnswer); ok {
		r.metrics.Webhooks.WithLabelValues(answer).Add(float64(n))
		r.strangers.Load().unread(webhookPlace, answer)
	}
}

// JournalOf returns how a configuration says that the journal is reached.
func JournalOf(cfg Config, log *slog.Logger) journal.Config {
	j := cfg.Store.Journal
	if j.Replica == "" {
		j.Replica, _ = os.Hostname() // a name that is missing is no reason not to start
	}
	return journal.Config{
		URL: j.URL, Credentials: j.Credentials, CA: j.CA, Name: j.Name, Replicas: j.Replicas, TakeoverAfter: j.TakeoverAfter,
		Secret: config.DecodeKey(cfg.Store.SecretKey.Reveal()), Log: log,
		Self: replica.Claim{Name: j.Replica, URL: j.ReplicaURL, Program: Version(), Format: store.Format, Proves: true},
	}
}

// proofIn returns what leaders of a journal show those who ask them. Without a key nobody leads.
func proofIn(j journal.Config) string {
	chain, err := replica.NewChain(j.Secret, j.Name)
	if err != nil {
		return ""
	}
	return chain.LeaderProof()
}

// StoreOf returns how a configuration says that the store is opened: without a journal, it is
// one process again.
func StoreOf(cfg Config, log *slog.Logger) store.Options {
	return store.Options{Path: cfg.Store.Database, Key: cfg.Store.SecretKey, Now: cfg.Now, Log: log, Journal: cfg.Store.Beside, Leaves: true}
}

func (r *replicated) name() string { return r.member.State().Name }

func (r *replicated) state() *replicas.State {
	s := r.member.State()
	return &s
}

// lead is the whole bridge, for as long as this replica leads.
func (r *replicated) lead(ctx context.Context, s *store.Store, leads func() bool) error {
	p := newProgram(r.settled, r.log)
	p.store, p.leads, p.replica = s, leads, r.state
	if err := p.assemble(); err != nil {
		return err
	}
	p.metrics.Add(figures.Replica{State: r.member.State}, r.passed)
	own := r.strangers.Swap(p.strangers)
	defer r.strangers.Store(own)
	operators := http.NewServeMux()
	operators.Handle("/", p.operators().routes())
	notes := audit.Auditor{Journal: s.Journal(), Log: r.log}
	operators.Handle("POST /handover", operatorActs(r.handOver(notes)))
	all := p.parts(r.public.Sit(p.public().handler(), parts.Drain), r.control.Sit(operators, parts.Drain))
	all = append(all, parts.Part{Name: "metrics", Grace: r.cfg.ShutdownGrace / 20, Run: r.private.Sit(privateRoutes(p), 0)})
	notes.Note(ctx, restarted, "", Version()+" leads as "+r.name())
	return parts.Run(ctx, r.log, all)
}

// handOver answers POST /handover. What follows can no longer be recorded here.
func (r *replicated) handOver(notes audit.Auditor) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		notes.Note(q.Context(), "handover asked for", "", r.name())
		if err := r.member.HandOver(); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		answerJSON(w, r.state())
	}
}

// publicHandler answers on LISTEN: what load balancers ask by itself, signed webhooks and all else
// by whoever leads.
func (r *replicated) publicHandler() http.Handler {
	own := http.NewServeMux()
	own.HandleFunc("GET /healthz", alive)
	own.HandleFunc("GET /readyz", r.ready)
	hook := webhook.New(webhook.Config{
		Fresh: r.settled.Webhook, Pass: r.public.PassWebhook, Count: r.countWebhook, OnForged: forged(r.log), Now: r.cfg.Now, Log: r.log,
	})
	isOwn := func(q *http.Request) bool {
		return (q.Method == http.MethodGet || q.Method == http.MethodHead) && (q.URL.Path == "/healthz" || q.URL.Path == "/readyz")
	}
	isHook := func(q *http.Request) bool { // not Meta's handshake, which the leader must know of
		return q.URL.Path == webhook.Path && q.Method != http.MethodGet
	}
	return r.public.Handler(own, hook, isOwn, isHook)
}

// ready answers GET /readyz: with role=leader, whether this replica leads.
func (r *replicated) ready(w http.ResponseWriter, q *http.Request) {
	state := r.member.State()
	err := state.Ready()
	switch {
	case err == nil && state.Role == replicas.Leader && r.public.Here(w, q): // the store says whether it can take anything
	case err != nil:
		http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
	case q.URL.Query().Get("role") == "leader":
		http.Error(w, fmt.Sprintf("not ready: %s, not the leader at work", state.Role), http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "ready:", state.Role)
		if told := r.strangers.Load().String(); told != "" {
			fmt.Fprintln(w, told)
		}
	}
}

// known is what a standby knows.
func (r *replicated) known() Status {
	s := Status{Version: Version(), Started: r.started, Running: SpanSince(r.started, time.Now()), Ready: "yes", Refused: []Refused{}, Replica: r.state()}
	if err := s.Replica.Ready(); err != nil {
		s.Ready = err.Error()
	}
	return s
}

func (r *replicated) status(w http.ResponseWriter, _ *http.Request) { answerJSON(w, r.known()) }

// board is a standby's status page.
func (r *replicated) board(w http.ResponseWriter, _ *http.Request) {
	writeBoard(w, boardOf(r.known(), time.Now()), r.log)
}

// controlHandler answers operators; a standby carries out nothing, and says who does.
func (r *replicated) controlHandler() http.Handler {
	standby := http.NewServeMux()
	standby.HandleFunc("GET /status", r.status)
	standby.Handle("/", replicas.Act(r.control, r.state))
	return r.control.Or(standby)
}

// privateHandler answers on METRICS_LISTEN.
func (r *replicated) privateHandler() http.Handler {
	standby := http.NewServeMux()
	standby.Handle("GET /metrics", r.metrics.Handler())
	standby.HandleFunc("GET /{$}", r.board)
	standby.HandleFunc("GET /status", r.status)
	standby.HandleFunc("GET /healthz", alive)
	own := http.NewServeMux()
	own.HandleFunc("GET /readyz", r.ready)
	own.Handle("/", r.private.Or(standby))
	return own
}
