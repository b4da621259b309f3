package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"messenger-bridge/replica"
)

// Why Run returns. The texts say what to do.
var (
	// ErrVacant says that nobody leads: whoever wants to may claim.
	ErrVacant = errors.New("nobody leads")
	// ErrTooOld says that the journal no longer holds what comes next.
	ErrTooOld = errors.New("the file is too old to follow the journal")
	// ErrTailLost says that the journal ends before what the file holds.
	ErrTailLost = errors.New("the journal has lost its newest records")
	// ErrRebased says that somebody has made another file the new beginning.
	ErrRebased = errors.New("the journal was begun anew from another file")

	errStale = errors.New("the journal holds more than it hands out")
)

const (
	batchRecords = 512
	batchBytes   = 8 << 20
	readAhead    = 1024
)

// Record is what a follower must know of one or more frames.
type Record struct {
	Kind    replica.Kind
	At      replica.Position // after it
	Claim   replica.Claim    // of a claim
	Changes []byte           // of changes: all parts together
}

// Follower reads the journal from a place on.
type Follower struct {
	stream *Stream

	mu     sync.Mutex // guards what others ask for
	at     replica.Position
	leader replica.Claim
	last   uint64    // place at which the journal ended when it was asked last
	behind time.Time // since when it has been ahead of us; zero: it is not
	asked  time.Time // when it was asked last, with success

	parts   []byte    // of changes that are not complete
	heard   time.Time // since when nothing was heard, although it could have been
	reached bool
	bye     bool
	lost    time.Time // since when the journal has ended before us; zero: it does not
}

// Follow returns who reads on from a place; leader is who is known to lead there, if anybody.
func (s *Stream) Follow(at replica.Position, leader replica.Claim) *Follower {
	return &Follower{stream: s, at: at, leader: leader}
}

// At returns the place of the last frame that was read: where the next leader must claim. It may
// be further than what was handed out, because some frames change nothing.
func (f *Follower) At() replica.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

// Leader returns who leads; without a name it is not known.
func (f *Follower) Leader() replica.Claim {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.leader
}

// Lag returns by how much this replica is behind, and whether that was known a moment ago.
func (f *Follower) Lag() (records uint64, since time.Duration, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if f.last > f.at.Seq {
		records = f.last - f.at.Seq
	}
	if !f.behind.IsZero() {
		since = now.Sub(f.behind)
	}
	return records, since, !f.asked.IsZero() && now.Sub(f.asked) < f.stream.cfg.TakeoverAfter
}

// GoneInOrder reports whether the last leader said that it ends. It is asked after Run.
func (f *Follower) GoneInOrder() bool { return f.bye }

// Run hands out what is written, some records at a time, until take fails, ctx ends, or an error
// says why there is nothing to follow: ErrVacant, ErrTooOld, ErrTailLost, ErrRebased or
// replica.ErrBroken.
func (f *Follower) Run(ctx context.Context, take func([]Record) error) error {
	f.reached, f.heard = false, time.Time{}
	for {
		err := f.begin(ctx)
		if err == nil {
			err = f.read(ctx, take)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if final(err) {
			return err
		}
		f.reached = false
		f.stream.cfg.Log.Debug("the journal is read anew", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// errTake wraps what taking records failed of.
type errTake struct{ error }

func (e errTake) Unwrap() error { return e.error }

func final(err error) bool {
	var taking errTake
	for _, e := range []error{ErrVacant, ErrTooOld, ErrTailLost, ErrRebased, replica.ErrBroken} {
		if errors.Is(err, e) {
			return true
		}
	}
	return errors.As(err, &taking)
}

// begin checks that what stands at our place is what we have.
func (f *Follower) begin(ctx context.Context) error {
	if err := f.look(ctx); err != nil || f.at.Seq == 0 {
		return err
	}
	there, err := f.stream.engine.read(ctx, f.at.Seq)
	if errors.Is(err, errEmpty) {
		return nil // purged, or lost: look tells
	}
	if err != nil {
		return err
	}
	if !f.stream.chain.Stands(f.at, there) {
		return fmt.Errorf("%w: record %d is not the one that this replica has; "+
			"if the journal is the right one, move the file away (it starts from a snapshot then)", replica.ErrBroken, f.at.Seq)
	}
	return nil
}

// look asks where the journal begins and ends, and draws what follows.
func (f *Follower) look(ctx context.Context) error {
	first, last, err := f.stream.engine.ends(ctx)
	now := time.Now()
	if err != nil {
		f.reached = false
		return err
	}
	if !f.reached {
		f.reached, f.heard = true, now
	}
	f.mu.Lock()
	f.last, f.asked = last, now
	if last <= f.at.Seq {
		f.behind = time.Time{}
	} else if f.behind.IsZero() {
		f.behind = now
	}
	f.mu.Unlock()
	if last >= f.at.Seq {
		f.lost = time.Time{}
	} else if f.lost.IsZero() {
		f.lost = now
	}
	after := f.stream.cfg.TakeoverAfter
	switch {
	case last > f.at.Seq && first > f.at.Seq+1:
		return fmt.Errorf("%w: it ends with record %d, the journal begins with %d; move the file away, this replica then starts from a snapshot",
			ErrTooOld, f.at.Seq, first)
	case last < f.at.Seq && now.Sub(f.lost) > lostFor*after:
		return fmt.Errorf("%w: it ends with record %d, this file with %d; stop all replicas and run `messenger-bridge journal rebase` where the file is newest",
			ErrTailLost, last, f.at.Seq)
	case last == f.at.Seq && (f.bye || now.Sub(f.heard) >= after):
		return ErrVacant
	}
	return nil
}

// read hands out what comes.
func (f *Follower) read(ctx context.Context, take func([]Record) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	messages, err := f.stream.messages(ctx, f.at.Seq+1)
	if err != nil {
		return err
	}
	every := time.NewTicker(f.stream.cfg.TakeoverAfter / 10)
	defer every.Stop()
	moved := time.Now()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case m, ok := <-messages:
			if !ok {
				return errStale
			}
			moved = time.Now()
			if err := f.batch(m, messages, take); err != nil {
				return err
			}
			if f.bye {
				if err := f.look(ctx); final(err) {
					return err
				}
			}
		case <-every.C:
			if err := f.look(ctx); final(err) {
				return err
			}
			if records, _, _ := f.Lag(); records > 0 && time.Since(moved) > tryFor {
				return errStale
			}
		}
	}
}

// message is a frame and its place.
type message struct {
	data []byte
	seq  uint64
}

// messages reads from a place on, until ctx ends or the channel is closed because nothing more comes.
func (s *Stream) messages(ctx context.Context, from uint64) (<-chan message, error) {
	consumer, err := s.js.OrderedConsumer(ctx, s.cfg.Name, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from, MaxResetAttempts: 1, InactiveThreshold: 30 * time.Second,
	})
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	reading, err := consumer.Messages(jetstream.PullExpiry(10*time.Second), jetstream.PullHeartbeat(time.Second))
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	out := make(chan message, readAhead)
	context.AfterFunc(ctx, reading.Stop)
	go func() {
		defer close(out)
		for {
			m, err := reading.Next()
			if err != nil {
				return
			}
			meta, err := m.Metadata()
			if err != nil {
				return
			}
			select {
			case out <- message{m.Data(), meta.Sequence.Stream}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

// batch hands out a message and what waits behind it.
func (f *Follower) batch(m message, more <-chan message, take func([]Record) error) error {
	var records []Record
	at, size := f.at, 0
	var broken error
	for read := 0; ; read++ {
		size += len(m.data)
		r, whole, err := f.open(&at, m)
		if err != nil {
			broken = err
			break
		}
		if whole {
			records = append(records, r)
		}
		if read == batchRecords || size > batchBytes {
			break
		}
		var ok bool
		select {
		case m, ok = <-more:
		default:
		}
		if !ok {
			break
		}
	}
	if len(records) > 0 {
		if err := take(records); err != nil {
			return errTake{err}
		}
	}
	f.mu.Lock()
	f.at = at
	for _, r := range records {
		if r.Claim.Name != "" {
			f.leader = r.Claim
		}
	}
	if f.bye {
		f.leader = replica.Claim{}
	}
	if at.Seq >= f.last {
		f.last, f.behind = at.Seq, time.Time{}
	}
	f.mu.Unlock()
	f.heard = time.Now()
	f.stream.Figures.stored(at.Seq, size)
	return broken
}

// open checks one frame and returns the record that it completes, if it does.
func (f *Follower) open(at *replica.Position, m message) (r Record, whole bool, err error) {
	frame, next, err := f.stream.chain.Open(*at, m.data, m.seq)
	if err != nil {
		return r, false, err
	}
	r = Record{Kind: frame.Kind, At: next}
	f.bye = frame.Kind == replica.Bye
	switch frame.Kind {
	case replica.Base:
		return r, false, fmt.Errorf("%w; move the file away, this replica then starts from its snapshot", ErrRebased)
	case replica.Part:
		f.parts = append(f.parts, frame.Body...)
		*at = next
		return r, false, nil
	case replica.Changes:
		r.Changes = append(f.parts, frame.Body...)
		f.parts = nil
	case replica.Lead:
		f.parts = nil // what was left half-written is void
		r.Claim, err = replica.ParseClaim(frame.Body)
	case replica.Beat:
		r.Claim, err = replica.ParseClaim(frame.Body)
	}
	if err == nil {
		*at = next
	}
	return r, err == nil, err
}

// Hesitate waits a little, so that two who find at once that nobody leads do not always meet.
func Hesitate(ctx context.Context, most time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(rand.N(most)): // #nosec G404 -- no secret
	}
}
