package upgrade

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/layout"
	"messenger-bridge/store/proof"
	"messenger-bridge/store/seal"
	"messenger-bridge/store/wipe"
)

// KeyTagged is where it says from which day on receipts have tags.
const KeyTagged = "tagged"

// ToFormat3 gives every record its tag. Receipts, of which there may be millions, stay as
// they are until their month is over: it is noted from which day on they have one. What
// cannot be read stays as it is. Free pages are overwritten later, so that nobody finds the
// start of a file of format 2 there.
func ToFormat3(tx *bbolt.Tx, s *seal.Sealer) error {
	for _, name := range []string{"pages", "conversations", "rooms", "seen", "states", "cursors", "talks", "revocations", "personas", "meta"} {
		err := rewrite(tx.Bucket([]byte(name)), func(key, v []byte) ([]byte, error) {
			if name == "meta" && (string(key) == "format" || string(key) == "check") {
				return v, nil
			}
			return s.Tag(append(make([]byte, 0, len(v)+seal.TagLen), v...), []byte(name), key, v), nil
		})
		if err != nil {
			return fmt.Errorf("bucket %s: %w", name, err)
		}
	}
	for number, name := range queueNames {
		err := rewrite(tx.Bucket([]byte(name)), func(key, v []byte) ([]byte, error) { return withTag(s, number, key, v) })
		if err != nil {
			return fmt.Errorf("bucket %s: %w", name, err)
		}
	}
	err := rewrite(tx.Bucket([]byte("failed")), func(key, v []byte) ([]byte, error) { return failedWithTags(s, key, v) })
	if err != nil {
		return fmt.Errorf("bucket failed: %w", err)
	}
	if err := noteTagged(tx, s); err != nil {
		return err
	}
	return wipe.Ask(tx)
}

// queueNames are the buckets of the queues by their numbers.
var queueNames = map[byte]string{1: "inbox", 2: "outbox", 3: "notices"}

// withTag puts the tag behind the header of a record of a queue.
func withTag(s *seal.Sealer, queue byte, key, record []byte) ([]byte, error) {
	header, body, err := layout.CutHeader(record)
	if err != nil {
		return nil, err
	}
	v := append(make([]byte, 0, len(record)+seal.TagLen), header...)
	return append(proof.Head(s, v, []byte(queueNames[queue]), key), body...), nil
}

// failedWithTags does so with the header of a failure, and with the record behind it.
func failedWithTags(s *seal.Sealer, key, v []byte) ([]byte, error) {
	before, _, record, err := failed(v)
	if err != nil {
		return nil, err
	}
	if tagged, err := withTag(s, v[1], v[2:10], record); err == nil {
		record = tagged
	}
	whole := append(make([]byte, 0, len(before)+seal.TagLen+len(record)), before...)
	return append(proof.Head(s, whole, []byte("failed"), key), record...), nil
}

// noteTagged says that receipts have tags from the day on which there are none yet.
func noteTagged(tx *bbolt.Tx, s *seal.Sealer) error {
	last, _ := tx.Bucket([]byte("messages")).Cursor().Last()
	if len(last) != 4 {
		return nil
	}
	from := binary.BigEndian.AppendUint32(nil, binary.BigEndian.Uint32(last)+1)
	meta := proof.Open(tx.Bucket([]byte("meta")), []byte("meta"), s, nil)
	if err := meta.Put([]byte(KeyTagged), from); err != nil {
		return fmt.Errorf("note from when on receipts have tags: %w", err)
	}
	return nil
}
