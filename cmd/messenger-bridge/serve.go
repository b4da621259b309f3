package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/commands"
	"messenger-bridge/messenger"
	"messenger-bridge/metrics"
	"messenger-bridge/rocketchat"
	"messenger-bridge/rooms"
	"messenger-bridge/store"
)

type serveCmd struct{}

// Help is printed below the flags of `serve --help`.
func (serveCmd) Help() string { return environment() }

func (serveCmd) Run(ctx context.Context, io stdio) error {
	cfg, err := readConfig(io.environ)
	if err != nil {
		return fmt.Errorf("the configuration has problems:\n%w\n(messenger-bridge serve --help lists all variables)", err)
	}
	return serve(ctx, cfg, newLogger(io.err, cfg), nil)
}

// addresses are where a running program can be reached; ports are real ones.
type addresses struct {
	public  string
	metrics string // empty: off
	control string // path of the Unix socket
}

// program is everything that runs.
type program struct {
	cfg     Config
	log     *slog.Logger
	metrics *metrics.Metrics
	started time.Time

	store     *store.Store
	graph     *messenger.Client
	client    *rocketchat.Client
	stream    *rocketchat.Stream
	bridge    *bridge.Bridge
	connector *bridge.Connector
	watch     *bridge.PageWatch
	setup     *commands.Setup
}

// serve runs the bridge until ctx ends; nil means that it stopped in order. Only
// a store that is locked or foreign and a port that is taken keep it from
// starting: neither Rocket.Chat nor Meta has to be there. started is called, if
// not nil, once everything listens.
func serve(ctx context.Context, cfg Config, log *slog.Logger, started func(addresses)) (err error) {
	p := &program{cfg: cfg, log: log, metrics: metrics.New(versionText()), started: time.Now()}
	p.store, err = store.Open(store.Options{Path: cfg.Database, Key: cfg.SecretKey, Log: log})
	if err != nil {
		return err
	}
	defer func() {
		if closing := p.store.Close(); err == nil {
			err = closing
		}
	}()
	if err := p.store.Begin(); err != nil {
		return err
	}
	if err := p.assemble(); err != nil {
		return err
	}
	parts, where, err := p.listen()
	if err != nil {
		return err
	}
	log.Info("messenger-bridge started", "version", versionText(), "public", where.public, "metrics", where.metrics,
		"database", cfg.Database, "pages", len(p.store.Pages()))
	if started != nil {
		started(where)
	}
	err = runParts(ctx, log, parts)
	log.Info("messenger-bridge stopped")
	return err
}

// assemble makes the parts; nothing runs yet.
func (p *program) assemble() (err error) {
	cfg := p.cfg
	p.graph = messenger.NewClient(messenger.ClientConfig{
		GraphURL: cfg.FacebookGraphURL, Version: cfg.FacebookGraphVersion, AppID: cfg.FacebookAppID,
		AppSecret: secrets(cfg.FacebookAppSecret)[0], VerifyToken: cfg.FacebookVerifyToken,
		LoginURL: cfg.FacebookLoginURL, LoginConfigID: cfg.FacebookLoginConfigID, Timeout: cfg.times.graphTimeout, Throttled: cfg.times.throttled, MaxConns: workers, Log: p.log,
	})
	p.client = rocketchat.NewClient(rocketchat.ClientConfig{
		URL: cfg.RocketChatURL, Timeout: cfg.times.restTimeout, MaxConns: workers, Log: p.log,
	})
	p.connector = bridge.NewConnector(bridge.ConnectorConfig{
		Authority: p.graph, Tickets: p.store, Pages: p.store, PublicURL: cfg.PublicURL, Verified: p.verified,
		Departments: p.client.Departments, Changed: p.pageChanged, Log: p.log,
		Announce: func(ctx context.Context, key, text string) error { return p.bridge.Announce(ctx, key, text) },
	})
	p.watch = bridge.NewPageWatch(p.connector, cfg.times.watchEvery)
	opened := func(r bridge.RoomID, existed bool) { p.stream.RoomOpened(r, existed) } // the stream is made below
	p.bridge, err = bridge.New(bridge.Config{
		Inbox: p.store.Inbox(), Outbox: p.store.Outbox(), Notices: p.store.Notices(),
		Receipts: p.store, Pages: p.store, Sender: p.graph, Desk: p.client, Clerk: p.clerk(), Delivered: p.delivered(), PageRefused: p.watch.Refused, SentBefore: p.store.SentBefore,
		Rooms: rooms.New(rooms.Config{
			Livechat: p.client, Links: p.store, Pages: p.store, Opened: opened, Retry: cfg.times.noAgentRetry, Log: p.log,
		}),
		Workers: workers, EchoWait: cfg.times.echoWait, SettleFor: cfg.times.settleFor, TellAfter: cfg.times.tellAfter,
		Grace: max(cfg.ShutdownGrace*45/100, time.Millisecond), Log: p.log, Metrics: p.metrics,
	})
	if err != nil {
		return err
	}
	p.stream = rocketchat.NewStream(rocketchat.StreamConfig{
		Client: p.client, User: cfg.RocketChatUser, Password: cfg.RocketChatPassword,
		UserID: bridge.UserID(cfg.RocketChatUserID), Token: cfg.RocketChatToken,
		SetupChannel: cfg.SetupChannel, Commands: p.bridge,
		Accept: p.bridge, Known: p.store, Cursors: p.store, Ready: p.bridge.WorkspaceReady,
		FirstReconnect: cfg.times.reconnect, LookEvery: cfg.times.lookEvery, Silence: cfg.times.silence,
		PingEvery: cfg.times.pingEvery, RefusedWait: cfg.times.refused, Answer: cfg.times.restTimeout,
		Log: p.log, Metrics: p.metrics,
	})
	p.setup = commands.NewSetup(commands.SetupConfig{Steps: p.setupSteps(), Show: p.client.ShowStep, Every: cfg.times.setupEvery, Quiet: cfg.times.setupQuiet, Log: p.log})
	p.gauges()
	return nil
}

// workers is how many deliveries may be under way in each direction: enough for
// 1,000 a second at 50 ms each.
const workers = 64

// listen opens every port before anything runs, so that a taken one is an error
// and not a log line. The parts are in the order in which they stop.
func (p *program) listen() (parts []part, where addresses, err error) {
	grace := p.cfg.ShutdownGrace
	var opened []net.Listener
	defer func() {
		if err != nil {
			for _, l := range opened {
				l.Close()
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
	public := open("tcp", p.cfg.Listen)
	control := open("unix", controlPath(p.cfg.Database))
	var private, profiles net.Listener
	if p.cfg.MetricsListen != "" {
		private = open("tcp", p.cfg.MetricsListen)
	}
	if p.cfg.ProfileListen != "" {
		profiles = open("tcp", p.cfg.ProfileListen)
	}
	if err != nil {
		return nil, where, err
	}
	where = addresses{public: public.Addr().String(), control: control.Addr().String()}
	parts = []part{
		{"webhook", grace * 15 / 100, httpPart(public, p.publicRoutes(), p.log)},
		{"stream", grace / 10, p.stream.Run},
		{"setup", grace / 20, p.setup.Run},
		{"pages", grace / 20, p.watch.Run},
		{"deliveries", grace / 2, p.bridge.Run},
		{"control", grace / 20, httpPart(control, p.controlRoutes(), p.log)},
	}
	if private != nil {
		where.metrics = private.Addr().String()
		parts = append(parts, part{"metrics", grace / 20, httpPart(private, p.privateRoutes(), p.log)})
	}
	if profiles != nil {
		mux := http.NewServeMux()
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
		parts = append(parts, part{"profiles", grace / 20, httpPart(profiles, mux, p.log)})
	}
	return parts, where, nil
}
