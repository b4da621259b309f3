package relay

import (
	"context"
	"errors"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/automatic"
	"messenger-bridge/bridge/inbound"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/queue"
	"messenger-bridge/bridge/refusals"
)

// Relay is all flows between customers, agents and administrators.
type Relay struct {
	Inbound     *inbound.Inbound   // what customers do goes in here
	Outbound    *outbound.Outbound // what agents write
	Gestures    *outbound.Gestures // what agents do besides
	Notices     *notices.Notices   // commands, and what everybody is told
	Texts       *automatic.Texts   // closings of rooms
	DeadLetters *DeadLetters
	Eraser      *Eraser
	Refusals    *refusals.Table // what the workspace refuses at the moment
	Tracer      *Tracer         // what became of one message

	windows *automatic.Windows
	absence *automatic.Absence
	config  Config
	inbox   *queue.Lanes
	outbox  *queue.Lanes
	notices *queue.Lanes
}

// New returns a relay that knows what an earlier run left and does nothing until
// Run. Only after New may anything be accepted.
func New(c Config) (*Relay, error) {
	c.setDefaults()
	r := &Relay{config: c}
	r.Tracer = &Tracer{Trail: c.Store.Trail, Receipts: c.Store.Receipts, Pages: c.Store.Pages, Rooms: c.Workspace.Rooms, Log: c.Log}
	r.makeLanes()
	r.Tracer.lanes = []*queue.Lanes{r.inbox, r.outbox, r.notices}
	r.Notices = notices.New(notices.Config{
		Lanes: r.notices, Notifier: c.Workspace.Notifier, Commands: c.Workspace.Commands, Receipts: c.Store.Receipts, Sent: c.Store.Sent,
		States: c.Store.States, Pages: c.Store.Pages, Patience: c.Times.Patience, Now: c.Now, Say: c.Say, Log: c.Log,
		Refused: func(a *bridge.Response) { r.Refusals.Refused(a) },
	})
	r.Notices.Pace = c.Workspace.Pace
	r.makeOutbound()
	r.makeAutomatic()
	r.Refusals = refusals.New(refusals.Config{Show: c.Workspace.Standing, Cursors: c.Store.Cursors, Announce: r.Notices.Announce,
		After: c.Times.TellRefused, Every: c.Times.AbsenceEvery, Now: c.Now, Say: c.Say, Log: c.Log})
	r.Inbound = inbound.New(inbound.Config{
		Lanes: r.inbox, Outbound: r.Outbound, Gestures: r.Gestures,
		Telling: inbound.Telling{Notices: r.Notices, Refusals: r.Refusals}, Automatic: inbound.Automatic{Texts: r.Texts, Survey: r.Texts.Survey, Windows: r.windows},
		Rooms: c.Workspace.Rooms, Receipts: c.Store.Receipts, Pages: c.Store.Pages, States: c.Store.States,
		Own: inbound.Own{App: c.Messenger.App, ResolveWithin: c.Times.ResolveFor}, Active: func(p bridge.PageID) { c.Hooks.Active(p, bridge.In) }, Say: c.Say,
	})
	one := make(alone, 1)
	r.DeadLetters = &DeadLetters{Failures: c.Queues.Failures, overtaken: r.Outbound.Overtaken, receipts: c.Store.Receipts, alone: one,
		lanes: map[bridge.Direction]*queue.Lanes{bridge.In: r.inbox, bridge.Out: r.outbox, bridge.ToAgents: r.notices}}
	r.Eraser = &Eraser{
		Memory: c.Store.Memory, Names: c.Store.Names, Archive: c.Workspace.Archive, Naming: c.Workspace.Naming, Rooms: c.Workspace.Rooms, States: c.Store.States, Receipts: c.Store.Receipts,
		Failures: c.Queues.Failures, Inbox: r.inbox, Outbox: r.outbox, Notices: r.notices, Say: c.Say, Log: c.Log, alone: one,
	}
	return r, r.load()
}

// makeLanes makes the three directions. Everything that goes to Rocket.Chat passes one
// gate, what goes to a page's customers the page's, and before that the app's.
func (r *Relay) makeLanes() {
	c := r.config
	lanes := func(store bridge.Queue, d bridge.Direction, workers int, rules queue.Rules) queue.Config {
		rules.First, rules.Insist = c.Times.FirstRetry, c.Times.Patience/5
		return queue.Config{Rules: rules, Store: store, Direction: d, Subject: func(body []byte) bridge.Subject { return read(d, body) }, Workers: workers, Clock: c.Now, Meter: c.Meter, Log: c.Log,
			Happened: r.Tracer.happened, Concluded: func(bridge.Delivery) { c.Hooks.Delivered(d) }}
	}
	workspace := queue.Rules{Home: func(bridge.Lane) bridge.Gate { return bridge.GateWorkspace }}
	pages := queue.Rules{Home: func(l bridge.Lane) bridge.Gate { return bridge.GatePage(l.Page) }, Outer: bridge.GateApp, PerGate: perPage}
	in := lanes(c.Queues.Inbox, bridge.In, c.Workers, workspace)
	in.Dropped = func(seq bridge.Seq) { r.Inbound.Dropped(seq) }
	r.inbox = queue.New(in)
	r.notices = queue.New(lanes(c.Queues.Notices, bridge.ToAgents, noticeWorkers, workspace))
	out := lanes(c.Queues.Outbox, bridge.Out, c.Workers, pages)
	out.Concluded = nil // Outbound knows more
	out.Panicked = func(seq bridge.Seq) { r.Outbound.Panicked(seq) }
	out.Dropped = func(seq bridge.Seq) { r.Outbound.Dropped(seq) }
	r.outbox = queue.New(out)
}

func (r *Relay) makeOutbound() {
	c := r.config
	r.Gestures = outbound.NewGestures(outbound.GesturesConfig{
		Maker: c.Messenger.Gestures, Pages: c.Store.Pages, Rooms: c.Workspace.Rooms, Receipts: c.Store.Receipts, Now: c.Now, Log: c.Log,
	})
	r.Outbound = outbound.New(outbound.Config{
		Lanes: r.outbox, Notices: r.Notices, Gestures: r.Gestures, Sender: c.Messenger.Sender,
		Memory: outbound.Memory{Pages: c.Store.Pages, Receipts: c.Store.Receipts, States: c.Store.States, Links: c.Store.Links,
			TextHash: c.Store.TextHash, Earlier: c.Store.Earlier},
		Workspace: outbound.Workspace{Rooms: c.Workspace.Rooms, People: c.Workspace.People, Files: c.Workspace.Files,
			TakenBack: c.Workspace.TakenBack, OurTime: c.Workspace.OurTime},
		Personas: outbound.PersonaConfig{Maker: c.Messenger.Personas, Store: c.Store.Personas, Picture: c.Workspace.Picture},
		Times:    c.Times.Times,
		Hooks: outbound.Hooks{PageRefused: c.Hooks.PageRefused, PageSent: c.Hooks.PageSent,
			Active:    func(p bridge.PageID) { c.Hooks.Active(p, bridge.Out) },
			Delivered: func() { c.Hooks.Delivered(bridge.Out) }},
		Now: c.Now, Say: c.Say, Log: c.Log,
	})
}

func (r *Relay) makeAutomatic() {
	c := r.config
	survey := &automatic.Survey{Outbound: r.Outbound, Notices: r.Notices, States: c.Store.States, Rooms: c.Workspace.Rooms, Now: c.Now, Say: c.Say}
	r.Texts = automatic.NewTexts(automatic.TextsConfig{
		Outbound: r.Outbound, Notices: r.Notices, Survey: survey, States: c.Store.States, Pages: c.Store.Pages,
		Rooms: c.Workspace.Rooms, Names: c.Names, Now: c.Now, Say: c.Say, Log: c.Log,
	})
	r.windows = automatic.NewWindows(automatic.WindowsConfig{
		States: c.Store.States, Pages: c.Store.Pages, Rooms: c.Workspace.Rooms, Notices: r.Notices, Now: c.Now, Log: c.Log,
	})
	r.absence = automatic.NewAbsence(automatic.AbsenceConfig{
		Inbox: r.inbox, Cursors: c.Store.Cursors, Show: c.Workspace.Standing, Names: c.Names,
		Every: c.Times.AbsenceEvery, After: c.Times.AbsentAfter, Now: c.Now, Say: c.Say, Log: c.Log,
	})
}

// load fills the lanes with what an earlier run left.
func (r *Relay) load() error {
	if err := errors.Join(r.Inbound.Load(), r.Outbound.Load(), r.notices.Load(nil)); err != nil {
		return err
	}
	in, out := r.inbox.Look().Count(), r.outbox.Look().Count()
	if in+out > 0 {
		r.config.Log.Info("deliveries left by an earlier run", "in", in, "out", out, "notices", r.notices.Look().Count())
	}
	return nil
}

// Run delivers until ctx ends. Then it starts nothing new, waits for what is
// under way, at most Grace, and returns when every outcome is stored. If none can be, because
// another replica leads, it waits for nothing: that one finds out what became of it.
func (r *Relay) Run(ctx context.Context) error {
	// Attempts under way outlive ctx, but not by more than Grace.
	work, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(r.config.Times.Grace):
			cut(errors.New("the bridge stops"))
		case <-r.config.Queues.Deposed:
			cut(errors.New("another replica leads"))
		case <-work.Done():
		}
	})()

	var wg sync.WaitGroup
	wg.Go(func() { r.inbox.Run(ctx, work, r.Inbound.Deliver) })
	wg.Go(func() { r.outbox.Run(ctx, work, r.Outbound.Deliver) })
	wg.Go(func() { r.notices.Run(ctx, work, r.Notices.Deliver) })
	wg.Go(func() { r.Outbound.WatchWaiting(ctx) })
	wg.Go(func() { r.Gestures.Run(ctx) })
	wg.Go(func() { r.windows.Run(ctx) })
	wg.Go(func() { r.absence.Run(ctx) })
	wg.Go(func() { r.Refusals.Run(ctx) })
	wg.Wait()
	r.Outbound.MarkUntried()
	return nil
}

// WorkspaceReady says that Rocket.Chat answers again: nothing waits for a time any longer.
func (r *Relay) WorkspaceReady() {
	for _, lanes := range []*queue.Lanes{r.inbox, r.notices} {
		lanes.OpenGate(bridge.GateWorkspace)
		lanes.RetryNow()
	}
}

// RouteWorks says that Rocket.Chat takes a call again that it had refused for everybody.
func (r *Relay) RouteWorks(route string) {
	r.Refusals.Works(route)
	for _, lanes := range []*queue.Lanes{r.inbox, r.notices} {
		lanes.OpenGate(bridge.GateRoute(route))
	}
}

// AskAfter has customers who wait for agents tried now.
func (r *Relay) AskAfter(departments ...bridge.DepartmentID) {
	for _, d := range departments {
		r.inbox.TryGate(bridge.GateDepartment(d))
	}
}

// DepartmentBack says that agents take rooms again.
func (r *Relay) DepartmentBack(d bridge.DepartmentID) { r.inbox.OpenGate(bridge.GateDepartment(d)) }

// PageChanged says that a page was connected, switched on or given a new token.
func (r *Relay) PageChanged(p bridge.PageID) {
	r.outbox.OpenGate(bridge.GatePage(p))
	r.inbox.OpenGate(bridge.GatePage(p)) // which was shut if its settings had been changed in the store
}

// Backlog returns what waits for rooms, for customers and for agents.
func (r *Relay) Backlog() (in, out, notices bridge.Backlog) {
	return r.inbox.Backlog(), r.outbox.Backlog(), r.notices.Backlog()
}

// Backlogs returns what waits, of every page for which something does.
func (r *Relay) Backlogs() map[bridge.PageID]bridge.PageBacklog {
	pages := map[bridge.PageID]bridge.PageBacklog{}
	for id, b := range r.inbox.Backlogs() {
		pages[id] = bridge.PageBacklog{In: b.Backlog}
	}
	for id, b := range r.outbox.Backlogs() {
		p := pages[id]
		p.Out, p.Held, p.Until = b.Backlog, b.Held, b.Until
		pages[id] = p
	}
	return pages
}

// Block keeps a customer from writing to a page at Facebook, or lets them write again;
// ErrNoPage if the page is not connected here. Doing it again is harmless.
func (r *Relay) Block(ctx context.Context, id bridge.PageID, c bridge.CustomerID, on bool) error {
	page, err := r.config.Store.Pages.Page(id)
	if err != nil {
		return err
	}
	return r.config.Messenger.Moderator.Block(ctx, page, c, on)
}
