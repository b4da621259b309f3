package app

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"time"

	"messenger-bridge/app/audit"
	"messenger-bridge/app/avatars"
	"messenger-bridge/app/history"
	"messenger-bridge/app/settled"
	"messenger-bridge/bridge"
	"messenger-bridge/bridge/automatic"
	"messenger-bridge/bridge/backfill"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/bridge/origin"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/bridge/relay"
	"messenger-bridge/commands"
	"messenger-bridge/intake"
	"messenger-bridge/language"
	"messenger-bridge/messenger"
	"messenger-bridge/messenger/webhook"
	"messenger-bridge/metrics"
	"messenger-bridge/replicas"
	"messenger-bridge/rocketchat"
	"messenger-bridge/rocketchat/stream"
	"messenger-bridge/rooms"
	"messenger-bridge/store"
)

// program makes everything that runs, and knows what belongs to what.
type program struct {
	*late
	cfg     Config
	settled *settled.Settled
	log     *slog.Logger
	metrics *metrics.Metrics
	started time.Time
	say     *language.Speaker
	pace    *notices.Pace // of what one person types

	leads     func() bool            // nil: nobody else can lead
	replica   func() *replicas.State // nil: there are no others
	store     *store.Store
	graph     *messenger.Platform
	client    *rocketchat.Workspace
	origin    *origin.Origin
	avatars   *avatars.Avatars
	rooms     *rooms.Rooms
	pages     *pages.Parts
	gaps      *backfill.Gaps
	heartbeat *backfill.WebhookHeartbeat
	backfill  *backfill.Filler
	progress  *progress
	strangers *strangers
	changes   *changes
	history   *history.History
}

// late is what is made last, for those that are made before and ask for it when
// everything runs.
type late struct {
	relay  *relay.Relay
	stream *stream.Stream
	setup  *commands.Setup
}

// newProgram returns one that has nothing yet but what it is told.
func newProgram(now *settled.Settled, log *slog.Logger) *program {
	return &program{late: &late{}, cfg: now.Config(), settled: now, log: log, metrics: metrics.New(Version()), started: time.Now()}
}

// assemble makes the parts; nothing runs yet.
func (p *program) assemble() (err error) {
	p.say, p.pace = speaker(p.cfg), notices.NewPace(p.cfg.Times.CommandEvery)
	p.progress = &progress{p.late, p.store, p.log}
	p.history = history.New(p.metrics, p.store, p.now, p.log)
	p.callPlatforms()
	if p.origin, err = origin.Begin(origin.Config{Cursors: p.store, Now: p.now, Workspace: p.client.ServerClock}); err != nil {
		return err
	}
	if err := p.lookAfterPages(); err != nil {
		return err
	}
	p.avatars = avatars.New(p.cfg.Network.PublicURL, p.store.Sign, p.client.Avatar)
	p.rooms = rooms.New(p.roomsConfig())
	if p.relay, err = relay.New(p.relayConfig()); err != nil {
		return err
	}
	p.backfill = backfill.New(backfill.Config{
		Inbound: p.relay.Inbound, Seen: p.store.Inbox().Seen, Ours: sentByUs(p.store), Pages: p.store, Calling: p.cfg.Times.Calling, Retry: p.cfg.Times.FirstRetry, Now: p.cfg.Now,
		Threads: p.graph, Gaps: p.gaps, Announce: p.relay.Notices.Announce, Say: p.say, Log: p.log,
	})
	p.changes = &changes{p.store, p.relay.Notices.Announce, p.now, p.say, p.log}
	p.strangers = newStrangers(p.metrics.GaveWay, p.relay.Notices.Announce, p.now, p.say, p.log)
	p.stream = stream.New(p.streamConfig())
	p.setup = commands.NewSetup(p.setupConfig())
	p.metrics.Add(gauges{p.late, p.store, p.graph, p.cfg.Store.Database, p.started})
	return nil
}

// callPlatforms makes the clients of Facebook and Rocket.Chat.
func (p *program) callPlatforms() {
	cfg := p.cfg
	p.graph = messenger.New(messenger.ClientConfig{
		GraphURL: cfg.Facebook.GraphURL, Version: cfg.Facebook.GraphVersion, AppID: cfg.Facebook.AppID,
		Fresh:  p.settled.Meta,
		Dialog: messenger.Dialog{URL: cfg.Facebook.LoginURL, ConfigID: cfg.Facebook.LoginConfigID},
		Times:  messenger.Times{Timeout: cfg.Times.GraphTimeout, Throttled: cfg.Times.Throttled, ThreadEvery: cfg.Times.ThreadEvery},
		Leads:  p.leads, MaxConns: workers, Now: cfg.Now, Log: p.log,
	})
	p.client = rocketchat.New(rocketchat.ClientConfig{
		URL: cfg.RocketChat.URL, BotUsers: cfg.Workspace.BotUsers, Timeout: cfg.Times.RestTimeout, UploadTimeout: cfg.Times.UploadTimeout,
		MaxConns: workers, Memory: p.store, Recovered: func(route string) { p.relay.RouteWorks(route) }, Leads: p.leads, Now: cfg.Now, Sign: p.store.Sign, Say: p.say, Log: p.log,
	})
}

// lookAfterPages makes what connects and watches pages.
func (p *program) lookAfterPages() (err error) {
	times := p.cfg.Times
	if p.gaps, err = backfill.NewGaps(p.store, 2*times.WatchEvery, time.Now); err != nil {
		return err
	}
	p.pages = pages.New(pages.Config{
		Facebook: pages.Facebook{Login: p.graph, Subscriptions: p.graph, Tokens: p.graph, Version: p.graph.Version()},
		Store:    pages.Store{Pages: audit.Pages{PageStore: p.store, Auditor: audit.Auditor{Journal: p.store.Journal(), Log: p.log}}, Tickets: p.store, Revocations: p.store},
		Gaps:     p.gaps, PublicURL: p.cfg.Network.PublicURL, Verified: p.progress.verified,
		Workspace: pages.Workspace{Departments: p.client.Departments, May: access{p.client, p.clerk}.may},
		Times: pages.Times{
			CheckEvery: times.WatchEvery, FirstStep: times.FirstStep, AppCheckFor: times.WatchEvery * 4 / 5,
			RevokeFor: times.RevokeFor, RevokeFirst: times.RevokeFirst,
		},
		Tell: pages.Tell{
			Announce: func(ctx context.Context, key, text string) error { return p.relay.Notices.Announce(ctx, key, text) },
			TypeFor: func(ctx context.Context, by bridge.Author, words string) error {
				return p.relay.Notices.FromPeople(ctx, []bridge.Command{{ID: bridge.MessageID("form-" + rand.Text()), From: by, Words: words, At: p.now()}})
			},
		},
		Changed: p.pageChanged, Now: p.cfg.Now, Say: p.say, Log: p.log,
	})
	p.heartbeat = backfill.NewHeartbeat(backfill.HeartbeatConfig{
		Gaps: p.gaps, Cursors: p.store, Pages: p.store, Check: p.pages.Watch.CheckSoon, Every: times.HearEvery, Outage: times.Outage, Log: p.log,
	})
	return nil
}

// roomsConfig says what shows customers' messages.
func (p *program) roomsConfig() rooms.Config {
	times := p.cfg.Times
	return rooms.Config{
		Workspace: rooms.Workspace{Livechat: p.client, Changes: p.client, Uploads: p.client, RoomLink: p.client.RoomLink},
		Store:     rooms.Store{Links: p.store, Known: p.store, Pages: p.store, Names: p.store},
		Facebook: rooms.Facebook{
			App: p.cfg.Facebook.AppID, Profiles: p.graph, PageInbox: p.graph.InboxLink, PostText: p.graph.PostText, History: p.graph.History,
			Files: messenger.NewFiles(messenger.FilesConfig{Hosts: p.cfg.AttachmentHosts, Links: p.graph, Stall: times.FileStall}),
		},
		Hooks: rooms.Hooks{
			Made:   p.origin.RoomOpened,
			Opened: func(room, before bridge.RoomID, existed bool) { p.stream.RoomOpened(room, before, existed) },
			Back:   func(d bridge.DepartmentID) { p.relay.DepartmentBack(d) },
		},
		Times: rooms.Times{Retry: times.NoAgentRetry, Patience: times.Patience, FileAgain: times.FileAgain},
		Now:   p.cfg.Now, Say: p.say, Log: p.log,
	}
}

// streamConfig says what listens to agents.
func (p *program) streamConfig() stream.Config {
	times := p.cfg.Times
	return stream.Config{
		Client: p.client, SetupChannel: p.cfg.Workspace.SetupChannel, Commands: p.relay.Notices, Gestures: p.relay.Gestures,
		Accept: agents{p.relay.Outbound, p.relay.Texts}, Store: p.store, Clock: p.say, Log: p.log, Metrics: p.metrics,
		Hooks: stream.Hooks{
			Ready: p.relay.WorkspaceReady, Arrived: func() { p.relay.AskAfter(p.rooms.SomeoneCame()...) }, Language: adopt(p.cfg.Speech.Language, p.say),
			Credentials: p.settled.Credentials, Retry: p.settled.Retry(),
		},
		Credentials: p.settled.Credentials(),
		Times: stream.Times{
			FirstReconnect: times.Reconnect, SweepEvery: times.LookEvery, Silence: times.Silence, FollowEvery: times.FollowEvery, InOrder: times.InOrder,
			PingEvery: times.PingEvery, RefusedWait: times.Refused, Answer: times.RestTimeout,
		},
	}
}

// setupConfig says what leads administrators to the first message.
func (p *program) setupConfig() commands.SetupConfig {
	every := p.cfg.Times.SetupEvery
	todo := &steps{
		late: p.late, store: p.store, graph: p.graph, client: p.client, progress: p.progress,
		checkup: newCheckups(p.client, p.store, p.cfg.Workspace, every), webhook: strings.TrimRight(p.cfg.Network.PublicURL, "/") + webhook.Path, say: p.say,
	}
	return commands.SetupConfig{
		Steps: todo.all(), Show: p.client.ShowStep, Where: p.client.SetupRoom, Calm: p.calm(p.pages.Login, every), Every: every, Quiet: p.cfg.Times.SetupQuiet, Say: p.say, Log: p.log,
	}
}

// sentByUs returns what reports whether a Messenger message is an answer that the bridge sent.
func sentByUs(s *store.Store) func(bridge.PageID, bridge.Mid) bool {
	return func(page bridge.PageID, mid bridge.Mid) bool {
		_, ours := s.TagOf(page, mid)
		return ours
	}
}

// now is the time by the program's clock.
func (p *program) now() time.Time {
	if p.cfg.Now != nil {
		return p.cfg.Now()
	}
	return time.Now()
}

// view shows how the bridge is.
func (p *program) view() *view {
	return &view{late: p.late, started: p.started, store: p.store, graph: p.graph, replica: p.replica, log: p.log}
}

// operators carry out what is typed on the bridge's own machine.
func (p *program) operators() *operators {
	return &operators{late: p.late, view: p.view(), store: p.store, pages: p.pages, level: p.cfg.Log.Now, patient: p.patient, roomLink: p.client.RoomLink, log: p.log}
}

// public answers Meta and browsers.
func (p *program) public() *publicServer {
	return &publicServer{
		late: p.late, cfg: p.cfg, settled: p.settled, store: p.store, verified: p.progress.handshake, pages: p.pages, heartbeat: p.heartbeat, leads: p.leads,
		clerk: p.clerk(), trusted: access{p.client, p.clerk}.trusted, pace: p.pace, roomLink: p.client.RoomLink, avatars: p.avatars, metrics: p.metrics, strangers: p.strangers, say: p.say, log: p.log,
	}
}

// door is what lets connections in on LISTEN.
func (p *program) door() *intake.Door {
	return intake.NewDoor(connections(), func() { p.strangers.left(connectionPlace) })
}

// patient is a bridge that runs, to be examined.
func (p *program) patient() *patient {
	t := &patient{cfg: p.cfg, log: p.log, store: p.store, running: true, workspace: true, meta: true, stored: true}
	t.take(p)
	t.refused, t.replica = p.relay.Refusals.Lasting, p.replica
	return t
}

// agents is what comes from rooms: messages, and that a room was closed.
type agents struct {
	*outbound.Outbound
	*automatic.Texts
}

// relayConfig says what the flows are made of.
func (p *program) relayConfig() relay.Config {
	cfg, s := p.cfg, p.store
	called := names{s, p.client, p.log}
	return relay.Config{
		Queues: relay.Queues{Inbox: s.Inbox(), Outbox: s.Outbox(), Notices: s.Notices(), Failures: s, Deposed: s.Deposed()},
		Store: relay.Store{Receipts: s, Sent: s, States: s, Pages: s, Links: s, Personas: s, Cursors: s, Names: s, Memory: s, Trail: s.Trail(),
			TextHash: s.Sign, Earlier: p.origin},
		Workspace: relay.Workspace{Rooms: p.rooms, Notifier: p.client, Standing: p.client.ShowStep, Commands: p.clerk(), Pace: p.pace, People: p.client,
			Files: p.client, Archive: p.client, Naming: p.rooms, Picture: p.avatars.Address, TakenBack: p.client.TakenBack, OurTime: p.client.OurTime},
		Messenger: relay.Messenger{Sender: p.graph, Gestures: p.graph, Personas: p.graph, Moderator: p.graph, App: cfg.Facebook.AppID},
		Names:     automatic.Names{Customer: called.customer, Agent: called.agent, Department: called.department, RoomLink: p.client.RoomLink},
		Hooks: relay.Hooks{PageRefused: p.pages.Watch.Refused, PageSent: p.pages.Watch.Sent, Delivered: p.progress.delivered(),
			Active: s.SaveActivity},
		Times: relay.Times{
			Times: outbound.Times{EchoWait: cfg.Times.EchoWait, ResolveFor: cfg.Times.SettleFor, TellAfter: cfg.Times.TellAfter, FileFor: cfg.Times.FileFor},
			Grace: max(cfg.ShutdownGrace*45/100, time.Millisecond), FirstRetry: cfg.Times.FirstRetry,
			Patience: cfg.Times.Patience, TellRefused: cfg.Times.TellRefused, AbsenceEvery: cfg.Times.AbsenceEvery, AbsentAfter: cfg.Times.AbsentAfter,
		},
		Workers: workers, Now: cfg.Now, Say: p.say, Log: p.log, Meter: p.history,
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

// adopt returns what makes the language of a workspace ours, if LANGUAGE names none.
func adopt(chosen string, say *language.Speaker) func(tag string) {
	return func(tag string) {
		if chosen == "" && !say.Switch(tag) {
			say.Switch("en")
		}
	}
}

// workers is how many deliveries may be under way in each direction: enough for
// 1,000 a second at 50 ms each.
const workers = 64
