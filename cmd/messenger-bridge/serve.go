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
	"messenger-bridge/bridge/backfill"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/commands"
	"messenger-bridge/language"
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
	say     *language.Speaker

	store     *store.Store
	graph     *messenger.Client
	client    *rocketchat.Client
	stream    *rocketchat.Stream
	bridge    *bridge.Bridge
	avatars   *avatars
	rooms     *rooms.Rooms
	pages     *pages.Parts
	gaps      *backfill.Gaps
	heartbeat *backfill.WebhookHeartbeat
	backfill  *backfill.Filler
	setup     *commands.Setup
	checkup   *checkups // of Rocket.Chat, for the set-up
}

// serve runs the bridge until ctx ends; nil means that it stopped in order. Only
// a store that is locked or foreign and a port that is taken keep it from
// starting: neither Rocket.Chat nor Meta has to be there. started is called, if
// not nil, once everything listens.
func serve(ctx context.Context, cfg Config, log *slog.Logger, started func(addresses)) (err error) {
	p := &program{cfg: cfg, log: log, metrics: metrics.New(versionText()), started: time.Now()}
	p.store, err = store.Open(store.Options{Path: cfg.Database, Key: cfg.SecretKey, Now: cfg.now, Log: log})
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
	p.say = speaker(cfg)
	p.graph = messenger.NewClient(messenger.ClientConfig{
		GraphURL: cfg.FacebookGraphURL, Version: cfg.FacebookGraphVersion, AppID: cfg.FacebookAppID,
		AppSecret: secrets(cfg.FacebookAppSecret)[0], VerifyToken: cfg.FacebookVerifyToken,
		LoginURL: cfg.FacebookLoginURL, LoginConfigID: cfg.FacebookLoginConfigID, Timeout: cfg.times.graphTimeout, Throttled: cfg.times.throttled, ThreadEvery: cfg.times.threadEvery, MaxConns: workers, Now: cfg.now, Log: p.log,
	})
	p.client = rocketchat.NewClient(rocketchat.ClientConfig{
		URL: cfg.RocketChatURL, BotUsers: cfg.BotUsers, Timeout: cfg.times.restTimeout, UploadTimeout: cfg.times.uploadTimeout,
		MaxConns: workers, Now: cfg.now, Say: p.say, Log: p.log,
	})
	if p.gaps, err = backfill.NewGaps(p.store, 2*cfg.times.watchEvery, time.Now); err != nil {
		return err
	}
	p.pages = pages.New(pages.Config{
		Facebook: pages.Facebook{Login: p.graph, Subscriptions: p.graph, Tokens: p.graph},
		Store:    pages.Store{Pages: p.store, Tickets: p.store, Revocations: p.store},
		Gaps:     p.gaps, PublicURL: cfg.PublicURL, Verified: p.verified, Departments: p.client.Departments,
		Times: pages.Times{
			CheckEvery: cfg.times.watchEvery, AppCheckFor: cfg.times.watchEvery * 4 / 5,
			RevokeFor: cfg.times.revokeFor, RevokeFirst: cfg.times.revokeFirst,
		},
		Announce: func(ctx context.Context, key, text string) error { return p.bridge.Announce(ctx, key, text) },
		Changed:  p.pageChanged, Now: cfg.now, Say: p.say, Log: p.log,
	})
	p.heartbeat = backfill.NewHeartbeat(backfill.HeartbeatConfig{
		Gaps: p.gaps, Cursors: p.store, Pages: p.store, Check: p.pages.Watch.CheckSoon, Every: cfg.times.hearEvery, Outage: cfg.times.outage, Log: p.log,
	})
	opened := func(room, before bridge.RoomID, existed bool) { p.stream.RoomOpened(room, before, existed) } // the stream is made below
	p.avatars = p.newAvatars()
	p.rooms = rooms.New(rooms.Config{
		Livechat: p.client, Changes: p.client, Uploads: p.client, Links: p.store, Known: p.store, Pages: p.store,
		Files: messenger.NewFiles(messenger.FilesConfig{Hosts: cfg.AttachmentHosts, Links: p.graph, Stall: cfg.times.fileStall}),
		Names: p.store, Profiles: p.graph, PageInbox: p.graph.InboxLink, PostText: p.graph.PostText, App: cfg.FacebookAppID,
		Began: func(ctx context.Context, c bridge.Conversation, r bridge.RoomID) error {
			return p.bridge.Began(ctx, c, r)
		},
		Waits: func(ctx context.Context, in bridge.Incoming) error { return p.bridge.NobodyThere(ctx, in) },
		Unattended: func(ctx context.Context, in bridge.Incoming, r bridge.RoomID) error {
			return p.bridge.Unattended(ctx, in, r)
		},
		RoomLink: p.client.RoomLink, History: p.graph.History,
		Opened: opened, Retry: cfg.times.noAgentRetry, FileAgain: cfg.times.fileAgain, Now: cfg.now, Say: p.say, Log: p.log,
	})
	p.bridge, err = bridge.New(bridge.Config{
		Inbox: p.store.Inbox(), Outbox: p.store.Outbox(), Notices: p.store.Notices(),
		Receipts: p.store, Failures: p.store, Talks: p.store, Pages: p.store, Links: p.store, Files: p.client,
		Sender: p.graph, Gestures: p.graph, Moderator: p.graph, RoomLink: p.client.RoomLink, Desk: p.client, People: p.client, Clerk: p.clerk(),
		Delivered: p.delivered(), PageRefused: p.pages.Watch.Refused, PageSent: p.pages.Watch.Sent,
		SentBefore: p.store.SentBefore, Sign: p.store.Sign,
		Memory: p.store, Archive: p.client, Active: p.store.SaveActivity,
		Personas: p.graph, PersonaStore: p.store, Picture: p.avatars.address,
		Rooms:        p.rooms,
		CustomerName: p.customerName, DepartmentName: p.departmentName,
		ShowStanding: p.client.ShowStep, Cursors: p.store, AbsenceEvery: cfg.times.absenceEvery, AbsentAfter: cfg.times.absentAfter,
		Workers: workers, EchoWait: cfg.times.echoWait, SettleFor: cfg.times.settleFor, TellAfter: cfg.times.tellAfter, FirstRetry: cfg.times.firstRetry,
		Grace: max(cfg.ShutdownGrace*45/100, time.Millisecond), Now: cfg.now, Say: p.say, Log: p.log, Metrics: p.metrics,
	})
	if err != nil {
		return err
	}
	p.backfill = backfill.New(backfill.Config{
		Inbound: p.bridge, Seen: p.store.Inbox().Seen, Ours: p.sentByUs, Pages: p.store, Retry: cfg.times.firstRetry, Now: cfg.now, Threads: p.graph, Gaps: p.gaps, Announce: p.bridge.Announce, Say: p.say, Log: p.log,
	})
	p.stream = rocketchat.NewStream(rocketchat.StreamConfig{
		Client: p.client, User: cfg.RocketChatUser, Password: cfg.RocketChatPassword,
		UserID: bridge.UserID(cfg.RocketChatUserID), Token: cfg.RocketChatToken,
		SetupChannel: cfg.SetupChannel, Commands: p.bridge, Gestures: p.bridge, FollowEvery: cfg.times.followEvery,
		Accept: p.bridge, Known: p.store, Cursors: p.store, Ready: p.bridge.WorkspaceReady, Language: p.workspaceLanguage,
		FirstReconnect: cfg.times.reconnect, LookEvery: cfg.times.lookEvery, Silence: cfg.times.silence,
		PingEvery: cfg.times.pingEvery, RefusedWait: cfg.times.refused, Answer: cfg.times.restTimeout,
		Log: p.log, Metrics: p.metrics,
	})
	p.checkup = p.newCheckups()
	p.setup = commands.NewSetup(commands.SetupConfig{Steps: p.setupSteps(), Show: p.client.ShowStep, Calm: p.calm(cfg.times.setupEvery), Every: cfg.times.setupEvery, Quiet: cfg.times.setupQuiet, Say: p.say, Log: p.log})
	p.metrics.Add(gauges{p})
	return nil
}

// speaker says the program's sentences; English until the workspace's language is
// known, unless LANGUAGE names one.
func speaker(cfg Config) *language.Speaker {
	zone, err := time.LoadLocation(cfg.Timezone)
	if err != nil { // readConfig refuses it
		zone = time.UTC
	}
	return language.New(cfg.Language, zone)
}

// workspaceLanguage makes the language of a workspace ours, if LANGUAGE names none.
func (p *program) workspaceLanguage(tag string) {
	if p.cfg.Language == "" && !p.say.Switch(tag) {
		p.say.Switch("en")
	}
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
		{"heartbeat", grace / 100, p.heartbeat.Run},
		{"stream", grace / 10, p.stream.Run},
		{"setup", grace * 4 / 100, p.setup.Run},
		{"pages", grace * 3 / 100, p.lookAfterPages},
		{"backfill", grace * 2 / 100, p.backfill.Run},
		{"names", grace / 100, p.rooms.RunNames}, // its calls end at once
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
