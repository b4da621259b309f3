// Package changes is what a store writes, as bytes that another file can follow: every key that
// is put or deleted, sequences, buckets that come and go, in the order in which it happened.
package changes

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/wipe"
)

// The operations. Their numbers stand in journals.
const (
	opBucket   = 1 + iota // outer, inner name: what follows is in this bucket; inner may be empty
	opPut                 // key, value
	opDelete              // key
	opSequence            // number
	opCreate              // outer, inner name
	opDrop                // outer, inner name
	opWipe                // free pages are to be overwritten
)

// Recorder notes what one transaction writes. A nil Recorder notes nothing.
type Recorder struct {
	text   []byte
	names  map[*bbolt.Bucket]place
	last   *bbolt.Bucket // that opBucket named
	beyond bool          // something was written outside of local
	local  [][]byte
}

type place struct{ outer, inner string }

// New returns a Recorder for one transaction.
func New() *Recorder { return &Recorder{names: make(map[*bbolt.Bucket]place, 8)} }

// NewLocal returns a Recorder that can be used again, and tells whether a transaction writes in some buckets only.
func NewLocal(buckets [][]byte) *Recorder {
	r := New()
	r.local = buckets
	return r
}

// Again empties the Recorder for another transaction. What Bytes returned is overwritten.
func (r *Recorder) Again() *Recorder {
	const kept = 128 << 10
	clear(r.names)
	if cap(r.text) > kept {
		r.text = nil
	}
	r.text, r.last, r.beyond = r.text[:0], nil, false
	return r
}

// Local reports whether all that was noted is in the buckets that NewLocal was told.
func (r *Recorder) Local() bool { return r != nil && !r.beyond }

// touch notes that something is written in a bucket of the file.
func (r *Recorder) touch(outer string) {
	if r.local != nil && !r.beyond {
		r.beyond = !slices.ContainsFunc(r.local, func(name []byte) bool { return string(name) == outer })
	}
}

// Bytes returns what was noted; nothing if nothing was written.
func (r *Recorder) Bytes() []byte {
	if r == nil {
		return nil
	}
	return r.text
}

// Named says which bucket of the file a bucket is; inner is empty for an outer one.
func (r *Recorder) Named(b *bbolt.Bucket, outer, inner []byte) {
	if r != nil && b != nil {
		r.names[b] = place{string(outer), string(inner)}
	}
}

// in begins an operation within a bucket.
func (r *Recorder) in(b *bbolt.Bucket, op byte) error {
	if b != r.last {
		at, known := r.names[b]
		if !known {
			return errors.New("a write to a bucket that nobody named, which could not be followed")
		}
		r.last = b
		r.touch(at.outer)
		r.add(opBucket, []byte(at.outer), []byte(at.inner))
	}
	r.text = append(r.text, op)
	return nil
}

func (r *Recorder) add(op byte, texts ...[]byte) {
	r.text = append(r.text, op)
	for _, t := range texts {
		r.text = append(binary.AppendUvarint(r.text, uint64(len(t))), t...)
	}
}

// Put notes that a key has a value. An error means that the transaction must fail.
func (r *Recorder) Put(b *bbolt.Bucket, key, value []byte) error {
	if r == nil {
		return nil
	}
	if err := r.in(b, opPut); err != nil {
		return err
	}
	r.text = append(binary.AppendUvarint(r.text, uint64(len(key))), key...)
	r.text = append(binary.AppendUvarint(r.text, uint64(len(value))), value...)
	return nil
}

// Delete notes that a key goes; likewise.
func (r *Recorder) Delete(b *bbolt.Bucket, key []byte) error {
	if r == nil {
		return nil
	}
	if err := r.in(b, opDelete); err != nil {
		return err
	}
	r.text = append(binary.AppendUvarint(r.text, uint64(len(key))), key...)
	return nil
}

// Sequence notes how far a bucket has counted; likewise.
func (r *Recorder) Sequence(b *bbolt.Bucket, n uint64) error {
	if r == nil {
		return nil
	}
	if err := r.in(b, opSequence); err != nil {
		return err
	}
	r.text = binary.AppendUvarint(r.text, n)
	return nil
}

// Create notes that a bucket within another is made.
func (r *Recorder) Create(outer, inner []byte) {
	if r != nil {
		r.touch(string(outer))
		r.add(opCreate, outer, inner)
	}
}

// Drop notes that a bucket within another goes, with all that is in it.
func (r *Recorder) Drop(outer, inner []byte) {
	if r != nil {
		r.touch(string(outer))
		r.add(opDrop, outer, inner)
		r.last = nil
	}
}

// Wipe notes that free pages are to be overwritten; each file does so by itself.
func (r *Recorder) Wipe() {
	if r != nil {
		r.beyond = true
		r.text = append(r.text, opWipe)
	}
}

// errShort says that changes end within one.
var errShort = errors.New("changes that cannot be read")

// reader takes texts and numbers from what a Recorder noted.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.err = errShort
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) text() []byte {
	n := r.number()
	if r.err != nil || n > uint64(len(r.rest)) {
		r.err = errShort
		return nil
	}
	t := r.rest[:n]
	r.rest = r.rest[n:]
	return t
}

// Apply makes changes in a transaction. Their bytes must stay as they are until it is committed.
func Apply(tx *bbolt.Tx, text []byte) error {
	r, b := &reader{rest: text}, (*bbolt.Bucket)(nil)
	for len(r.rest) > 0 {
		op := r.rest[0]
		r.rest = r.rest[1:]
		var err error
		if op == opBucket {
			b, err = inside(tx, r.text(), r.text())
		} else {
			err = do(tx, b, op, r)
		}
		if err := errors.Join(r.err, err); err != nil {
			return fmt.Errorf("follow the journal: %w", err)
		}
	}
	return nil
}

// do makes one change.
func do(tx *bbolt.Tx, b *bbolt.Bucket, op byte, r *reader) error {
	switch op {
	case opCreate:
		_, err := inside(tx, r.text(), r.text())
		return err
	case opDrop:
		outer, inner := r.text(), r.text()
		if all := tx.Bucket(outer); all != nil && all.Bucket(inner) != nil {
			return all.DeleteBucket(inner)
		}
		return nil
	case opWipe:
		return wipe.Ask(tx)
	}
	if b == nil {
		return errShort
	}
	switch op {
	case opPut:
		key, value := r.text(), r.text()
		if r.err != nil {
			return nil // told by the caller
		}
		return b.Put(key, value)
	case opDelete:
		return b.Delete(r.text())
	case opSequence:
		return b.SetSequence(r.number())
	}
	return errShort
}

// inside returns a bucket, which is made if it is not there: a newer program may have more.
func inside(tx *bbolt.Tx, outer, inner []byte) (*bbolt.Bucket, error) {
	b, err := tx.CreateBucketIfNotExists(outer)
	if err != nil || len(inner) == 0 {
		return b, err
	}
	return b.CreateBucketIfNotExists(inner)
}
