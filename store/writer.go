package store

import (
	"bytes"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/audit"
	"messenger-bridge/store/keys"
	"messenger-bridge/store/proof"
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
	size     int // bytes, roughly
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
}

// scratch is what the writer needs for each transaction, and uses again.
type scratch struct {
	room  proof.Room
	keys  keys.Fresh
	group []*op
}

// write is the writer goroutine. Nothing else begins a write transaction.
func (s *file) write() {
	defer close(s.finished)
	for {
		select {
		case o := <-s.ops:
			s.commit(s.gather(o), s.marks())
		case <-s.flush:
			s.commit(nil, s.marks())
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
			s.commit(s.gather(o), s.marks())
		default:
			last := s.lazy.take(true)
			last.states = s.states.takeAll()
			s.commit(nil, last)
			return
		}
	}
}

// marks takes what rides with the next commit.
func (s *file) marks() lazySet {
	set := s.lazy.take(false)
	var next time.Duration
	if set.states, next = s.states.take(s.now()); next > 0 {
		s.lazy.wake(next)
	}
	return set
}

// gather takes, without waiting, what waits behind the first op.
func (s *file) gather(first *op) []*op {
	s.busy.Store(&first.handedIn) // as it is: the clock may be set meanwhile
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

// errUnchanged ends a transaction in which there was nothing to write.
var errUnchanged = errors.New("nothing to write")

// commit makes one transaction of ops and lazy marks, dispatches what was stored,
// then answers everybody.
//
// If bbolt fails after writing its meta page, the transaction may have taken
// effect without being durable. Then everybody is told it failed, memory follows
// the file (so that a repeat is told), and the next commit is made even if it has
// nothing to write: it makes both durable, because the pages were synced before.
func (s *file) commit(ops []*op, marks lazySet) {
	if len(ops) == 0 && marks.empty() && s.writer.failure == nil && !s.writer.more && !s.trail.Pending() {
		s.busy.Store(nil)
		return
	}
	now := s.now()
	s.busy.CompareAndSwap(nil, &now)
	s.scratch.room.Empty()
	g := &group{file: s, now: now, after: s.writer, histories: marks.histories, fresh: s.scratch.keys.Empty()}
	g.tables, g.room = s.tables, &s.scratch.room
	g.open = make(map[string]proof.Bucket, 4)
	txid := 0
	start := time.Now()
	err := s.seams.commit(func() error {
		return s.db.Update(func(tx *bbolt.Tx) error {
			txid = tx.ID()
			g.tx = tx
			for _, o := range ops {
				o.apply(g)
			}
			marks.apply(g)
			noted, err := s.trail.Write(tx, now)
			g.keep(err)
			g.wrote = g.wrote || noted
			if !g.wrote && s.writer.failure == nil && !s.writer.more {
				return errUnchanged
			}
			g.complete()
			return g.err
		})
	})
	switch {
	case errors.Is(err, errUnchanged):
		err = nil
	case err == nil:
		s.synced()
		s.committed(g, len(ops), time.Since(start))
		s.recovered()
	default:
		err = notStored(err)
		if s.tookEffect(txid) {
			s.committed(g, len(ops), time.Since(start))
		} else {
			g.effects = nil
		}
		s.failed(err)
	}
	for _, dispatch := range g.effects {
		dispatch()
	}
	s.lazy.settle(marks, err == nil)
	s.trail.Settle(err == nil)
	s.states.settle(marks.states, err == nil)
	s.busy.Store(nil)
	for i, o := range ops {
		ops[i] = nil // the next group has the same place
		o.done <- err
	}
}

func (s *file) synced() {
	if s.sync != nil {
		s.sync()
		s.sync()
	}
}

// tookEffect reports whether a transaction that failed is visible all the same.
func (s *file) tookEffect(txid int) bool {
	visible := 0
	err := s.db.View(func(tx *bbolt.Tx) error {
		visible = tx.ID()
		return nil
	})
	return err == nil && txid != 0 && visible >= txid
}

// committed lets memory follow the file.
func (s *file) committed(g *group, ops int, took time.Duration) {
	s.writer = g.after
	c := &s.writer.counts
	c.Commits++
	c.Ops += uint64(ops) // #nosec G115 -- a count
	c.Entries += uint64(len(g.fresh.All))
	c.CommitTime += took
	s.seen.Change(g.fresh.All, g.forgotten)
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
	s.health.set(err)
}

func (s *file) recovered() {
	if s.writer.failure != nil {
		s.log.Info("storing works again", "file", s.path)
	}
	s.writer.failure = nil
	s.health.set(nil)
}

// transaction is what is written to the buckets of the file at once.
type transaction struct {
	tx     *bbolt.Tx
	tables proof.Tables
	room   *proof.Room
	open   map[string]proof.Bucket
	wrote  bool
	err    error // of bbolt; fails the transaction
}

// group is one transaction and what memory must learn if it takes effect.
type group struct {
	transaction
	file *file
	now  time.Time

	day       *proof.Bucket    // today's receipts, once needed
	touched   [4]bool          // queues, by their numbers
	seekers   [4]*bbolt.Cursor // likewise, of those from which entries leave
	histories map[place]bridge.History
	effects   []func()

	fresh     *keys.Fresh
	forgotten []keys.Hash
	pages     map[bridge.PageID]*bridge.Page // nil: deleted
	after     writerState                    // what the writer knows once it took effect
}

// then has something done when the transaction took effect, before anybody is
// answered. It must not block.
func (g *group) then(effect func()) { g.effects = append(g.effects, effect) }

func (g *transaction) bucket(name []byte) proof.Bucket {
	if b, is := g.open[string(name)]; is {
		return b
	}
	b := g.tables.Of(g.tx, name).Within(g.room)
	for _, a := range appended {
		if bytes.Equal(a, name) {
			b.FillPercent = fillAppended
		}
	}
	g.open[string(name)] = b
	return b
}

// put writes with a tag; key belongs to bbolt until the commit.
func (g *transaction) put(b proof.Bucket, key, value []byte) {
	g.wrote = true
	g.keep(b.Put(key, value))
}

// putWhole writes what proves itself.
func (g *transaction) putWhole(b proof.Bucket, key, value []byte) {
	g.wrote = true
	g.keep(b.Bucket.Put(key, value))
}

// take deletes a key and returns a copy of its value, nil if there is none.
func (g *transaction) take(b proof.Bucket, key []byte) []byte {
	c := b.Cursor()
	k, v := c.Seek(key)
	if !bytes.Equal(k, key) {
		return nil
	}
	v = append([]byte{}, v...)
	g.wrote = true
	g.keep(c.Delete())
	return v
}

// drop deletes a key and reports whether it was there.
func (g *transaction) drop(b proof.Bucket, key []byte) bool { return g.dropAt(b.Cursor(), key) }

// dropAt does so in the bucket of a cursor, which it moves.
func (g *transaction) dropAt(c *bbolt.Cursor, key []byte) bool {
	if k, _ := c.Seek(key); !bytes.Equal(k, key) {
		return false
	}
	g.wrote = true
	g.keep(c.Delete())
	return true
}

// next returns the bucket's next sequence number.
func (g *transaction) next(b proof.Bucket) uint64 {
	n, err := b.NextSequence()
	g.keep(err)
	return n
}

func (g *transaction) keep(err error) {
	if g.err == nil {
		g.err = err
	}
}

// complete writes what belongs to the transaction as a whole, and lets go what is
// too old, a little at a time.
func (g *group) complete() {
	g.writeKeys()
	g.expireFailed()
	g.expireReceipts()
	for _, q := range g.file.queues {
		if g.touched[q.number] {
			g.after.counts.queue(q).Oldest = audit.Oldest(g.bucket(q.bucket).Bucket)
		}
	}
	g.after.counts.FileSize = g.tx.Size()
}
