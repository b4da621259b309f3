package bridge

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

// sameText compares what a stranger may have made with what we made.
func sameText(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// update changes a page as it is now; ids nobody knows make a new page. Changes
// made meanwhile by others are kept.
func (c *Connector) update(ctx context.Context, id PageID, change func(*Page)) (Page, error) {
	for {
		page, err := c.Pages.Page(id)
		if errors.Is(err, ErrNoPage) {
			page = Page{ID: id}
		} else if err != nil {
			return page, err
		}
		before := page
		change(&page)
		err = c.Pages.SavePage(ctx, page)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return page, err
		}
		if better(before, page) {
			c.Changed(id)
		}
		return c.Pages.Page(id)
	}
}

// better reports whether what waits for a page should be tried again.
func better(before, after Page) bool {
	return after.Token != before.Token || after.State != before.State && (after.State == PageRunning || before.State == PageOff)
}

// SwitchOn subscribes a connected page at both levels and returns it as it then
// is: Running, or what is missing. ErrNoPage if it is not connected.
func (c *Connector) SwitchOn(ctx context.Context, id PageID) (Page, error) {
	defer c.alone(id)()
	page, err := c.Pages.Page(id)
	if err != nil {
		return page, err
	}
	if page.Token == "" {
		return c.settle(ctx, id, PageNeedsAuth, "it has no token; type `/facebook authorize`")
	}
	if err := c.Authority.SubscribePage(ctx, page); err != nil {
		state, why := c.explain(err, PageUnsubscribe)
		return c.settle(ctx, id, state, why)
	}
	return c.verify(ctx, id)
}

// Verify reads back everything that makes a connection and returns the page in
// the state that follows. A page that is off, or has no token, stays as it is.
func (c *Connector) Verify(ctx context.Context, id PageID) (Page, error) {
	defer c.alone(id)()
	page, err := c.Pages.Page(id)
	if err != nil || page.State == PageOff || page.Token == "" {
		return page, err
	}
	return c.verify(ctx, id)
}

func (c *Connector) verify(ctx context.Context, id PageID) (Page, error) {
	page, err := c.Pages.Page(id)
	if err != nil {
		return page, err
	}
	missing, err := c.Authority.PageMissing(ctx, page)
	if err != nil {
		if r := RefusalOf(err); page.State == PageRunning && (r.Reason == MetaDown || r.Reason == MetaError || r.Reason == RateLimited) {
			return page, nil // nothing was found out, so nothing has changed
		}
		state, why := c.explain(err, PageUnsubscribe)
		return c.settle(ctx, id, state, why)
	}
	if len(missing) > 0 {
		return c.settle(ctx, id, PageUnsubscribe, "Facebook does not send: "+strings.Join(missing, ", "))
	}
	why, err := c.appReady(ctx)
	if err != nil {
		if page.State == PageRunning {
			return page, nil
		}
		_, why = c.explain(err, PageConnecting)
	}
	if why != "" {
		return c.settle(ctx, id, PageConnecting, why)
	}
	return c.settle(ctx, id, PageRunning, "")
}

// appReady sees to the app's own subscription: made if there is none, renewed if
// it is ours, left alone if it leads elsewhere. It returns what is missing.
func (c *Connector) appReady(ctx context.Context) (why string, err error) {
	ours := c.PublicURL + webhookPath
	app, err := c.Authority.App(ctx)
	if err != nil {
		return "", err
	}
	if app.Callback != "" && app.Callback != ours {
		return fmt.Sprintf("Facebook sends the app's events to %s; `messenger-bridge doctor --fix --replace` changes that", app.Callback), nil
	}
	if app.Active && len(app.Missing) == 0 && app.Callback == ours && c.Verified() {
		return "", nil
	}
	if err := c.Authority.SubscribeApp(ctx, ours); err != nil {
		if r := RefusalOf(err); r.Reason == MetaDown || r.Reason == RateLimited {
			return "", err
		}
		c.Log.Warn("the app's webhook could not be set up", "err", err)
		return "Meta cannot reach " + ours, nil
	}
	return "", nil
}

// SwitchOff ends the events of a page. Its history and settings stay.
func (c *Connector) SwitchOff(ctx context.Context, id PageID) (Page, error) {
	defer c.alone(id)()
	page, err := c.Pages.Page(id)
	if err != nil {
		return page, err
	}
	if page.Token != "" {
		if err := c.Authority.UnsubscribePage(ctx, page); err != nil {
			if r := RefusalOf(err); r.Reason != PageLost { // with a dead token nothing comes anyway
				return page, fmt.Errorf("unsubscribe page %s: %w", id, err)
			}
		}
	}
	return c.settle(ctx, id, PageOff, "switched off")
}

// Disconnect unsubscribes a page and deletes its token; its settings are kept for
// a return. told is false if Facebook could not be reached to unsubscribe it.
func (c *Connector) Disconnect(ctx context.Context, id PageID, by Author) (page Page, told bool, err error) {
	defer c.alone(id)()
	page, err = c.Pages.Page(id)
	if err != nil {
		return page, false, err
	}
	told = page.Token == ""
	if !told {
		err := c.Authority.UnsubscribePage(ctx, page)
		told = err == nil || RefusalOf(err).Reason == PageLost
	}
	page, err = c.update(ctx, id, func(p *Page) {
		p.Token, p.State, p.Why, p.Grant = "", PageNeedsAuth, "disconnected by "+by.Username, ""
	})
	if err == nil {
		c.announce(ctx, page, fmt.Sprintf("*%s* was disconnected by @%s. Its settings are kept; `/facebook authorize` connects it again.", page.DisplayName(), by.Username))
	}
	return page, told, err
}

// ChangeSettings changes a page's settings as they are now.
func (c *Connector) ChangeSettings(ctx context.Context, id PageID, change func(*Settings)) (Page, error) {
	if page, err := c.Pages.Page(id); err != nil {
		return page, err
	}
	return c.update(ctx, id, func(p *Page) { change(&p.Settings) })
}

// SettingsLink returns a link to the settings form of a page, for one save.
func (c *Connector) SettingsLink(ctx context.Context, caller Author, id PageID) (string, error) {
	if _, err := c.Pages.Page(id); err != nil {
		return "", err
	}
	t := Ticket{ID: newTicketID(), Kind: SettingsTicket, For: caller, Expires: c.Now().Add(settingsFor), Data: []byte(id)}
	if err := c.Tickets.SaveTicket(ctx, t); err != nil {
		return "", fmt.Errorf("store a settings ticket: %w", err)
	}
	return c.PublicURL + "/pages/" + string(id) + "/settings?ticket=" + t.ID, nil
}

// SettingsForm is what the form shows.
type SettingsForm struct {
	Page        Page
	Departments []Department
}

// OpenSettings returns what the form of a ticket shows; it spends nothing.
func (c *Connector) OpenSettings(ctx context.Context, ticket string, id PageID) (SettingsForm, error) {
	t, err := c.ticket(ticket, SettingsTicket)
	if err != nil {
		return SettingsForm{}, err
	}
	if string(t.Data) != string(id) {
		return SettingsForm{}, ErrTicketUnknown
	}
	page, err := c.Pages.Page(id)
	if err != nil {
		return SettingsForm{}, err
	}
	departments, err := c.Departments(ctx)
	if err != nil {
		c.Log.Warn("departments could not be read", "err", err)
	}
	return SettingsForm{Page: page, Departments: departments}, nil
}

// SaveSettings stores what was filled in, if the page is still as the form showed
// it (rev); else ErrConflict, and the ticket stays good for another look. A
// successful save spends it.
func (c *Connector) SaveSettings(ctx context.Context, ticket string, id PageID, rev uint64, s Settings) (Page, error) {
	t, err := c.ticket(ticket, SettingsTicket)
	if err != nil {
		return Page{}, err
	}
	page, err := c.Pages.Page(id)
	switch {
	case string(t.Data) != string(id):
		return Page{}, ErrTicketUnknown
	case err != nil:
		return Page{}, err
	case page.Rev != rev:
		return page, ErrConflict
	}
	page.Settings.InForms(s)
	if err := c.Pages.SavePage(ctx, page); err != nil {
		return page, err
	}
	if _, err := c.Tickets.SpendTicket(ctx, ticket); err != nil {
		c.Log.Warn("ticket not spent", "err", err)
	}
	return c.Pages.Page(id)
}

// settle stores the state a page was found in, if it is another than before.
func (c *Connector) settle(ctx context.Context, id PageID, state PageState, why string) (Page, error) {
	if page, err := c.Pages.Page(id); err != nil || page.State == state && page.Why == why {
		return page, err
	}
	return c.update(ctx, id, func(p *Page) { p.State, p.Why = state, why })
}

// explain words a refusal of Meta's for the one who connects a page.
func (c *Connector) explain(err error, other PageState) (PageState, string) {
	r := RefusalOf(err)
	c.Log.Warn("refused by Facebook", "reason", r.Reason, "err", r.Err)
	switch r.Reason {
	case PageLost:
		return PageNeedsAuth, "Facebook no longer accepts its token or a permission is missing; type `/facebook authorize`"
	case NotApproved:
		return other, "Facebook has not granted the app a permission it needs"
	case MetaDown, RateLimited:
		return other, "Facebook cannot be reached at the moment; type `/facebook subscribe` later"
	}
	return other, "Facebook refused it; the log says more"
}
