package store

import (
	"encoding/binary"
	"fmt"
	"messenger-bridge/store/layout"
	"time"

	"go.etcd.io/bbolt"
)

// A store that was restored from a backup, or made anew while its rooms go on,
// does not know what was sent between then and now. It therefore remembers when it
// was made, when it was copied, and when the copy was put to use. They stand among
// the cursors.
const (
	cursorMade   = "store made"
	cursorCopied = "store copied" // only in a copy
	cursorUsed   = "copy used"
)

// Begin says that a bridge begins to work with the store, which makes a copy the
// original.
func (s CursorTable) Begin() error {
	now := s.now()
	made, copied, used := s.lazy.cursor(cursorMade), s.lazy.cursor(cursorCopied), s.lazy.cursor(cursorUsed)
	if made.IsZero() {
		if err := s.SaveCursor(cursorMade, now); err != nil {
			return err
		}
	}
	if copied.After(used) {
		return s.SaveCursor(cursorUsed, now)
	}
	return nil
}

// SentBefore reports whether a message of this time may have been delivered by
// another store than this one: before it was made, or after it was copied and
// before the copy was put to use.
func (s CursorTable) SentBefore(at time.Time) bool {
	copied, used := s.lazy.cursor(cursorCopied), s.lazy.cursor(cursorUsed)
	return at.Before(s.lazy.cursor(cursorMade)) || !at.Before(copied) && at.Before(used)
}

// markCopy says in a copy's file that it is one.
func markCopy(path string, now time.Time) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, NoFreelistSync: true, FreelistType: bbolt.FreelistArrayType})
	if err != nil {
		return fmt.Errorf("open the copy: %w", err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketCursors).Put([]byte(cursorCopied), binary.BigEndian.AppendUint64(nil, layout.Nanos(now)))
	})
	if closing := db.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("mark the copy: %w", err)
	}
	return nil
}
