package store

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/proof"
	"messenger-bridge/store/seal"
	"messenger-bridge/store/wipe"
)

// These set what only tests change.

// OnCommit has commit called around every transaction of the writer.
func (o Options) OnCommit(commit func(update func() error) error) Options {
	o.seams.commit = commit
	return o
}

// WithFreeSpace replaces the look at the disk.
func (o Options) WithFreeSpace(free func() uint64) Options {
	o.seams.free = func(string) (uint64, error) { return free(), nil }
	return o
}

// WithMaxSize bounds the file, as a full disk does.
func (o Options) WithMaxSize(bytes int) Options {
	o.seams.maxSize = bytes
	return o
}

// WithCompactAbove has smaller files compacted, too.
func (o Options) WithCompactAbove(bytes int64) Options {
	o.seams.compact = bytes
	return o
}

// NextFormat plays a version of the program whose format is one higher.
func (o Options) NextFormat(step func(put func(bucket, key, value string) error) error) Options {
	o.seams.format = format + 1
	o.seams.upgrades = map[uint64]upgradeStep{format: func(tx *bbolt.Tx, s *seal.Sealer) error {
		return step(func(bucket, key, value string) error {
			return proof.Open(tx.Bucket([]byte(bucket)), []byte(bucket), s, nil).Put([]byte(key), []byte(value))
		})
	}}
	return o
}

// FailingUpgrade has every upgrade made, and then fail with an error.
func (o Options) FailingUpgrade(err error) Options {
	o.seams.upgrades = map[uint64]upgradeStep{}
	for from, step := range upgrades {
		o.seams.upgrades[from] = func(tx *bbolt.Tx, sealer *seal.Sealer) error { return errors.Join(step(tx, sealer), err) }
	}
	return o
}

// WithoutLog has every transaction committed.
func (o Options) WithoutLog() Options {
	o.seams.noLog = true
	return o
}

// OnMark has a function called before the file is told of another log.
func (o Options) OnMark(before func() error) Options {
	o.seams.mark = before
	return o
}

// OnLogSync has a function called in place of each sync of the log.
func (o Options) OnLogSync(sync func() error) Options {
	o.seams.logSync = sync
	return o
}

// Ahead reports whether something is in the log and not in the file.
func Ahead(s *Store) bool { return s.ahead.Waits() }

// Stamped returns which format a file says it has.
func Stamped(t *testing.T, path string) (n uint64) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_ = db.View(func(tx *bbolt.Tx) error {
		n = binary.BigEndian.Uint64(tx.Bucket(bucketMeta).Get(keyFormat))
		return nil
	})
	return n
}

// Lock opens and locks the file, without a look at what is in it.
func (o Options) Lock() (locked os.FileInfo, unlock func() error, err error) {
	o.setDefaults()
	var file *os.File
	db, err := lockFile(o, &file)
	if err != nil {
		return nil, nil, err
	}
	locked, err = file.Stat()
	return locked, db.Close, err
}

// UnsavedReceipts counts the keys of receipts that are not in the file yet.
func (s *Store) UnsavedReceipts() int {
	return s.lazy.Receipts()
}

// Reading keeps a reader of the file until it is let go.
func (s *Store) Reading() (letGo func() error, err error) {
	tx, err := s.db.Begin(false)
	if err != nil {
		return nil, err
	}
	return tx.Rollback, nil
}

// Wiping reports whether the file says that free pages are still to be overwritten.
func (s *Store) Wiping() (asked bool, err error) {
	err = s.view(func(tx *bbolt.Tx) error { asked = wipe.Asked(tx); return nil })
	return asked, err
}

// UnsavedStates counts the conversations of which the file does not have the newest.
func (s *Store) UnsavedStates() int {
	s.states.mu.Lock()
	defer s.states.mu.Unlock()
	return len(s.states.newer)
}

// WaitForStates waits until there are none, with no commit but those that are made for them.
func (s *Store) WaitForStates(ctx context.Context) {
	for s.UnsavedStates() > 0 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
}

// StepsInFile counts the steps of the trail that are in the file.
func (s *Store) StepsInFile() (steps int, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		all := tx.Bucket([]byte("trail"))
		return all.ForEachBucket(func(day []byte) error { steps += all.Bucket(day).Stats().KeyN; return nil })
	})
	return steps, err
}

// ReceiptDays counts the days of which receipts are in the file.
func (s *Store) ReceiptDays() (days int, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketMessages).ForEachBucket(func([]byte) error { days++; return nil })
	})
	return days, err
}

// Copying is held by who copies the file.
func (s *Store) Copying() *sync.RWMutex { return &s.copying }
