package outbound

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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

// resolve finds out whether the current part reached the customer. The thread is read at
// once, and what stands there has arrived. What does not stand there yet may still come: the
// echo that carries our mark is waited for, and the thread is read once more. Only when that
// shows that it did not arrive may it be sent again; when nothing can be found out, the agent
// decides.
func (r resolver) resolve(ctx context.Context, a *attempt) error {
	p, now := &a.d.Progress, r.Now()
	if back := p.Tried.Sub(now); back > 0 { // by so much the clock was set back; it may take hours until it is there again
		r.progress.noteRollback(back)
		p.Tried = now
		if err := a.save(); err != nil {
			return err
		}
	}
	wait := p.Tried.Add(r.Times.EchoWait).Sub(now)
	switch {
	case wait > 0 && (a.out.Private || r.progress.hasLooked(a.d.Seq, p.Tried)):
		return settling(wait, errors.New("waiting for the echo"))
	case wait > 0:
		return r.lookFirst(ctx, a, wait)
	case a.out.Private:
		return r.resolvePrivate(a)
	}
	seen, err := r.readThread(ctx, a, false)
	if err != nil {
		return r.notReadable(a, bridge.RefusalOf(err))
	}
	return r.judge(a, seen)
}

// settling has the lane wait; an echo wakes it.
func settling(wait time.Duration, why error) error {
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.Deferred, After: wait, Err: why}
}

// lookFirst reads the thread while the echo may still come. What is not found there proves
// nothing yet.
func (r resolver) lookFirst(ctx context.Context, a *attempt, wait time.Duration) error {
	seen, err := r.readThread(ctx, a, true)
	if err == nil {
		if mid := r.found(a, seen); mid != "" {
			return a.arrived(mid)
		}
		r.progress.noteLook(a.d.Seq, a.d.Progress.Tried)
		return settling(wait, errors.New("not in the thread yet, waiting for the echo"))
	}
	refusal := bridge.RefusalOf(err)
	if refusal.Reason == bridge.RateLimited && refusal.After > 0 {
		wait = min(wait, refusal.After)
	} else {
		r.progress.noteLook(a.d.Seq, a.d.Progress.Tried)
	}
	return settling(wait, refusal)
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
func (r resolver) readThread(ctx context.Context, a *attempt, newest bool) (bridge.Sighting, error) {
	since := r.since(a.out, a.d.Accepted).Add(-bridge.ClocksDiffer - r.progress.rollback())
	s := bridge.Search{Forms: looksOf(a.style(), a.out, a.d.Progress.Part, r.edits.behind(a.d.Seq, a.out.Message)), Since: since, Newest: newest,
		Enough: func(seen bridge.Sighting) bool {
			complete, bare := r.complete(a, seen)
			return complete && !bare || r.found(a, seen) != ""
		}}
	if a.out.Conversation.Kind == bridge.Comments {
		return r.Sender.LookBelow(ctx, a.page, a.out.Comment, s)
	}
	return r.Sender.Look(ctx, a.page, a.out.Conversation.Customer, s)
}

// notReadable tries again until that took too long.
func (r resolver) notReadable(a *attempt, refusal *bridge.Refusal) error {
	tooLong := r.Now().Sub(r.triedSince(a)) > r.Times.ResolveFor
	given := refusal.Verdict == bridge.Never || tooLong && refusal.Gate == ""
	if given && r.probablyNew(a) {
		a.d.Progress.State = bridge.Queued
		return a.save()
	}
	if given {
		return r.endings.deadLetterPart(a, bridge.Unclear, refusal)
	}
	refusal.Verdict = bridge.Again
	return refusal
}

// found returns the message in the thread that the current part has become, or "". What a room shows has come from
// elsewhere: echoes of our own messages are not shown. Those of another bridge may be; comments are told apart by no echo.
func (r resolver) found(a *attempt, seen bridge.Sighting) bridge.Mid {
	mayBeShown := a.out.Conversation.Kind != bridge.Messages || r.earlier(a)
	i := slices.IndexFunc(seen.Like, func(mid bridge.Mid) bool {
		if of, ours := r.Memory.Receipts.TagOf(a.page.ID, mid); ours {
			return of == a.mark()
		}
		_, shown := r.Memory.Receipts.ShownAs(a.page.ID, mid)
		return mayBeShown || len(shown) == 0
	})
	if i < 0 {
		return ""
	}
	return seen.Like[i]
}

// judge decides by what the thread shows.
func (r resolver) judge(a *attempt, seen bridge.Sighting) error {
	if mid := r.found(a, seen); mid != "" {
		return a.arrived(mid)
	}
	p := &a.d.Progress
	switch complete, bare := r.complete(a, seen); {
	case (!complete || bare) && r.probablyNew(a): // it is as good as certain already
		p.State = bridge.Queued
		return a.save()
	case complete && bare && r.Now().Sub(p.Tried) <= r.Times.ResolveFor:
		return settling(0, errors.New("the thread shows messages without their words, and not all of them are known yet"))
	case !complete || bare:
		return r.endings.deadLetterPart(a, bridge.Unclear, errors.New("the thread shows too little to tell"))
	case p.Attempts >= maxAttempts:
		return r.endings.deadLetterPart(a, bridge.MetaError, fmt.Errorf("%d attempts, none arrived", p.Attempts))
	}
	if r.noneLater(a, seen) {
		r.progress.noteUnsent(a.d.Lane)
	}
	p.State = bridge.Queued
	return a.save()
}

// complete reports whether the thread would show the message, had it arrived; bare, whether
// it may be one of those of which the thread shows nothing but the id. A conversation's
// messages are sent one after another: if the thread shows one that was sent before this, it
// shows all that came later; not so if this was given up, because then later ones were sent
// meanwhile, and not if another bridge sent some. What a room shows already is the
// customer's, or another app's.
func (r resolver) complete(a *attempt, seen bridge.Sighting) (complete, bare bool) {
	complete = seen.Complete
	for _, mid := range seen.Shown {
		_, ours := r.Memory.Receipts.TagOf(a.page.ID, mid)
		switch {
		case ours && a.out.Since.IsZero() && a.d.Progress.State != bridge.Doubtful:
			complete, bare = true, false
		case ours || !slices.Contains(seen.Bare, mid):
		default:
			_, shown := r.Memory.Receipts.ShownAs(a.page.ID, mid)
			bare = bare || len(shown) == 0
		}
	}
	return complete && !seen.Obscure, bare
}
