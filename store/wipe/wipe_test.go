package wipe_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/wipe"
)

// newFile makes a file with two buckets of what is to be erased, each larger than what one step overwrites.
func newFile(t *testing.T) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "bolt.db"), 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, name := range []string{"first", "second"} {
		change(t, db, func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucket([]byte(name))
			for i := range 600 {
				err = errors.Join(err, b.Put(fmt.Append(nil, i), bytes.Repeat([]byte("secret of the "+name), 200)))
			}
			return err
		})
	}
	return db
}

func change(t *testing.T, db *bbolt.DB, do func(*bbolt.Tx) error) {
	t.Helper()
	if err := db.Update(do); err != nil {
		t.Fatal(err)
	}
}

// erase deletes keys, whose pages are given back by the commit; those of a deleted bucket are at once.
func erase(tx *bbolt.Tx, name string) error {
	err := wipe.Ask(tx)
	for i := range 600 {
		err = errors.Join(err, tx.Bucket([]byte(name)).Delete(fmt.Append(nil, i)))
	}
	return err
}

// some makes so many steps, each in a transaction of its own.
func some(t *testing.T, db *bbolt.DB, w *wipe.Wiper, steps int) {
	t.Helper()
	for range steps {
		change(t, db, func(tx *bbolt.Tx) error { _, _, err := w.Step(tx); return err })
	}
}

// goOn makes all steps that are left, and fails if something of what was erased is in the file then.
func goOn(t *testing.T, db *bbolt.DB, w *wipe.Wiper) {
	t.Helper()
	for done := false; !done; {
		change(t, db, func(tx *bbolt.Tx) (err error) {
			done, _, err = w.Step(tx)
			return err
		})
	}
	data, err := os.ReadFile(db.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"first", "second"} {
		if n := bytes.Count(data, []byte("secret of the "+name)); n > 0 {
			t.Errorf("the %s can still be read %d times", name, n)
		}
	}
}

// TestStep_InTheTransactionThatErases_BeginsWithTheNext: the pages are given back by the commit.
func TestStep_InTheTransactionThatErases_BeginsWithTheNext(t *testing.T) {
	db, w := newFile(t), &wipe.Wiper{}
	change(t, db, func(tx *bbolt.Tx) error { return erase(tx, "first") })
	some(t, db, w, 3)
	change(t, db, func(tx *bbolt.Tx) error {
		_, _, err := w.Step(tx)
		return errors.Join(err, erase(tx, "second"))
	})
	some(t, db, w, 1)
	goOn(t, db, w)
}

// TestStep_EraseAndStepInOne_BeginsWithTheNext has the two in the other order.
func TestStep_EraseAndStepInOne_BeginsWithTheNext(t *testing.T) {
	db, w := newFile(t), &wipe.Wiper{}
	change(t, db, func(tx *bbolt.Tx) error { return erase(tx, "first") })
	some(t, db, w, 3)
	change(t, db, func(tx *bbolt.Tx) error {
		err := erase(tx, "second")
		_, _, failed := w.Step(tx)
		return errors.Join(err, failed)
	})
	goOn(t, db, w)
}

// TestStep_AfterOneThatFailed_HearsWhoAsksNext: what a failed transaction counted was never there.
func TestStep_AfterOneThatFailed_HearsWhoAsksNext(t *testing.T) {
	db, w, failed := newFile(t), &wipe.Wiper{}, errors.New("the disk")
	change(t, db, func(tx *bbolt.Tx) error { return erase(tx, "first") })
	some(t, db, w, 2)
	err := db.Update(func(tx *bbolt.Tx) error {
		_, _, err := w.Step(tx)
		return errors.Join(err, failed)
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	change(t, db, func(tx *bbolt.Tx) error { return erase(tx, "second") })
	goOn(t, db, w)
}
