package app

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"

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
	if cfg.Journal.URL != "" {
		return serveReplica(ctx, cfg, log, started)
	}
	p := newProgram(cfg, log)
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
	l, where, err := listen(cfg)
	if err != nil {
		return err
	}
	parts := p.parts(publicPart(l.public, p.public().handler(), p.door(), log), HTTPPart(l.control, p.operators().routes(), log))
	if l.private != nil {
		parts = append(parts, Part{"metrics", cfg.ShutdownGrace / 20, HTTPPart(l.private, privateRoutes(p.metrics, p.view(), p.strangers), log)})
	}
	if l.profiles != nil {
		parts = append(parts, Part{"profiles", cfg.ShutdownGrace / 20, HTTPPart(l.profiles, profileRoutes(), log)})
	}
	log.Info("messenger-bridge started", "version", Version(), "public", where.Public, "metrics", where.Metrics,
		"database", cfg.Store.Database, "pages", len(p.store.Pages()))
	if started != nil {
		started(where)
	}
	err = RunParts(ctx, log, parts)
	log.Info("messenger-bridge stopped")
	return err
}

// listeners are all ports, open; those that are switched off are nil.
type listeners struct{ public, control, private, profiles net.Listener }

// listen opens every port before anything runs, so that a taken one is an error
// and not a log line.
func listen(cfg Config) (l listeners, where Addresses, err error) {
	var opened []net.Listener
	defer func() {
		if err != nil {
			for _, l := range opened {
				l.Close() // #nosec G104 -- the error before says what is wrong
			}
		}
	}()
	open := func(network, address string) net.Listener {
		if err != nil {
			return nil
		}
		var l net.Listener
		if network == "unix" {
			l, err = listenControl(address)
		} else {
			l, err = net.Listen(network, address)
		}
		if err == nil {
			opened = append(opened, l)
		}
		return l
	}
	l.public = open("tcp", cfg.Network.Listen)
	l.control = open("unix", controlPath(cfg.Store.Database))
	if cfg.Network.MetricsListen != "" {
		l.private = open("tcp", cfg.Network.MetricsListen)
	}
	if cfg.Network.ProfileListen != "" {
		l.profiles = open("tcp", cfg.Network.ProfileListen)
	}
	if err != nil {
		return listeners{}, where, err
	}
	where = Addresses{Public: l.public.Addr().String(), Control: l.control.Addr().String()}
	if l.private != nil {
		where.Metrics = l.private.Addr().String()
	}
	return l, where, nil
}

// parts are in the order in which they stop; public and control answer requests.
func (p *program) parts(public, control func(context.Context) error) []Part {
	grace := p.cfg.ShutdownGrace
	return []Part{
		{"webhook", grace * 15 / 100, public},
		{"strangers", grace / 100, p.strangers.Run},
		{"heartbeat", grace / 100, p.heartbeat.Run},
		{"stream", grace / 10, p.stream.Run},
		{"setup", grace * 4 / 100, p.setup.Run},
		{"pages", grace * 3 / 100, lookAfter(p.pages)},
		{"backfill", grace * 2 / 100, p.backfill.Run},
		{"names", grace / 100, p.rooms.RunNames}, // its calls end at once
		{"deliveries", grace / 2, p.relay.Run},
		{"control", grace / 20, control},
	}
}

func profileRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
