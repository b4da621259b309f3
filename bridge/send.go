package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
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
	found    bool      // the last part had arrived in an earlier round
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
	if done, err := b.revise(s); done || err != nil {
		return err
	}
	if len(s.out.Parts) == 0 {
		return b.giveUp(s, Unsupported, errors.New("nothing in it that Messenger takes"))
	}
	if why := s.out.answerable(); why != "" {
		return b.giveUp(s, why, errors.New("it can answer no comment"))
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

// mark is that of the current part.
func (s *shipment) mark() Mark {
	return Mark{Message: s.out.Message, Part: s.d.Progress.Part, Edit: s.out.Edit}
}

// errGivenUp ends the work on a message about which the agent was told.
var errGivenUp = errors.New("given up")

// part brings the current part one step further: nil means look at the next
// part, or at this one again; a Refusal, that the lane must wait.
func (b *Bridge) part(ctx context.Context, s *shipment) error {
	p := &s.d.Progress
	mark := s.mark()
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
	if b.outlived(s.out) {
		return b.dropOutlived(s)
	}
	mid, err := b.hand(ctx, s, mark)
	if err == nil {
		if b.PageSent != nil && s.page.State == PageHeld {
			b.PageSent(s.page.ID)
		}
		return b.arrived(s, mid)
	}
	r := RefusalOf(err)
	broken := r.Reason == FileUnreadable && b.Now().Sub(s.d.Accepted) > b.SettleFor
	switch {
	case (r.Verdict == Never || broken) && ofFile[r.Reason] && len(s.out.Parts) > 1:
		return b.leaveOut(s, r)
	case r.Verdict == Never || broken:
		return b.refusedPart(ctx, s, r)
	case r.Verdict == Again:
		p.State = Waiting
		if err := b.save(s); err != nil {
			return err
		}
		if b.PageRefused != nil && r.Gate == GatePage(s.page.ID) {
			b.PageRefused(s.page.ID, r)
		}
		return r
	default:
		b.Log.Info("outcome unknown, finding out", "page", s.page.ID, "delivery", s.d.Seq, "message", s.out.Message, "err", r.Err)
		p.State, p.Tried = Unsure, b.Now()
		p.Attempts++
		return b.save(s)
	}
}

// hand gives the current part to Messenger, in the best form that it takes: what Meta
// refuses for good is sent more plainly. After an attempt of which nobody knew what
// became, nothing fancy is tried again (messenger.md 3.9).
func (b *Bridge) hand(ctx context.Context, s *shipment, mark Mark) (Mid, error) {
	forms := b.forms(ctx, s, s.d.Progress.Part)
	if s.d.Progress.Attempts > 0 && forms[0].replyTo != "" {
		forms = forms[len(forms)-1:]
	}
	for suspect := false; ; {
		mid, err := b.send(ctx, s, forms[0], mark)
		if err == nil && suspect {
			b.dropPersona(ctx, s)
		}
		r := RefusalOf(err)
		if err == nil || len(forms) == 1 || r.Verdict != Never || r.Reason != Rejected && r.Reason != FileRefused {
			return mid, err
		}
		b.Log.Info("refused, sending it in a plainer form", "page", s.page.ID, "delivery", s.d.Seq, "message", s.out.Message, "err", r.Err)
		suspect = r.Reason == Rejected && forms[0].persona != "" // the next form differs in nothing else
		if r.Reason == FileRefused {
			forms = forms[len(forms)-1:]
		} else {
			forms = forms[1:]
		}
	}
}

// forms are the ways to send a part, from the one that shows most to the plain one.
func (b *Bridge) forms(ctx context.Context, s *shipment, i int) []form {
	if s.out.Conversation.Kind == Comments {
		return []form{b.replyForm(s.out, i)}
	}
	all := []form{b.rich(s, i, ""), b.plain(s.out, i)}
	if persona := b.persona(ctx, s); persona != "" {
		all = slices.Insert(all, 0, b.rich(s, i, persona))
	}
	return slices.CompactFunc(all, func(one, next form) bool { return reflect.DeepEqual(one, next) })
}

// rich is the form of a part that shows what it answers, what kind of file it is and,
// by a persona, who wrote.
func (b *Bridge) rich(s *shipment, i int, persona string) form {
	f := form{Part: s.out.Parts[i], persona: persona}
	quoted := Mid("")
	switch {
	case s.out.Corrects:
		quoted = b.Receipts.MidOf(Mark{Message: s.out.Message})
	case s.out.Quote != nil:
		quoted = b.Receipts.MidOf(Mark{Message: s.out.Quote.Message})
	}
	if i == 0 {
		f.replyTo = quoted
	}
	if i == s.out.firstText() {
		f.Text = b.opening(s.out, f.persona == "", quoted == "") + f.Text
	}
	return f
}

// send makes one call.
func (b *Bridge) send(ctx context.Context, s *shipment, f form, mark Mark) (Mid, error) {
	parcel := Parcel{Part: f.Part, Mark: mark, ReplyTo: f.replyTo, Persona: f.persona, Tagged: s.d.Progress.Tagged,
		Comment: f.comment, Private: f.private, Edits: f.edits}
	if f.File != nil && f.comment != "" {
		return "", &Refusal{Verdict: Never, Reason: CommentFile}
	}
	if f.File != nil {
		content, err := b.open(ctx, s, *f.File)
		if err != nil {
			return "", err
		}
		defer content.Close()
		parcel.Content = content
	}
	return b.Sender.Send(ctx, s.page, s.out.Conversation.Customer, parcel)
}

// refusedPart decides what becomes of a part that Meta refused for good: a plain
// answer that came too late is tried once more as a person's.
func (b *Bridge) refusedPart(ctx context.Context, s *shipment, r *Refusal) error {
	p := &s.d.Progress
	if s.out.Conversation.Kind == Comments {
		return b.giveUpPart(s, s.whyNoReply(r), r)
	}
	switch r.Reason {
	case TagRefused:
		b.refuseTag(ctx, s.page)
	case WindowClosed:
		p.State = Waiting // it was certainly not sent
		if tag, err := b.mayTag(ctx, s); err != nil || tag {
			p.Tagged = tag
			if saved := b.save(s); saved != nil {
				return saved
			}
			return err
		}
		return b.giveUpPart(s, b.whyTooLate(s), r)
	}
	return b.giveUpPart(s, r.Reason, r)
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
	case s.page.State == PageNeedsAuth: // nothing is called with a dead token
		return &Refusal{Verdict: Again, Reason: PageLost, Gate: GatePage(s.page.ID), After: time.Hour}
	case s.page.State == PageOff:
		return &Refusal{Verdict: Again, Reason: PageOffReason, Gate: GatePage(s.page.ID), After: time.Hour}
	}
	return nil
}

// arrived goes on to the next part. Storing that also says that the next part is
// being tried, so it may be sent at once.
func (b *Bridge) arrived(s *shipment, mid Mid) error {
	mark := s.mark()
	receipts := []Receipt{{Page: s.out.Conversation.Page, Mid: mid, Mark: mark, With: s.out.Conversation}}
	if s.out.Conversation.Kind == Comments && !s.out.Private && mark.Part == 0 { // so that what becomes of it at Facebook is told here
		receipts = append(receipts, Receipt{Page: s.out.Conversation.Page, Mid: mid, Room: s.out.Room, Shown: []MessageID{s.out.Message}})
	}
	s.found = s.out.Round > 0 && s.d.Progress.Tried.Before(s.d.Accepted)
	s.d.Progress = Progress{State: Trying, Part: mark.Part + 1, Tried: b.Now(), Tagged: s.d.Progress.Tagged}
	if s.d.Progress.Part < len(s.out.Parts) {
		return b.save(s, receipts...)
	}
	s.receipts = append(s.receipts, receipts...)
	return nil
}

// shipped concludes a message of which the customer has every part.
func (b *Bridge) shipped(s *shipment) error {
	if b.told(s.out, StillWaiting, s.out.Round) {
		if err := b.tellAbout(s, Corrected, ""); err != nil {
			b.remember(s.d.Seq, s.d.Progress, s.receipts...)
			return err
		}
	}
	if s.out.Round > 0 {
		if err := b.tellAbout(s, Revised, ""); err != nil {
			b.remember(s.d.Seq, s.d.Progress, s.receipts...)
			return err
		}
	}
	for i := range s.receipts {
		s.receipts[i].Print = s.out.Print
	}
	if err := b.conclude(b.Outbox, s.d, metrics.Out, s.receipts...); err != nil {
		b.remember(s.d.Seq, s.d.Progress, s.receipts...)
		return err
	}
	b.forgetChange(s)
	b.forget(s.d.Seq)
	if !s.out.Automatic {
		b.spoke(s.out.Conversation, b.Now())
		if b.Delivered != nil {
			b.Delivered(metrics.Out)
		}
	}
	if c := s.out.Conversation; b.wantsReceipts(c) {
		t := b.Talks.Talk(c)
		if err := b.showHowFar(context.Background(), c, slices.MaxFunc([]time.Time{t.Received, t.Read}, time.Time.Compare).Add(-watermarkSlack)); err != nil {
			b.Log.Debug("not shown how far the customer is", "page", c.Page, "message", s.out.Message, "err", err)
		}
	}
	return nil
}
