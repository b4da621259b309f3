// Package wipe overwrites what stands in the free pages of a bbolt file. A page that is
// given back keeps its bytes until it is used again, and whoever reads the file reads
// them: ids of customers who were to be forgotten.
//
// It uses the free pages itself, for nothing: what bbolt gives out nobody else reads any
// more, so that no reader can be hurt and a crash at any point leaves a whole file. It
// goes in small steps, each within a transaction of the store's writer, so that others
// wait no longer than for an ordinary commit.
package wipe

import (
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// Name is the bucket that stands in the file from when something is to be overwritten until it is: a
// bucket of buckets that hold nothing but zeros.
var Name = []byte("wipe")

const (
	atOnce   = 256     // pages overwritten in one step, 1 MiB
	lookedAt = 4096    // pages looked at in one step
	inBucket = 1 << 14 // records of zeros in one bucket, which is removed in one step
	inPage   = 4       // such records in one page: bbolt splits pages that hold more than that
)

// Ask has free pages overwritten, by this run or the next one. Whoever is at it begins anew: what
// is given back now may lie before the page that is looked at.
func Ask(tx *bbolt.Tx) error {
	all, err := tx.CreateBucketIfNotExists(Name)
	if err == nil {
		_, err = all.NextSequence()
	}
	return err
}

// Asked reports whether that is still to be done.
func Asked(tx *bbolt.Tx) bool { return tx.Bucket(Name) != nil }

// Wiper overwrites the pages that are free when it was asked for last.
type Wiper struct {
	asked uint64 // how often it was, by the bucket's sequence
	next  int    // page to look at
	pages []int  // those that were free, and are not known to be overwritten
	at    int    // which of them is looked at next
}

// Pause is for the disk to become well, or for a reader of what is to be overwritten to end.
const Pause = 100 * time.Millisecond

// All overwrites until everything is done; change makes a transaction, and its error ends it.
func All(change func(step func(*bbolt.Tx) error) error) (err error) {
	w, done, waits := Wiper{}, false, false
	for err == nil && !done {
		err = change(func(tx *bbolt.Tx) (failed error) {
			done, waits, failed = w.Step(tx)
			return failed
		})
		if waits {
			time.Sleep(Pause)
		}
	}
	return err
}

// Step does a little, and reports whether everything is done by it. If it is to be called
// again although nothing can be done at the moment, because somebody still reads what
// is to be overwritten, waits is true. What a failed transaction has not done, later
// steps do.
func (w *Wiper) Step(tx *bbolt.Tx) (done, waits bool, err error) {
	all, err := tx.CreateBucketIfNotExists(Name) // also what makes this a transaction, which gives pages free
	if err != nil {
		return false, false, fmt.Errorf("overwrite free pages: %w", err)
	}
	if n := all.Sequence(); n != w.asked {
		// What was erased in this transaction is given back by its commit only.
		*w = Wiper{asked: n}
		return false, false, nil
	}
	switch last := int(tx.Size()) / tx.DB().Info().PageSize; {
	case w.next < last:
		w.look(tx, last)
	case len(w.pages) > 0:
		waits, err = w.fill(tx)
	default:
		done, err = remove(tx)
	}
	if err != nil {
		return false, false, fmt.Errorf("overwrite free pages: %w", err)
	}
	return done, waits, nil
}

// look notes which pages are free.
func (w *Wiper) look(tx *bbolt.Tx, last int) {
	for end := min(w.next+lookedAt, last); w.next < end; w.next++ {
		if free(tx, w.next) {
			w.pages = append(w.pages, w.next)
		}
	}
}

func free(tx *bbolt.Tx, page int) bool {
	info, err := tx.Page(page)
	return err == nil && info != nil && info.Type == "free"
}

// fill strikes those pages that have been used since, and uses others that are free.
func (w *Wiper) fill(tx *bbolt.Tx) (waits bool, err error) {
	if w.at >= len(w.pages) {
		w.at = 0
	}
	kept := w.pages[:w.at]
	end := min(w.at+lookedAt, len(w.pages))
	for _, p := range w.pages[w.at:end] {
		if free(tx, p) {
			kept = append(kept, p)
		}
	}
	w.at = len(kept)
	w.pages = append(kept, w.pages[end:]...)
	// More than are free would make the file grow.
	n := min(atOnce, tx.DB().Stats().FreePageN)
	return n == 0 && len(w.pages) > 0, zeros(tx, n)
}

// zeros uses some pages.
func zeros(tx *bbolt.Tx, pages int) error {
	all := tx.Bucket(Name)
	name, _ := all.Cursor().Last()
	b, last := all.Bucket(name), uint64(0)
	if b != nil {
		if k, _ := b.Cursor().Last(); len(k) == 8 {
			last = binary.BigEndian.Uint64(k)
		}
	}
	if b == nil || last >= inBucket {
		n := uint64(0)
		if len(name) == 8 {
			n = binary.BigEndian.Uint64(name)
		}
		var err error
		if b, err = all.CreateBucket(binary.BigEndian.AppendUint64(nil, n+1)); err != nil {
			return err
		}
		last = 0
	}
	b.FillPercent = 1
	nothing := make([]byte, tx.DB().Info().PageSize/inPage-32)
	for range pages * inPage {
		last++
		if err := b.Put(binary.BigEndian.AppendUint64(nil, last), nothing); err != nil {
			return err
		}
	}
	return nil
}

// remove gives pages back, a bucket at a time, and at last the bucket of them all.
func remove(tx *bbolt.Tx) (done bool, err error) {
	all := tx.Bucket(Name)
	if name, _ := all.Cursor().First(); name != nil {
		return false, all.DeleteBucket(name)
	}
	err = tx.DeleteBucket(Name)
	return err == nil, err
}
