package bridge

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"messenger-bridge/language"
	"messenger-bridge/metrics"
)

// Config is what a Bridge is made of. Durations that are zero get the default
// that stands beside them.
type Config struct {
	Inbox        Queue // to rooms
	Outbox       Queue // to customers
	Notices      Queue // to agents
	Receipts     Receipts
	Failures     Failures
	Pages        Pages
	Rooms        Rooms
	Desk         Desk
	Clerk        Clerk
	Talks        Talks  // may be nil: then windows are Meta's business alone
	People       People // may be nil: then nobody answers after the plain window
	Sender       Sender
	Files        Files
	Links        Links
	Personas     Personas // nil: agents' names stand in the text
	PersonaStore PersonaStore
	Picture      func(Author) string // address of an agent's picture; "" if there is none
	Moderator    Moderator
	Gestures     Gestures                          // nil: none are made
	Sign         func(purpose, text string) string // a fingerprint that tells nothing; nil: edits count as changes
	Memory       Memory                            // for Forget
	Archive      Archive                           // likewise

	Workers   int           // deliveries under way per direction; 64
	PerPage   int           // of them to one page's customers; 16
	EchoWait  time.Duration // how long an echo may take; 30 s
	SettleFor time.Duration // how long to try to find out whether a part arrived; 10 min
	TellAfter time.Duration // when an agent is told that a message still waits; 1 min
	Grace     time.Duration // for deliveries under way when Run is told to stop; 8 s

	// FirstRetry is how long a delivery waits after its first failure; later waits grow
	// to 120 times that. 250 ms.
	FirstRetry time.Duration

	// ShowStanding and Cursors are for what administrators read while nobody is there;
	// nil: nothing.
	ShowStanding Standing
	Cursors      Cursors
	AbsenceEvery time.Duration // how often that is looked at; 10 s
	AbsentAfter  time.Duration // how long customers wait before it is told; 30 s

	RoomLink       func(RoomID) string                        // where a room is found; may be nil
	CustomerName   func(Conversation) string                  // "" if it is not known; may be nil
	DepartmentName func(context.Context, DepartmentID) string // likewise

	// SentBefore reports whether a message of this time may have been delivered by an
	// earlier bridge whose store is lost, or was copied before. May be nil.
	SentBefore func(time.Time) bool
	// PageRefused is called when Meta refuses everything of a page, and what waits
	// for it stays; it must not block. May be nil.
	PageRefused func(PageID, *Refusal)
	// PageSent is called when Meta has taken a message of a page that was restricted;
	// it must not block. May be nil.
	PageSent func(PageID)
	// Delivered is called after each delivery, with its direction (metrics.In, Out), but
	// not of what nobody wrote; it must not block. May be nil.
	Delivered func(direction string)
	// Active is called when a page has a new message from a customer (metrics.In), or
	// a customer has one from the page (metrics.Out); it must not block. May be nil.
	Active func(p PageID, direction string)

	Now     func() time.Time
	Say     *language.Speaker
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
	windows  *windows

	gesturing *gesturing
	personae  *personae

	forgetting sync.Mutex // held by Forget

	mu       sync.Mutex           // guards all below
	behind   map[Lane]struct{}    // lanes in which a message of an earlier bridge's time was found not to have been sent
	suspect  map[Seq]time.Time    // outbound, possibly sent at that time by somebody who could not write it down
	changes  changes              // what waits in the outbox and changes a message
	begun    map[Seq]int          // inbound: how often showing them was begun and did not end
	unsaved  map[Seq]unsavedAt    // progress the store did not take; believed rather than the stored one
	untagged map[PageID]time.Time // when Meta last refused the human tag
	setBack  time.Duration        // by how much the clock was set back at most, as far as it was noticed
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
	setDefault(&c.FirstRetry, 250*time.Millisecond)
	setDefault(&c.AbsenceEvery, 10*time.Second)
	setDefault(&c.AbsentAfter, 30*time.Second)
	if c.Active == nil {
		c.Active = func(PageID, string) {}
	}
	workspace := func(Lane) Gate { return GateWorkspace }
	page := func(l Lane) Gate { return GatePage(l.Page()) }
	b := &Bridge{
		Config:  c,
		started: c.Now(),
		// Waiting is by time.Now, which goes on when the clock is set.
		inbound:   newSchedule(workspace, 0, c.FirstRetry, time.Now, rand.Float64),
		outbound:  newSchedule(page, c.PerPage, c.FirstRetry, time.Now, rand.Float64),
		notices:   newSchedule(workspace, 0, c.FirstRetry, time.Now, rand.Float64),
		gesturing: newGesturing(),
		personae:  newPersonae(),
		behind:    map[Lane]struct{}{},
		suspect:   map[Seq]time.Time{},
		begun:     map[Seq]int{},
		unsaved:   map[Seq]unsavedAt{},
		changes:   changes{},
		untagged:  map[PageID]time.Time{},
		windows:   newWindows(),
	}
	b.outbound.outer = GateApp
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
	wg.Go(func() { b.gesturing.run(ctx) })
	wg.Go(func() { b.watchWindows(ctx) })
	wg.Go(func() { b.watchAbsence(ctx) })
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

// PageBacklog is what waits for a page's agents and customers.
type PageBacklog struct {
	In, Out Backlog
	Held    Reason    // why nothing is sent to its customers at the moment; empty: it is
	Until   time.Time // when that is tried again
}

// Backlogs returns what waits, of every page for which something does.
func (b *Bridge) Backlogs() map[PageID]PageBacklog {
	pages := map[PageID]PageBacklog{}
	for id, l := range b.inbound.byPage() {
		pages[id] = PageBacklog{In: l.backlog(b.Inbox)}
	}
	for id, l := range b.outbound.byPage() {
		p := pages[id]
		p.Out, p.Held, p.Until = l.backlog(b.Outbox), l.held, l.until
		pages[id] = p
	}
	return pages
}

func (b *Bridge) backlog(q Queue, s *schedule) Backlog {
	all := load{waiting: s.count()}
	for _, seq := range s.heads() {
		if all.oldest == 0 || seq < all.oldest {
			all.oldest = seq
		}
	}
	return all.backlog(q)
}

func (l load) backlog(q Queue) Backlog {
	log := Backlog{Waiting: l.waiting}
	if d, err := q.Delivery(l.oldest); err == nil && l.oldest != 0 {
		log.Oldest = d.Accepted
	}
	return log
}
