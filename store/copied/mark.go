// Package copied marks copies of a store's file, and puts one in the place of a store.
package copied

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/proof"
)

var (
	follows = []byte("followed") // how far a replica's file has followed its journal
	meta    = []byte("meta")     // the store's bucket with its format
	cursors = []byte("cursors")  // and that of its cursors
	mark    = []byte(bridge.CursorCopied)
)

// firstWithTags is the format since which cursors have tags.
const firstWithTags = 3

// Mark says in a copy's file that it is one, and when it was made; more is changed in it with that.
func Mark(path string, made time.Time, t proof.Tables, more ...func(*bbolt.Tx) error) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, NoFreelistSync: true, FreelistType: bbolt.FreelistArrayType})
	if err != nil {
		return fmt.Errorf("open the copy: %w", err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		if err := tx.DeleteBucket(follows); err != nil && !errors.Is(err, berrors.ErrBucketNotFound) { // it goes a way of its own from here
			return err
		}
		err := Put(tx, made, t)
		for _, change := range more {
			err = errors.Join(err, change(tx))
		}
		return err
	})
	if closing := db.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("mark the copy: %w", err)
	}
	return nil
}

// Put says so in a transaction of a file, whatever its format.
func Put(tx *bbolt.Tx, made time.Time, t proof.Tables) error {
	if format := tx.Bucket(meta).Get([]byte("format")); len(format) == 8 && binary.BigEndian.Uint64(format) < firstWithTags {
		t.Seal = nil
	}
	return t.Of(tx, cursors).Put(mark, binary.BigEndian.AppendUint64(nil, layout.Nanos(made)))
}

// MarkUnlessMarked is Mark for a copy that somebody may have made without it.
func MarkUnlessMarked(path string, made time.Time, t proof.Tables) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return fmt.Errorf("open the copy: %w", err)
	}
	marked := false
	err = db.View(func(tx *bbolt.Tx) error {
		if b := tx.Bucket(cursors); b != nil {
			marked = b.Get(mark) != nil
		}
		return nil
	})
	if err = errors.Join(err, db.Close()); err != nil || marked {
		return err
	}
	return Mark(path, made, t)
}
