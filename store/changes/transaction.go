package changes

import (
	"bytes"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/proof"
	"messenger-bridge/store/wipe"
)

// fillAppended is how full pages get in buckets whose keys only grow.
const fillAppended = 0.9

// Transaction is what is written to the buckets of the file at once. Each write of a store goes
// through it, so that each is noted for the journal.
type Transaction struct {
	Tx     *bbolt.Tx
	Tables proof.Tables
	Room   *proof.Room // for what is put; nil: anew each time
	Record *Recorder   // for the journal; nil: there is none
	Grows  [][]byte    // buckets whose keys only grow
	Wrote  bool
	Err    error // of bbolt; fails the transaction

	open map[string]proof.Bucket
}

// Bucket returns a bucket of the file.
func (t *Transaction) Bucket(name []byte) proof.Bucket {
	if b, is := t.open[string(name)]; is {
		return b
	}
	b := t.Tables.Of(t.Tx, name).Within(t.Room)
	for _, a := range t.Grows {
		if bytes.Equal(a, name) {
			b.FillPercent = fillAppended
		}
	}
	if t.open == nil {
		t.open = make(map[string]proof.Bucket, 4)
	}
	t.open[string(name)] = b
	t.Record.Named(b.Bucket, name, nil)
	return b
}

// Numbered returns one of a bucket's numbered buckets, which is there.
func (t *Transaction) Numbered(all, name []byte, number, tagged uint32) proof.Bucket {
	b := t.Tables.Numbered(t.Tx, all, name, number, tagged).Within(t.Room)
	t.Record.Named(b.Bucket, all, name)
	return b
}

// Ensure makes a bucket of the file, unless it is there.
func (t *Transaction) Ensure(name []byte) error {
	if t.Tx.Bucket(name) != nil {
		return nil
	}
	t.Wrote = true
	_, err := t.Tx.CreateBucket(name)
	t.Record.Create(name, nil)
	t.Keep(err)
	return err
}

// Create makes a bucket within another, unless it is there.
func (t *Transaction) Create(all, name []byte) error {
	t.Wrote = true
	_, err := t.Bucket(all).CreateBucketIfNotExists(name)
	t.Record.Create(all, name)
	t.Keep(err)
	return err
}

// DropSome deletes some keys of a bucket within another, and the bucket with the last of them.
func (t *Transaction) DropSome(all, name []byte, most int) {
	t.Wrote = true
	b := t.Bucket(all).Bucket.Bucket(name)
	c, some := b.Cursor(), make([][]byte, 0, most)
	for k, _ := c.First(); k != nil && len(some) < most; k, _ = c.Next() {
		some = append(some, bytes.Clone(k))
	}
	if len(some) < most { // that is all
		t.DropWhole(all, bytes.Clone(name))
		return
	}
	t.Record.Named(b, all, name)
	for _, k := range some {
		t.Keep(b.Delete(k))
		t.Keep(t.Record.Delete(b, k))
	}
}

// DropWhole deletes a bucket within another, with all that is in it.
func (t *Transaction) DropWhole(all, name []byte) {
	t.Wrote = true
	t.Keep(t.Bucket(all).DeleteBucket(name))
	t.Record.Drop(all, name)
}

// Put writes with a tag; key belongs to bbolt until the commit.
func (t *Transaction) Put(b proof.Bucket, key, value []byte) {
	t.Wrote = true
	whole := b.Tagged(key, value)
	t.Keep(b.Bucket.Put(key, whole))
	t.Keep(t.Record.Put(b.Bucket, key, whole))
}

// PutWhole writes what proves itself.
func (t *Transaction) PutWhole(b proof.Bucket, key, value []byte) {
	t.Wrote = true
	t.Keep(b.Bucket.Put(key, value))
	t.Keep(t.Record.Put(b.Bucket, key, value))
}

// Take deletes a key and returns a copy of its value, nil if there is none.
func (t *Transaction) Take(b proof.Bucket, key []byte) []byte {
	c := b.Cursor()
	k, v := c.Seek(key)
	if !bytes.Equal(k, key) {
		return nil
	}
	v = append([]byte{}, v...)
	t.Remove(b, c, key)
	return v
}

// Drop deletes a key and reports whether it was there.
func (t *Transaction) Drop(b proof.Bucket, key []byte) bool { return t.DropAt(b, b.Cursor(), key) }

// DropAt does so with a cursor of the bucket, which it moves.
func (t *Transaction) DropAt(b proof.Bucket, c *bbolt.Cursor, key []byte) bool {
	if k, _ := c.Seek(key); !bytes.Equal(k, key) {
		return false
	}
	t.Remove(b, c, key)
	return true
}

// Remove deletes the key at which a cursor stands.
func (t *Transaction) Remove(b proof.Bucket, c *bbolt.Cursor, key []byte) {
	t.Wrote = true
	t.Keep(t.Record.Delete(b.Bucket, key))
	t.Keep(c.Delete())
}

// Next returns the bucket's next sequence number.
func (t *Transaction) Next(b proof.Bucket) uint64 {
	n, err := b.NextSequence()
	t.Keep(err)
	t.Keep(t.Record.Sequence(b.Bucket, n))
	return n
}

// Keep has the transaction fail with the first error there is.
func (t *Transaction) Keep(err error) {
	if t.Err == nil {
		t.Err = err
	}
}

// Wipe has free pages overwritten, in this file and in those that follow.
func Wipe(t *Transaction) {
	t.Wrote = true
	t.Record.Wipe()
	t.Keep(wipe.Ask(t.Tx))
}
