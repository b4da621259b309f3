package main

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
)

const (
	rawSize   = 4 << 20 // after which a raw file is written from the start again, while its pages are still warm
	keptGroup = 512     // bodies in one write, as in the store
)

// kept is the floor of everything durable: the same callers and channel as the store's, each
// group written and synced at once. How, a keeper knows.
type kept struct {
	ops   chan keptOp
	ended chan uint64 // which is written with the next group
	done  chan error
}

// keptOp is what one caller has kept or ended.
type keptOp struct {
	bodies [][]byte
	ended  []uint64
	first  uint64       // the number of the first body
	done   chan keptNow // nil: nobody waits
}

type keptNow struct {
	first uint64
	err   error
}

// keeper writes groups, and is done with what has ended.
type keeper interface {
	keep(group []keptOp) error
	close() error
}

func keepIn(k keeper) *kept {
	r := &kept{ops: make(chan keptOp, 1024), ended: make(chan uint64, 1<<16), done: make(chan error, 1)}
	go func() {
		r.write(k)
		r.done <- k.close()
	}()
	return r
}

// write is the only goroutine that writes.
func (r *kept) write(k keeper) {
	var group []keptOp
	for first := range r.ops {
		group = append(group[:0], first)
	gather:
		for len(group) < keptGroup {
			select {
			case o := <-r.ops:
				group = append(group, o)
			default:
				break gather
			}
		}
		for range len(r.ended) {
			group[0].ended = append(group[0].ended, <-r.ended)
		}
		err := k.keep(group)
		for _, o := range group {
			if o.done != nil {
				o.done <- keptNow{o.first, err}
			}
		}
	}
}

// append returns when the bodies are durable, with the number of the first; the others follow.
func (r *kept) append(bodies ...[]byte) (first uint64, err error) {
	done := make(chan keptNow, 1)
	r.ops <- keptOp{bodies: bodies, done: done}
	now := <-done
	return now.first, now.err
}

// end is done with a body, when others are written.
func (r *kept) end(n uint64) { r.ended <- n }

// endAtOnce is done with a body as soon as can be, and does not wait for that.
func (r *kept) endAtOnce(n uint64) { r.ops <- keptOp{ended: []uint64{n}} }

// close must not be called while somebody appends or ends.
func (r *kept) close() error {
	close(r.ops)
	return <-r.done
}

// rawFile keeps with one write into a preallocated file and one sync. It forgets what it has
// kept, so nothing is left to be done when that ends.
type rawFile struct {
	file   *os.File
	at     int64
	buffer []byte
	sync   func()
}

func newRawFile(path string, sync func()) (*kept, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(make([]byte, rawSize)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return keepIn(&rawFile{file: f, sync: sync}), nil
}

func (r *rawFile) keep(group []keptOp) error {
	r.buffer = r.buffer[:0]
	for _, o := range group {
		for _, body := range o.bodies {
			r.buffer = append(r.buffer, body...)
		}
	}
	if len(r.buffer) == 0 {
		return nil // only ends
	}
	if r.at+int64(len(r.buffer)) > rawSize {
		r.at = 0
	}
	_, err := r.file.WriteAt(r.buffer, r.at)
	r.at += int64(len(r.buffer))
	r.sync()
	return err
}

func (r *rawFile) close() error { return r.file.Close() }

// boltFile keeps in bbolt, with one transaction: it puts what came and deletes what has
// ended. It seals nothing, proves nothing, and remembers nothing of what has ended.
type boltFile struct {
	db   *bbolt.DB
	sync func()
}

var boltBucket = []byte("kept")

func newBoltFile(path string, sync func()) (*kept, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30})
	if err != nil {
		return nil, err
	}
	return keepIn(&boltFile{db, sync}), nil
}

func (f *boltFile) keep(group []keptOp) error {
	err := f.db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(boltBucket)
		if err != nil {
			return err
		}
		for at := range group {
			o := &group[at]
			for i, body := range o.bodies {
				n, err := b.NextSequence()
				if err != nil {
					return err
				}
				if i == 0 {
					o.first = n
				}
				if err := b.Put(binary.BigEndian.AppendUint64(nil, n), body); err != nil {
					return err
				}
			}
			for _, n := range o.ended {
				if err := b.Delete(binary.BigEndian.AppendUint64(nil, n)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	f.sync() // its pages,
	f.sync() // and the page that makes them count
	return err
}

func (f *boltFile) close() error { return f.db.Close() }

// rawQueue lets a bridge store in a file. It remembers nothing, and delivers nothing.
type rawQueue struct {
	bridge.Queue // nil: of the other methods none is called
	file         *kept
	last         atomic.Uint64
}

func (q *rawQueue) Append(_ context.Context, entries []bridge.Entry, stored func(*bridge.Entry, bridge.Seq)) (int, error) {
	bodies := make([][]byte, len(entries))
	for i, e := range entries {
		bodies[i] = e.Body
	}
	if _, err := q.file.append(bodies...); err != nil {
		return 0, err
	}
	for i := range entries {
		stored(&entries[i], bridge.Seq(q.last.Add(1)))
	}
	return 0, nil
}

func (q *rawQueue) Waiting(func(*bridge.Delivery, int)) error { return nil }
