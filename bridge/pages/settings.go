package pages

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/language"
)

// ChangeSetting changes one setting to a value that a person typed, and returns the
// page as it then is; or says what is wrong with the value. What others change at
// the same time is kept.
func (c *Connector) ChangeSetting(ctx context.Context, id bridge.PageID, d *settings.Setting, value string) (page bridge.Page, mistake language.Phrase, err error) {
	if page, err = c.Pages.Page(id); err != nil {
		return page, "", err
	}
	var known []bridge.Department
	if d.Kind == settings.DepartmentKind {
		if known, err = c.departments(ctx); err != nil {
			return page, "", err
		}
	}
	page, err = c.changeSettings(ctx, id, func(s *bridge.Settings) (bool, error) {
		mistake = d.Change(s, value, known)
		return mistake == "", nil
	})
	return page, mistake, err
}

// FillSettings saves a form, if it has no mistake and does not clash with what
// others changed meanwhile; the outcome says which.
func (c *Connector) FillSettings(ctx context.Context, id bridge.PageID, f settings.Filled, known []bridge.Department) (page bridge.Page, out settings.Outcome, err error) {
	page, err = c.changeSettings(ctx, id, func(s *bridge.Settings) (bool, error) {
		out, err = f.Apply(*s, known)
		if err == nil && out.Saved {
			*s = out.Settings
		}
		return out.Saved, err
	})
	return page, out, err
}

// changeSettings changes a page's settings as they are now. change may be called
// again; if it returns false, nothing is stored.
func (c *Connector) changeSettings(ctx context.Context, id bridge.PageID, change func(*bridge.Settings) (bool, error)) (bridge.Page, error) {
	for {
		page, err := c.Pages.Page(id)
		if err != nil {
			return page, err
		}
		before := page.Settings
		if ok, err := change(&page.Settings); err != nil || !ok || page.Settings == before {
			page.Settings = before
			return page, err
		}
		err = c.Pages.SavePage(ctx, page)
		if errors.Is(err, bridge.ErrConflict) {
			continue
		}
		if err != nil {
			return page, err
		}
		return c.Pages.Page(id)
	}
}

// departments returns the workspace's, nil only if they could not be read.
func (c *Connector) departments(ctx context.Context) ([]bridge.Department, error) {
	all, err := c.Departments(ctx)
	if err != nil {
		return nil, err
	}
	return append([]bridge.Department{}, all...), nil
}

// SettingsLink returns a link to the settings form of a page, for one save.
func (c *Connector) SettingsLink(ctx context.Context, caller bridge.Author, id bridge.PageID) (string, error) {
	if _, err := c.Pages.Page(id); err != nil {
		return "", err
	}
	t := bridge.Ticket{ID: rand.Text(), Kind: bridge.SettingsTicket, For: caller, Expires: c.Now().Add(settingsFor), Data: []byte(id)}
	if err := c.Tickets.SaveTicket(ctx, t); err != nil {
		return "", fmt.Errorf("store a settings ticket: %w", err)
	}
	return c.PublicURL + "/pages/" + string(id) + "/settings?ticket=" + t.ID, nil
}

// OpenSettings returns what the form of a ticket shows; it spends nothing.
func (c *Connector) OpenSettings(ctx context.Context, ticket string, id bridge.PageID) (bridge.SettingsForm, error) {
	t, err := c.ticket(ticket, bridge.SettingsTicket)
	if err != nil {
		return bridge.SettingsForm{}, err
	}
	if string(t.Data) != string(id) {
		return bridge.SettingsForm{}, bridge.ErrTicketUnknown
	}
	page, err := c.Pages.Page(id)
	if err != nil {
		return bridge.SettingsForm{}, err
	}
	departments, err := c.departments(ctx)
	if err != nil {
		c.Log.Warn("departments could not be read", "err", err)
	}
	return bridge.SettingsForm{Page: page, Departments: departments}, nil
}

// SaveSettings saves the form of a ticket, as FillSettings does. Only a save spends
// the ticket. known are the departments, nil if they could not be read.
func (c *Connector) SaveSettings(ctx context.Context, ticket string, id bridge.PageID, f settings.Filled, known []bridge.Department) (bridge.Page, settings.Outcome, error) {
	t, err := c.ticket(ticket, bridge.SettingsTicket)
	if err != nil {
		return bridge.Page{}, settings.Outcome{}, err
	}
	if string(t.Data) != string(id) {
		return bridge.Page{}, settings.Outcome{}, bridge.ErrTicketUnknown
	}
	page, out, err := c.FillSettings(ctx, id, f, known)
	if err == nil && out.Saved {
		if _, err := c.Tickets.SpendTicket(ctx, ticket); err != nil {
			c.Log.Warn("ticket not spent", "err", err)
		}
	}
	return page, out, err
}
