package ahead

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/changes"
)

var (
	things = []byte("things")
	about  = []byte("about")
)

// file is a file with its writer, and what it has acknowledged.
type file struct {
	*testing.T
	path  string
	db    *bbolt.DB
	w     *Writer
	known map[string]string
	now   time.Time
}

func mark(tx *bbolt.Tx, s State) error {
	return tx.Bucket(about).Put([]byte("log"), binary.BigEndian.AppendUint64(nil, uint64(s)))
}

func newFile(t *testing.T, sync func() error) *file {
	f := &file{T: t, path: filepath.Join(t.TempDir(), "db"), known: map[string]string{}, now: time.Unix(1e9, 0)}
	var err error
	if f.db, err = bbolt.Open(f.path, 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true}); err != nil {
		t.Fatal(err)
	}
	err = f.db.Update(func(tx *bbolt.Tx) error {
		_, one := tx.CreateBucket(things)
		_, other := tx.CreateBucket(about)
		return errors.Join(one, other)
	})
	if err != nil {
		t.Fatal(err)
	}
	f.w = NewWriter(Config{File: f.db, Path: Path(f.path), Sync: sync, Mark: mark, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { errors.Join(f.w.Close(), f.db.Close()) })
	return f
}

// put sets a key, or deletes it if value is empty; ahead of the file, or not. It reports whether that is acknowledged.
func (f *file) put(key, value string, ahead bool) bool {
	f.Helper()
	visible, err := f.w.Update(f.now, func(tx *bbolt.Tx) ([]byte, error) {
		t, r := changes.Transaction{Tx: tx}, changes.New()
		b := tx.Bucket(things)
		r.Named(b, things, nil)
		if value == "" {
			t.Keep(errors.Join(b.Delete([]byte(key)), r.Delete(b, []byte(key))))
		} else {
			t.Keep(errors.Join(b.Put([]byte(key), []byte(value)), r.Put(b, []byte(key), []byte(value))))
		}
		if !ahead {
			return nil, t.Err
		}
		return r.Bytes(), t.Err
	})
	if err != nil && !visible {
		return false
	}
	if f.known[key] = value; value == "" {
		delete(f.known, key)
	}
	return err == nil
}

// wantAfterCrash opens a copy of both files, and compares it with what is known. What failed may have taken effect all the same.
func (f *file) wantAfterCrash(unclear ...string) {
	f.Helper()
	crashed := filepath.Join(f.TempDir(), "db")
	for _, name := range []string{"", ".wal"} {
		data, err := os.ReadFile(f.path + name)
		if err == nil {
			data = data[:min(len(data), 256<<10)] // the rest is zeros
			err = os.WriteFile(crashed+name, data, 0o600)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			f.Fatal(err)
		}
	}
	db, err := bbolt.Open(crashed, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		f.Fatal(err)
	}
	defer db.Close()
	there := map[string]string{}
	err = db.Update(func(tx *bbolt.Tx) error {
		if v := tx.Bucket(about).Get([]byte("log")); v != nil {
			if _, err := Recover(tx, Path(crashed), State(binary.BigEndian.Uint64(v))); err != nil {
				return err
			}
		}
		return tx.Bucket(things).ForEach(func(k, v []byte) error {
			there[string(k)] = string(v)
			return nil
		})
	})
	for _, key := range unclear {
		if there[key] = f.known[key]; there[key] == "" {
			delete(there, key)
		}
	}
	if err != nil || !maps.Equal(there, f.known) {
		f.Errorf("after a crash: %v, %v; want %v", there, err, f.known)
	}
}

func TestWriter_CommitFailsAndIsVisible_NothingGoesAheadBeforeOneSucceeds(t *testing.T) {
	f := newFile(t, nil)
	f.put("a", "1", true)
	f.put("b", "1", true)
	f.w.end = func(tx *bbolt.Tx) error { return errors.Join(tx.Commit(), errors.New("input/output error")) }
	if f.put("c", "1", false) {
		t.Fatal("acknowledged")
	}
	f.wantAfterCrash()
	if f.put("d", "1", true) { // may the log take it, the file would not know
		t.Error("went ahead")
	}
	f.w.end = (*bbolt.Tx).Commit
	if !f.put("b", "", true) || f.w.Waits() {
		t.Error("not committed")
	}
	f.wantAfterCrash()
	f.put("e", "1", true)
	if !f.w.Waits() {
		t.Error("nothing goes ahead any more")
	}
	f.wantAfterCrash()
}

func TestWriter_CommitFails_WhatWasAcknowledgedIsMadeAgain(t *testing.T) {
	f := newFile(t, nil)
	f.put("a", "1", true)
	f.put("b", "1", true)
	f.put("c", "1", true)
	f.w.end = func(tx *bbolt.Tx) error { return errors.Join(tx.Rollback(), errors.New("no space left on device")) }
	if f.put("b", "", false) || f.put("d", "1", true) || f.w.Commit() == nil {
		t.Fatal("acknowledged")
	}
	f.wantAfterCrash()
	f.w.end = (*bbolt.Tx).Commit
	f.put("e", "1", true)
	f.wantAfterCrash()
	f.put("f", "1", true)
	f.wantAfterCrash()
}

// TestWriter_RandomFailures: of everything that is asked of the disk, some fails.
func TestWriter_RandomFailures_LoseNothing(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			broken := errors.New("input/output error")
			f := newFile(t, func() error {
				if r.IntN(8) == 0 {
					return broken
				}
				return nil
			})
			f.w.end = func(tx *bbolt.Tx) error {
				switch r.IntN(8) {
				case 0:
					return errors.Join(tx.Rollback(), broken)
				case 1:
					return errors.Join(tx.Commit(), broken)
				}
				return tx.Commit()
			}
			var unclear []string
			for n := range 100 {
				key, value := fmt.Sprint(r.IntN(8)), fmt.Sprint(n)
				if r.IntN(3) == 0 {
					value = ""
				}
				if f.now = f.now.Add(time.Duration(r.IntN(20)) * time.Millisecond); !f.put(key, value, r.IntN(4) > 0) {
					unclear = append(unclear, key) // until a commit succeeds
				} else if !f.w.unsure {
					unclear = nil
				}
				if f.w.Due(f.now) {
					_ = f.w.Commit()
				}
				f.wantAfterCrash(unclear...)
			}
			f.w.end = (*bbolt.Tx).Commit
			if err := f.w.Commit(); err != nil {
				t.Fatal(err)
			}
			f.wantAfterCrash()
		})
	}
}
