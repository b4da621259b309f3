package app

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/automatic"
	"messenger-bridge/bridge/backfill"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/bridge/relay"
	"messenger-bridge/commands"
	"messenger-bridge/language"
	"messenger-bridge/messenger"
	"messenger-bridge/metrics"
	"messenger-bridge/rocketchat"
	"messenger-bridge/rocketchat/stream"
	"messenger-bridge/rooms"
	"messenger-bridge/store"
)

// Addresses are where a running program can be reached; ports are real ones.
type Addresses struct {
	Public  string
	Metrics string // empty: off
	Control string // path of the Unix socket
}

// program is everything that runs.
type program struct {
	cfg     Config
	log     *slog.Logger
	metrics *metrics.Metrics
	started time.Time
	say     *language.Speaker

	store     *store.Store
	graph     *messenger.Platform
	client    *rocketchat.Workspace
	stream    *stream.Stream
	relay     *relay.Relay
	avatars   *avatars
	rooms     *rooms.Rooms
	pages     *pages.Parts
	gaps      *backfill.Gaps
	heartbeat *backfill.WebhookHeartbeat
	backfill  *backfill.Filler
	setup     *commands.Setup
	checkup   *checkups // of Rocket.Chat, for the set-up
}

// Serve runs the bridge until ctx ends; nil means that it stopped in order. Only
// a store that is locked or foreign and a port that is taken keep it from
// starting: neither Rocket.Chat nor Meta has to be there. started is called, if
// not nil, once everything listens.
func Serve(ctx context.Context, cfg Config, log *slog.Logger, started func(Addresses)) (err error) {
	p := &program{cfg: cfg, log: log, metrics: metrics.New(Version()), started: time.Now()}
	p.store, err = store.Open(store.Options{Path: cfg.Store.Database, Key: cfg.Store.SecretKey, Now: cfg.Now, Log: log})
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
	log.Info("messenger-bridge started", "version", Version(), "public", where.Public, "metrics", where.Metrics,
		"database", cfg.Store.Database, "pages", len(p.store.Pages()))
	if started != nil {
		started(where)
	}
	err = RunParts(ctx, log, parts)
	log.Info("messenger-bridge stopped")
	return err
}

// assemble makes the parts; nothing runs yet.
func (p *program) assemble() (err error) {
	cfg := p.cfg
	p.say = speaker(cfg)
	p.graph = messenger.New(messenger.ClientConfig{
		GraphURL: cfg.Facebook.GraphURL, Version: cfg.Facebook.GraphVersion, AppID: cfg.Facebook.AppID,
		AppSecret: Secrets(cfg.Facebook.AppSecret)[0], VerifyToken: cfg.Facebook.VerifyToken,
		LoginURL: cfg.Facebook.LoginURL, LoginConfigID: cfg.Facebook.LoginConfigID, Times: messenger.Times{Timeout: cfg.Times.GraphTimeout, Throttled: cfg.Times.Throttled, ThreadEvery: cfg.Times.ThreadEvery}, MaxConns: workers, Now: cfg.Now, Log: p.log,
	})
	p.client = rocketchat.New(rocketchat.ClientConfig{
		URL: cfg.RocketChat.URL, BotUsers: cfg.Workspace.BotUsers, Timeout: cfg.Times.RestTimeout, UploadTimeout: cfg.Times.UploadTimeout,
		MaxConns: workers, Now: cfg.Now, Say: p.say, Log: p.log,
	})
	if p.gaps, err = backfill.NewGaps(p.store, 2*cfg.Times.WatchEvery, time.Now); err != nil {
		return err
	}
	p.pages = pages.New(pages.Config{
		Facebook: pages.Facebook{Login: p.graph, Subscriptions: p.graph, Tokens: p.graph},
		Store:    pages.Store{Pages: p.store, Tickets: p.store, Revocations: p.store},
		Gaps:     p.gaps, PublicURL: cfg.Network.PublicURL, Verified: p.verified, Departments: p.client.Departments,
		Times: pages.Times{
			CheckEvery: cfg.Times.WatchEvery, AppCheckFor: cfg.Times.WatchEvery * 4 / 5,
			RevokeFor: cfg.Times.RevokeFor, RevokeFirst: cfg.Times.RevokeFirst,
		},
		Announce: func(ctx context.Context, key, text string) error { return p.relay.Notices.Announce(ctx, key, text) },
		Changed:  p.pageChanged, Now: cfg.Now, Say: p.say, Log: p.log,
	})
	p.heartbeat = backfill.NewHeartbeat(backfill.HeartbeatConfig{
		Gaps: p.gaps, Cursors: p.store, Pages: p.store, Check: p.pages.Watch.CheckSoon, Every: cfg.Times.HearEvery, Outage: cfg.Times.Outage, Log: p.log,
	})
	opened := func(room, before bridge.RoomID, existed bool) { p.stream.RoomOpened(room, before, existed) } // the stream is made below
	p.avatars = p.newAvatars()
	p.rooms = rooms.New(rooms.Config{
		Workspace: rooms.Workspace{Livechat: p.client, Changes: p.client, Uploads: p.client, RoomLink: p.client.RoomLink},
		Store:     rooms.Store{Links: p.store, Known: p.store, Pages: p.store, Names: p.store},
		Facebook: rooms.Facebook{
			App: cfg.Facebook.AppID, Profiles: p.graph, PageInbox: p.graph.InboxLink, PostText: p.graph.PostText, History: p.graph.History,
			Files: messenger.NewFiles(messenger.FilesConfig{Hosts: cfg.AttachmentHosts, Links: p.graph, Stall: cfg.Times.FileStall}),
		},
		Hooks: rooms.Hooks{Opened: opened},
		Times: rooms.Times{Retry: cfg.Times.NoAgentRetry, FileAgain: cfg.Times.FileAgain},
		Now:   cfg.Now, Say: p.say, Log: p.log,
	})
	if p.relay, err = relay.New(p.relayConfig()); err != nil {
		return err
	}
	p.backfill = backfill.New(backfill.Config{
		Inbound: p.relay.Inbound, Seen: p.store.Inbox().Seen, Ours: p.sentByUs, Pages: p.store, Retry: cfg.Times.FirstRetry, Now: cfg.Now, Threads: p.graph, Gaps: p.gaps, Announce: p.relay.Notices.Announce, Say: p.say, Log: p.log,
	})
	p.stream = stream.New(stream.Config{
		Client: p.client, SetupChannel: cfg.Workspace.SetupChannel, Commands: p.relay.Notices, Gestures: p.relay.Gestures,
		Accept: agents{p.relay.Outbound, p.relay.Texts}, Store: p.store, Ready: p.relay.WorkspaceReady, Language: p.workspaceLanguage, Log: p.log, Metrics: p.metrics,
		Credentials: stream.Credentials{
			User: cfg.RocketChat.User, Password: cfg.RocketChat.Password, UserID: bridge.UserID(cfg.RocketChat.UserID), Token: cfg.RocketChat.Token,
		},
		Times: stream.Times{
			FirstReconnect: cfg.Times.Reconnect, SweepEvery: cfg.Times.LookEvery, Silence: cfg.Times.Silence, FollowEvery: cfg.Times.FollowEvery,
			PingEvery: cfg.Times.PingEvery, RefusedWait: cfg.Times.Refused, Answer: cfg.Times.RestTimeout,
		},
	})
	p.checkup = p.newCheckups()
	p.setup = commands.NewSetup(commands.SetupConfig{Steps: p.setupSteps(), Show: p.client.ShowStep, Calm: p.calm(cfg.Times.SetupEvery), Every: cfg.Times.SetupEvery, Quiet: cfg.Times.SetupQuiet, Say: p.say, Log: p.log})
	p.metrics.Add(gauges{p})
	return nil
}

// agents is what comes from rooms: messages, and that a room was closed.
type agents struct {
	*outbound.Outbound
	*automatic.Texts
}

// relayConfig says what the flows are made of.
func (p *program) relayConfig() relay.Config {
	cfg, s := p.cfg, p.store
	return relay.Config{
		Queues: relay.Queues{Inbox: s.Inbox(), Outbox: s.Outbox(), Notices: s.Notices(), Failures: s},
		Store: relay.Store{Receipts: s, Sent: s, States: s, Pages: s, Links: s, Personas: s, Cursors: s, Memory: s,
			TextHash: s.Sign, SentBefore: s.SentBefore},
		Workspace: relay.Workspace{Rooms: p.rooms, Notifier: p.client, Standing: p.client.ShowStep, Commands: p.clerk(), People: p.client,
			Files: p.client, Archive: p.client, Picture: p.avatars.address},
		Messenger: relay.Messenger{Sender: p.graph, Gestures: p.graph, Personas: p.graph, Moderator: p.graph},
		Names:     automatic.Names{Customer: p.customerName, Department: p.departmentName, RoomLink: p.client.RoomLink},
		Hooks: relay.Hooks{PageRefused: p.pages.Watch.Refused, PageSent: p.pages.Watch.Sent, Delivered: p.delivered(),
			Active: s.SaveActivity},
		Times: relay.Times{
			Times: outbound.Times{EchoWait: cfg.Times.EchoWait, ResolveFor: cfg.Times.SettleFor, TellAfter: cfg.Times.TellAfter},
			Grace: max(cfg.ShutdownGrace*45/100, time.Millisecond), FirstRetry: cfg.Times.FirstRetry,
			AbsenceEvery: cfg.Times.AbsenceEvery, AbsentAfter: cfg.Times.AbsentAfter,
		},
		Workers: workers, Now: cfg.Now, Say: p.say, Log: p.log, Meter: p.metrics,
	}
}

// speaker says the program's sentences; English until the workspace's language is
// known, unless LANGUAGE names one.
func speaker(cfg Config) *language.Speaker {
	zone, err := time.LoadLocation(cfg.Speech.Timezone)
	if err != nil { // ReadConfig refuses it
		zone = time.UTC
	}
	return language.New(cfg.Speech.Language, zone)
}

// workspaceLanguage makes the language of a workspace ours, if LANGUAGE names none.
func (p *program) workspaceLanguage(tag string) {
	if p.cfg.Speech.Language == "" && !p.say.Switch(tag) {
		p.say.Switch("en")
	}
}

// workers is how many deliveries may be under way in each direction: enough for
// 1,000 a second at 50 ms each.
const workers = 64

// listen opens every port before anything runs, so that a taken one is an error
// and not a log line. The parts are in the order in which they stop.
func (p *program) listen() (parts []Part, where Addresses, err error) {
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
		{"webhook", grace * 15 / 100, HTTPPart(public, p.publicRoutes(), p.log)},
		{"heartbeat", grace / 100, p.heartbeat.Run},
		{"stream", grace / 10, p.stream.Run},
		{"setup", grace * 4 / 100, p.setup.Run},
		{"pages", grace * 3 / 100, p.lookAfterPages},
		{"backfill", grace * 2 / 100, p.backfill.Run},
		{"names", grace / 100, p.rooms.RunNames}, // its calls end at once
		{"deliveries", grace / 2, p.relay.Run},
		{"control", grace / 20, HTTPPart(control, p.controlRoutes(), p.log)},
	}
	if private != nil {
		where.Metrics = private.Addr().String()
		parts = append(parts, Part{"metrics", grace / 20, HTTPPart(private, p.privateRoutes(), p.log)})
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
