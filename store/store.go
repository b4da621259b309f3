package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"messenger-bridge/bridge"
	"messenger-bridge/replica"
	"messenger-bridge/store/ahead"
	"messenger-bridge/store/changes"
	"messenger-bridge/store/fresh"
	"messenger-bridge/store/health"
	"messenger-bridge/store/linked"
	"messenger-bridge/store/marks"
	"messenger-bridge/store/pageset"
	"messenger-bridge/store/proof"
	"messenger-bridge/store/receipt"
	"messenger-bridge/store/seal"
	"messenger-bridge/store/seen"
	"messenger-bridge/store/space"
	"messenger-bridge/store/trail"
	"messenger-bridge/store/wipe"
)

// Options say where a store is and how it is opened.
type Options struct {
	Path string
	// Key seals; 32 bytes in base64 of any form. Empty: that of the file Path+".key", made if there is neither it nor a store.
	Key      bridge.Secret
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: silent
	Remember time.Duration    // how long keys of entries are remembered; 0: 7 days and some hours
	// Journal takes each transaction before it is durable here; nil: there is none.
	Journal replica.Journal
	Leaves  bool // a file that has followed a journal may be opened without one, and can follow none afterwards
	// Sync is for measuring: nothing is synced, instead this is called, once for the log and as often as bbolt would sync, twice a commit.
	Sync func()

	seams     seams
	following bool // the file follows a journal: it is not upgraded by opening it
}

// seams are what only tests of this package change.
type seams struct {
	format   uint64
	upgrades map[uint64]upgradeStep
	commit   func(update func() error) error // around every transaction of the writer
	free     func(path string) (uint64, error)
	maxSize  int // of the file
	nonce    func([]byte)
	compact  int64        // least size of a file that is compacted
	noLog    bool         // every transaction is committed
	mark     func() error // before the file is told of another log
	logSync  func() error // in place of a sync of the log
	same     bool         // free pages are used in order, so that a file comes out the same each time
}

func (o *Options) setDefaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Remember == 0 {
		o.Remember = 7*24*time.Hour + 12*time.Hour
	}
	if o.seams.format == 0 {
		o.seams.format = format
	}
	if o.seams.upgrades == nil {
		o.seams.upgrades = upgrades
	}
	if o.seams.commit == nil {
		o.seams.commit = func(update func() error) error { return update() }
	}
	if o.seams.mark == nil {
		o.seams.mark = func() error { return nil }
	}
	if o.seams.free == nil {
		o.seams.free = space.Free
	}
	if o.seams.compact == 0 {
		o.seams.compact = 64 << 20
	}
}

// Store is an open file; each of its tables fulfils a port of package bridge. Its methods
// are safe for concurrent use.
type Store struct {
	*file
	FailureTable
	ReceiptTable
	NameTable
	LinkTable
	Eraser
	PageTable
	PersonaTable
	RevocationTable
	StateTable
	TicketTable
	CursorTable
	NoteTable

	closing sync.Once
	closed  error
	copying sync.RWMutex // held by who copies the file, and who closes it
}

// file is what the tables share: the open file, the goroutine that writes it, and what of
// it is held in memory.
type file struct {
	path     string // these are set by Open, never changed
	pageSize int64
	log      *slog.Logger
	now      func() time.Time
	db       *bbolt.DB
	seal     *seal.Sealer
	tables   proof.Tables
	remember time.Duration
	seams    seams
	queues   [3]*Queue // by their numbers
	ledger   ledger

	ops      chan *op
	flush    chan struct{} // holds one token when lazy marks have waited long enough
	stop     chan struct{} // closed by Close
	finished chan struct{} // closed by the writer when it is done

	writer  writerState               // belongs to the writer goroutine (before: to Open)
	scratch scratch                   // likewise
	busy    atomic.Pointer[time.Time] // when the oldest op the writer works on was handed in, by a clock that nobody sets; nil: idle
	pages   pageset.Set               // changed by the writer
	seen    seen.Set                  // changed by the writer
	tagged  uint32                    // the day from which receipts have tags; set by Open
	lazy    *marks.Marks              //
	states  stateMemory               //
	fresh   fresh.Entries[place]      //
	linked  linked.Links              //
	unfiled fresh.Values              // receipts that are durable and not in the file
	health  health.State              //
	disk    health.Disk               //
	stats   atomic.Pointer[Stats]     // replaced by the writer
	wiping  sync.Mutex                // held by who overwrites free pages
	trail   *trail.Trail              // what rides with the commits
	ahead   *ahead.Writer             // makes the transactions
}

// Open opens the store at o.Path, creates it if there is none, upgrades one of an
// older format, and compacts one that is mostly empty. Errors are ErrLocked,
// ErrForeign, ErrNewer, ErrWrongKey, ErrNoKey, or those of the operating system;
// their text says what to do.
func Open(o Options) (*Store, error) {
	o.setDefaults()
	stored, unfinished := false, false
	if info, err := os.Stat(o.Path); err == nil {
		if info.IsDir() {
			return nil, fmt.Errorf("%w: %s is a folder; DATABASE names a file", ErrForeign, o.Path)
		}
		stored = info.Size() > 0
	}
	sealer, err := seal.ByKeyOf(o.Key, o.Path, stored, o.seams.nonce, o.Log)
	if err != nil {
		return nil, err
	}
	db, err := openFile(o, sealer)
	if err != nil {
		return nil, err
	}
	s := newStore(o, db, sealer)
	if o.Journal == nil { // what it repairs nobody could follow
		err = audited(s.file).File(db)
	}
	if err := errors.Join(err, s.load()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.ahead = writerOf(o, s.file)
	go s.write()
	if s.view(func(tx *bbolt.Tx) error { unfinished = wipe.Asked(tx); return nil }) == nil && unfinished {
		go func() { _ = s.overwrite() }() // it ends at the latest when the store is closed
	}
	return s, nil
}

func newStore(o Options, db *bbolt.DB, sealer *seal.Sealer) *Store {
	f := &file{
		path: o.Path, pageSize: int64(db.Info().PageSize), log: o.Log, now: o.Now, db: db, seal: sealer, tables: proof.Tables{Seal: sealer, Changes: proof.NewChanges(o.Log)},
		remember: o.Remember, seams: o.seams, ledger: ledger{journal: o.Journal, deposed: make(chan struct{})},
		ops:      make(chan *op, 1024),
		flush:    make(chan struct{}, 1),
		stop:     make(chan struct{}),
		finished: make(chan struct{}),
	}
	f.queues = newQueues(f)
	f.lazy = marks.New(f.flush)
	f.trail = trail.New(trail.File{View: f.view, Do: func(ctx context.Context, change func(*changes.Transaction) error) error {
		return within(ctx, f, change)
	}, Settled: f.settled, Wake: func() { f.lazy.Wake(marks.ForHistory) }, Tables: f.tables, Now: o.Now})
	return &Store{
		file: f, FailureTable: FailureTable{f}, ReceiptTable: ReceiptTable{f}, NameTable: NameTable{f}, LinkTable: LinkTable{f},
		Eraser: Eraser{f}, PageTable: PageTable{f}, PersonaTable: PersonaTable{f}, RevocationTable: RevocationTable{f},
		StateTable: StateTable{f}, TicketTable: TicketTable{f}, CursorTable: CursorTable{f}, NoteTable: NoteTable{f},
	}
}

// Changes are the records that somebody else has changed, as far as they were met.
func (s *Store) Changes() *proof.Changes { return s.tables.Changes }

// Trail is what became of deliveries.
func (s *Store) Trail() *trail.Trail { return s.trail }

// Journal is what was changed.
func (s *Store) Journal() trail.Journal { return trail.Journal{File: s.trail.File} }

// Inbox is what goes to rooms. Conclude there is lazy: it is durable with the next
// commit, 50 ms later at most, or when Close returns.
func (s *Store) Inbox() *Queue { return s.queues[inbox-1] }

// Outbox is what goes to customers. Conclude there is durable when it returns.
func (s *Store) Outbox() *Queue { return s.queues[outbox-1] }

// Notices is what goes to agents; lazy like the inbox.
func (s *Store) Notices() *Queue { return s.queues[notices-1] }

// Close commits what is pending, lazy marks too, and closes the file. What is
// called later gets ErrClosed. It may be called twice.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.copying.Lock() // first: a leader beats as long as somebody copies
		defer s.copying.Unlock()
		close(s.stop)
		<-s.finished
		s.fresh.Clear()
		s.linked.Clear()
		s.closed = errors.Join(s.writer.failure, s.ahead.Close(), s.db.Close())
	})
	return s.closed
}

// load reads what is held in memory.
func (s *Store) load() error {
	return s.view(func(tx *bbolt.Tx) error {
		if day := s.tables.Of(tx, bucketMeta).Get(keyTagged); len(day) == 4 {
			s.tagged = receipt.DayNumber(day)
		}
		if err := s.PageTable.load(tx); err != nil {
			return err
		}
		if err := loadCursors(s.file, s.tables.Of(tx, bucketCursors)); err != nil {
			return err
		}
		if err := s.states.load(s.tables.Of(tx, bucketTalks), s.now()); err != nil {
			return err
		}
		s.writer.seenFrom = s.seen.Load(s.tables.Of(tx, bucketSeen))
		s.loadCounts(tx)
		s.publish()
		return nil
	})
}

// view runs a short read transaction.
func (s *file) view(read func(*bbolt.Tx) error) error {
	err := s.db.View(read)
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}

// within has something changed in the writer's next transaction, which fails with it.
func within(ctx context.Context, s *file, change func(*changes.Transaction) error) error {
	return s.do(ctx, &op{apply: func(g *group) { g.Keep(change(&g.Transaction)) }})
}

// do hands an op to the writer and waits until it is durable. While the writer
// has not taken it, ctx can still call it back: on error it did not happen, but
// for one case that commit explains.
func (s *file) do(ctx context.Context, o *op) error {
	o.handedIn, o.done = time.Now(), make(chan error, 1)
	select {
	case s.ops <- o:
	case <-s.finished:
		return ErrClosed
	case <-ctx.Done():
		return notStored(context.Cause(ctx))
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
		if o.claim() {
			return notStored(context.Cause(ctx))
		}
	case <-s.finished:
		if o.claim() {
			return ErrClosed
		}
	}
	return <-o.done
}
