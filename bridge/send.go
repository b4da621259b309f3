package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"messenger-bridge/metrics"
)

// maxAttempts bounds how often one part is sent although Meta gives no reason for
// not delivering it. After each such attempt we found out that it did not arrive;
// refusals with a reason, however many, do not count.
const maxAttempts = 4

// shipment is one agent's message during a turn.
type shipment struct {
	d        Delivery
	out      Outgoing
	page     Page
	receipts []Receipt // of the last part: stored when the message is concluded
}

// toCustomer sends the oldest message of a conversation, part by part. Progress
// says what is on disk at each point; settle decides after an unknown outcome,
// whether it was this process or an earlier one that learnt nothing.
func (b *Bridge) toCustomer(ctx context.Context, seq Seq) error {
	d, err := b.Outbox.Delivery(seq)
	if err != nil {
		return gone(err)
	}
	if err := b.believe(&d); err != nil {
		return err
	}
	s := &shipment{d: d}
	if err := json.Unmarshal(d.Body, &s.out); err != nil {
		return b.unreadable(b.Outbox, d, metrics.Out, err)
	}
	if len(s.out.Parts) == 0 {
		return b.giveUp(s, Unsupported, errors.New("nothing in it that Messenger takes"))
	}
	for s.d.Progress.Part < len(s.out.Parts) {
		if err := b.part(ctx, s); err != nil {
			if errors.Is(err, errGivenUp) {
				return nil
			}
			return err
		}
	}
	return b.shipped(s)
}

// errGivenUp ends the work on a message about which the agent was told.
var errGivenUp = errors.New("given up")

// part brings the current part one step further: nil means look at the next
// part, or at this one again; a Refusal, that the lane must wait.
func (b *Bridge) part(ctx context.Context, s *shipment) error {
	p := &s.d.Progress
	mark := Mark{Message: s.out.Message, Part: p.Part}
	if p.State == Unsure && p.Attempts == 0 && b.isBehind(s) {
		p.State = Waiting
	}
	if p.State != Trying { // nothing is sent again while there is proof that it arrived
		if mid := b.Receipts.MidOf(mark); mid != "" {
			return b.arrived(s, mid)
		}
	}
	if err := b.findPage(s); err != nil {
		return err
	}
	switch p.State {
	case Unsure:
		return b.settle(ctx, s, mark)
	case Waiting:
		p.State, p.Tried = Trying, b.Now()
		if err := b.save(s); err != nil {
			return err
		}
	}
	mid, err := b.Sender.Send(ctx, s.page, s.out.Conversation.Customer, s.out.Parts[p.Part], mark)
	if err == nil {
		return b.arrived(s, mid)
	}
	r := RefusalOf(err)
	switch r.Verdict {
	case Never:
		return b.giveUpPart(s, r.Reason, r)
	case Again:
		p.State = Waiting
		if err := b.save(s); err != nil {
			return err
		}
		if b.PageRefused != nil && r.Gate == GatePage(s.page.ID) {
			b.PageRefused(s.page.ID, r.Reason)
		}
		return r
	default:
		b.Log.Info("outcome unknown, finding out", "page", s.page.ID, "delivery", s.d.Seq, "message", s.out.Message, "err", r.Err)
		p.State, p.Tried = Unsure, b.Now()
		p.Attempts++
		return b.save(s)
	}
}

// findPage looks up the page as it is now.
func (b *Bridge) findPage(s *shipment) (err error) {
	s.page, err = b.Pages.Page(s.out.Conversation.Page)
	switch {
	case errors.Is(err, ErrNoPage) && s.d.Progress.State == Unsure:
		return b.giveUpPart(s, Unclear, err)
	case errors.Is(err, ErrNoPage):
		return b.giveUpPart(s, PageGone, err)
	case err != nil:
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	case s.page.State == PageOff:
		return &Refusal{Verdict: Again, Reason: PageOffReason, Gate: GatePage(s.page.ID), After: time.Hour}
	}
	return nil
}

// arrived goes on to the next part. Storing that also says that the next part is
// being tried, so it may be sent at once.
func (b *Bridge) arrived(s *shipment, mid Mid) error {
	mark := Mark{Message: s.out.Message, Part: s.d.Progress.Part}
	receipt := Receipt{Page: s.out.Conversation.Page, Mid: mid, Mark: mark}
	s.d.Progress = Progress{State: Trying, Part: mark.Part + 1, Tried: b.Now()}
	if s.d.Progress.Part < len(s.out.Parts) {
		return b.save(s, receipt)
	}
	s.receipts = append(s.receipts, receipt)
	return nil
}

// shipped concludes a message of which the customer has every part.
func (b *Bridge) shipped(s *shipment) error {
	if b.Notices.Seen(noticeKey(StillWaiting, s.out.Message)) {
		if err := b.tellAbout(s, Corrected, ""); err != nil {
			b.remember(s.d.Seq, s.d.Progress, s.receipts...)
			return err
		}
	}
	if s.out.Files > 0 { // the text is there; of the rest the agent must know
		if err := b.tellAbout(s, NotDelivered, FilesLeft); err != nil {
			b.remember(s.d.Seq, s.d.Progress, s.receipts...)
			return err
		}
	}
	if err := b.conclude(b.Outbox, s.d, metrics.Out, s.receipts...); err != nil {
		b.remember(s.d.Seq, s.d.Progress, s.receipts...)
		return err
	}
	b.forget(s.d.Seq)
	return nil
}

// giveUpPart is giveUp for use between parts.
func (b *Bridge) giveUpPart(s *shipment, reason Reason, cause error) error {
	if err := b.giveUp(s, reason, cause); err != nil {
		return err
	}
	return errGivenUp
}

// giveUp tells the agent, then sets the message aside. Stopped between the two,
// the message is refused once more at the next start, and the agent is not told
// twice.
func (b *Bridge) giveUp(s *shipment, reason Reason, cause error) error {
	b.Log.Warn("not delivered", "page", s.out.Conversation.Page, "delivery", s.d.Seq,
		"message", s.out.Message, "reason", reason, "err", cause)
	if err := b.tellAbout(s, NotDelivered, reason); err != nil {
		return err
	}
	if err := b.fail(b.Outbox, s.d, metrics.Out, reason); err != nil {
		return err
	}
	b.forget(s.d.Seq)
	return nil
}

// tellAbout stores a notice about the message for its author.
func (b *Bridge) tellAbout(s *shipment, kind NoticeKind, reason Reason) error {
	err := b.tell(context.Background(), Notice{
		Kind: kind, Room: s.out.Room, Message: s.out.Message, To: s.out.Author,
		Reason: reason, Part: s.d.Progress.Part, Parts: len(s.out.Parts),
		Waited: b.Notices.Seen(noticeKey(StillWaiting, s.out.Message)),
	})
	if err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	return nil
}

// save stores the progress. If the store refuses, the progress is kept in memory
// and believed: a part that may have been sent is not sent again because a disk
// was full.
func (b *Bridge) save(s *shipment, receipts ...Receipt) error {
	if err := b.Outbox.Save(s.d.Seq, s.d.Progress, receipts...); err != nil {
		b.remember(s.d.Seq, s.d.Progress, receipts...)
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: fmt.Errorf("save progress: %w", err)}
	}
	b.forget(s.d.Seq)
	return nil
}

// believe replaces stored progress by what this process knows better: progress it
// could not store, and what may have been sent without anybody writing it down.
func (b *Bridge) believe(d *Delivery) error {
	b.mu.Lock()
	known, better := b.unsaved[d.Seq]
	since, suspect := b.suspect[d.Seq]
	b.mu.Unlock()
	switch {
	case better:
		d.Progress = known.progress
		if err := b.Outbox.Save(d.Seq, known.progress, known.receipts...); err != nil {
			return &Refusal{Verdict: Again, Reason: StoreFailed, Err: fmt.Errorf("save progress: %w", err)}
		}
	case suspect && d.Progress.State == Trying:
		d.Progress.State, d.Progress.Tried = Unsure, since
	}
	return nil
}

func (b *Bridge) remember(seq Seq, p Progress, receipts ...Receipt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unsaved[seq] = unsavedAt{progress: p, receipts: append(b.unsaved[seq].receipts, receipts...)}
}

func (b *Bridge) forget(seq Seq) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.unsaved, seq)
	delete(b.suspect, seq)
}
