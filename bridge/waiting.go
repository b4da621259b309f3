package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// watchWaiting tells agents about messages that have been waiting for a while,
// so that nobody believes a customer has read what is still with us. When such a
// message goes out, the notice is corrected (shipped).
func (b *Bridge) watchWaiting(ctx context.Context) {
	tick := time.NewTicker(b.TellAfter / 4)
	defer tick.Stop()
	told := map[Seq]struct{}{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			told = b.tellWaiting(ctx, told)
		}
	}
}

// correctIfGone corrects a notice that was stored while its message went out:
// whoever delivered it could not know of the notice yet.
func (b *Bridge) correctIfGone(ctx context.Context, n Notice, seq Seq) {
	if _, err := b.Outbox.Delivery(seq); !errors.Is(err, ErrConcluded) || b.Notices.Seen(Notice{Kind: NotDelivered, Message: n.Message, Round: n.Round}.Key()) {
		return
	}
	n.Kind = Corrected
	if err := b.tell(ctx, n); err != nil {
		b.Log.Debug("notice not stored", "delivery", seq, "err", err)
	}
}

// tellWaiting stores a notice for each message that waits too long, but for those
// told before, and returns all that wait and have been told of.
func (b *Bridge) tellWaiting(ctx context.Context, told map[Seq]struct{}) map[Seq]struct{} {
	still := map[Seq]struct{}{}
	for _, seqs := range b.outbound.all() {
		for _, seq := range seqs {
			if _, known := told[seq]; known {
				still[seq] = struct{}{}
				continue
			}
			d, err := b.Outbox.Delivery(seq)
			if err != nil {
				continue
			}
			if b.Now().Sub(d.Accepted) < b.TellAfter {
				break // those behind it are younger
			}
			var out Outgoing
			if json.Unmarshal(d.Body, &out) != nil {
				continue // toCustomer sets it aside
			}
			if out.Automatic || out.Gone {
				continue
			}
			n := out.notice(StillWaiting, out.Round)
			if err := b.tell(ctx, n); err != nil {
				b.Log.Debug("notice not stored", "delivery", seq, "err", err)
				continue
			}
			still[seq] = struct{}{}
			b.correctIfGone(ctx, n, seq)
		}
	}
	return still
}
