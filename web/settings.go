package web

import (
	"crypto/rand"
	"net/http"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
)

// settingsPage is the settings form of a page.
type settingsPage struct {
	Page    bridge.Page
	Groups  []fieldGroup
	Seen    string // see settings.Seen
	Wrong   []*field
	Clashes []difference        // changed by somebody else and by this person
	Theirs  []*settings.Setting // changed by somebody else only: in the form already
	Missing string              // for comments, and what to do about it
	Preview bool                // it shows what was typed and is not saved
}

// fieldGroup is what stands under one heading.
type fieldGroup struct {
	Title  string // a sentence of language
	Fields []*field
}

// Texts tells whether texts with blanks are among the fields.
func (g fieldGroup) Texts() bool {
	for _, f := range g.Fields {
		if f.Kind == settings.TextKind {
			return true
		}
	}
	return false
}

// difference is a setting that two people changed.
type difference struct {
	*settings.Setting
	Saved, Yours string
}

// savedPage is what was saved.
type savedPage struct {
	Page   bridge.Page
	Theirs []*settings.Setting // kept, as somebody else changed them meanwhile
	Texts  []*field            // those that customers read

	Comments bool // whether they are wanted was changed; the rest is told by direct message
}

func newSavedPage(m maker, theirs []*settings.Setting) savedPage {
	p := savedPage{Page: m.page, Theirs: theirs}
	for i := range settings.Table {
		if f := m.field(&settings.Table[i]); f.Written() {
			p.Texts = append(p.Texts, f)
		}
	}
	return p
}

func newSettingsPage(m maker) *settingsPage {
	p := &settingsPage{Page: m.page, Seen: settings.Seen(m.page.Settings)}
	if why := m.page.Feed.Why; why.Kind != "" {
		p.Missing = why.In(m.say) + ". " + why.Help(m.say, m.page)
	}
	var all []*field
	for _, group := range settings.Groups() {
		g := fieldGroup{Title: group[0].Group}
		for _, d := range group {
			g.Fields = append(g.Fields, m.field(d))
		}
		p.Groups = append(p.Groups, g)
		all = append(all, g.Fields...)
	}
	p.Wrong = wrong(all)
	return p
}

// settingsFor is for how long what was saved can be seen again.
const settingsFor = 15 * time.Minute

func (s *server) showSettings(w http.ResponseWriter, r *http.Request) {
	if id := r.URL.Query().Get("saved"); id != "" {
		showSaved(s, w, r, id)
		return
	}
	f, err := s.Editor.OpenSettings(r.Context(), r.URL.Query().Get("ticket"), bridge.PageID(r.PathValue("pageId")))
	if err != nil {
		s.refuse(w, err, notice{Page: shownPage(r)})
		return
	}
	s.show(w, http.StatusOK, "settings", newSettingsPage(maker{say: s.Say, page: f.Page, departments: f.Departments}))
}

func (s *server) saveSettings(w http.ResponseWriter, r *http.Request) {
	ctx, done := work(w, r)
	defer done()
	where := notice{Page: shownPage(r)}
	ticket, id := r.URL.Query().Get("ticket"), bridge.PageID(r.PathValue("pageId"))
	f, err := s.Editor.OpenSettings(ctx, ticket, id) // before the body is read, which strangers may send too
	if err != nil {
		s.refuse(w, err, where)
		return
	}
	form, bad := s.readForm(w, r, ticket, settingsBytes)
	if bad != nil {
		s.notice(w, bad.status, bad.notice, where)
		return
	}
	filled := settings.Filled{Seen: form.Get("seen"), Typed: typed(form, "")}
	if len(filled.Typed) == 0 {
		s.refuse(w, bridge.ErrForged, where)
		return
	}
	if form.Has("preview") {
		showPreview(s, w, f, filled)
		return
	}
	page, out, err := s.Editor.SaveSettings(ctx, ticket, id, filled, f.Departments)
	m := maker{say: s.Say, page: page, departments: f.Departments}
	switch {
	case err != nil:
		s.refuse(w, err, where)
	case out.Saved:
		saved := newSavedPage(m, out.Theirs)
		saved.Comments = page.Settings.Comments != f.Page.Settings.Comments
		id := rand.Text()
		s.saved.Set(id, saved)
		w.Header().Set("Location", "settings?saved="+id) // so that loading it again saves nothing
		w.WriteHeader(http.StatusSeeOther)
	case len(out.Mistakes) > 0:
		m.typed, m.mistakes = filled.Typed, out.Mistakes
		p := newSettingsPage(m)
		p.Seen = filled.Seen // what changed meanwhile is still to be seen
		s.show(w, http.StatusUnprocessableEntity, "settings", p)
	default:
		s.show(w, http.StatusConflict, "settings", clash(m, out))
	}
}

// showPreview shows the form as it was sent, with what customers would read, or what is wrong;
// nothing is saved, and the link stays good.
func showPreview(s *server, w http.ResponseWriter, f bridge.SettingsForm, filled settings.Filled) {
	out, err := filled.Apply(f.Page.Settings, f.Departments)
	m := maker{say: s.Say, page: f.Page, departments: f.Departments, typed: filled.Typed, mistakes: out.Mistakes}
	p := newSettingsPage(m)
	p.Seen, p.Preview = filled.Seen, err == nil && len(out.Mistakes) == 0
	s.show(w, http.StatusOK, "settings", p)
}

// showSaved shows what was saved a moment ago.
func showSaved(s *server, w http.ResponseWriter, r *http.Request, id string) {
	saved, ok := s.saved.Get(id)
	if where := shownPage(r); !ok || string(saved.Page.ID) != where {
		s.refuse(w, bridge.ErrTicketSpent, notice{Page: where})
		return
	}
	s.show(w, http.StatusOK, "saved", saved)
}

// clash shows the form with what the person changed, beside what is saved by now.
func clash(m maker, out settings.Outcome) *settingsPage {
	saved := m.page.Settings
	m.page.Settings = out.Settings
	p := newSettingsPage(m)
	p.Page.Settings, p.Seen, p.Theirs = saved, settings.Seen(saved), out.Theirs
	for _, d := range out.Clashes {
		p.Clashes = append(p.Clashes, difference{Setting: d, Saved: d.Shown(saved, m.departments), Yours: d.Shown(out.Settings, m.departments)})
	}
	return p
}
