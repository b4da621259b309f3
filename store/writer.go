package store

import (
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/ahead"
	"messenger-bridge/store/audit"
	"messenger-bridge/store/changes"
	"messenger-bridge/store/proof"
	"messenger-bridge/store/receipt"
	"messenger-bridge/store/seen"
)

const (
	groupOps   = 512     // ops in one transaction
	groupBytes = 8 << 20 // and of bodies, roughly

	// crowd is how many ops in the last group make it worth while to let those who were
	// answered a moment ago hand in their next: else every other group has half of them.
	crowd = 24
)

// op is something durable that somebody asks of the writer. apply must not fail
// the transaction: what can be wrong is checked before, the rest is a result.
type op struct {
	apply    func(*group)
	through  bool // what is durable by then is to be in the file when it is done
	looks    bool // changes nothing, and is done once it was applied
	size     int  // bytes, roughly
	handedIn time.Time
	taken    atomic.Bool
	done     chan error // takes one; nobody waits longer than for that
}

// claim decides between the writer and a caller who no longer wants it.
func (o *op) claim() bool { return o.taken.CompareAndSwap(false, true) }

// writerState is what only the writer goroutine knows.
type writerState struct {
	failure    error     // of the last transaction; nil: it is durable
	trimmed    uint32    // the day on which receipts were last let go
	seenFrom   time.Time // of the oldest record of keys; zero: none
	failedFrom time.Time // of the oldest failed delivery; zero: none
	counts     Stats
	lastOps    int  // in the last group
	more       bool // receipts are left that are to be let go, with commits made for them
	moreFailed bool // likewise failed deliveries
}

// scratch is what the writer needs for each transaction, and uses again.
type scratch struct {
	room  proof.Room
	keys  seen.Fresh
	group []*op

	record *changes.Recorder // what the log is told; nil: there is none
}

// write is the writer goroutine. Nothing else begins a write transaction.
func (s *file) write() {
	defer close(s.finished)
	beats, end := s.ledger.beats()
	defer end()
	for {
		select {
		case o := <-s.ops:
			s.commit(s.gather(o), ridingNow(s))
		case <-beats:
			began := time.Now()
			s.busy.Store(&began) // as long as the journal does not answer, nothing else is written
			s.ledger.beat()
			s.busy.Store(nil)
		case <-s.flush:
			s.commit(nil, ridingNow(s))
		case <-s.stop:
			s.finish()
			return
		}
	}
}

// finish commits what was handed in before the stop.
func (s *file) finish() {
	for {
		select {
		case o := <-s.ops:
			s.commit(s.gather(o), ridingNow(s))
		default:
			s.commit(nil, riding{s.lazy.Take(true), s.states.takeAll()})
			s.settle(true)
			return
		}
	}
}

// ridingNow takes what rides with the next commit.
func ridingNow(s *file) riding {
	set := riding{Set: s.lazy.Take(false)}
	var next time.Duration
	if set.states, next = s.states.take(s.now()); next > 0 {
		s.lazy.Wake(next)
	}
	return set
}

// gather takes, without waiting, what waits behind the first op.
func (s *file) gather(first *op) []*op {
	s.busy.Store(&first.handedIn)
	group := s.scratch.group[:0]
	defer func() { s.scratch.group = group }()
	size := 0
	if s.writer.lastOps >= crowd {
		runtime.Gosched()
	}
	for o := first; ; {
		if o.claim() {
			group = append(group, o)
			size += o.size
		}
		if len(group) == groupOps || size > groupBytes {
			s.writer.lastOps = len(group)
			return group
		}
		select {
		case o = <-s.ops:
		default:
			s.writer.lastOps = len(group)
			return group
		}
	}
}

// commit makes one transaction of ops and lazy marks, dispatches what was stored,
// then answers everybody.
//
// If bbolt fails after writing its meta page, the transaction may have taken
// effect without being durable. Then everybody is told it failed, memory follows
// the file (so that a repeat is told), and the next commit is made even if it has
// nothing to write: it makes both durable, because the pages were synced before.
func (s *file) commit(ops []*op, marks riding) {
	more := s.writer.more || s.writer.moreFailed || s.writer.failure != nil
	if len(ops) == 0 && marks.empty() && !more && !s.trail.Pending() {
		s.settle(true)
		s.busy.Store(nil)
		return
	}
	start := time.Now()
	s.busy.CompareAndSwap(nil, &start)
	if !s.ahead.Open() {
		s.scratch.room.Empty()
	}
	g := &group{file: s, now: s.now(), after: s.writer, histories: marks.Histories, fresh: s.scratch.keys.Empty()}
	for _, o := range ops {
		g.through = g.through || o.through
	}
	g.Transaction = changes.Transaction{Tables: s.tables, Room: &s.scratch.room, Record: recorderOf(s), Grows: appended}
	visible := false
	err := s.seams.commit(func() (err error) {
		visible, err = s.ahead.Update(start, func(tx *bbolt.Tx) ([]byte, error) {
			g.Tx = tx
			marks.apply(g, ops)
			g.Keep(s.trail.Write(&g.Transaction, g.now))
			if !g.Wrote && !more && !(g.through && s.ahead.Waits()) {
				return nil, ahead.ErrUnchanged
			}
			g.complete()
			s.ledger.take(g)
			return aheadOf(g, ops), g.Err
		})
		return err
	})
	switch {
	case errors.Is(err, ahead.ErrUnchanged):
		err = nil
	case err == nil:
		s.committed(g, len(ops), time.Since(start))
		s.recovered()
	default:
		err = notStored(err)
		s.ledger.failed(g, err)
		if visible {
			s.committed(g, len(ops), time.Since(start))
		} else {
			g.effects, g.said = nil, nil
		}
		s.failed(err)
	}
	noteSaid(s, g.said)
	for _, dispatch := range g.effects {
		dispatch()
	}
	s.lazy.Settle(marks.Set, err == nil)
	s.trail.Settle(err == nil)
	s.states.settle(marks.states, err == nil)
	s.busy.Store(nil)
	for i, o := range ops {
		ops[i] = nil // the next group has the same place
		if o.looks && g.Tx != nil {
			o.done <- nil
			continue
		}
		o.done <- err
	}
	s.settle(s.ahead.Due(time.Now()))
}

// committed lets memory follow the file.
func (s *file) committed(g *group, ops int, took time.Duration) {
	s.writer = g.after
	c := &s.writer.counts
	c.Commits++
	c.Ops += uint64(ops) // #nosec G115 -- a count
	c.Entries += uint64(len(g.fresh.Order))
	c.CommitTime += took
	s.seen.Change(g.fresh.Order, g.forgotten)
	c.Remembered = s.seen.Len()
	if g.pages != nil {
		s.pages.Change(g.pages)
	}
	s.publish()
}

func (s *file) failed(err error) {
	if s.writer.failure == nil || s.writer.failure.Error() != err.Error() {
		s.log.Error("nothing can be stored", "file", s.path, "err", err)
	}
	s.writer.failure = err
	s.health.Set(err)
}

func (s *file) recovered() {
	if s.writer.failure != nil {
		s.log.Info("storing works again", "file", s.path)
	}
	s.writer.failure = nil
	s.health.Set(nil)
}

// group is one transaction and what memory must learn if it takes effect.
type group struct {
	changes.Transaction
	file *file
	now  time.Time

	day       *proof.Bucket    // today's receipts, once needed
	touched   [4]bool          // queues, by their numbers
	seekers   [4]*bbolt.Cursor // likewise, of those from which entries leave
	histories map[place]bridge.History
	said      []receipt.Pair // receipts it saves
	effects   []func()
	appended  bool // the journal was told
	through   bool // it is committed, and what waited with it

	fresh     *seen.Fresh
	forgotten []seen.Hash
	pages     map[bridge.PageID]*bridge.Page // nil: deleted
	after     writerState                    // what the writer knows once it took effect
}

// then has something done when the transaction took effect, before anybody is
// answered. It must not block.
func (g *group) then(effect func()) { g.effects = append(g.effects, effect) }

// complete writes what belongs to the transaction as a whole, and lets go what is
// too old, a little at a time.
func (g *group) complete() {
	g.writeKeys()
	g.forgetKeys()
	g.expireFailed()
	g.expireReceipts()
	for _, q := range g.file.queues {
		if g.touched[q.number] {
			g.after.counts.queue(q).Oldest = audit.Oldest(g.Bucket(q.bucket).Bucket)
		}
	}
	g.after.counts.FileSize = g.Tx.Size()
}
