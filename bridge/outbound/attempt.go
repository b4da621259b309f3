package outbound

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"messenger-bridge/bridge"
)

// maxAttempts bounds how often one part is sent although Meta gives no reason for
// not delivering it. After each such attempt we found out that it did not arrive;
// refusals with a reason, however many, do not count.
const maxAttempts = 4

// attempt is one agent's message during a turn.
type attempt struct {
	o        *Outbound
	d        bridge.Delivery
	out      Outgoing
	page     bridge.Page
	status   int              // of HTTP, of a file that was not handed out
	code     string           // of Meta, of a message that was refused for good
	receipts []bridge.Receipt // of the last part: stored when the message is concluded
	found    bool             // the last part had arrived in an earlier retry
}

// run sends the message, part by part. Progress says what is on disk at each point; the
// resolver decides after an unknown outcome, whether it was this process or an earlier one
// that learnt nothing.
func (a *attempt) run(ctx context.Context) error {
	if done, err := a.revise(); done || err != nil {
		return err
	}
	if len(a.out.Parts) == 0 {
		return a.o.endings.deadLetter(a, bridge.Unsupported, errors.New("nothing in it that Messenger takes"))
	}
	if why := a.out.answerable(); why != "" {
		return a.o.endings.deadLetter(a, why, errors.New("it can answer no comment"))
	}
	for a.d.Progress.Part < len(a.out.Parts) {
		if done, err := endOvertaken(a); done || err != nil {
			return err
		}
		unclear := a.d.Progress.Unclear()
		if err := a.part(ctx); errors.Is(err, errEnded) {
			return nil
		} else if err != nil {
			return err
		}
		if unclear && untried(&a.out, a.d.Progress) { // its author may have changed it while that was found out
			if done, err := a.revise(); done || err != nil {
				return err
			}
		}
	}
	return a.conclude()
}

// revise decides what of a message is to be sent, if anything: done means that the
// delivery is concluded.
func (a *attempt) revise() (done bool, err error) {
	p := a.d.Progress
	now := circumstances{later: a.o.edits.behind(a.d.Seq, a.out.Message)}
	if len(now.later) > 0 {
		now.untried = untried(&a.out, p) && a.o.Memory.Receipts.MidOf(a.mark()) == "" // its echo may have come late
		now.nextTo = a.o.edits.nextTo(&a.d, now.later)
	}
	switch revise(&a.out, now) {
	case keptLater:
		return true, endKept(a)
	case deletedLater:
		return true, a.o.endings.tooLate(a)
	case withdraw:
		return true, a.o.endings.withdraw(a)
	case skipIt:
		return true, a.o.endings.skip(a)
	case sendNewest:
		a.out.becomeNewest(now.later[len(now.later)-1].out)
	case sendCorrect: // if the customer has no version, it is a message like any other
		if why := moved(a); why != "" {
			return true, endUnsent(a, why)
		}
		has, _ := a.o.has(a.out.Message)
		keepEdits := a.o.style(a.out.Conversation.Page).settings.KeepEdits
		tried := p.Part > 0 || p.Attempts > 0 || p.State == bridge.OutcomeUnknown // by this bridge
		if a.o.edits.hasAny(a.out.Message) && !a.out.becomeCorrection(has, !tried, keepEdits) {
			return true, a.o.endings.skip(a)
		}
	}
	return false, nil
}

// untried reports whether nothing of a message can have been sent: nobody tried, or what was tried is known not to have
// arrived. Of private answers that is not known (resolvePrivate).
func untried(out *Outgoing, p bridge.Progress) bool {
	return p.Part == 0 && !p.Unclear() && (p.Attempts == 0 || p.State == bridge.Queued && !out.Private)
}

// mark is that of the current part.
func (a *attempt) mark() bridge.SendTag {
	return bridge.SendTag{Message: a.out.Message, Part: a.d.Progress.Part, Edit: a.out.Edit}
}

// style is how the page's messages are composed, as soon as the page is found.
func (a *attempt) style() style {
	return style{settings: a.page.Settings, say: a.o.Say, sender: a.o.Sender}
}

func (a *attempt) save(receipts ...bridge.Receipt) error {
	return a.o.progress.save(a.d.Seq, a.d.Progress, receipts...)
}

// part brings the current part one step further: nil means look at the next
// part, or at this one again; a Refusal, that the lane must wait.
func (a *attempt) part(ctx context.Context) error {
	p := &a.d.Progress
	if p.State == bridge.Doubtful && a.o.progress.unsent(a.d.Lane, a.d.Seq) {
		p.State = bridge.Queued
		return nil
	}
	if p.State != bridge.InFlight { // nothing is sent again while there is proof that it arrived
		if mid := a.o.Memory.Receipts.MidOf(a.mark()); mid != "" {
			return a.arrived(mid)
		}
	}
	if err := a.findPage(); err != nil {
		return err
	}
	if takenBack(ctx, a) {
		return a.o.endings.takenBack(a)
	}
	switch p.State {
	case bridge.OutcomeUnknown, bridge.Doubtful:
		return a.o.resolver.resolve(ctx, a)
	case bridge.Queued:
		p.State, p.Tried = bridge.InFlight, a.o.Now()
		if err := a.save(); err != nil {
			return err
		}
	}
	if a.out.outlived(a.o.window(a.out.Conversation), a.o.Now()) {
		return a.o.endings.dropOutlived(a)
	}
	mid, err := a.hand(ctx)
	if err != nil {
		return a.notTaken(ctx, bridge.RefusalOf(err))
	}
	a.o.alone.took(channelOf(a))
	if a.page.State == bridge.PageHeld {
		a.o.Hooks.PageSent(a.page.ID)
	}
	return a.arrived(mid)
}

// findPage looks up the page as it is now.
func (a *attempt) findPage() (err error) {
	a.page, err = a.o.Memory.Pages.Page(a.out.Conversation.Page)
	wait := func(why bridge.Reason) error {
		return &bridge.Refusal{Verdict: bridge.Again, Reason: why, Gate: bridge.GatePage(a.page.ID), After: time.Hour}
	}
	switch {
	case errors.Is(err, bridge.ErrNoPage) && a.d.Progress.Unclear():
		return a.o.endings.deadLetterPart(a, bridge.Unclear, err)
	case errors.Is(err, bridge.ErrNoPage):
		return a.o.endings.deadLetterPart(a, bridge.PageGone, err)
	case err != nil:
		return bridge.StoreRefusal(err)
	case a.page.State == bridge.PageNeedsAuth: // nothing is called with a dead token
		return wait(bridge.PageLost)
	case a.page.State == bridge.PageOff:
		return wait(bridge.PageOffReason)
	}
	return nil
}

// hand gives the current part to Messenger, in the best form that it takes: what Meta
// refuses for good is sent more plainly. After an attempt of which nobody knew what
// became, nothing fancy is tried again (messenger.md 3.9).
func (a *attempt) hand(ctx context.Context) (bridge.Mid, error) {
	forms := a.forms(ctx)
	if a.d.Progress.Attempts > 0 && forms[0].replyTo != "" {
		forms = forms[len(forms)-1:]
	}
	for onlyPersona := false; ; { // the form before differed in nothing but its persona
		mid, err := a.send(ctx, forms[0])
		if err == nil && onlyPersona {
			a.o.personas.drop(ctx, a.page, &a.out)
		}
		if err == nil || len(forms) == 1 {
			return mid, err
		}
		r := bridge.RefusalOf(err)
		if r.Verdict != bridge.Never || !isOfForm(r, forms[0]) {
			return mid, err
		}
		a.o.Log.Info("refused, sending it in a plainer form", "page", a.page.ID, "delivery", a.d.Seq, "message", a.out.Message, "err", r.Err)
		onlyPersona = !ofFile[r.Reason] && forms[0].persona != ""
		if ofFile[r.Reason] {
			forms = forms[len(forms)-1:]
		} else {
			forms = forms[1:]
		}
	}
}

// isOfForm reports whether something refused may be taken in a plainer form. Meta takes larger files than
// pictures; what our own settings refuse has no code.
func isOfForm(r *bridge.Refusal, f form) bool {
	switch r.Reason {
	case bridge.Rejected, bridge.Unexplained, bridge.FileRefused:
		return true
	case bridge.FileTooBig:
		return r.Code != "" && f.File != nil && f.File.Kind == "image"
	}
	return false
}

// forms are the ways to send the current part, from the one that shows most to the plain
// one.
func (a *attempt) forms(ctx context.Context) []form {
	i, by, out := a.d.Progress.Part, a.style(), a.out
	if out.Quote != nil && a.o.conceals(out.Quote) { // it may have become a note meanwhile
		out.Quote = nil
	}
	if a.out.Conversation.Kind == bridge.Comments {
		f := replyForm(a.out, i)
		if a.out.Corrects && !a.out.Private {
			if had := partsOf(a); i < len(had) { // it takes the place of the public one
				f.edits = had[i]
			}
		}
		return []form{f}
	}
	quoted := bridge.Mid("")
	if answers := out.answers(); answers != "" {
		quoted = a.o.Memory.Receipts.MidOf(bridge.SendTag{Message: answers})
	}
	all := []form{rich(by, out, i, quoted, ""), plain(by, out, i)}
	if persona := a.o.personas.of(ctx, a.page, &a.out); persona != "" {
		all = slices.Insert(all, 0, rich(by, out, i, quoted, persona))
	}
	return slices.CompactFunc(all, func(a, b form) bool { // what stands below the text is the same in all
		return a.Text == b.Text && a.replyTo == b.replyTo && a.persona == b.persona && reflect.DeepEqual(a.File, b.File)
	})
}

// send makes one call.
func (a *attempt) send(ctx context.Context, f form) (bridge.Mid, error) {
	parcel := bridge.OutboundPart{Part: f.Part, Tag: a.mark(), ReplyTo: f.replyTo, Persona: f.persona, Tagged: a.d.Progress.Tagged,
		Comment: f.comment, Private: f.private, Edits: f.edits}
	if f.File != nil && f.comment != "" {
		return "", &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.CommentFile}
	}
	if f.File != nil {
		content, err := a.o.open(ctx, a.page, &a.out, *f.File)
		if err != nil {
			return "", err
		}
		defer content.Close()
		parcel.Content = content
	}
	return a.o.Sender.Send(ctx, a.page, a.out.Conversation.Customer, parcel)
}

// notTaken decides what becomes of the current part after a call that did not succeed.
func (a *attempt) notTaken(ctx context.Context, r *bridge.Refusal) error {
	p := &a.d.Progress
	switch r = a.o.alone.judge(a, a.o.failing.judge(ctx, a, r)); {
	case r.Verdict == bridge.Never && ofFile[r.Reason] && len(a.out.Parts) > 1 && a.out.Parts[p.Part].File != nil:
		return a.o.endings.skipFile(a, r)
	case r.Verdict == bridge.Never:
		return a.refused(ctx, r)
	case r.Verdict == bridge.Again:
		p.State = bridge.Queued
		if err := a.save(); err != nil {
			return err
		}
		if r.Gate == bridge.GatePage(a.page.ID) {
			a.o.Hooks.PageRefused(a.page.ID, r)
		}
		return r
	}
	a.o.Log.Info("outcome unknown, finding out", "page", a.page.ID, "delivery", a.d.Seq, "message", a.out.Message, "err", r.Err)
	p.State, p.Tried = bridge.OutcomeUnknown, a.o.Now()
	if ctx.Err() == nil { // what we cut short ourselves is no failure of Meta's
		p.Attempts++
	}
	return a.save()
}

// refused decides what becomes of a part that Meta refused for good: a plain
// answer that came too late is tried once more as a person's.
func (a *attempt) refused(ctx context.Context, r *bridge.Refusal) error {
	if a.out.Conversation.Kind == bridge.Comments {
		if r.Reason == bridge.CommentsBarred {
			a.o.Hooks.PageRefused(a.page.ID, r)
		}
		return a.o.endings.deadLetterPart(a, whyNoReply(r, a.d.Progress.Attempts), r)
	}
	switch r.Reason {
	case bridge.TagRefused:
		a.o.tag.refuse(ctx, a.page)
	case bridge.WindowClosed:
		a.d.Progress.State = bridge.Queued // it was certainly not sent
		if tag, err := a.o.tag.may(ctx, a); err != nil || tag {
			a.d.Progress.Tagged = tag
			if saved := a.save(); saved != nil {
				return saved
			}
			return err
		}
		return a.o.endings.deadLetterPart(a, a.o.tag.whyTooLate(a), r)
	}
	return a.o.endings.deadLetterPart(a, r.Reason, r)
}

// arrived goes on to the next part. Storing that also says that the next part is
// being tried, so it may be sent at once.
func (a *attempt) arrived(mid bridge.Mid) error {
	mark, page := a.mark(), a.out.Conversation.Page
	var receipts []bridge.Receipt
	if a.out.Conversation.Kind == bridge.Comments && mark.Edit > 0 { // whichever version it is of, the next one takes its place
		receipts = append(receipts, bridge.Receipt{Page: page, Mid: mid, Tag: bridge.SendTag{Message: mark.Message, Part: mark.Part}, With: a.out.Conversation})
	}
	receipts = append(receipts, bridge.Receipt{Page: page, Mid: mid, Tag: mark, With: a.out.Conversation})
	if a.out.Conversation.Kind == bridge.Comments && !a.out.Private && mark.Part == 0 { // so that what becomes of it at Facebook is told here
		receipts = append(receipts, bridge.Receipt{Page: page, Mid: mid, Room: a.out.Room, Shown: []bridge.MessageID{a.out.Message}})
	}
	a.found = a.out.RetryNo > 0 && a.d.Progress.Tried.Before(a.d.Accepted)
	a.d.Progress = a.o.nextPart(a)
	if a.d.Progress.Part < len(a.out.Parts) {
		return a.save(receipts...)
	}
	a.receipts = append(a.receipts, receipts...)
	return nil
}
