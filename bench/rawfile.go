package main

import (
	"context"
	"os"
	"sync/atomic"

	"messenger-bridge/bridge"
)

const (
	rawSize  = 64 << 20 // after which it is written from the start again
	rawGroup = 512      // bodies in one write, as in the store
)

// rawFile is the floor of everything durable: the same callers and channel as the
// store's, each group one write into a preallocated file and one sync.
type rawFile struct {
	ops  chan rawOp
	done chan error
}

type rawOp struct {
	bodies [][]byte
	done   chan error
}

func newRawFile(path string, sync func()) (*rawFile, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(make([]byte, rawSize)); err != nil {
		return nil, err
	}
	r := &rawFile{ops: make(chan rawOp, 1024), done: make(chan error, 1)}
	go func() {
		r.write(f, sync)
		r.done <- f.Close()
	}()
	return r, nil
}

// write is the only goroutine that writes.
func (r *rawFile) write(f *os.File, sync func()) {
	var group []rawOp
	var buffer []byte
	at := int64(0)
	for first := range r.ops {
		group, buffer = append(group[:0], first), buffer[:0]
	gather:
		for len(group) < rawGroup {
			select {
			case o := <-r.ops:
				group = append(group, o)
			default:
				break gather
			}
		}
		for _, o := range group {
			for _, body := range o.bodies {
				buffer = append(buffer, body...)
			}
		}
		if at+int64(len(buffer)) > rawSize {
			at = 0
		}
		_, err := f.WriteAt(buffer, at)
		at += int64(len(buffer))
		sync()
		for _, o := range group {
			o.done <- err
		}
	}
}

// append returns when the bodies are durable.
func (r *rawFile) append(bodies ...[]byte) error {
	o := rawOp{bodies, make(chan error, 1)}
	r.ops <- o
	return <-o.done
}

// close must not be called while somebody appends.
func (r *rawFile) close() error {
	close(r.ops)
	return <-r.done
}

// rawQueue lets a bridge store in a rawFile. It remembers nothing, and delivers
// nothing.
type rawQueue struct {
	bridge.Queue // nil: of the other methods none is called
	file         *rawFile
	last         atomic.Uint64
}

func (q *rawQueue) Append(_ context.Context, entries []bridge.Entry, stored func(*bridge.Entry, bridge.Seq)) (int, error) {
	bodies := make([][]byte, len(entries))
	for i, e := range entries {
		bodies[i] = e.Body
	}
	if err := q.file.append(bodies...); err != nil {
		return 0, err
	}
	for i := range entries {
		stored(&entries[i], bridge.Seq(q.last.Add(1)))
	}
	return 0, nil
}

func (q *rawQueue) Waiting(func(*bridge.Delivery, int)) error { return nil }
