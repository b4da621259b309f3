package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/ahead"
	"messenger-bridge/store/changes"
	"messenger-bridge/store/marks"
	"messenger-bridge/store/proof"
	"messenger-bridge/store/receipt"
	"messenger-bridge/store/seal"
	"messenger-bridge/store/trail"
)

// written lists the buckets that a message is written to on its way. Changes of them are durable by the log, before they are in the
// file (package ahead); whoever reads them uses look or settled, not view, or what is unfiled. All others are in the file when they are durable.
var written = [][]byte{bucketInbox, bucketOutbox, bucketNotices, bucketSeen, bucketMessages, bucketCursors, trail.Bucket}

// writerOf returns what makes a file's transactions. One that follows a journal has no log: the journal is one.
func writerOf(o Options, f *file) *ahead.Writer {
	c := ahead.Config{File: f.db, Path: ahead.Path(o.Path), Log: o.Log}
	c.Sync, c.Synced = ahead.Instead(o.Sync)
	if o.Journal == nil && !o.seams.noLog {
		f.scratch.record = changes.NewLocal(written)
		c.Mark = func(tx *bbolt.Tx, state ahead.State) error {
			return errors.Join(o.seams.mark(), markLog(tx, f.seal, state))
		}
	}
	if o.seams.logSync != nil {
		c.Sync = o.seams.logSync
	}
	return ahead.NewWriter(c)
}

// recorderOf returns what notes a transaction, for the journal or the log.
func recorderOf(s *file) *changes.Recorder {
	if s.scratch.record != nil {
		return s.scratch.record.Again()
	}
	return s.ledger.recorder()
}

// aheadOf returns what the log is to say of a group; nil if the group is to be committed: somebody reads the file for what it has
// changed, or nobody waits for it.
func aheadOf(g *group, ops []*op) []byte {
	if g.through || len(ops) == 0 || g.file.scratch.record == nil || !g.Record.Local() {
		return nil
	}
	return g.Record.Bytes()
}

// settle has what waits in the log committed, now or within the time for which it may wait.
func (s *file) settle(now bool) {
	switch {
	case !s.ahead.Waits():
		return
	case !now:
		s.lazy.Wake(marks.ForDone)
		return
	}
	start := time.Now()
	s.busy.CompareAndSwap(nil, &start)
	defer s.busy.Store(nil)
	err := s.seams.commit(s.ahead.Commit)
	if err != nil {
		s.failed(notStored(err))
		s.lazy.Wake(marks.ForRetry)
		return
	}
	noteSaid(s, nil)
	s.recovered()
}

// noteSaid remembers receipts until the file has them: they are asked for at once, often, and by who cannot wait for the writer.
func noteSaid(s *file, said []receipt.Pair) {
	if !s.ahead.Waits() {
		s.unfiled.Clear()
		return
	}
	for _, p := range said {
		s.unfiled.Put(p.Key, p.Value)
	}
}

// look runs a short read transaction that sees all that is durable. It is run by the writer if the file does not have all of that.
func (s *file) look(read func(*bbolt.Tx) error) error {
	if !s.ahead.Waits() {
		return s.view(read)
	}
	var err error
	done := s.do(context.Background(), &op{looks: true, apply: func(g *group) { err = read(g.Tx) }})
	return errors.Join(done, err)
}

// settled returns when the file has all that is durable, also marks that wait for a commit.
func (s *file) settled(ctx context.Context) error {
	return s.do(ctx, &op{through: true, apply: func(*group) {}})
}

// catchUp puts into a file what a run that was killed has left in its log, which goes then.
func catchUp(db *bbolt.DB, o Options, sealer *seal.Sealer) error {
	var st state
	err := db.View(func(tx *bbolt.Tx) (err error) {
		st, err = inspect(tx, o, sealer)
		return err
	})
	if err == nil && st.log {
		err = takeOver(db, o, sealer)
	}
	if err != nil {
		return err
	}
	if err := ahead.Remove(ahead.Path(o.Path)); err != nil {
		o.Log.Warn("what an earlier run left of a log cannot be removed", "file", o.Path, "err", err)
	}
	return nil
}

func takeOver(db *bbolt.DB, o Options, sealer *seal.Sealer) error {
	records, tables := 0, proof.Tables{Seal: sealer, Changes: proof.NewChanges(o.Log)}
	err := db.Update(func(tx *bbolt.Tx) (err error) {
		if v := tables.Of(tx, bucketMeta).Get(keyLog); len(v) == 8 {
			records, err = ahead.Recover(tx, ahead.Path(o.Path), ahead.State(binary.BigEndian.Uint64(v)))
		}
		return errors.Join(err, markLog(tx, sealer, 0))
	})
	if err != nil {
		return fmt.Errorf("open the store %s: %w", o.Path, err)
	}
	if records > 0 {
		o.Log.Info("the store has what its log held", "file", o.Path, "records", records)
	}
	return nil
}

// markLog notes which log belongs to a file; 0: none, the file has everything.
func markLog(tx *bbolt.Tx, sealer *seal.Sealer, state ahead.State) error {
	meta := tx.Bucket(bucketMeta)
	n := binary.BigEndian.Uint64(meta.Get(keyFormat))
	if state == 0 && n < withLog {
		return nil
	}
	if state == 0 {
		return errors.Join(meta.Delete(keyLog), stamp(meta, sealer, n%withLog))
	}
	v := binary.BigEndian.AppendUint64(nil, uint64(state))
	err := proof.Open(meta, bucketMeta, sealer, nil).Put(keyLog, v)
	if err == nil && n < withLog {
		err = stamp(meta, sealer, n+withLog)
	}
	return err
}
