package pages

import (
	"context"
	"errors"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/language"
)

// Editor changes the settings of pages, by words, by a dialog, or by a form behind a link.
type Editor struct {
	*registry
	rights      rights
	connections *Connections
	typeFor     TypeFor
	tickets     *tickets
	departments Departments
	publicURL   string
}

// ChangeSetting changes one setting to a value that a person typed, and returns the
// page as it then is; or says what is wrong with the value. What others change at
// the same time is kept.
func (e *Editor) ChangeSetting(ctx context.Context, id bridge.PageID, d *settings.Setting, value string) (page bridge.Page, mistake language.Phrase, err error) {
	if page, err = e.pages.Page(id); err != nil {
		return page, "", err
	}
	var known []bridge.Department
	if d.Kind == settings.DepartmentKind {
		if known, err = e.departments.list(ctx); err != nil {
			return page, "", err
		}
	}
	page, err = e.change(ctx, id, "", func(s *bridge.Settings) (bool, error) {
		mistake = d.Change(s, value, known)
		return mistake == "", nil
	})
	if err == nil && mistake == "" && d.Word == commentsWord {
		page, err = e.connections.switchComments(ctx, id)
	}
	return page, mistake, err
}

// commentsWord is the setting that is not done by being stored.
const commentsWord = "comments"

// followUp has a change of that setting in a form or dialog carried out as if the person had
// typed it: what becomes of it, with a link where one is needed, comes by direct message.
func (e *Editor) followUp(ctx context.Context, by bridge.Author, before, after bridge.Page) error {
	if before.Settings.Comments == after.Settings.Comments {
		return nil
	}
	value := map[bool]string{true: "on", false: "off"}[after.Settings.Comments]
	return e.typeFor(ctx, by, "edit "+string(after.ID)+" "+commentsWord+" "+value)
}

// FillSettings saves somebody's form, if it has no mistake and does not clash with what
// others changed meanwhile; the outcome says which.
func (e *Editor) FillSettings(ctx context.Context, by bridge.Author, id bridge.PageID, f settings.Filled, known []bridge.Department) (page bridge.Page, out settings.Outcome, err error) {
	return e.fill(ctx, by, id, f, known, "")
}

// fill saves a form, and spends a ticket with that unless its id is empty.
func (e *Editor) fill(ctx context.Context, by bridge.Author, id bridge.PageID, f settings.Filled, known []bridge.Department, ticket string) (page bridge.Page, out settings.Outcome, err error) {
	before, err := e.pages.Page(id)
	if err != nil {
		return before, out, err
	}
	page, err = e.change(ctx, id, ticket, func(s *bridge.Settings) (bool, error) {
		out, err = f.Apply(*s, known)
		if err == nil && out.Saved {
			*s = out.Settings
		}
		return out.Saved, err
	})
	if err == nil && out.Saved {
		e.tellChanged(ctx, by, before, page)
		err = e.followUp(ctx, by, before, page)
	}
	return page, out, err
}

// tellChanged says in the setup channel who has changed which settings, which a form or dialog
// shows to nobody else.
func (e *Editor) tellChanged(ctx context.Context, by bridge.Author, before, after bridge.Page) {
	var words []string
	for i := range settings.Table {
		if d := &settings.Table[i]; d.Value(before.Settings) != d.Value(after.Settings) {
			words = append(words, "`"+d.Word+"`")
		}
	}
	if len(words) > 0 {
		e.announce(ctx, after, e.say.Say("*%s*: @%s has changed %s.", after.PlainName(), bridge.PlainWords(by.Username), strings.Join(words, ", ")))
	}
}

// change changes a page's settings as they are now. how may be called again; if it
// returns false, nothing is stored. The ticket, unless its id is empty, is spent with what
// is stored, and also where nothing had to be.
func (e *Editor) change(ctx context.Context, id bridge.PageID, ticket string, how func(*bridge.Settings) (bool, error)) (bridge.Page, error) {
	for {
		page, err := e.pages.Page(id)
		if err != nil {
			return page, err
		}
		before := page.Settings
		ok, err := how(&page.Settings)
		if err != nil || !ok {
			page.Settings = before
			return page, err
		}
		if page.Settings == before {
			return page, e.spend(ctx, ticket)
		}
		err = e.pages.SavePages(ctx, []bridge.Page{page}, ticket)
		if errors.Is(err, bridge.ErrConflict) {
			continue
		}
		if err != nil {
			return page, err
		}
		return e.pages.Page(id)
	}
}

func (e *Editor) spend(ctx context.Context, ticket string) error {
	if ticket == "" {
		return nil
	}
	_, err := e.tickets.SpendTicket(ctx, ticket, "")
	return err
}

// SettingsLink returns a link to the settings form of a page, for one save.
func (e *Editor) SettingsLink(ctx context.Context, caller bridge.Author, id bridge.PageID) (string, error) {
	if _, err := e.pages.Page(id); err != nil {
		return "", err
	}
	ticket, err := e.tickets.issue(ctx, bridge.SettingsTicket, caller, settingsFor, []byte(id))
	if err != nil {
		return "", err
	}
	return e.publicURL + "/pages/" + string(id) + "/settings?ticket=" + ticket, nil
}

// checkTicket reports whether a ticket opens the form of a page, for somebody who still
// may, and whose it is; it spends nothing.
func (e *Editor) checkTicket(ctx context.Context, ticket string, id bridge.PageID) (to bridge.Author, err error) {
	t, err := e.tickets.open(ticket, bridge.SettingsTicket)
	if err == nil && string(t.Data) != string(id) {
		err = bridge.ErrTicketUnknown
	}
	if err == nil {
		err = e.rights.check(ctx, t.For)
	}
	return t.For, err
}

// OpenSettings returns what the form of a ticket shows; it spends nothing.
func (e *Editor) OpenSettings(ctx context.Context, ticket string, id bridge.PageID) (bridge.SettingsForm, error) {
	if _, err := e.checkTicket(ctx, ticket, id); err != nil {
		return bridge.SettingsForm{}, err
	}
	page, err := e.pages.Page(id)
	if err != nil {
		return bridge.SettingsForm{}, err
	}
	departments, err := e.departments.list(ctx)
	if err != nil {
		e.log.Warn("departments could not be read", "err", err)
	}
	return bridge.SettingsForm{Page: page, Departments: departments}, nil
}

// SaveSettings saves the form of a ticket, as FillSettings does, and spends the ticket with
// that: of many saves at once one is taken, and one that is not taken spends nothing. known
// are the departments, nil if they could not be read.
func (e *Editor) SaveSettings(ctx context.Context, ticket string, id bridge.PageID, f settings.Filled, known []bridge.Department) (bridge.Page, settings.Outcome, error) {
	by, err := e.checkTicket(ctx, ticket, id)
	if err != nil {
		return bridge.Page{}, settings.Outcome{}, err
	}
	page, out, err := e.fill(bridge.ActedBy(ctx, "@"+by.Username), by, id, f, known, ticket)
	if err == nil && !out.Saved { // it may have clashed with a save by the same ticket
		_, err = e.tickets.open(ticket, bridge.SettingsTicket)
	}
	return page, out, err
}
