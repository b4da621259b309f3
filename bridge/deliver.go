package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"messenger-bridge/metrics"
)

// attempt makes one delivery: nil means it is concluded, a Refusal with Again
// that it stays the oldest of its lane.
type attempt func(context.Context, Seq) error

// deliver runs one direction until ctx ends and nothing is under way any more.
func (b *Bridge) deliver(ctx, work context.Context, s *schedule, workers int, direction string, try attempt) {
	defer context.AfterFunc(ctx, s.stop)()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for t, ok := s.next(); ok; t, ok = s.next() {
				done, refusal := b.take(ctx, work, t, direction, try)
				if news := s.finish(t, done, refusal); refusal != nil {
					b.logPostponed(t, done, direction, refusal, news)
				}
			}
		})
	}
	releaseWhenDue(ctx, s)
	wg.Wait()
}

// releaseWhenDue makes lanes ready when their time comes.
func releaseWhenDue(ctx context.Context, s *schedule) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if next, ok := s.release(); ok {
			timer.Reset(next.Sub(s.now()))
		} else {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
			return
		case <-s.moved:
		case <-timer.C:
		}
	}
}

// take makes the deliveries of a turn, one after another, until one is refused
// or the bridge stops.
func (b *Bridge) take(ctx, work context.Context, t turn, direction string, try attempt) (done int, refusal *Refusal) {
	for _, seq := range t.seqs {
		if ctx.Err() != nil {
			break
		}
		start := b.Now()
		err := b.guarded(work, seq, direction, try)
		b.Metrics.Attempts.WithLabelValues(direction).Observe(b.Now().Sub(start).Seconds())
		if err != nil {
			refusal = RefusalOf(err)
			b.Metrics.Postponed.WithLabelValues(direction, string(refusal.Reason)).Inc()
			return done, refusal
		}
		done++
	}
	return done, nil
}

// logPostponed tells an operator about a failure when it is news, and whoever looks
// closely about each.
func (b *Bridge) logPostponed(t turn, done int, direction string, r *Refusal, news bool) {
	level := slog.LevelDebug
	if news && r.Reason != Settling && r.Reason != RateLimited {
		level = slog.LevelWarn
	}
	b.Log.Log(context.Background(), level, "delivery postponed", "direction", direction,
		"lane", t.lane.id.Page(), "delivery", t.seqs[done], "reason", r.Reason, "err", r.Err)
}

// guarded turns a panic into a refusal: one poisoned delivery must not stop the
// others, nor start a loop of crashes.
func (b *Bridge) guarded(ctx context.Context, seq Seq, direction string, try attempt) (err error) {
	defer func() {
		if p := recover(); p != nil {
			b.Metrics.Panics.Inc()
			b.Log.Error("delivery panicked; this is a bug", "direction", direction, "delivery", seq,
				"panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			if direction == metrics.Out { // perhaps after it was sent
				b.mu.Lock()
				b.suspect[seq] = b.Now()
				b.mu.Unlock()
			}
			err = &Refusal{Verdict: Again, Reason: StoreFailed, Err: errors.New("panic, see the log")}
		}
	}()
	return try(ctx, seq)
}

// toRoom shows the oldest event of a conversation in its room. The room takes our
// message id, so an attempt that may have arrived is simply made again.
func (b *Bridge) toRoom(ctx context.Context, seq Seq) error {
	d, err := b.Inbox.Delivery(seq)
	if err != nil {
		return gone(err)
	}
	var in Incoming
	if err := json.Unmarshal(d.Body, &in); err != nil {
		return b.unreadable(b.Inbox, d, metrics.In, err)
	}
	if done, err := b.ready(&in, d); done || err != nil {
		if err != nil {
			return err
		}
		return b.conclude(b.Inbox, d, metrics.In)
	}
	if in.Survey, err = b.surveyAnswer(&in); err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	in.Tries, in.Anew = b.begin(seq, d), b.startsAnew(&in)
	b.offer(&in, false)
	shown, err := b.Rooms.Deliver(ctx, in)
	if err != nil {
		r := RefusalOf(err)
		if r.Verdict == Never {
			b.Log.Warn("not shown to agents", "page", in.Conversation.Page, "delivery", seq, "reason", r.Reason, "err", r.Err)
			if r.Reason == ContactBlocked {
				if err := b.announceBlocked(ctx, &in); err != nil {
					return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
				}
			}
			b.ended(seq)
			return b.fail(b.Inbox, d, metrics.In, r.Reason)
		}
		r.Verdict = Again
		return r
	}
	b.offer(&in, true)
	if in.opens() && in.Survey == nil {
		b.spoke(in.Conversation, in.At)
	}
	if err := b.explainTo(ctx, &in, shown.Refused); err != nil {
		return err
	}
	if err := b.followSurvey(ctx, &in); err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	b.ended(seq)
	if shown.Receipt.Mid == "" {
		return b.conclude(b.Inbox, d, metrics.In)
	}
	return b.conclude(b.Inbox, d, metrics.In, shown.Receipt)
}

// begin notes that showing an event begins, and returns how often that was so before;
// what an earlier run left counts as begun.
func (b *Bridge) begin(seq Seq, d Delivery) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, known := b.begun[seq]
	if !known && d.Accepted.Before(b.started) {
		n = 1
	}
	b.begun[seq] = n + 1
	return n
}

func (b *Bridge) ended(seq Seq) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.begun, seq)
}

// toAgent tells an agent something. Every notice has a message id of its own, so
// here too a repeat is harmless.
func (b *Bridge) toAgent(ctx context.Context, seq Seq) error {
	d, err := b.Notices.Delivery(seq)
	if err != nil {
		return gone(err)
	}
	var n Notice
	if err := json.Unmarshal(d.Body, &n); err != nil {
		return b.unreadable(b.Notices, d, metrics.Notice, err)
	}
	tell := b.Desk.Tell
	switch n.Kind {
	case Ordered:
		tell = b.order
	case HasArrived:
		tell = b.showArrived
	}
	if err := tell(ctx, n); err != nil {
		r := RefusalOf(err)
		if r.Verdict == Never {
			b.Log.Error("an agent could not be told", "delivery", seq, "notice", n.Kind, "reason", n.Reason, "err", r.Err)
			return b.fail(b.Notices, d, metrics.Notice, r.Reason)
		}
		r.Verdict = Again
		return r
	}
	return b.conclude(b.Notices, d, metrics.Notice)
}

func (b *Bridge) conclude(q Queue, d Delivery, direction string, receipts ...Receipt) error {
	if direction == metrics.Out {
		b.Active(d.Lane.Page(), metrics.Out)
	}
	if err := q.Conclude(d.Seq, receipts...); err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	b.Metrics.Delivered.WithLabelValues(direction).Inc()
	b.Metrics.Age.WithLabelValues(direction).Observe(b.Now().Sub(d.Accepted).Seconds())
	if b.Delivered != nil && direction != metrics.Out { // of those, shipped knows more
		b.Delivered(direction)
	}
	return nil
}

func (b *Bridge) fail(q Queue, d Delivery, direction string, reason Reason) error {
	if err := q.Fail(d.Seq, reason); err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	b.Metrics.Failed.WithLabelValues(direction, string(reason)).Inc()
	return nil
}

// unreadable sets a record aside that we wrote and cannot read: a bug, or a file
// that somebody changed. It must not hold up its conversation.
func (b *Bridge) unreadable(q Queue, d Delivery, direction string, err error) error {
	b.Log.Error("stored delivery cannot be read, set aside", "direction", direction, "delivery", d.Seq, "err", err)
	return b.fail(q, d, direction, StoreFailed)
}

// gone is nil for a delivery that is concluded already, else a refusal.
func gone(err error) error {
	if errors.Is(err, ErrConcluded) {
		return nil
	}
	return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
}
