// Package replicas is the life of one replica: it follows the journal with a file of its own, and
// when nobody leads it claims the journal's next place, opens the file as after a crash, and
// leads until it is told to stop or somebody else does.
package replicas

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"messenger-bridge/journal"
	"messenger-bridge/replica"
	"messenger-bridge/store"
	"messenger-bridge/store/changes"
)

// Config says what a replica is made of.
type Config struct {
	Journal journal.Config
	Store   store.Options // without a journal
	// Lead is the whole bridge: it runs until ctx ends.
	Lead  func(ctx context.Context, s *store.Store, leads func() bool) error
	Grace time.Duration // for what is still to be stored when it is told to stop
	Log   *slog.Logger

	SnapshotEvery int64         // bytes of changes; 0: 64 MiB
	SnapshotAge   time.Duration // how old the newest may get all the same; 0: three days

	seams seams
}

// Why Run returns although nobody told it to; the texts say what to do.
var (
	// ErrStranger says that the file is none of this journal's.
	ErrStranger = errors.New("the file does not belong to this journal")
)

// Roles of a replica.
const (
	Starting  = "starting"
	Standby   = "standby"
	Leader    = "leader"
	Suspended = "suspended" // it has led, and may not act until the journal answers: another may lead
)

// Member is one replica. Its methods are safe for concurrent use.
type Member struct {
	cfg Config

	mu        sync.Mutex // guards all below
	role      string
	problem   string // why it neither leads nor follows
	stream    *journal.Stream
	follower  *journal.Follower
	reached   replica.Position // where the last follower was
	known     replica.Claim    // who led then, if this replica could not go on because of its disk
	term      *journal.Term
	handOver  context.CancelCauseFunc // of the term
	given     time.Time               // when this replica last handed over because its disk was full
	yields    yields
	snapshot  journal.Snapshot
	takeovers map[string]int
}

// New returns a replica that does not run yet.
func New(cfg Config) *Member {
	if cfg.SnapshotEvery == 0 {
		cfg.SnapshotEvery = 64 << 20
	}
	if cfg.SnapshotAge == 0 {
		cfg.SnapshotAge = 3 * 24 * time.Hour
	}
	cfg.setSeams()
	cfg.Journal.Self.Format = store.Format
	return &Member{cfg: cfg, role: Starting, takeovers: map[string]int{}}
}

// Run lives until ctx ends, or an error says why this replica can neither follow nor lead.
func (m *Member) Run(ctx context.Context) error {
	stream, err := m.connect(ctx)
	if err != nil {
		return ended(ctx, err)
	}
	defer stream.Close()
	for {
		at, why, err := m.follow(ctx, stream)
		if err == nil {
			letOthers(ctx, m, stream, at)
			err = m.lead(ctx, stream, at, why)
		}
		switch {
		case ctx.Err() != nil, err != nil && !ofTheDisk(err):
			return ended(ctx, err)
		case err != nil:
			m.cfg.Log.Error("this replica can neither follow nor lead, and tries again", "err", err)
			m.set(func() { m.problem = err.Error() })
			awaitRoom(ctx, m, stream)
		}
	}
}

// ended returns no error for who was told to stop.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		return nil
	}
	return err
}

// connect tries until the journal is there, or refuses.
func (m *Member) connect(ctx context.Context) (*journal.Stream, error) {
	for {
		stream, err := journal.Open(ctx, m.cfg.Journal)
		switch {
		case err == nil:
			m.set(func() { m.stream, m.problem = stream, "" })
			return stream, nil
		case errors.Is(err, journal.ErrRefused):
			return nil, err
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		}
		if m.State().Problem != err.Error() {
			m.cfg.Log.Warn("the journal is not there yet", "err", err)
		}
		m.set(func() { m.problem = err.Error() })
		pause(ctx, 500*time.Millisecond)
	}
}

func (m *Member) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Why a replica took over.
const (
	firstOfAll = "first"
	silence    = "silence"
	goodbye    = "goodbye"
)

// follow returns after which place nobody leads, and how that came.
func (m *Member) follow(ctx context.Context, stream *journal.Stream) (at replica.Position, why string, err error) {
	defer func() { m.left(ofTheDisk(err)) }()
	copied, err := m.prepare(ctx, stream)
	if err != nil || copied == nil {
		return at, firstOfAll, err
	}
	f := m.followFrom(stream, copied.At())
	m.set(func() { m.role, m.problem = Standby, "" })
	m.cfg.Log.Info("following the journal", "record", copied.At().Seq)
	take := applyTo(copied, m.cfg.Log)
	if copied.At() == (replica.Position{}) {
		take = strangers(m.cfg.Store.Path)
	}
	own, stop := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() { m.keepSnapshots(own, stream, copied.Snapshot, due{m.cfg.SnapshotEvery, m.cfg.SnapshotAge}) })
	err = f.Run(ctx, take)
	stop()
	keeping.Wait()
	if closing := copied.Close(); closing != nil && errors.Is(err, journal.ErrVacant) {
		err = closing
	}
	why = silence
	if f.GoneInOrder() {
		why = goodbye
	}
	if errors.Is(err, journal.ErrVacant) {
		err = nil
	}
	return f.At(), why, err
}

// applyTo returns what hands records to a copy.
func applyTo(copied *changes.Copy, log *slog.Logger) func([]journal.Record) error {
	return func(records []journal.Record) error {
		steps := make([]changes.Step, len(records))
		for i, r := range records {
			steps[i] = changes.Step{At: r.At, Changes: r.Changes}
			if r.Kind == replica.Lead {
				steps[i].Format = r.Claim.Format
				log.Info("another replica leads", "leader", r.Claim.Name, "program", r.Claim.Program, "epoch", r.At.Epoch)
			}
		}
		return copied.Apply(steps)
	}
}

// strangers refuses changes for a file that has never followed: it may only claim a journal in
// which nothing was changed yet.
func strangers(path string) func([]journal.Record) error {
	return func(records []journal.Record) error {
		for _, r := range records {
			if r.Kind == replica.Changes {
				return stranger(path)
			}
		}
		return nil
	}
}

func stranger(path string) error {
	return fmt.Errorf("%w: %s has never followed it, or was written without it meanwhile; move it away (this replica then starts from a snapshot), "+
		"or, if it is the one that counts, stop all replicas and run `messenger-bridge journal rebase` with it", ErrStranger, path)
}

// prepare returns the file that is to follow; nil if there is neither a file nor anything in the
// journal: then this replica is the first.
func (m *Member) prepare(ctx context.Context, stream *journal.Stream) (*changes.Copy, error) {
	if info, err := os.Stat(m.cfg.Store.Path); err != nil || info.Size() == 0 {
		if first, err := m.begin(ctx, stream); first || err != nil {
			return nil, err
		}
	}
	copied, err := store.OpenCopy(m.cfg.Store)
	if err != nil || copied.At() != (replica.Position{}) {
		return copied, err
	}
	if _, err = stream.Snapshot(ctx); err == nil {
		err = stranger(m.cfg.Store.Path)
	} else if errors.Is(err, journal.ErrNoSnapshot) {
		return copied, nil
	}
	return nil, errors.Join(err, copied.Close())
}

// begin fetches a snapshot for a replica without a file; first is true if there is nothing to
// fetch, because the journal is empty. It waits three times before it says so: another replica may
// have the file of a single bridge, and must come first, also if its disk is full.
func (m *Member) begin(ctx context.Context, stream *journal.Stream) (first bool, err error) {
	empty := 0
	for ctx.Err() == nil {
		_, last, err := stream.Last(ctx)
		switch {
		case err == nil && last == 0:
			if empty++; empty > 3 {
				return true, nil
			}
			pause(ctx, m.cfg.Journal.TakeoverAfter)
			continue
		case err == nil:
			err = fetch(ctx, stream, m.cfg.Store.Path, m.cfg.Log)
		}
		if err == nil || errors.Is(err, journal.ErrRefused) || ofAFile(err) {
			return false, err
		}
		waits := "waiting for a snapshot: " + err.Error()
		if m.State().Problem != waits {
			m.cfg.Log.Warn("no snapshot can be had, it is tried again", "err", err)
		}
		m.set(func() { m.problem = waits })
		pause(ctx, lookAtLeader)
		awaitSnapshot(ctx, m, stream)
	}
	return false, context.Cause(ctx)
}

// lead claims the next place, and leads as long as that lasts. No error means that there is
// something to follow again, or ctx has ended.
func (m *Member) lead(ctx context.Context, stream *journal.Stream, at replica.Position, why string) error {
	journal.Hesitate(ctx, 20*time.Millisecond)
	// The term outlives ctx, so that what is under way at the end gets stored.
	lasts, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() {
		pause(lasts, m.cfg.Grace)
		end()
	})()
	claiming, stop := context.WithCancel(lasts)
	defer context.AfterFunc(ctx, stop)()
	term, err := stream.Claim(claiming, at)
	if err != nil {
		stop()
		m.cfg.Log.Info("somebody else leads", "err", err)
		return nil
	}
	term.Outlive(lasts)
	s, err := openFor(m.cfg, term)
	if err != nil {
		return errors.Join(err, term.Bye())
	}
	running, handOver := context.WithCancelCause(ctx)
	defer handOver(nil)
	m.set(func() { m.role, m.term, m.handOver, m.problem = Leader, term, handOver, ""; m.takeovers[why]++ })
	m.cfg.Log.Info("this replica leads", "replica", m.cfg.Journal.Self.Name, "epoch", term.At().Epoch, "why", why)
	return m.reign(running, stream, s, term)
}

// reign runs the bridge until it is told to stop, or another leads.
func (m *Member) reign(ctx context.Context, stream *journal.Stream, s *store.Store, term *journal.Term) error {
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	over := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() {
		select {
		case <-s.Deposed():
			sayDeposed(m.cfg, store.DeposedBy(s))
			stop(replica.ErrDeposed)
		case <-over:
		}
	})
	beside.Go(func() {
		m.keepSnapshots(running, stream, s.Snapshot, due{2 * m.cfg.SnapshotEvery, 2 * m.cfg.SnapshotAge})
	})
	beside.Go(func() { watchDisk(running, m, s) })
	err := m.cfg.Lead(running, s, term.Leads)
	m.set(func() { m.role, m.term, m.handOver = Starting, nil, nil })
	stop(nil)
	close(over)
	beside.Wait()
	closing, handingOver := s.Close(), errors.Is(context.Cause(ctx), errHandOver)
	select {
	case <-s.Deposed():
		if term.Ended() != nil {
			return nil // what was not stored is nobody's
		}
		err, closing = nil, nil // the file cannot be written; what the journal has others store
		handingOver = true
	default:
	}
	if closing == nil {
		if closing = term.Bye(); errors.Is(closing, replica.ErrDeposed) { // nobody waits for it
			m.cfg.Log.Warn("this replica could not say that it ends", "err", closing)
			closing = nil
		}
	}
	if handingOver {
		m.set(func() { m.yields = yields{term.Epoch(), time.Now().Add(m.cfg.Journal.TakeoverAfter)} })
	}
	return errors.Join(err, closing)
}

// sayDeposed says why this replica leads no longer.
func sayDeposed(c Config, cause error) {
	said := "this replica is deposed: its file cannot be written, another replica is to lead"
	switch {
	case errors.Is(cause, journal.ErrTailLost):
		said = "this replica leads no longer: NATS has lost records that it had stored"
	case errors.Is(cause, replica.ErrDeposed):
		said = "this replica is deposed: another leads"
	}
	c.Log.Error(said, "file", c.Store.Path, "err", cause)
}

var errHandOver = errors.New("handing over")

// HandOver ends this replica's time in order, so that another leads within a moment; an error if it
// does not lead.
func (m *Member) HandOver() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.handOver == nil {
		return errors.New("this replica does not lead")
	}
	m.handOver(errHandOver)
	return nil
}
