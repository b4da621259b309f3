package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/url"
	"syscall"
	"time"

	"messenger-bridge/app/audit"
	"messenger-bridge/app/certificate"
	"messenger-bridge/app/config"
	"messenger-bridge/app/parts"
	"messenger-bridge/app/settled"
	"messenger-bridge/intake"
	"messenger-bridge/store"
)

// Addresses are where a running program can be reached; ports are real ones.
type Addresses struct {
	Public  string
	Metrics string // empty: off
	Control string // path of the Unix socket
}

// Serve runs the bridge until ctx ends; nil means that it stopped in order. Only
// a store that is locked or foreign and a port that is taken keep it from
// starting: neither Rocket.Chat nor Meta has to be there. started is called, if
// not nil, once everything listens.
func Serve(ctx context.Context, cfg Config, log *slog.Logger, started func(Addresses)) (err error) {
	if cfg.Store.Journal.URL != "" {
		return serveReplica(ctx, cfg, log, started)
	}
	now := settled.New(cfg, log)
	now.Hear() // opening a large store takes a while
	p := newProgram(now, log)
	p.store, err = store.Open(StoreOf(cfg, log))
	if err != nil {
		return err
	}
	defer func() {
		if closing := p.store.Close(); err == nil {
			err = closing
		}
	}()
	if err := p.assemble(); err != nil {
		return err
	}
	l, where, err := listen(cfg, log)
	if err != nil {
		return err
	}
	all := p.parts(parts.Public(l.public, p.public().handler(), p.door(), l.speak, log), parts.HTTP(l.control, p.operators().routes(), log))
	if l.private != nil {
		all = append(all, parts.Part{Name: "metrics", Grace: cfg.ShutdownGrace / 20, Run: parts.HTTP(l.private, privateRoutes(p), log)})
	}
	if l.asked != nil {
		all = append(all, l.acme(cfg.ShutdownGrace, func() { p.strangers.left(connectionPlace) }, log))
	}
	if l.profiles != nil {
		all = append(all, parts.Part{Name: "profiles", Grace: cfg.ShutdownGrace / 20, Run: parts.HTTP(l.profiles, profileRoutes(), log)})
	}
	all = append(all, reload(p.settled, cfg.ShutdownGrace))
	log.Info("messenger-bridge started", "version", Version(), "public", where.Public, "metrics", where.Metrics,
		"database", cfg.Store.Database, "pages", len(p.store.Pages()))
	audit.Auditor{Journal: p.store.Journal(), Log: log}.Note(ctx, restarted, "", Version())
	for _, d := range cfg.Doubts {
		log.Warn("a setting works, but is probably a mistake; `messenger-bridge config test` lists all of them", "variable", d.Variable, "problem", d.Text)
	}
	if started != nil {
		started(where)
	}
	err = parts.Run(ctx, log, all)
	log.Info("messenger-bridge stopped")
	return err
}

// listenAt opens the port that a variable names. Its error says what to do.
func listenAt(variable, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	do := ""
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		do = "another program listens there: stop it, or choose another port"
	case errors.Is(err, syscall.EACCES):
		do = "ports below 1024 are for privileged programs: choose another one, or give the program CAP_NET_BIND_SERVICE (under systemd, the unit says how)"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		do = "this machine has no such address: leave it out, as in :8080, or name one that it has"
	default:
		do = "choose another address"
	}
	return nil, config.Wrong(variable, "is %s, which cannot be opened; %s (%v)", address, do, err)
}

// ownTLS returns how LISTEN speaks TLS, nil for not at all, and what answers on ACME_LISTEN.
func ownTLS(cfg Config, log *slog.Logger) (*tls.Config, func(http.Handler) http.Handler, error) {
	own := cfg.Network.TLS
	if !own.On() {
		return nil, nil, nil
	}
	public, err := url.Parse(cfg.Network.PublicURL)
	if err != nil {
		return nil, nil, config.Wrong("PUBLIC_URL", "is no address: %v", err)
	}
	return certificate.TLS(certificate.Config{
		CertificateFile: own.CertificateFile, KeyFile: own.KeyFile, Hosts: []string{public.Hostname()}, Directory: own.ACMEDirectory,
		Cache: cmp.Or(own.ACMECache, cfg.Store.Database+".acme"), Email: own.ACMEEmail, Log: log,
	})
}

// listeners are all ports, open; those that are switched off are nil.
type listeners struct {
	public, control, private, profiles, asked net.Listener
	speak                                     *tls.Config
	questions                                 func(http.Handler) http.Handler
}

// listen opens every port before anything runs, so that a taken one is an error
// and not a log line.
func listen(cfg Config, log *slog.Logger) (l listeners, where Addresses, err error) {
	var opened []net.Listener
	defer func() {
		if err != nil {
			for _, l := range opened {
				l.Close() // #nosec G104 -- the error before says what is wrong
			}
		}
	}()
	open := func(variable, address string) net.Listener {
		if err != nil || address == "" {
			return nil
		}
		var l net.Listener
		if variable == "" {
			l, err = listenControl(address)
		} else {
			l, err = listenAt(variable, address)
		}
		if err == nil {
			opened = append(opened, l)
		}
		return l
	}
	l.public = open("LISTEN", cfg.Network.Listen)
	l.control = open("", config.ControlPath(cfg.Store.Database))
	l.private = open("METRICS_LISTEN", cfg.Network.MetricsListen)
	l.profiles = open("PROFILE_LISTEN", cfg.Network.ProfileListen)
	l.asked = open("ACME_LISTEN", cfg.Network.TLS.ACMEListen)
	var wrong error
	l.speak, l.questions, wrong = ownTLS(cfg, log)
	if err = cmp.Or(err, wrong); err != nil {
		return l, where, err
	}
	where = Addresses{Public: l.public.Addr().String(), Control: l.control.Addr().String()}
	if l.private != nil {
		where.Metrics = l.private.Addr().String()
	}
	return l, where, nil
}

// reload reads files again.
func reload(s *settled.Settled, grace time.Duration) parts.Part {
	return parts.Part{Name: "reload", Grace: grace / 100, Run: s.Run}
}

// acme answers on ACME_LISTEN. Anybody may ask there: it takes few of the files that may be open.
func (l listeners) acme(grace time.Duration, dismissed func(), log *slog.Logger) parts.Part {
	door := intake.NewDoor(min(64, connections()/4), dismissed)
	return parts.Part{Name: "acme", Grace: grace / 100, Run: parts.Small(l.asked, l.questions(nil), door, log)}
}

// parts are in the order in which they stop; public and control answer requests.
func (p *program) parts(public, control func(context.Context) error) []parts.Part {
	grace := p.cfg.ShutdownGrace
	return []parts.Part{
		{Name: "webhook", Grace: grace * 15 / 100, Run: public},
		{Name: "strangers", Grace: grace / 100, Run: p.strangers.Run},
		{Name: "store", Grace: grace / 100, Run: p.changes.Run},
		{Name: "heartbeat", Grace: grace / 100, Run: p.heartbeat.Run},
		{Name: "stream", Grace: grace / 10, Run: p.stream.Run},
		{Name: "setup", Grace: grace * 4 / 100, Run: p.setup.Run},
		{Name: "pages", Grace: grace * 3 / 100, Run: lookAfter(p.pages)},
		{Name: "backfill", Grace: grace * 2 / 100, Run: p.backfill.Run},
		{Name: "names", Grace: grace / 100, Run: p.rooms.RunNames}, // its calls end at once
		{Name: "deliveries", Grace: grace / 2, Run: p.relay.Run},
		{Name: "history", Grace: grace / 100, Run: p.history.Run},
		{Name: "control", Grace: grace / 20, Run: control},
	}
}

func profileRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
