package changes

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.etcd.io/bbolt"

	"messenger-bridge/replica"
	"messenger-bridge/store/wipe"
)

// ErrReplica says that a file follows a journal, and nobody may write in it past that.
var ErrReplica = errors.New("the store is one of several replicas")

// FollowsNothing returns ErrReplica, with what to do, of a file that follows a journal.
func FollowsNothing(tx *bbolt.Tx, path string) error {
	at, err := At(tx)
	if err == nil && at != (replica.Position{}) {
		err = fmt.Errorf("%w: %s follows a journal; start this one, and give the command where the leader runs", ErrReplica, path)
	}
	return err
}

// Leave forgets how far a file has followed: what is written without a journal nobody follows.
func Leave(db *bbolt.DB) error {
	at := replica.Position{}
	err := db.View(func(tx *bbolt.Tx) (err error) {
		at, err = At(tx)
		return err
	})
	if err == nil && at != (replica.Position{}) {
		err = db.Update(func(tx *bbolt.Tx) error { return tx.DeleteBucket(follows) })
	}
	if err != nil {
		return fmt.Errorf("leave the journal: %w", err)
	}
	return nil
}

// Snapshot writes a file as it is to w, and returns how far it has followed.
func Snapshot(db *bbolt.DB, w io.Writer) (at replica.Position, err error) {
	err = db.View(func(tx *bbolt.Tx) error {
		if at, err = At(tx); err != nil {
			return err
		}
		_, err = tx.WriteTo(w)
		return err
	})
	if err != nil {
		return at, fmt.Errorf("take a snapshot: %w", err)
	}
	return at, nil
}

// Differ returns in what two files differ, beyond what is each file's own; "" if in nothing.
func Differ(a, b *bbolt.DB) (first string, err error) {
	err = a.View(func(one *bbolt.Tx) error {
		return b.View(func(other *bbolt.Tx) error {
			if first = missing(one.Cursor(), other.Cursor(), one, other); first == "" {
				first = missing(other.Cursor(), one.Cursor(), other, one)
			}
			return nil
		})
	})
	return first, err
}

// holder is a transaction or a bucket.
type holder interface {
	Bucket(name []byte) *bbolt.Bucket
}

// own is what each file has for itself: its place, what it overwrites, what it set aside because it
// was changed, which log it has, and how it tells a wrong key.
var own = map[string]bool{string(follows): true, string(wipe.Name): true, "changed": true, "check": true, "log": true}

// missing compares what is below two cursors, as far as the first reaches.
func missing(a, b *bbolt.Cursor, in, inOther holder) string {
	for k, v := a.First(); k != nil; k, v = a.Next() {
		if own[string(k)] {
			continue
		}
		there, value := b.Seek(k)
		switch {
		case !bytes.Equal(there, k):
			return fmt.Sprintf("%q is in one file only", k)
		case v == nil:
			x, y := in.Bucket(k), inOther.Bucket(k)
			if y == nil || x.Sequence() != y.Sequence() {
				return fmt.Sprintf("bucket %q counts differently", k)
			}
			if inner := missing(x.Cursor(), y.Cursor(), x, y); inner != "" {
				return fmt.Sprintf("%s: %s", k, inner)
			}
		case !bytes.Equal(v, value):
			return fmt.Sprintf("%q has two values", k)
		}
	}
	return ""
}
