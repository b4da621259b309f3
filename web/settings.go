package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"messenger-bridge/bridge"
)

// settingsPage is the settings form of a page.
type settingsPage struct {
	Page   bridge.Page
	Fields fields
	Rev    uint64
	Seen   string // digest of the settings the form was filled with
	Others []difference
	Clash  bool // somebody else saved meanwhile
}

// Wrong returns the fields with a problem.
func (p *settingsPage) Wrong() []*field { return p.Fields.Wrong() }

// difference is a field in which the saved settings and the form differ.
type difference struct {
	Kind, Saved, Yours string
}

func newSettingsPage(f bridge.SettingsForm, shown bridge.Settings, check bool) *settingsPage {
	p := &settingsPage{Page: f.Page, Rev: f.Page.Rev, Seen: digest(f.Page.Settings)}
	p.Fields = newFields("", "", f.Page.Name, shown, f.Departments, check)
	if wrong := p.Wrong(); len(wrong) > 0 {
		wrong[0].Focus = true
	}
	return p
}

// digest tells settings apart, as far as the form shows them.
func digest(s bridge.Settings) string {
	all := sha256.New()
	for _, kind := range fieldKinds {
		fmt.Fprintf(all, "%q\n", *setting(&s, kind))
	}
	return hex.EncodeToString(all.Sum(nil)[:12])
}

func (s *server) showSettings(w http.ResponseWriter, r *http.Request) {
	f, err := s.Connect.OpenSettings(r.Context(), r.URL.Query().Get("ticket"), bridge.PageID(r.PathValue("pageId")))
	if err != nil {
		s.refuse(w, err, notice{Page: shownPage(r)})
		return
	}
	s.show(w, http.StatusOK, "settings", newSettingsPage(f, f.Page.Settings, false))
}

func (s *server) saveSettings(w http.ResponseWriter, r *http.Request) {
	ctx, done := work(w, r)
	defer done()
	where := notice{Page: shownPage(r)}
	ticket, id := r.URL.Query().Get("ticket"), bridge.PageID(r.PathValue("pageId"))
	f, err := s.Connect.OpenSettings(ctx, ticket, id) // before the body is read, which strangers may send too
	if err != nil {
		s.refuse(w, err, where)
		return
	}
	form, bad := s.readForm(w, r, settingsBytes)
	if bad != nil {
		s.notice(w, bad.status, bad.notice, where)
		return
	}
	rev, err := strconv.ParseUint(form.Get("rev"), 10, 64)
	if err != nil {
		s.refuse(w, bridge.ErrForged, where)
		return
	}
	if p := newSettingsPage(f, readSettings(form, "", f.Page.Settings), true); len(p.Wrong()) > 0 {
		p.Rev, p.Seen = rev, clean(form.Get("seen"), false) // what changed meanwhile is still to be seen
		s.show(w, http.StatusUnprocessableEntity, "settings", p)
		return
	}
	for range 3 {
		page, err := s.Connect.SaveSettings(ctx, ticket, id, rev, readSettings(form, "", f.Page.Settings))
		if err == nil {
			s.show(w, http.StatusOK, "saved", page)
			return
		}
		if errors.Is(err, bridge.ErrConflict) {
			f, err = s.Connect.OpenSettings(ctx, ticket, id)
		}
		if err != nil {
			s.refuse(w, err, where)
			return
		}
		if digest(f.Page.Settings) != form.Get("seen") {
			break
		}
		rev = f.Page.Rev // only its state changed, which is not in the form
	}
	s.show(w, http.StatusConflict, "settings", clash(f, form))
}

// clash shows the form as it was sent, beside what is saved by now.
func clash(f bridge.SettingsForm, form url.Values) *settingsPage {
	yours := readSettings(form, "", f.Page.Settings)
	p := newSettingsPage(f, yours, false)
	p.Clash = true
	for _, one := range p.Fields.all() {
		saved := *setting(&f.Page.Settings, one.Kind)
		if saved == one.Value {
			continue
		}
		d := difference{Kind: one.Kind, Saved: saved, Yours: one.Value}
		if one.Kind == fieldDepartment {
			d.Saved, d.Yours = departmentName(f.Departments, saved), departmentName(f.Departments, one.Value)
		}
		p.Others = append(p.Others, d)
	}
	return p
}

func departmentName(all []bridge.Department, id string) string {
	for _, d := range all {
		if string(d.ID) == id {
			return d.Name
		}
	}
	return id
}
