package pages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// Taking back what was allowed at Facebook: the page's subscription, and with the
// last page of a person everything that person allowed. Stopped…
//
//  1. before the revocation is stored: nothing has happened.
//  2. before the page's token is deleted: the next look finds page and revocation of
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

// Revoked is what became of what was allowed at Facebook for a page.
type Revoked string

const (
	NothingRevoked Revoked = ""        // there was no token
	RevokedPage    Revoked = "page"    // its subscription; other pages still need the person's permissions
	RevokedGrant   Revoked = "grant"   // and all that the person had allowed
	RevokedByHand  Revoked = "by-hand" // its subscription; the token itself can only be deleted at Facebook
	RevokeLater    Revoked = "later"   // Facebook was not reached, and is told again
	RevokeRefused  Revoked = "refused" // by Facebook, for good
	RevokeExpired  Revoked = "expired" // Facebook was not reached for 24 hours
)

var revokedTexts = map[Revoked]string{
	RevokedPage:   language.Sentence("Nothing of it arrives here any more."),
	RevokedGrant:  language.Sentence("Nothing of it arrives here any more, and Facebook has ended what the person who connected it had allowed."),
	RevokedByHand: language.Sentence("Nothing of it arrives here any more. Its access token was made by hand: delete it at Facebook, too."),
	RevokeLater:   language.Sentence("Facebook cannot be reached to take back what was allowed. The bridge tries again for 24 hours, and the setup channel hears how that ends."),
	RevokeRefused: language.Sentence("Facebook refused to take back what was allowed. Remove the app there by hand: Settings, Business integrations."),
	RevokeExpired: language.Sentence("Facebook could not be reached for 24 hours to take back what was allowed. The bridge has now erased what it had kept for that. Remove the app there by hand: Settings, Business integrations."),
}

// In says it in whole sentences; "" if there is nothing to say.
func (r Revoked) In(say *language.Speaker) string {
	if text := revokedTexts[r]; text != "" {
		return say.Say(text)
	}
	return ""
}

// Disconnect deletes a page's token and takes back what was allowed at Facebook; its
// settings are kept for a return.
func (c *Connector) Disconnect(ctx context.Context, id bridge.PageID, by bridge.Author) (bridge.Page, Revoked, error) {
	defer c.alone(id)()
	page, err := c.Pages.Page(id)
	if err != nil {
		return page, "", err
	}
	if page.Token == "" && page.Why.Kind == bridge.Disconnected { // somebody, or an earlier run, has got this far
		revoked, _ := c.revokeKept(ctx, id)
		return page, revoked, nil
	}
	if err := c.keepRevocation(ctx, page, by.Username); err != nil {
		return page, "", err
	}
	if page, err = c.disconnect(ctx, id, by.Username); err != nil {
		return page, "", err
	}
	revoked := c.revokeOnce(ctx, id)
	c.announce(ctx, page, c.Say.Say("*%s* was disconnected by @%s. Its settings are kept; `/facebook authorize` connects it again.", page.DisplayName(), by.Username)+" "+revoked.In(c.Say))
	return page, revoked, nil
}

// Delete forgets a page and its settings, after taking back what was allowed at
// Facebook. Answers that wait for it return to their agents. by is empty for an
// operator.
func (c *Connector) Delete(ctx context.Context, id bridge.PageID, by bridge.Author) (bridge.Page, Revoked, error) {
	defer c.alone(id)()
	page, err := c.Pages.Page(id)
	if err != nil {
		return page, "", err
	}
	if err := c.keepRevocation(ctx, page, by.Username); err != nil {
		return page, "", err
	}
	if err := c.Pages.DeletePage(ctx, id); err != nil {
		return page, "", err
	}
	c.Changed(id)
	revoked := c.revokeOnce(ctx, id)
	text := c.Say.Say("*%s* and its settings were deleted by an operator. Its rooms stay readable.", page.DisplayName())
	if by.Username != "" {
		text = c.Say.Say("*%s* and its settings were deleted by @%s. Its rooms stay readable.", page.DisplayName(), by.Username)
	}
	c.announceOnce(ctx, fmt.Sprintf("deleted/%s/%d", page.ID, page.Rev), text+" "+revoked.In(c.Say))
	return page, revoked, nil
}

func (c *Connector) keepRevocation(ctx context.Context, p bridge.Page, by string) error {
	if p.Token == "" {
		return nil
	}
	return c.Revocations.SaveRevocation(ctx, p.Revocation(by, c.Now()))
}

func (c *Connector) disconnect(ctx context.Context, id bridge.PageID, by string) (bridge.Page, error) {
	return c.update(ctx, id, func(p *bridge.Page) {
		loseGrant(p)
		p.State, p.Why = bridge.PageNeedsAuth, bridge.Trouble{Kind: bridge.Disconnected, About: "@" + by}
	})
}

// loseGrant deletes what somebody allowed for the page.
func loseGrant(p *bridge.Page) {
	p.Token, p.TokenKind, p.Expires, p.Checked, p.Grant = "", "", time.Time{}, time.Time{}, ""
}

// revokeOnce tells Facebook at once, if there is something to take back. The caller
// has the page alone.
func (c *Connector) revokeOnce(ctx context.Context, id bridge.PageID) Revoked {
	r, found := c.revocation(id)
	if !found {
		return NothingRevoked
	}
	revoked, err := c.takeBack(ctx, r)
	if err == nil {
		err = c.Revocations.EraseRevocation(ctx, id)
	}
	if err != nil {
		c.Log.Warn("Facebook could not be told that a page was disconnected; tried again", "page", id, "err", err)
		select {
		case c.unrevoked <- struct{}{}:
		default:
		}
	}
	return revoked
}

func (c *Connector) revocation(id bridge.PageID) (bridge.Revocation, bool) {
	all, err := c.Revocations.Revocations()
	if err != nil {
		c.Log.Warn("revocations could not be read", "err", err)
	}
	for _, r := range all {
		if r.Page == id {
			return r, true
		}
	}
	return bridge.Revocation{}, false
}

// takeBack tells Facebook. An error means that it was not reached.
func (c *Connector) takeBack(ctx context.Context, r bridge.Revocation) (revoked Revoked, err error) {
	revoked = RevokedPage
	if r.Grant == "" {
		revoked = RevokedByHand
	}
	if r.Token != "" && !c.connectedAgain(r) {
		err := c.Authority.UnsubscribePage(ctx, bridge.Page{ID: r.Page, Token: r.Token})
		switch reason := bridge.RefusalOf(err); {
		case err == nil, reason.Reason == bridge.PageLost: // with a dead token nothing can be taken back any more
		case passes(reason):
			return RevokeLater, err
		default:
			c.Log.Warn("Facebook refused to unsubscribe a page", "page", r.Page, "reason", reason.Reason, "err", reason.Err)
			revoked = RevokeRefused
		}
	}
	if r.Grant != "" && !c.needed(r.Grant) {
		err := c.Authority.EndGrant(ctx, r.Grant)
		switch reason := bridge.RefusalOf(err); {
		case err == nil:
			revoked = RevokedGrant
		case passes(reason):
			return RevokeLater, err
		default:
			c.Log.Warn("Facebook refused to end a grant", "page", r.Page, "reason", reason.Reason, "err", reason.Err)
			revoked = RevokeRefused
		}
	}
	return revoked, nil
}

// passes tells a refusal that may end by itself.
func passes(r *bridge.Refusal) bool {
	return r.Verdict != bridge.Never && r.Reason != bridge.NotApproved
}

// connectedAgain reports whether the page got another token since.
func (c *Connector) connectedAgain(r bridge.Revocation) bool {
	page, err := c.Pages.Page(r.Page)
	return err == nil && page.Token != "" && page.Rev != r.Rev
}

// needed reports whether a page is connected by what a person allowed.
func (c *Connector) needed(grant string) bool {
	for _, p := range c.Pages.Pages() {
		if p.Grant == grant && p.Token != "" {
			return true
		}
	}
	return false
}

// spare keeps revocations from ending what a person has just allowed anew.
func (c *Connector) spare(ctx context.Context, grant string) error {
	return c.changeRevocations(ctx, grant, func(r bridge.Revocation) error {
		r.Grant = ""
		return c.Revocations.SaveRevocation(ctx, r)
	})
}

// changeRevocations calls change for each revocation of a grant, with its page alone.
func (c *Connector) changeRevocations(ctx context.Context, grant string, change func(bridge.Revocation) error) error {
	all, err := c.Revocations.Revocations()
	for _, r := range all {
		if grant == "" || r.Grant != grant {
			continue
		}
		done := c.alone(r.Page)
		if r, found := c.revocation(r.Page); found {
			err = errors.Join(err, change(r))
		}
		done()
	}
	return err
}

// KeepRevoking tells Facebook again until ctx ends what it could not be told at once.
func (c *Connector) KeepRevoking(ctx context.Context) error {
	tried := map[bridge.PageID]time.Time{} // what an earlier run left is tried at once
	for {
		timer := time.NewTimer(c.revokeDue(ctx, tried))
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-c.unrevoked: // its first pause begins
			timer.Stop()
			c.sawRevocations(tried)
		case <-timer.C:
		}
	}
}

// sawRevocations says of what has just been tried for the first time when that was.
func (c *Connector) sawRevocations(tried map[bridge.PageID]time.Time) {
	all, _ := c.Revocations.Revocations() // read again at once
	for _, r := range all {
		if tried[r.Page].Before(r.Since) {
			tried[r.Page] = c.Now()
		}
	}
}

// revokeDue makes the attempts whose time has come, and returns how long nothing has
// to be done.
func (c *Connector) revokeDue(ctx context.Context, tried map[bridge.PageID]time.Time) time.Duration {
	wait := revokeMost
	all, err := c.Revocations.Revocations()
	if err != nil {
		c.Log.Warn("revocations could not be read", "err", err)
	}
	for _, r := range all {
		next := tried[r.Page].Add(c.revokePause(r))
		if over := r.Since.Add(c.RevokeFor); next.After(over) {
			next = over
		}
		if !next.After(c.Now()) && ctx.Err() == nil {
			if c.revokeAgain(ctx, r.Page) {
				continue
			}
			tried[r.Page] = c.Now()
			next = c.Now().Add(c.revokePause(r))
		}
		wait = min(wait, max(next.Sub(c.Now()), 0))
	}
	return wait
}

func (c *Connector) revokePause(r bridge.Revocation) time.Duration {
	return min(max(c.Now().Sub(r.Since)/2, c.RevokeFirst), revokeMost)
}

// revokeAgain makes another attempt for a page and reports whether it was the last.
func (c *Connector) revokeAgain(ctx context.Context, id bridge.PageID) (over bool) {
	defer c.alone(id)()
	_, over = c.revokeKept(ctx, id)
	return over
}

// revokeKept makes an attempt with what is kept, and announces the outcome. The
// caller has the page alone.
func (c *Connector) revokeKept(ctx context.Context, id bridge.PageID) (revoked Revoked, over bool) {
	r, found := c.revocation(id)
	if !found {
		return NothingRevoked, true
	}
	if page, err := c.Pages.Page(id); err == nil && page.Token != "" && page.Rev == r.Rev { // stopped at point 2
		if _, err := c.disconnect(ctx, id, r.By); err != nil {
			c.Log.Warn("a page could not be disconnected", "page", id, "err", err)
			return RevokeLater, false
		}
	}
	if !c.connectedAgain(r) || r.Grant != "" && !c.needed(r.Grant) {
		revoked = RevokeExpired
		if c.Now().Sub(r.Since) < c.RevokeFor {
			var err error
			if revoked, err = c.takeBack(ctx, r); err != nil {
				c.Log.Debug("Facebook could not be told again", "page", id, "err", err)
				return revoked, false
			}
		}
		c.announceOnce(ctx, fmt.Sprintf("revoked/%s/%d/%s", id, r.Since.Unix(), revoked),
			c.Say.Say("*%s* was disconnected.", r.Name)+" "+revoked.In(c.Say))
	}
	if err := c.Revocations.EraseRevocation(ctx, id); err != nil {
		c.Log.Warn("a revocation was not erased", "page", id, "err", err)
		return revoked, false
	}
	return revoked, true
}
