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
	p := newProgram(cfg, log)
	p.store, err = store.Open(store.Options{Path: cfg.Store.Database, Key: cfg.Store.SecretKey, Now: cfg.Now, Log: log})
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
	parts, where, err := p.listen()
	if err != nil {
		return err
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

// listen opens every port before anything runs, so that a taken one is an error
// and not a log line. The parts are in the order in which they stop.
func (p *program) listen() (parts []Part, where Addresses, err error) {
	grace := p.cfg.ShutdownGrace
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
	public := open("tcp", p.cfg.Network.Listen)
	control := open("unix", controlPath(p.cfg.Store.Database))
	var private, profiles net.Listener
	if p.cfg.Network.MetricsListen != "" {
		private = open("tcp", p.cfg.Network.MetricsListen)
	}
	if p.cfg.Network.ProfileListen != "" {
		profiles = open("tcp", p.cfg.Network.ProfileListen)
	}
	if err != nil {
		return nil, where, err
	}
	where = Addresses{Public: public.Addr().String(), Control: control.Addr().String()}
	parts = []Part{
		{"webhook", grace * 15 / 100, publicPart(public, p.public().handler(), p.door(), p.log)},
		{"strangers", grace / 100, p.strangers.Run},
		{"store", grace / 100, p.changes.Run},
		{"heartbeat", grace / 100, p.heartbeat.Run},
		{"stream", grace / 10, p.stream.Run},
		{"setup", grace * 4 / 100, p.setup.Run},
		{"pages", grace * 3 / 100, lookAfter(p.pages)},
		{"backfill", grace * 2 / 100, p.backfill.Run},
		{"names", grace / 100, p.rooms.RunNames}, // its calls end at once
		{"deliveries", grace / 2, p.relay.Run},
		{"control", grace / 20, HTTPPart(control, p.operators().routes(), p.log)},
	}
	if private != nil {
		where.Metrics = private.Addr().String()
		parts = append(parts, Part{"metrics", grace / 20, HTTPPart(private, privateRoutes(p.metrics, p.view(), p.strangers), p.log)})
	}
	if profiles != nil {
		mux := http.NewServeMux()
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
		parts = append(parts, Part{"profiles", grace / 20, HTTPPart(profiles, mux, p.log)})
	}
	return parts, where, nil
}
