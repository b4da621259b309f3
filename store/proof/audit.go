package proof

import (
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/layout"
)

// aside is the bucket of what was changed by somebody else: the value as it was found,
// under a number. It is looked at by people only.
//
//	at 8 | bucket length 1 | bucket | key length 2 | key | value
var aside = []byte("changed")

// keepAside is how long that can be looked at.
const keepAside = 30 * 24 * time.Hour

// Unproven returns where in some buckets something stands that is not proven.
func Unproven(buckets ...Bucket) (found []Place) {
	for _, b := range buckets {
		b.changed = func(at Place) { found = append(found, at) }
		_ = b.ForEach(func(_, _ []byte) error { return nil }) // it does not fail
	}
	return found
}

// SetAside takes records out of their buckets and keeps them apart.
func SetAside(tx *bbolt.Tx, places []Place, now time.Time) error {
	all, err := tx.CreateBucketIfNotExists(aside)
	if err != nil {
		return fmt.Errorf("set changed records aside: %w", err)
	}
	for _, at := range places {
		b, key := tx.Bucket([]byte(at.Bucket)), []byte(at.Key)
		n, err := all.NextSequence()
		if err != nil {
			return fmt.Errorf("set a changed record aside: %w", err)
		}
		v := binary.BigEndian.AppendUint64(nil, layout.Nanos(now))
		v = binary.BigEndian.AppendUint16(layout.AppendShort(v, at.Bucket), uint16(len(key))) // #nosec G115 -- bbolt's keys are at most 32 KiB
		v = append(append(v, key...), b.Get(key)...)
		if err := all.Put(binary.BigEndian.AppendUint64(nil, n), v); err != nil {
			return fmt.Errorf("set a changed record aside: %w", err)
		}
		if err := b.Delete(key); err != nil {
			return fmt.Errorf("set a changed record aside: %w", err)
		}
	}
	return nil
}

// Kept counts what was set aside within a day, perhaps by a command that nobody has read; over
// says that some of what is kept need not be any more.
func Kept(tx *bbolt.Tx, now time.Time) (fresh int, over bool) {
	b := tx.Bucket(aside)
	if b == nil {
		return 0, false
	}
	c := b.Cursor()
	for k, v := c.Last(); len(v) >= 8 && k != nil && now.Sub(layout.FromNanos(v)) < 24*time.Hour; k, v = c.Prev() {
		fresh++
	}
	_, v := c.First()
	return fresh, len(v) >= 8 && now.Sub(layout.FromNanos(v)) >= keepAside
}

// LetGo forgets what was kept apart long enough.
func LetGo(tx *bbolt.Tx, now time.Time) error {
	c := tx.Bucket(aside).Cursor()
	for k, v := c.First(); k != nil && (len(v) < 8 || now.Sub(layout.FromNanos(v)) >= keepAside); k, v = c.First() {
		if err := c.Delete(); err != nil {
			return fmt.Errorf("forget a changed record: %w", err)
		}
	}
	return nil
}
