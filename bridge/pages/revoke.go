package pages

import (
	"context"
	"fmt"
	"time"

	"messenger-bridge/bridge"
)

// Taking back what was allowed at Facebook: the page's subscription, and with the
// last page of a person everything that person allowed. Stopped…
//
//  1. before the revocation is stored: nothing has happened.
//  2. before the page's token is deleted: the next attempt finds page and revocation of
//     the same revision, and goes on here.
//  3. before Facebook's answer: Facebook is told again, which is harmless.
//  4. before the revocation is erased: likewise, and the outcome is announced once.

// revokeFor is how long Facebook is told again that it cannot be reached; then what
// is kept for that is erased.
const revokeFor = 24 * time.Hour

// Pauses between attempts grow with the time that has passed.
const (
	revokeFirst = 30 * time.Second
	revokeMost  = time.Hour
)

// Revoker disconnects and deletes pages, and takes back what Facebook was allowed.
type Revoker struct {
	*registry
	kept          *revocations
	login         bridge.Authorizer
	subscriptions bridge.Subscriber
	tryFor        time.Duration
	first         time.Duration
	pending       chan struct{} // holds one token when Facebook has to be told again
}

// Disconnect deletes a page's token and takes back what was allowed at Facebook; its
// settings are kept for a return.
func (r *Revoker) Disconnect(ctx context.Context, id bridge.PageID, by bridge.Author) (bridge.Page, Revoked, error) {
	defer r.lock(id)()
	page, err := r.pages.Page(id)
	if err != nil {
		return page, "", err
	}
	if page.Token == "" && page.Why.Kind == bridge.Disconnected { // somebody, or an earlier run, has got this far
		revoked, _ := r.attempt(ctx, id)
		return page, revoked, nil
	}
	if err := r.kept.keep(ctx, page, by.Username); err != nil {
		return page, "", err
	}
	if page, err = r.deleteToken(ctx, id, by.Username); err != nil {
		return page, "", err
	}
	revoked := r.firstAttempt(ctx, id)
	r.announce(ctx, page, r.say.Say("*%s* was disconnected by @%s. Its settings are kept; `/facebook authorize` connects it again.", page.PlainName(), by.Username)+" "+revoked.In(r.say))
	return page, revoked, nil
}

// Delete forgets a page and its settings, after taking back what was allowed at
// Facebook. Answers that wait for it return to their agents. by is empty for an
// operator.
func (r *Revoker) Delete(ctx context.Context, id bridge.PageID, by bridge.Author) (bridge.Page, Revoked, error) {
	defer r.lock(id)()
	page, err := r.pages.Page(id)
	if err != nil {
		return page, "", err
	}
	if err := r.kept.keep(ctx, page, by.Username); err != nil {
		return page, "", err
	}
	if err := r.pages.DeletePage(ctx, id); err != nil {
		return page, "", err
	}
	r.gaps.Off(id)
	r.changed(id)
	revoked := r.firstAttempt(ctx, id)
	text := r.say.Say("*%s* and its settings were deleted by an operator. Its rooms stay readable.", page.PlainName())
	if by.Username != "" {
		text = r.say.Say("*%s* and its settings were deleted by @%s. Its rooms stay readable.", page.PlainName(), by.Username)
	}
	r.announceOnce(ctx, fmt.Sprintf("deleted/%s/%d", page.ID, page.Rev), text+" "+revoked.In(r.say))
	return page, revoked, nil
}

func (r *Revoker) deleteToken(ctx context.Context, id bridge.PageID, by string) (bridge.Page, error) {
	return r.update(ctx, id, func(p *bridge.Page) {
		loseGrant(p)
		p.State, p.Why = bridge.PageNeedsAuth, bridge.Trouble{Kind: bridge.Disconnected, About: "@" + by}
	})
}

// loseGrant deletes what somebody allowed for the page.
func loseGrant(p *bridge.Page) {
	p.Token, p.TokenKind, p.Expires, p.Checked, p.Grant = "", "", time.Time{}, time.Time{}, ""
}

// firstAttempt tells Facebook at once, if there is something to take back. The caller
// holds the page's lock.
func (r *Revoker) firstAttempt(ctx context.Context, id bridge.PageID) Revoked {
	one, found := r.kept.of(id)
	if !found {
		return NothingRevoked
	}
	revoked, err := r.takeBack(ctx, one)
	if err == nil {
		err = r.kept.EraseRevocation(ctx, id)
	}
	if err != nil {
		r.log.Warn("Facebook could not be told that a page was disconnected; tried again", "page", id, "err", err)
		select {
		case r.pending <- struct{}{}:
		default:
		}
	}
	return revoked
}

// takeBack tells Facebook. An error means that it was not reached.
func (r *Revoker) takeBack(ctx context.Context, one bridge.Revocation) (revoked Revoked, err error) {
	revoked = RevokedPage
	if one.Grant == "" && !one.Anew {
		revoked = RevokedByHand
	}
	if one.Token != "" && !r.kept.connectedAgain(one) {
		err := r.subscriptions.UnsubscribePage(ctx, bridge.Page{ID: one.Page, Token: one.Token})
		if bridge.RefusalOf(err).Reason == bridge.PageLost { // with a dead token nothing can be taken back any more
			err = nil
		}
		switch refused, unreached := r.judge(one.Page, "unsubscribe a page", err); {
		case unreached != nil:
			return RevokeLater, unreached
		case refused:
			revoked = RevokeRefused
		}
	}
	if one.Grant != "" && !r.kept.needed(one.Grant) {
		revoked = RevokedGrant
		switch refused, unreached := r.judge(one.Page, "end a grant", r.login.EndGrant(ctx, one.Grant)); {
		case unreached != nil:
			return RevokeLater, unreached
		case refused:
			revoked = RevokeRefused
		}
	}
	return revoked, nil
}

// judge tells what Facebook has refused for good from what it was not reached for.
func (r *Revoker) judge(id bridge.PageID, what string, err error) (refused bool, unreached error) {
	if err == nil {
		return false, nil
	}
	reason := bridge.RefusalOf(err)
	if reason.Verdict != bridge.Never && reason.Reason != bridge.NotApproved { // that may end by itself
		return false, err
	}
	r.log.Warn("Facebook refused to "+what, "page", id, "reason", reason.Reason, "err", reason.Err)
	return true, nil
}

// attempt makes an attempt with what is kept, announces the outcome, and reports whether
// it was the last. The caller holds the page's lock.
func (r *Revoker) attempt(ctx context.Context, id bridge.PageID) (revoked Revoked, over bool) {
	one, found := r.kept.of(id)
	if !found {
		return NothingRevoked, true
	}
	if page, err := r.pages.Page(id); err == nil && page.Token != "" && page.Rev == one.Rev { // stopped at point 2
		if _, err := r.deleteToken(ctx, id, one.By); err != nil {
			r.log.Warn("a page could not be disconnected", "page", id, "err", err)
			return RevokeLater, false
		}
	}
	if r.kept.open(one) {
		var err error
		if revoked, err = r.takeBackInTime(ctx, one); err != nil {
			r.log.Debug("Facebook could not be told again", "page", id, "err", err)
			return revoked, false
		}
		r.announceOnce(ctx, fmt.Sprintf("revoked/%s/%d/%s", id, one.Since.Unix(), revoked),
			r.say.Say("*%s* was disconnected.", bridge.PlainWords(one.Name))+" "+revoked.In(r.say))
	}
	if err := r.kept.EraseRevocation(ctx, id); err != nil {
		r.log.Warn("a revocation was not erased", "page", id, "err", err)
		return revoked, false
	}
	return revoked, true
}

// takeBackInTime tells Facebook, unless it is too late for that.
func (r *Revoker) takeBackInTime(ctx context.Context, one bridge.Revocation) (Revoked, error) {
	if r.now().Sub(one.Since) >= r.tryFor {
		return RevokeExpired, nil
	}
	return r.takeBack(ctx, one)
}
