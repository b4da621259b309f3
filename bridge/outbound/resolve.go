package outbound

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"messenger-bridge/bridge"
)

// resolver finds out whether parts of unknown outcome reached the customer
// (docs/decisions/003-unknown-outcome.md).
type resolver struct {
	*Config
	progress *progress
	edits    *edits
	endings  endings
}

// resolve finds out whether the current part reached the customer: it waits for
// the echo that carries our mark, then reads the thread. Only when the thread
// shows that it did not arrive may it be sent again; when nothing can be found
// out, the agent decides.
func (r resolver) resolve(ctx context.Context, a *attempt) error {
	p, now := &a.d.Progress, r.Now()
	if back := p.Tried.Sub(now); back > 0 { // by so much the clock was set back; it may take hours until it is there again
		r.progress.noteRollback(back)
		p.Tried = now
		if err := a.save(); err != nil {
			return err
		}
	}
	if wait := p.Tried.Add(r.Times.EchoWait).Sub(now); wait > 0 {
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.Deferred, After: wait, Err: errors.New("waiting for the echo")}
	}
	if a.out.Private {
		return r.resolvePrivate(a)
	}
	seen, err := r.readThread(ctx, a)
	if err != nil {
		return r.notReadable(a, bridge.RefusalOf(err))
	}
	return r.judge(a, seen)
}

// resolvePrivate decides about a private answer of which nobody knows whether it
// arrived, and which no echo has proven: Facebook takes only one for each comment, so
// it may be sent again.
func (r resolver) resolvePrivate(a *attempt) error {
	p := &a.d.Progress
	if p.Attempts >= maxAttempts {
		return r.endings.deadLetterPart(a, bridge.Unclear, errors.New("no attempt told what became of it"))
	}
	p.State, p.Attempts = bridge.Queued, max(p.Attempts, 1)
	return a.save()
}

// readThread reads what may show that a part has arrived: the thread, or what stands below
// the comment that it answers.
func (r resolver) readThread(ctx context.Context, a *attempt) (bridge.Sighting, error) {
	since := r.since(a.out, a.d.Accepted).Add(-bridge.ClocksDiffer - r.progress.rollback())
	forms := looksOf(a.style(), a.out, a.d.Progress.Part, r.edits.behind(a.d.Seq, a.out.Message))
	if a.out.Conversation.Kind == bridge.Comments {
		return r.Sender.LookBelow(ctx, a.page, a.out.Comment, forms, since)
	}
	return r.Sender.Look(ctx, a.page, a.out.Conversation.Customer, forms, since)
}

// notReadable tries again until that took too long.
func (r resolver) notReadable(a *attempt, refusal *bridge.Refusal) error {
	tooLong := r.Now().Sub(r.triedSince(a)) > r.Times.ResolveFor
	if refusal.Verdict == bridge.Never || tooLong && refusal.Gate == "" {
		return r.endings.deadLetterPart(a, bridge.Unclear, refusal)
	}
	refusal.Verdict = bridge.Again
	return refusal
}

// judge decides by what the thread shows.
func (r resolver) judge(a *attempt, seen bridge.Sighting) error {
	for _, mid := range seen.Like {
		if other, known := r.Memory.Receipts.TagOf(a.page.ID, mid); !known || other == a.mark() {
			return a.arrived(mid)
		}
	}
	p := &a.d.Progress
	switch {
	case !r.complete(a, seen):
		return r.endings.deadLetterPart(a, bridge.Unclear, errors.New("the thread shows too little to tell"))
	case p.Attempts >= maxAttempts:
		return r.endings.deadLetterPart(a, bridge.MetaError, fmt.Errorf("%d attempts, none arrived", p.Attempts))
	}
	p.State = bridge.Queued
	if r.noneLater(a, seen) {
		r.progress.noteUnsent(a.d.Lane, a.d.Seq)
	}
	return a.save()
}

// complete reports whether the thread would show the message, had it arrived. A
// conversation's messages are sent one after another: if the thread shows one that was
// sent before this, it shows all that came later; not so if this was given up, because
// then later ones were sent meanwhile, and not if another bridge sent some.
func (r resolver) complete(a *attempt, seen bridge.Sighting) bool {
	switch {
	case seen.Obscure:
		return false
	case seen.Complete:
		return true
	}
	return a.out.Since.IsZero() && !r.earlier(a) && slices.ContainsFunc(seen.Shown, func(mid bridge.Mid) bool {
		_, known := r.Memory.Receipts.TagOf(a.page.ID, mid)
		return known
	})
}
