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
func (c settingCommands) dialog(ctx context.Context, page bridge.Page) bridge.Reply {
	ctx, stop := context.WithTimeout(ctx, departmentsWithin)
	defer stop()
	known, err := c.departments(ctx)
	if err != nil {
		known = nil
	}
	return bridge.Reply{Dialog: &bridge.SettingsForm{Page: page, Departments: known}}
}

// fill saves a dialog of somebody who may do that; see Commands.Fill.
func (c settingCommands) fill(ctx context.Context, by bridge.Author, id bridge.PageID, f settings.Filled) (wrong map[string]string, err error) {
	whole := func(sentence string) (map[string]string, error) { return map[string]string{"": sentence}, nil }
	known, err := c.departments(ctx)
	if err != nil {
		known = nil // those who chose one have seen it
	}
	page, out, err := c.editor.FillSettings(ctx, by, id, f, known)
	switch {
	case errors.Is(err, bridge.ErrNoPage):
		return whole(c.say.Say("This page is no longer connected here."))
	case errors.Is(err, bridge.ErrForged):
		return whole(c.say.Say("The bridge does not know this dialog. Please close it and open it again."))
	case err != nil:
		return nil, err
	}
	wrong = map[string]string{}
	for word, mistake := range out.Mistakes {
		wrong[word] = mistake.In(c.say)
	}
	for _, d := range out.Clashes {
		now := d.Shown(page.Settings, known)
		if now == "" {
			now = c.say.Say("none")
		}
		wrong[d.Word] = c.say.Say("Somebody else has changed this meanwhile, to: %s. Close this dialog and open it again.", now)
	}
	return wrong, nil
}
