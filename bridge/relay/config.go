package relay

import (
	"context"
	"log/slog"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/automatic"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/language"
)

// Config is what a Relay is made of.
type Config struct {
	Queues    Queues
	Store     Store
	Workspace Workspace
	Messenger Messenger
	Names     automatic.Names
	Hooks     Hooks
	Times     Times
	Workers   int // deliveries under way in each direction; 64
	Now       func() time.Time
	Say       *language.Speaker
	Log       *slog.Logger
	Meter     bridge.Meter
}

// Queues are where deliveries wait, and where those are kept that were given up.
type Queues struct {
	Inbox    bridge.Queue // to rooms
	Outbox   bridge.Queue // to customers
	Notices  bridge.Queue // to agents
	Failures bridge.Failures
	Deposed  <-chan struct{} // closed when nothing can be stored any more, because another replica leads; nil: there is none
}

// Store is what is remembered beside the queues.
type Store struct {
	Receipts bridge.Receipts
	Sent     bridge.SentLog
	States   bridge.States // nil: windows are Meta's business alone
	Pages    bridge.Pages
	Links    bridge.Links
	Personas bridge.PersonaStore
	Cursors  bridge.ListedCursors
	Names    bridge.Names  // what customers are called; nil: nobody has a name
	Memory   bridge.Memory // for erasing customers
	Trail    bridge.Trail  // what became of deliveries; nil: nobody follows a message

	// TextHash makes of a text a fingerprint that tells nothing; nil: each edit counts as
	// a change of the text.
	TextHash func(purpose, text string) string
	// Earlier tells what another bridge may have sent; nil: there was none.
	Earlier outbound.Earlier
}

// Workspace is Rocket.Chat.
type Workspace struct {
	Rooms    bridge.Rooms
	Notifier bridge.Notifier
	Standing bridge.Standing // nil: nothing stands in the setup channel
	Commands bridge.CommandHandler
	Pace     *notices.Pace // of what one person types; nil: as fast as they like
	People   bridge.People // nil: nobody answers after the plain window
	Files    bridge.Files
	Archive  bridge.Archive             // for erasing customers
	Naming   bridge.Naming              // likewise; nil: names are not found out
	Picture  func(bridge.Author) string // address of an agent's picture; "" if there is none
	// TakenBack reports whether an agent's message is certainly deleted of whose deletion nobody may have told; nil: all are told.
	TakenBack func(context.Context, bridge.MessageID) bool
	OurTime   func(time.Time) time.Time // what our clock showed when the workspace's showed a time; nil: the same
}

// Messenger is Facebook.
type Messenger struct {
	Sender    bridge.Sender
	Gestures  bridge.Gestures // nil: none are made
	Personas  bridge.Personas // nil: agents' names stand in the text
	Moderator bridge.Moderator
	App       string // our app's id; empty: it is not known
}

// Hooks are called when something happens. Each may be nil; none may block.
type Hooks struct {
	// PageRefused is called when Meta refuses everything of a page, and what waits
	// for it stays; or when it does not let comments of the page be answered.
	PageRefused func(bridge.PageID, *bridge.Refusal)
	// PageSent is called when Meta has taken a message of a page that was restricted.
	PageSent func(bridge.PageID)
	// Delivered is called after each delivery, with its direction, but not of what nobody
	// wrote.
	Delivered func(bridge.Direction)
	// Active is called when a page has a new message from a customer (In), or a customer
	// has one from the page (Out).
	Active func(bridge.PageID, bridge.Direction)
}

// Times that are zero get the default that stands beside them.
type Times struct {
	outbound.Times
	Grace        time.Duration // for deliveries under way when Run is told to stop; 8 s
	FirstRetry   time.Duration // how long a delivery waits after its first failure; later waits grow to 120 times that; 250 ms
	AbsenceEvery time.Duration // how often is looked whether customers wait for an agent; 10 s
	AbsentAfter  time.Duration // how long they wait for one before the setup channel is told; 30 s
	Patience     time.Duration // how long something is tried that the workspace refuses, but takes of others; 45 s
	TellRefused  time.Duration // how long the workspace refuses something before it is told; 1 min
}

// perPage is how many deliveries to one page's customers are under way at most.
const perPage = 16

// noticeWorkers is how many notices are told at once.
const noticeWorkers = 8

func (c *Config) setDefaults() {
	if c.Workers == 0 {
		c.Workers = 64
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Store.States == nil {
		c.Store.States = bridge.NoStates{}
	}
	if c.Hooks.Delivered == nil {
		c.Hooks.Delivered = func(bridge.Direction) {}
	}
	if c.Hooks.Active == nil {
		c.Hooks.Active = func(bridge.PageID, bridge.Direction) {}
	}
	c.Times.setDefaults()
}

func (t *Times) setDefaults() {
	for _, d := range []struct {
		of   *time.Duration
		then time.Duration
	}{
		{&t.EchoWait, 30 * time.Second}, {&t.ResolveFor, 10 * time.Minute}, {&t.TellAfter, time.Minute}, {&t.Grace, 8 * time.Second},
		{&t.FirstRetry, 250 * time.Millisecond}, {&t.AbsenceEvery, 10 * time.Second}, {&t.AbsentAfter, 30 * time.Second}, {&t.Patience, 45 * time.Second}, {&t.TellRefused, time.Minute},
	} {
		if *d.of == 0 {
			*d.of = d.then
		}
	}
}
