package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	uploadMost = 24 * time.Hour   // how long a snapshot that gets on may take to be stored
	standsFor  = 30 * time.Second // how long one that does not get on is waited for
	partFor    = 10 * time.Second // and one question about it
	ahead      = 2                // parts that are sent before they are known to be stored
	part       = 32 << 10         // bytes of one: a slow line takes it before its writer is given up (connect)
)

var errStands = errors.New("no part of the snapshot gets through")

// put stores a file in a bucket. That may take as long as it gets on, a day at most. What it stored is taken back if it fails.
func put(ctx context.Context, js jetstream.JetStream, b jetstream.ObjectStore, what jetstream.ObjectMeta, file io.Reader) error {
	ctx, stop := context.WithTimeout(ctx, uploadMost) // without an end of its own, nats.go gives each part two seconds
	defer stop()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	alive := time.AfterFunc(standsFor+partFor, func() { giveUp(errStands) }) // after await, so that nats.go can take back what was sent
	defer alive.Stop()
	status, err := b.Status(ctx)
	if err != nil {
		return err
	}
	stream, err := js.Stream(ctx, "OBJ_"+status.Bucket())
	if err != nil {
		return err
	}
	what.Opts = &jetstream.ObjectMetaOptions{ChunkSize: part}
	p := &paced{ctx: ctx, file: file, stream: stream, stored: stream.CachedInfo().State.LastSeq, alive: alive}
	if _, err = b.Put(ctx, what, p); err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	return nil
}

// paced reads a snapshot as fast as it is stored: what is sent ahead holds up the journal's records, which
// go the same way, and NATS refuses what it cannot store soon.
type paced struct {
	ctx    context.Context
	file   io.Reader
	stream jetstream.Stream // of the bucket
	stored uint64           // where it ends when all that was sent is stored
	sent   int
	stands time.Time // since when it does not get on; zero: it does
	alive  *time.Timer
}

// Read implements io.Reader. Each time, one part is sent.
func (p *paced) Read(b []byte) (int, error) {
	p.alive.Reset(standsFor + partFor)
	if p.sent >= ahead {
		if err := p.await(); err != nil {
			return 0, err
		}
	}
	n, err := p.file.Read(b)
	if n > 0 {
		p.sent++
		p.stored++
	}
	return n, err
}

// await waits until all that was sent is stored. After a while it lets one part more be sent: only then nats.go
// looks whether NATS has refused one, for want of room for example.
func (p *paced) await() error {
	began := time.Now()
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		asking, stop := context.WithTimeout(p.ctx, partFor)
		info, err := p.stream.Info(asking)
		stop()
		switch now := time.Now(); {
		case err == nil && info.State.LastSeq >= p.stored:
			p.sent, p.stands = 0, time.Time{}
			return nil
		case p.stands.IsZero():
			p.stands = began
		case now.Sub(p.stands) > standsFor:
			return errStands
		case now.Sub(began) > tryFor:
			return nil
		}
		select {
		case <-p.ctx.Done():
			return context.Cause(p.ctx)
		case <-time.After(wait):
		}
	}
}

// get writes what is stored in a bucket to a file. Each part is asked for by itself, so that all may take
// as long as it gets on, and nothing comes faster than it is written.
func get(ctx context.Context, js jetstream.JetStream, b jetstream.ObjectStore, name string, to *os.File) error {
	info, err := b.GetInfo(ctx, name)
	if err != nil {
		return err
	}
	stream, err := js.Stream(ctx, "OBJ_"+info.Bucket)
	if err != nil {
		return err
	}
	after := uint64(0)
	for range info.Chunks {
		part, err := getPart(ctx, stream, "$O."+info.Bucket+".C."+info.NUID, after+1)
		if err != nil {
			return err
		}
		if _, err := to.Write(part.Data); err != nil {
			return err
		}
		after = part.Sequence
	}
	return nil
}

// getPart asks up to three times: the node that is asked may be gone, or not have all yet.
func getPart(ctx context.Context, stream jetstream.Stream, subject string, from uint64) (part *jetstream.RawStreamMsg, err error) {
	for range 3 {
		asking, stop := context.WithTimeout(ctx, partFor)
		part, err = stream.GetMsg(asking, from, jetstream.WithGetMsgSubject(subject))
		stop()
		if err == nil {
			return part, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(500 * time.Millisecond):
		}
	}
	return nil, fmt.Errorf("a part of it does not come: %w", err)
}

// untilDone fails to read when its context is done.
type untilDone struct {
	ctx context.Context
	io.Reader
}

// Read implements io.Reader.
func (u untilDone) Read(b []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.Reader.Read(b)
}
