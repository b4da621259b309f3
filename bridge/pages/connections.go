package pages

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	"messenger-bridge/bridge"
)

// sameText compares what a stranger may have made with what we made.
func sameText(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// update changes a page as it is now; ids nobody knows make a new page. Changes
// made meanwhile by others are kept.
func (c *Connector) update(ctx context.Context, id bridge.PageID, change func(*bridge.Page)) (bridge.Page, error) {
	for {
		page, err := c.Pages.Page(id)
		if errors.Is(err, bridge.ErrNoPage) {
			page = bridge.Page{ID: id}
		} else if err != nil {
			return page, err
		}
		before := page
		change(&page)
		if losing(before, page) {
			if err := c.Gaps.Lost(ctx, page); err != nil {
				return page, err
			}
		}
		err = c.Pages.SavePage(ctx, page)
		if errors.Is(err, bridge.ErrConflict) {
			continue
		}
		if err != nil {
			return page, err
		}
		if page.Silenced() {
			c.Gaps.Off(id)
		}
		if better(before, page) {
			c.Changed(id)
		}
		return c.Pages.Page(id)
	}
}

// losing reports whether a change of a page means that its messages begin to be
// missing, or do so until it runs for the first time.
func losing(before, after bridge.Page) bool {
	return before.ReceivesEvents() && !after.ReceivesEvents() && !after.Silenced() ||
		before.State == "" && after.State == bridge.PageConnecting
}

// better reports whether what waits for a page should be tried again.
func better(before, after bridge.Page) bool {
	return after.Token != before.Token || after.State != before.State && (after.State == bridge.PageRunning || before.State == bridge.PageOff || before.State == bridge.PageNeedsAuth)
}

// SwitchOn subscribes a connected page at both levels and returns it as it then
// is: Running, or what is missing. ErrNoPage if it is not connected.
func (c *Connector) SwitchOn(ctx context.Context, id bridge.PageID) (bridge.Page, error) {
	defer c.alone(id)()
	page, err := c.Pages.Page(id)
	if err != nil {
		return page, err
	}
	if page.Token == "" {
		return c.settle(ctx, id, bridge.PageNeedsAuth, bridge.Trouble{Kind: bridge.NoToken})
	}
	if page.TokenKind == "" {
		var trouble bridge.Trouble
		switch page, trouble, err = c.adopt(ctx, page); {
		case err != nil:
			return c.settleRefusal(ctx, page, err)
		case trouble.Kind != "":
			return c.settle(ctx, id, bridge.PageNeedsAuth, trouble)
		}
	}
	c.app.doubt()
	if page.ReceivesEvents() { // whoever asks for it has a reason
		if err := c.Gaps.Lost(ctx, page); err != nil {
			return page, err
		}
	}
	if err := c.Authority.SubscribePage(ctx, page); err != nil {
		return c.settleRefusal(ctx, page, err)
	}
	if page.State == bridge.PageHeld { // somebody thinks that it is over; trying shows
		defer c.Changed(id)
	}
	return c.verify(ctx, id)
}

// Verify reads back everything that makes a connection and returns the page in
// the state that follows. A page that is off, or has no token, stays as it is.
func (c *Connector) Verify(ctx context.Context, id bridge.PageID) (bridge.Page, error) {
	_, after, err := c.compare(ctx, id)
	return after, err
}

// compare verifies a page and returns it as it was before and as it is now; nobody
// else changes its connection in between.
func (c *Connector) compare(ctx context.Context, id bridge.PageID) (before, after bridge.Page, err error) {
	defer c.alone(id)()
	before, err = c.Pages.Page(id)
	if err != nil || before.State == bridge.PageOff || before.Token == "" {
		return before, before, err
	}
	after, err = c.verify(ctx, id)
	return before, after, err
}

func (c *Connector) verify(ctx context.Context, id bridge.PageID) (_ bridge.Page, failed error) {
	page, err := c.Pages.Page(id)
	if err != nil {
		return page, err
	}
	began := c.Now()
	before := page
	refused, noted := c.evidence.take(id)
	unclear := false
	defer func() {
		if noted && (unclear || failed != nil) {
			c.evidence.giveBack(id, refused) // the next look judges it
		}
	}()
	if c.tokenDue(page, refused != nil) {
		var trouble bridge.Trouble
		page, trouble, err = c.tokenTrouble(ctx, page, refused)
		unclear = err != nil
		switch {
		case trouble.Kind != "":
			return c.settle(ctx, id, bridge.PageNeedsAuth, trouble)
		case err != nil && (before.State != bridge.PageRunning || !away(bridge.RefusalOf(err))):
			return c.settleRefusal(ctx, page, err)
		}
	}
	missing, err := c.Authority.PageMissing(ctx, page)
	if err != nil {
		unclear = unclear || away(bridge.RefusalOf(err))
		return c.settleRefusal(ctx, page, err)
	}
	if len(missing) > 0 {
		return c.settle(ctx, id, bridge.PageUnsubscribe, bridge.Trouble{Kind: bridge.FieldsMissing, About: strings.Join(missing, ", ")})
	}
	why, checked, err := c.appReady(ctx)
	if err != nil {
		unclear = true
		if page.State == bridge.PageRunning {
			return page, nil
		}
		why = bridge.Trouble{Kind: bridge.FacebookAway}
	}
	if why.Kind != "" {
		return c.settle(ctx, id, bridge.PageConnecting, why)
	}
	state := bridge.PageRunning
	if why = c.heldBy(before, refused, noted); why.Kind != "" {
		state = bridge.PageHeld
	}
	if checked.Before(began) {
		began = checked
	}
	page, err = c.settle(ctx, id, state, why)
	if err == nil {
		c.Gaps.Well(id, began)
	}
	return page, err
}

// SwitchOff ends the events of a page. Its history and settings stay.
func (c *Connector) SwitchOff(ctx context.Context, id bridge.PageID) (bridge.Page, error) {
	defer c.alone(id)()
	page, err := c.Pages.Page(id)
	if err != nil {
		return page, err
	}
	if page.Token != "" {
		if err := c.Authority.UnsubscribePage(ctx, page); err != nil {
			if r := bridge.RefusalOf(err); r.Reason != bridge.PageLost { // with a dead token nothing comes anyway
				return page, fmt.Errorf("unsubscribe page %s: %w", id, err)
			}
		}
	}
	return c.settle(ctx, id, bridge.PageOff, bridge.Trouble{Kind: bridge.SwitchedOff})
}

// settle stores the state a page was found in, if it is another than before.
func (c *Connector) settle(ctx context.Context, id bridge.PageID, state bridge.PageState, why bridge.Trouble) (bridge.Page, error) {
	if page, err := c.Pages.Page(id); err != nil || page.State == state && (page.Why == why || page.Why.Kind == bridge.LeftOut) {
		return page, err
	}
	return c.update(ctx, id, func(p *bridge.Page) { p.State, p.Why = state, why })
}

// settleRefusal settles a page whose subscription Meta refused to set or to show.
// Where nothing was found out, a page that was settled stays as it is.
func (c *Connector) settleRefusal(ctx context.Context, page bridge.Page, err error) (bridge.Page, error) {
	r := bridge.RefusalOf(err)
	c.Log.Warn("refused by Facebook", "page", page.ID, "reason", r.Reason, "err", r.Err)
	if r.Reason == bridge.PageLost {
		asked, trouble, unclear := c.tokenTrouble(ctx, page, r)
		switch {
		case trouble.Kind != "":
			return c.settle(ctx, page.ID, bridge.PageNeedsAuth, trouble)
		case unclear == nil && r.Trouble == "": // the permission is there, so it is the person's role
			return c.settle(ctx, page.ID, bridge.PageNeedsAuth, bridge.Trouble{Kind: bridge.RoleLost})
		}
		page = asked
	}
	switch {
	case r.Reason == bridge.NotApproved:
		return c.settle(ctx, page.ID, bridge.PageUnsubscribe, bridge.Trouble{Kind: bridge.AppNotApproved})
	case r.Reason != bridge.PageLost && !away(r):
		return c.settle(ctx, page.ID, bridge.PageUnsubscribe, bridge.Trouble{Kind: bridge.NotSubscribed})
	case page.State == bridge.PageRunning, page.State == bridge.PageNeedsAuth, page.State == bridge.PageHeld:
		return page, nil
	case page.State == bridge.PageOff: // it is to be on, and is tried again
		return c.settle(ctx, page.ID, bridge.PageUnsubscribe, bridge.Trouble{Kind: bridge.FacebookAway})
	}
	return c.settle(ctx, page.ID, page.State, bridge.Trouble{Kind: bridge.FacebookAway})
}

// explained says why a page does not run, and what to do about it; "" if it runs.
func (c *Connector) explained(p bridge.Page) string {
	if p.Why.Kind == "" {
		return ""
	}
	return strings.TrimSpace(p.Why.In(c.Say) + ". " + p.Why.Help(c.Say, p))
}
