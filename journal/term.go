package journal

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"messenger-bridge/replica"
)

// Term is the time during which this replica leads. It ends with the first error.
type Term struct {
	stream *Stream
	ctx    context.Context
	self   replica.Claim
	epoch  uint64

	mu    sync.Mutex // held while something is appended; guards the fields below
	at    replica.Position
	ended error
	lost  time.Time // since when the stream ends before at; zero: it does not

	proven atomic.Pointer[time.Time] // when what proves last that we lead was sent
}

var _ replica.Journal = (*Term)(nil)

// Claim begins a term after a place that must be the journal's last; replica.ErrDeposed if
// somebody else has appended. The term ends with ctx, which therefore must outlive what is
// still to be stored.
func (s *Stream) Claim(ctx context.Context, at replica.Position) (*Term, error) {
	claim := s.cfg.Self
	claim.Nonce = rand.Text()
	t := &Term{stream: s, ctx: ctx, self: s.cfg.Self, epoch: at.Epoch + 1, at: at}
	if err := t.put(replica.Lead, claim.Encode()); err != nil {
		return nil, err
	}
	return t, nil
}

// Append implements replica.Journal. What is too large for one record goes in parts.
func (t *Term) Append(changes []byte) (replica.Position, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	began := time.Now()
	for ; len(changes) > t.stream.limit; changes = changes[t.stream.limit:] {
		if err := t.put(replica.Part, changes[:t.stream.limit]); err != nil {
			return t.at, err
		}
	}
	err := t.put(replica.Changes, changes)
	t.stream.Figures.appended(time.Since(began))
	return t.at, err
}

// Beat implements replica.Journal.
func (t *Term) Beat() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.put(replica.Beat, t.self.Encode())
}

// BeatEvery implements replica.Journal.
func (t *Term) BeatEvery() time.Duration { return t.stream.cfg.TakeoverAfter / 6 }

// Bye ends the term in order: another may lead at once.
func (t *Term) Bye() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.put(replica.Bye, nil)
	if t.ended == nil {
		t.ended = fmt.Errorf("%w: its term was ended in order", replica.ErrDeposed)
	}
	t.proven.Store(nil)
	return err
}

// Leads reports whether nobody else can lead at this moment: whoever waits for our silence
// waits a third longer than this counts. Both clocks must say so, because one of them stands
// still while the machine sleeps.
func (t *Term) Leads() bool {
	proven := t.proven.Load()
	if proven == nil {
		return false
	}
	lasts, now := t.stream.cfg.TakeoverAfter*3/4, time.Now()
	wall := now.Round(0).Sub(proven.Round(0))
	return now.Sub(*proven) < lasts && wall < lasts && wall > -lasts
}

// Outlive has the term end with another context than the one in which it was claimed. It is called
// before anything is appended.
func (t *Term) Outlive(ctx context.Context) { t.ctx = ctx }

// Epoch is the term's number.
func (t *Term) Epoch() uint64 { return t.epoch }

// Ended returns why nothing can be appended any more, or nil.
func (t *Term) Ended() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

// At returns the place of the last record.
func (t *Term) At() replica.Position {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at
}

// put appends one frame, and returns when it is certain that it stands in its place, or that
// something else does. Its caller holds mu.
//
// An answer that is lost, or an error, says nothing about what became of the frame: the same
// bytes are offered for the same place again. Nor does it say anything about others that the
// stream ends elsewhere, because an earlier try may still be under way: the place is read. Whatever
// was not answered for a while is offered only to a stream that still holds what was stored before.
func (t *Term) put(k replica.Kind, body []byte) error {
	if t.ended != nil {
		return t.ended
	}
	frame, next := t.stream.chain.Seal(t.at, replica.Frame{Kind: k, Epoch: t.epoch, Before: t.at.Seq, Body: body}, t.at.Seq+1)
	sent := time.Now()
	proven := t.proven.Load()
	sure := proven == nil || t.Leads() // that nobody else can have led since the last record
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		var stored bool
		var err error
		if !sure {
			err = t.holds()
		}
		if err == nil {
			stored, err = t.offer(frame, next.Seq)
		}
		sure = false
		t.stream.offered(err)
		if stored {
			t.at = next
			t.proven.Store(&sent)
			t.stream.Figures.stored(next.Seq, len(frame))
			return nil
		}
		if errors.Is(err, replica.ErrDeposed) {
			t.stream.offered(nil) // it stores what another offers
			return t.end(err)
		}
		t.stream.Figures.retries.Add(1)
		t.stream.cfg.Log.Debug("appended again", "record", next.Seq, "err", err)
		select {
		case <-t.ctx.Done():
			t.stream.refused.Store(nil) // nothing is offered any more
			return t.end(fmt.Errorf("%w: its term was ended while a record was not certain: %w", replica.ErrDeposed, context.Cause(t.ctx)))
		case <-time.After(pause):
		}
	}
}

// offer tries once. The error is replica.ErrDeposed if the place is another's; any other means
// that nothing is certain.
func (t *Term) offer(frame []byte, place uint64) (stored bool, err error) {
	if t.ctx.Err() != nil {
		return false, context.Cause(t.ctx)
	}
	seq, err := t.stream.engine.append(t.ctx, frame, place-1)
	switch {
	case err == nil && seq == place:
		return true, nil
	case err == nil:
		return false, fmt.Errorf("%w: record %d was stored as %d, so the stream is not what it was", replica.ErrDeposed, place, seq)
	case !errors.Is(err, errElsewhere):
		return false, err
	}
	there, err := t.stream.engine.read(t.ctx, place)
	if errors.Is(err, errEmpty) {
		// The place was let go of, with what stood in it: somebody has taken a snapshot behind it.
		if first, _, unknown := t.stream.engine.ends(t.ctx); unknown == nil && first > place {
			return false, fmt.Errorf("%w: the journal begins with record %d by now, behind this leader's place %d", replica.ErrDeposed, first, place)
		}
	}
	switch {
	case err != nil:
		return false, err
	case bytes.Equal(there, frame):
		t.stream.Figures.resolved.Add(1)
		return true, nil
	}
	return false, fmt.Errorf("%w: another replica wrote record %d", replica.ErrDeposed, place)
}

func (t *Term) end(err error) error {
	t.ended = err
	t.proven.Store(nil)
	return err
}
