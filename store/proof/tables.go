package proof

import (
	"fmt"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/seal"
)

// Tables opens the buckets of a file.
type Tables struct {
	Seal    *seal.Sealer
	Changes *Changes
}

// Of returns a bucket whose values have tags.
func (t Tables) Of(tx *bbolt.Tx, name []byte) Bucket {
	return Open(tx.Bucket(name), name, t.Seal, t.Changes.Add)
}

// Changed notes that a record is not as it was written.
func (t Tables) Changed(bucket, key []byte) { t.Changes.Add(Place{string(bucket), string(key)}) }

// Numbered returns one of a bucket's numbered buckets, which is there. Those before the one
// from which on there are tags have none.
func (t Tables) Numbered(tx *bbolt.Tx, all, name []byte, number, tagged uint32) Bucket {
	s := t.Seal
	if number < tagged {
		s = nil
	}
	return Open(tx.Bucket(all).Bucket(name), fmt.Appendf(nil, "%s %d", all, number), s, t.Changes.Add)
}
