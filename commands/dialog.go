package commands

import (
	"context"
	"errors"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
)

// departmentsWithin bounds how long a dialog waits for the names of departments:
// clients open none that comes late. It can do without that field.
const departmentsWithin = 1500 * time.Millisecond

// dialog answers with a page's settings, to be changed there and then.
func (c *Commands) dialog(ctx context.Context, page bridge.Page) bridge.Reply {
	ctx, stop := context.WithTimeout(ctx, departmentsWithin)
	defer stop()
	known, err := c.Departments(ctx)
	if err != nil {
		known = nil
	}
	return bridge.Reply{Dialog: &bridge.SettingsForm{Page: page, Departments: known}}
}

// Fill saves a dialog that somebody sent, if that person may do that by now and
// nothing is wrong with it; else it changes nothing, and returns what is wrong, by the
// settings' words, or "" for all of it. Sending the same again is harmless.
func (c *Commands) Fill(ctx context.Context, by bridge.Author, id bridge.PageID, f settings.Filled) (wrong map[string]string, err error) {
	whole := func(sentence string) (map[string]string, error) { return map[string]string{"": sentence}, nil }
	allowed, err := c.allowed(ctx, by)
	if err != nil {
		return nil, err
	}
	if !allowed {
		return whole(c.Say.Say(mayNot))
	}
	known, err := c.Departments(ctx)
	if err != nil {
		known = nil // those who chose one have seen it
	}
	page, out, err := c.Connector.FillSettings(ctx, id, f, known)
	switch {
	case errors.Is(err, bridge.ErrNoPage):
		return whole(c.Say.Say("This page is no longer connected here."))
	case errors.Is(err, bridge.ErrForged):
		return whole(c.Say.Say("The bridge does not know this dialog. Please close it and open it again."))
	case err != nil:
		return nil, err
	}
	wrong = map[string]string{}
	for word, mistake := range out.Mistakes {
		wrong[word] = mistake.In(c.Say)
	}
	for _, d := range out.Clashes {
		now := d.Shown(page.Settings, known)
		if now == "" {
			now = c.Say.Say("none")
		}
		wrong[d.Word] = c.Say.Say("Somebody else has changed this meanwhile, to: %s. Close this dialog and open it again.", now)
	}
	return wrong, nil
}
