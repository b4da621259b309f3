package store

import (
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
)

// markCopy says in a copy's file that it is one.
func markCopy(path string, now time.Time) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, NoFreelistSync: true, FreelistType: bbolt.FreelistArrayType})
	if err != nil {
		return fmt.Errorf("open the copy: %w", err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketCursors).Put([]byte(bridge.CursorCopied), binary.BigEndian.AppendUint64(nil, layout.Nanos(now)))
	})
	if closing := db.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("mark the copy: %w", err)
	}
	return nil
}
