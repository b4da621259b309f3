package pages

import (
	"context"
	"time"

	"messenger-bridge/bridge"
)

// Run tells Facebook again until ctx ends what it could not be told at once.
func (r *Revoker) Run(ctx context.Context) error {
	tried := map[bridge.PageID]time.Time{} // what an earlier run left is tried at once
	for {
		timer := time.NewTimer(r.tryDue(ctx, tried))
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-r.pending: // its first pause begins
			timer.Stop()
			r.noteFirst(tried)
		case <-timer.C:
		}
	}
}

// noteFirst notes of what has just been tried for the first time when that was.
func (r *Revoker) noteFirst(tried map[bridge.PageID]time.Time) {
	for _, one := range r.kept.all() {
		if tried[one.Page].Before(one.Since) {
			tried[one.Page] = r.now()
		}
	}
}

// tryDue makes the attempts whose time has come, and returns how long nothing has to be
// done.
func (r *Revoker) tryDue(ctx context.Context, tried map[bridge.PageID]time.Time) time.Duration {
	wait := revokeMost
	for _, one := range r.kept.all() {
		if !r.due(one, tried[one.Page]).After(r.now()) && ctx.Err() == nil {
			if r.tryAgain(ctx, one.Page) {
				continue
			}
			tried[one.Page] = r.now()
		}
		wait = min(wait, max(r.due(one, tried[one.Page]).Sub(r.now()), 0))
	}
	return wait
}

// due returns when the next attempt is to be made, after one at a time: pauses grow with
// the time that has passed, and end when it is too late.
func (r *Revoker) due(one bridge.Revocation, tried time.Time) time.Time {
	next := tried.Add(min(max(r.now().Sub(one.Since)/2, r.first), revokeMost))
	if over := one.Since.Add(r.tryFor); next.After(over) && tried.Before(over) {
		return over
	}
	return next
}

// tryAgain makes another attempt for a page and reports whether it was the last.
func (r *Revoker) tryAgain(ctx context.Context, id bridge.PageID) (over bool) {
	defer r.lock(id)()
	_, over = r.attempt(ctx, id)
	return over
}
