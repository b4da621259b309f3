package trail

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/changes"
	"messenger-bridge/store/proof"
)

const (
	keepChanges = 366 * 24 * time.Hour
	mostChanges = 100_000 // a bridge that starts again and again must not fill the disk
)

// bucketJournal holds: number 8 -> change (JSON).
var bucketJournal = []byte("journal")

var errNoChange = errors.New("a change without a name")

// Journal implements bridge.Journal.
type Journal struct{ File }

var _ bridge.Journal = Journal{}

// Record implements bridge.Journal.
func (j Journal) Record(ctx context.Context, c bridge.Change) error {
	if c.What == "" {
		return errNoChange
	}
	c.At = j.Now()
	value, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode a change: %w", err)
	}
	err = j.Do(ctx, func(tx *changes.Transaction) error {
		if err := tx.Ensure(bucketJournal); err != nil {
			return err
		}
		b := tx.Bucket(bucketJournal)
		n := tx.Next(b)
		tx.Put(b, binary.BigEndian.AppendUint64(nil, n), value)
		letChangesGo(tx, b, n, c.At)
		return nil
	})
	if err != nil {
		return fmt.Errorf("record a change: %w", err)
	}
	return nil
}

// letChangesGo deletes the oldest, a few at a time.
func letChangesGo(tx *changes.Transaction, b proof.Bucket, newest uint64, now time.Time) {
	for range 4 {
		cursor := b.Cursor()
		k, v := cursor.First()
		if k == nil {
			return
		}
		var c bridge.Change
		if v, err := b.Value(k, v); err == nil {
			_ = json.Unmarshal(v, &c) // unreadable: long ago
		}
		if newest-binary.BigEndian.Uint64(k) < mostChanges && now.Sub(c.At) < keepChanges {
			return
		}
		tx.Remove(b, cursor, k)
	}
}

// Changes implements bridge.Journal.
func (j Journal) Changes(since time.Time, limit int) (all []bridge.Change, err error) {
	err = j.View(func(tx *bbolt.Tx) error {
		if tx.Bucket(bucketJournal) == nil {
			return nil
		}
		b := j.table(tx)
		cursor := b.Cursor()
		for k, v := cursor.Last(); k != nil && len(all) < limit; k, v = cursor.Prev() {
			var c bridge.Change
			v, err := b.Value(k, v)
			if err != nil || json.Unmarshal(v, &c) != nil {
				continue
			}
			if !c.At.Before(since) && j.Now().Sub(c.At) < keepChanges { // one that is not may stand between others, if the clock was not set
				all = append(all, c)
			}
		}
		return nil
	})
	return all, err
}

func (j Journal) table(tx *bbolt.Tx) proof.Bucket { return j.Tables.Of(tx, bucketJournal) }
