package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// recover fills the lanes with what an earlier run left. The oldest message of
// each outbound lane may have been sent by that run: it is settled before
// anything is sent (docs/decisions/003-unknown-outcome.md).
func (b *Bridge) recover() error {
	for _, part := range []struct {
		queue    Queue
		schedule *schedule
	}{{b.Inbox, b.inbound}, {b.Outbox, b.outbound}, {b.Notices, b.notices}} {
		heads := map[Lane]struct{}{}
		err := part.queue.Waiting(func(d Delivery) {
			if _, seen := heads[d.Lane]; !seen && part.queue == b.Outbox {
				b.suspect[d.Seq] = b.started
			}
			heads[d.Lane] = struct{}{}
			part.schedule.add(d.Lane, d.Seq)
		})
		if err != nil {
			return fmt.Errorf("read what waits: %w", err)
		}
	}
	b.findChanges()
	if n := b.inbound.count() + b.outbound.count(); n > 0 {
		b.Log.Info("deliveries left by an earlier run", "in", b.inbound.count(), "out", b.outbound.count(), "notices", b.notices.count())
	}
	return nil
}

// markUntried says of the oldest message of each outbound lane that it was not
// sent, if no worker had taken it up: after an orderly stop the next start need
// not find that out.
func (b *Bridge) markUntried() {
	for _, seq := range b.outbound.heads() {
		b.mu.Lock()
		_, suspect := b.suspect[seq]
		_, unsaved := b.unsaved[seq]
		b.mu.Unlock()
		d, err := b.Outbox.Delivery(seq)
		if err != nil || suspect || unsaved || d.Progress.State != Trying {
			continue
		}
		d.Progress.State = Waiting
		if err := b.Outbox.Save(seq, d.Progress); err != nil {
			b.Log.Warn("progress not stored", "delivery", seq, "err", err)
		}
	}
}

// clocksDiffer is by how much our clock and Meta's may differ after the adapter has
// corrected what it knows.
const clocksDiffer = 10 * time.Second

// settle finds out whether the current part reached the customer: it waits for
// the echo that carries our mark, then reads the thread. Only when the thread
// shows that it did not arrive may it be sent again; when nothing can be found
// out, the agent decides.
func (b *Bridge) settle(ctx context.Context, s *shipment, mark Mark) error {
	p, now := &s.d.Progress, b.Now()
	if back := p.Tried.Sub(now); back > 0 { // by so much the clock was set back; it may take hours until it is there again
		b.wasSetBack(back)
		p.Tried = now
		if err := b.save(s); err != nil {
			return err
		}
	}
	if wait := p.Tried.Add(b.EchoWait).Sub(now); wait > 0 {
		return &Refusal{Verdict: Again, Reason: Settling, After: wait, Err: errors.New("waiting for the echo")}
	}
	if s.out.Private {
		return b.settlePrivate(s)
	}
	since := s.d.Accepted
	if s.out.At.Before(since) {
		since = s.out.At
	}
	since = since.Add(-clocksDiffer - b.setBackBy())
	seen, err := b.lookFor(ctx, s, since)
	if err != nil {
		r := RefusalOf(err)
		tooLong := b.Now().Sub(p.Tried) > b.SettleFor
		if r.Verdict == Never || tooLong && r.Gate == "" {
			return b.giveUpPart(s, Unclear, r)
		}
		r.Verdict = Again
		return r
	}
	for _, mid := range seen.Like {
		if other, known := b.Receipts.MarkOf(s.page.ID, mid); !known || other == mark {
			return b.arrived(s, mid)
		}
	}
	// A conversation's messages are sent one after another. If the thread shows one
	// that was sent before this, it shows all that came later; not so if this was
	// given up, because then later ones were sent meanwhile.
	complete := !seen.Obscure && (seen.Complete || s.out.Since.IsZero() && slices.ContainsFunc(seen.Shown, func(mid Mid) bool {
		_, known := b.Receipts.MarkOf(s.page.ID, mid)
		return known
	}))
	if !complete {
		return b.giveUpPart(s, Unclear, errors.New("the thread shows too little to tell"))
	}
	if p.Attempts >= maxAttempts {
		return b.giveUpPart(s, MetaError, fmt.Errorf("%d attempts, none arrived", p.Attempts))
	}
	p.State = Waiting
	b.fellBehind(s)
	return b.save(s)
}

// wasSetBack notes that the clock was set back since something was written down, so
// that what was written down by the earlier one is looked for from early enough on.
func (b *Bridge) wasSetBack(by time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.setBack = max(b.setBack, by)
}

func (b *Bridge) setBackBy() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.setBack
}

// fellBehind notes that a message of an earlier bridge's time was not sent: that
// one sent in order, so it sent none of the later ones either.
func (b *Bridge) fellBehind(s *shipment) {
	if b.sentBefore(s.out.At) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.behind[s.d.Lane] = struct{}{}
	}
}

// isBehind reports whether a message of an earlier bridge's time comes after one
// that was not sent. Without this, each of them would cost a look into the thread.
func (b *Bridge) isBehind(s *shipment) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, behind := b.behind[s.d.Lane]
	_, suspect := b.suspect[s.d.Seq]
	return behind && !suspect && b.sentBefore(s.out.At)
}
