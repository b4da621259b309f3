package audit

import (
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/proof"
)

// MarkCopy says in a copy's file that it is one, by its cursors.
func MarkCopy(path string, now time.Time, t proof.Tables, cursors []byte) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, NoFreelistSync: true, FreelistType: bbolt.FreelistArrayType})
	if err != nil {
		return fmt.Errorf("open the copy: %w", err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return t.Of(tx, cursors).Put([]byte(bridge.CursorCopied), binary.BigEndian.AppendUint64(nil, layout.Nanos(now)))
	})
	if closing := db.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("mark the copy: %w", err)
	}
	return nil
}
