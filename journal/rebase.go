package journal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"messenger-bridge/replica"
)

// Snapshots are all there are, the newest first.
func (s *Stream) Snapshots(ctx context.Context) ([]Snapshot, error) {
	b, err := s.bucket(ctx, false)
	if errors.Is(err, ErrNoSnapshot) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return snapshots(ctx, b)
}

// Verify reads all records after a place, and returns which. The zero place is before the first
// record there ever was.
func (s *Stream) Verify(ctx context.Context, at replica.Position) (first, last uint64, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	_, last, err = s.engine.ends(ctx)
	first = at.Seq + 1
	if err != nil || last <= at.Seq {
		return first, last, err
	}
	messages, err := s.messages(ctx, first)
	if err != nil {
		return first, last, err
	}
	for at.Seq < last {
		m, more := <-messages
		if !more {
			return first, last, errors.Join(errStale, ctx.Err())
		}
		if _, at, err = s.chain.Open(at, m.data, m.seq); err != nil {
			return first, last, err
		}
	}
	return first, last, nil
}

// Rebase gives up the journal and begins it anew behind a place that a file has reached, and behind
// what the journal and its snapshots held: so it may be repeated when it was cut off. It refuses while
// somebody leads.
func Rebase(ctx context.Context, cfg Config, at replica.Position) (*Stream, error) {
	s, err := Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := s.rebase(ctx, at); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Stream) rebase(ctx context.Context, at replica.Position) error {
	_, before, err := s.engine.ends(ctx)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(s.cfg.TakeoverAfter):
	}
	_, last, err := s.engine.ends(ctx)
	if err != nil {
		return err
	}
	if last != before {
		return fmt.Errorf("%w: a replica leads; stop all replicas first", ErrRefused)
	}
	all, err := s.Snapshots(ctx)
	if err != nil {
		return err
	}
	for _, old := range all {
		last, at.Epoch = max(last, old.At.Seq), max(at.Epoch, old.At.Epoch)
	}
	if err := s.js.DeleteStream(ctx, s.cfg.Name); err != nil {
		return fmt.Errorf("give up the journal: %w", err)
	}
	anew := settings(s.cfg)
	anew.FirstSeq = max(last, at.Seq) + 1
	if _, err := s.js.CreateStream(ctx, anew); err != nil {
		return fmt.Errorf("begin the journal anew (repeat the command): %w", err)
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	claim := s.cfg.Self
	claim.Nonce = rand.Text()
	t := &Term{stream: s, ctx: ctx, epoch: at.Epoch + 1, at: replica.Position{Seq: anew.FirstSeq - 1}}
	if err := t.put(replica.Base, claim.Encode()); err != nil {
		return err
	}
	s.Base = t.At()
	return nil
}
