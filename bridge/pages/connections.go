package pages

import (
	"context"
	"fmt"

	"messenger-bridge/bridge"
)

// Connections switches pages on and off at Facebook, and finds out how they are.
type Connections struct {
	*registry
	facebook bridge.Subscriber
	tokens   *tokens
	app      *app
	feeds    *feeds
}

// SwitchOn subscribes a connected page at both levels and returns it as it then
// is: Running, or what is missing. ErrNoPage if it is not connected.
func (c *Connections) SwitchOn(ctx context.Context, id bridge.PageID) (bridge.Page, error) {
	defer c.lock(id)()
	return c.switchOn(ctx, id)
}

// switchOn is SwitchOn for who holds the page's lock.
func (c *Connections) switchOn(ctx context.Context, id bridge.PageID) (bridge.Page, error) {
	page, err := c.pages.Page(id)
	if err != nil {
		return page, err
	}
	switch {
	case page.Token != "":
	case page.State == bridge.PageNeedsAuth: // for a reason that says more, and perhaps keeps its messages away
		return page, nil
	default:
		return c.setState(ctx, id, bridge.PageNeedsAuth, bridge.Trouble{Kind: bridge.NoToken})
	}
	if page.TokenKind == "" {
		var trouble bridge.Trouble
		switch page, trouble, err = c.tokens.adopt(ctx, page); {
		case err != nil:
			return c.afterRefusal(ctx, page, err)
		case trouble.Kind != "":
			return c.setState(ctx, id, bridge.PageNeedsAuth, trouble)
		}
	}
	return c.subscribe(ctx, page)
}

// subscribe subscribes a page that has a token of its own, and verifies it.
func (c *Connections) subscribe(ctx context.Context, page bridge.Page) (bridge.Page, error) {
	c.app.doubt()
	if page.ReceivesEvents() { // whoever asks for it has a reason
		if err := c.gaps.Lost(ctx, page); err != nil {
			return page, err
		}
	}
	if err := c.feeds.subscribeFields(ctx, page); err != nil {
		return c.afterRefusal(ctx, page, err)
	}
	if page.State == bridge.PageHeld { // somebody thinks that it is over; trying shows
		defer c.changed(page.ID)
	}
	return c.verify(ctx, page.ID)
}

// SwitchOff ends the events of a page. Its history and settings stay. A page that was
// disconnected, or is doubted, stays as it is: nothing of it is shown anyway.
func (c *Connections) SwitchOff(ctx context.Context, id bridge.PageID) (bridge.Page, error) {
	defer c.lock(id)()
	page, err := c.pages.Page(id)
	if err != nil {
		return page, err
	}
	if page.Token == "" && (page.Why.Kind == bridge.Disconnected || page.Doubted()) {
		return page, nil
	}
	if page.Token != "" {
		if err := c.facebook.UnsubscribePage(ctx, page); err != nil {
			if r := bridge.RefusalOf(err); r.Reason != bridge.PageLost { // with a dead token nothing comes anyway
				return page, fmt.Errorf("unsubscribe page %s: %w", id, err)
			}
		}
	}
	return c.setState(ctx, id, bridge.PageOff, bridge.Trouble{Kind: bridge.SwitchedOff})
}

// Verify reads back everything that makes a connection and returns the page in
// the state that follows. A page that is off, or has no token, stays as it is.
func (c *Connections) Verify(ctx context.Context, id bridge.PageID) (bridge.Page, error) {
	_, after, err := c.compare(ctx, id)
	return after, err
}

// compare verifies a page and returns it as it was before and as it is now; nobody
// else changes its connection in between.
func (c *Connections) compare(ctx context.Context, id bridge.PageID) (before, after bridge.Page, err error) {
	defer c.lock(id)()
	before, err = c.pages.Page(id)
	if err != nil || before.Silenced() {
		return before, before, err
	}
	after, err = c.verify(ctx, id)
	return before, after, err
}

// afterRefusal stores the state of a page whose subscription Meta refused to set or to
// show. Where nothing was found out, a page whose state was known stays as it is.
func (c *Connections) afterRefusal(ctx context.Context, page bridge.Page, err error) (bridge.Page, error) {
	r := bridge.RefusalOf(err)
	c.log.Warn("refused by Facebook", "page", page.ID, "reason", r.Reason, "err", r.Err)
	if r.Reason == bridge.PageLost {
		asked, trouble, unclear := c.tokens.trouble(ctx, page, r)
		switch {
		case trouble.Kind != "":
			return c.setState(ctx, page.ID, bridge.PageNeedsAuth, trouble)
		case unclear == nil && r.Trouble == "": // the permission is there, so it is the person's role
			return c.setState(ctx, page.ID, bridge.PageNeedsAuth, bridge.Trouble{Kind: bridge.RoleLost})
		}
		page = asked
	}
	switch {
	case r.Reason == bridge.NotApproved:
		return c.setState(ctx, page.ID, bridge.PageUnsubscribe, bridge.Trouble{Kind: bridge.AppNotApproved})
	case r.Reason != bridge.PageLost && !saysNothing(r):
		return c.setState(ctx, page.ID, bridge.PageUnsubscribe, bridge.Trouble{Kind: bridge.NotSubscribed})
	case page.State == bridge.PageRunning, page.State == bridge.PageNeedsAuth, page.State == bridge.PageHeld:
		return page, nil
	case page.State == bridge.PageOff: // it is to be on, and is tried again
		return c.setState(ctx, page.ID, bridge.PageUnsubscribe, bridge.Trouble{Kind: bridge.FacebookAway})
	}
	return c.setState(ctx, page.ID, page.State, bridge.Trouble{Kind: bridge.FacebookAway})
}
