package bridge

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"messenger-bridge/metrics"
)

// Config is what a Bridge is made of. Durations that are zero get the default
// that stands beside them.
type Config struct {
	Inbox    Queue // to rooms
	Outbox   Queue // to customers
	Notices  Queue // to agents
	Receipts Receipts
	Pages    Pages
	Rooms    Rooms
	Desk     Desk
	Clerk    Clerk
	Sender   Sender

	Workers   int           // deliveries under way per direction; 64
	PerPage   int           // of them to one page's customers; 16
	EchoWait  time.Duration // how long an echo may take; 30 s
	SettleFor time.Duration // how long to try to find out whether a part arrived; 10 min
	TellAfter time.Duration // when an agent is told that a message still waits; 1 min
	Grace     time.Duration // for deliveries under way when Run is told to stop; 8 s

	// SentBefore reports whether a message of this time may have been delivered by an
	// earlier bridge whose store is lost, or was copied before. May be nil.
	SentBefore func(time.Time) bool
	// PageRefused is called when Meta refuses everything of a page, and what waits
	// for it stays; it must not block. May be nil.
	PageRefused func(PageID, Reason)
	// Delivered is called after each delivery, with its direction (metrics.In, Out);
	// it must not block. May be nil.
	Delivered func(direction string)

	Now     func() time.Time
	Log     *slog.Logger
	Metrics *metrics.Metrics
}

// Bridge is the two flows, and a third, small one: what agents are told.
type Bridge struct {
	Config  // set by New, never changed
	started time.Time

	inbound  *schedule
	outbound *schedule
	notices  *schedule

	mu      sync.Mutex        // guards the three below
	behind  map[Lane]struct{} // lanes in which a message of an earlier bridge's time was found not to have been sent
	suspect map[Seq]time.Time // outbound, possibly sent at that time by somebody who could not write it down
	unsaved map[Seq]unsavedAt // progress the store did not take; believed rather than the stored one
}

// unsavedAt is progress that could not be stored, with the receipts that belong to it.
type unsavedAt struct {
	progress Progress
	receipts []Receipt
}

// New returns a bridge that knows what an earlier run left and does nothing until
// Run. Only after New may anything be accepted.
func New(c Config) (*Bridge, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	setDefault(&c.Workers, 64)
	setDefault(&c.PerPage, 16)
	setDefault(&c.EchoWait, 30*time.Second)
	setDefault(&c.SettleFor, 10*time.Minute)
	setDefault(&c.TellAfter, time.Minute)
	setDefault(&c.Grace, 8*time.Second)
	workspace := func(Lane) Gate { return GateWorkspace }
	page := func(l Lane) Gate { return GatePage(l.Page()) }
	b := &Bridge{
		Config:   c,
		started:  c.Now(),
		inbound:  newSchedule(workspace, 0, c.Now, rand.Float64),
		outbound: newSchedule(page, c.PerPage, c.Now, rand.Float64),
		notices:  newSchedule(workspace, 0, c.Now, rand.Float64),
		behind:   map[Lane]struct{}{},
		suspect:  map[Seq]time.Time{},
		unsaved:  map[Seq]unsavedAt{},
	}
	return b, b.recover()
}

func setDefault[T int | time.Duration](v *T, to T) {
	if *v == 0 {
		*v = to
	}
}

// Run delivers until ctx ends. Then it starts nothing new, waits for what is
// under way, at most Grace, and returns when every outcome is stored.
func (b *Bridge) Run(ctx context.Context) error {
	// Attempts under way outlive ctx, but not by more than Grace.
	work, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(b.Grace, func() { cut(errors.New("the bridge stops")) })
	})()

	var wg sync.WaitGroup
	wg.Go(func() { b.deliver(ctx, work, b.inbound, b.Workers, metrics.In, b.toRoom) })
	wg.Go(func() { b.deliver(ctx, work, b.outbound, b.Workers, metrics.Out, b.toCustomer) })
	wg.Go(func() { b.deliver(ctx, work, b.notices, 8, metrics.Notice, b.toAgent) })
	wg.Go(func() { b.watchWaiting(ctx) })
	wg.Wait()
	b.markUntried()
	return nil
}

// WorkspaceReady says that Rocket.Chat answers again: nothing waits for a time any longer.
func (b *Bridge) WorkspaceReady() {
	for _, s := range []*schedule{b.inbound, b.notices} {
		s.openGate(GateWorkspace)
		s.retryNow()
	}
}

// PageChanged says that a page was connected, switched on or given a new token.
func (b *Bridge) PageChanged(p PageID) { b.outbound.openGate(GatePage(p)) }

// Backlog is what waits in one direction.
type Backlog struct {
	Waiting int
	Oldest  time.Time // when the oldest was accepted; zero if nothing waits
}

// Backlog returns what waits for rooms, for customers and for agents.
func (b *Bridge) Backlog() (in, out, notices Backlog) {
	return b.backlog(b.Inbox, b.inbound), b.backlog(b.Outbox, b.outbound), b.backlog(b.Notices, b.notices)
}

// WaitingFor returns how many deliveries wait for agents and for customers of a page.
func (b *Bridge) WaitingFor(p PageID) (in, out int) {
	return b.inbound.countOf(p), b.outbound.countOf(p)
}

func (b *Bridge) backlog(q Queue, s *schedule) Backlog {
	oldest := Seq(0)
	for _, seq := range s.heads() {
		if oldest == 0 || seq < oldest {
			oldest = seq
		}
	}
	log := Backlog{Waiting: s.count()}
	if d, err := q.Delivery(oldest); err == nil && oldest != 0 {
		log.Oldest = d.Accepted
	}
	return log
}
