package pages

import (
	"context"
	"strings"
	"time"

	"messenger-bridge/bridge"
)

// check is one verification of a page.
type check struct {
	began   time.Time
	before  bridge.Page
	refused *bridge.Refusal // what sending was refused since the last check; nil: nothing
	noted   bool            // sending was refused, or taken again, since then
	barred  bool            // an answer to a comment was refused since then
	unclear bool            // something could not be found out, so the next check judges what was noted
}

// verify reads back everything that makes a connection, stores the state that follows,
// and returns the page. The caller holds the page's lock.
func (c *Connections) verify(ctx context.Context, id bridge.PageID) (bridge.Page, error) {
	page, err := c.pages.Page(id)
	if err != nil {
		return page, err
	}
	k := &check{began: c.now(), before: page}
	k.refused, k.noted = c.tokens.refusals.take(id)
	k.barred = c.tokens.refusals.takeBarred(id)
	page, err = c.readBack(ctx, page, k)
	if k.noted && (k.unclear || err != nil) {
		c.tokens.refusals.giveBack(id, k.refused)
	}
	return page, err
}

// readBack asks Meta about the token, the page's subscription and the app's, in this
// order, and stores the first trouble; if there is none, the page runs.
func (c *Connections) readBack(ctx context.Context, page bridge.Page, k *check) (bridge.Page, error) {
	page, trouble, err := c.readToken(ctx, page, k)
	switch {
	case trouble.Kind != "":
		return c.setState(ctx, page.ID, bridge.PageNeedsAuth, trouble)
	case err != nil:
		return c.afterRefusal(ctx, page, err)
	}
	missing, err := c.facebook.PageMissing(ctx, page)
	missing, noFeed := withoutFeed(missing)
	switch {
	case err != nil:
		k.unclear = k.unclear || saysNothing(bridge.RefusalOf(err))
		return c.afterRefusal(ctx, page, err)
	case len(missing) > 0:
		return c.setState(ctx, page.ID, bridge.PageUnsubscribe, bridge.Trouble{Kind: bridge.FieldsMissing, About: strings.Join(missing, ", ")})
	}
	app, err := c.app.ready(ctx, page.Settings.Comments)
	if err != nil {
		k.unclear = true
		if page.State == bridge.PageRunning {
			return page, nil
		}
		app.why = bridge.Trouble{Kind: bridge.FacebookAway}
	}
	if app.why.Kind != "" {
		return c.setState(ctx, page.ID, bridge.PageConnecting, app.why)
	}
	if page, err = c.inOrder(ctx, page.ID, k, app.checked); err != nil {
		return page, err
	}
	return c.feeds.checkFeed(ctx, page, noFeed, app.feed)
}

// readToken returns the trouble with a page's token, if it is time to ask. A page that
// runs is not put in question by an error that says nothing about it.
func (c *Connections) readToken(ctx context.Context, page bridge.Page, k *check) (bridge.Page, bridge.Trouble, error) {
	if !c.tokens.due(page, k.refused != nil || k.barred) {
		return page, bridge.Trouble{}, nil
	}
	page, trouble, err := c.tokens.trouble(ctx, page, k.refused)
	k.unclear = err != nil
	if err != nil && k.before.State == bridge.PageRunning && saysNothing(bridge.RefusalOf(err)) {
		err = nil
	}
	return page, trouble, err
}

// inOrder stores that a page runs, or that Meta only holds back its answers, and has its
// gap filled. appChecked is when the app's subscription was found in order.
func (c *Connections) inOrder(ctx context.Context, id bridge.PageID, k *check, appChecked time.Time) (bridge.Page, error) {
	state := bridge.PageRunning
	why := k.heldBack(c.now())
	if why.Kind != "" {
		state = bridge.PageHeld
	}
	since := k.began
	if appChecked.Before(since) {
		since = appChecked
	}
	page, err := c.setState(ctx, id, state, why)
	if err == nil {
		c.gaps.Well(id, since)
	}
	return page, err
}

// heldBack says of a page with which everything else is in order whether Meta holds
// back what it sends, by what sending has shown since the last check.
func (k *check) heldBack(now time.Time) bridge.Trouble {
	switch {
	case k.refused != nil && k.refused.Reason == bridge.PageRestricted:
		return bridge.Trouble{Kind: bridge.Restricted}
	case k.refused != nil && k.refused.Trouble == "":
		return bridge.Trouble{Kind: bridge.AnswersRefused}
	case k.refused != nil: // a false alarm
	case k.noted || k.before.State != bridge.PageHeld || now.Sub(k.before.Checked).Abs() >= tokenEvery: // sent, or nothing was tried for a day
	default:
		return k.before.Why
	}
	return bridge.Trouble{}
}
