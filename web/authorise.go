package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/language"
)

// WorkFor bounds what a click sets off. It goes on when the browser leaves: a
// second click cancels the first request, whose ticket is spent by then.
const WorkFor = 2 * time.Minute

func work(w http.ResponseWriter, r *http.Request) (context.Context, context.CancelFunc) {
	// The server's own limit is for pages that need no answer from Meta. Where there is no limit, none is set.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(WorkFor + 10*time.Second))
	return context.WithTimeout(context.WithoutCancel(r.Context()), WorkFor)
}

// start sends the browser to Facebook's dialog.
func (s *server) start(w http.ResponseWriter, r *http.Request) {
	dialog, nonce, err := s.Login.Begin(r.Context(), r.URL.Query().Get("state"))
	if err != nil {
		s.refuse(w, err, notice{})
		return
	}
	s.cookie.set(w, s.visitOf(nonce))
	w.Header().Set("Location", dialog)
	w.WriteHeader(http.StatusSeeOther)
}

// callback takes the browser back, and leads it on to the tick boxes: their
// address has no code in it and may be opened again.
func (s *server) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	state, code, nonce := query.Get("state"), query.Get("code"), s.nonceOf(r)
	if state == "" {
		s.refuse(w, bridge.ErrTicketUnknown, notice{})
		return
	}
	if query.Has("error") || query.Has("error_code") || code == "" {
		err := s.Login.CheckReturn(r.Context(), state, nonce)
		if err == nil {
			err = returned(query)
		}
		s.refuse(w, err, notice{Said: said(query)})
		return
	}
	ctx, done := work(w, r)
	defer done()
	offer, err := s.Login.Return(ctx, state, nonce, code)
	if err != nil {
		s.refuse(w, err, notice{})
		return
	}
	s.visits.begin(nonce, offer)
	w.Header().Set("Location", "pages") // beside the callback
	w.WriteHeader(http.StatusSeeOther)
}

var (
	errNoCode   = errors.New("no code from Facebook")
	errAtDialog = errors.New("failed dialog at Facebook")
)

// returned is why Facebook sent no code.
func returned(query url.Values) error {
	switch {
	case query.Get("error") == "access_denied":
		return bridge.ErrDenied
	case query.Has("error"), query.Has("error_code"):
		return errAtDialog
	}
	return errNoCode
}

// said is Facebook's own sentence, if it is short.
func said(query url.Values) string {
	text := strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(cmp.Or(query.Get("error_message"), query.Get("error_description")), "")))
	if len(text) > 300 {
		return ""
	}
	return text
}

// offered is a page of the tick boxes.
type offered struct {
	pages.OfferedPage
	Key    string // begins the ids of its elements
	Ticked bool
	First  *field   // the department
	More   []*field // name and texts
}

// Slips returns the fields with a problem that are folded away at first.
func (o *offered) Slips() (all []*field) {
	for _, f := range o.More {
		if f.Problem != "" {
			all = append(all, f)
		}
	}
	return all
}

// Written and Texts count the texts, those that are not empty and all.
func (o *offered) Written() int { return count(o.More, (*field).Written) }

func (o *offered) Texts() int {
	return count(o.More, func(f *field) bool { return f.Kind == settings.TextKind })
}

func count(fields []*field, which func(*field) bool) (n int) {
	for _, f := range fields {
		if which(f) {
			n++
		}
	}
	return n
}

// choice is the page with the tick boxes.
type choice struct {
	pages.Offer
	List    []*offered
	Wrong   []*field
	Nothing bool // nothing was ticked
}

// Usable tells whether any page can be connected.
func (c *choice) Usable() bool {
	return slices.ContainsFunc(c.List, func(o *offered) bool { return o.OfferedPage.Usable })
}

// mistakes are what is wrong with the fields of ticked pages, by their words.
type mistakes map[bridge.PageID]map[string]language.Phrase

// newChoice shows an offer: pages that are connected already come first. form is
// what was sent before, nil at first, and bad what is wrong with it.
func newChoice(say *language.Speaker, o pages.Offer, form url.Values, bad mistakes) *choice {
	c := &choice{Offer: o}
	pages := slices.SortedStableFunc(slices.Values(o.Pages), func(a, b pages.OfferedPage) int {
		return cmp.Or(first(a.Known, b.Known), first(a.Usable, b.Usable), cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	var all []*field
	for i, p := range pages {
		one := &offered{OfferedPage: p, Key: "page-" + strconv.Itoa(i+1) + "-"}
		one.Ticked = p.Usable && p.Known && p.State != bridge.PageOff // a click on "connect" shall not switch it on
		if form != nil {
			one.Ticked = p.Usable && slices.Contains(form["page"], string(p.ID))
		}
		m := maker{say: say, id: one.Key, prefix: string(p.ID) + ".", page: bridge.Page{Name: p.Name, Settings: p.Settings},
			departments: o.Departments, typed: typed(form, string(p.ID)+"."), mistakes: bad[p.ID]}
		for i := range settings.Table {
			switch d := &settings.Table[i]; {
			case d.Connect && d.Kind == settings.DepartmentKind:
				one.First = m.field(d)
			case d.Connect:
				one.More = append(one.More, m.field(d))
			}
		}
		all = append(append(all, one.First), one.More...)
		c.List = append(c.List, one)
	}
	c.Wrong = wrong(all)
	return c
}

func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// showChoice shows the tick boxes, or what became of them.
func (s *server) showChoice(w http.ResponseWriter, r *http.Request) {
	v, ok := s.visits.of(s.nonceOf(r))
	if !ok {
		s.notice(w, http.StatusGone, "closed", notice{})
		return
	}
	switch err := s.Login.MayStill(r.Context(), v.offer); {
	case err != nil && !(v.done && errors.Is(err, bridge.ErrNobodyToAsk)): // what is done may be shown
		s.refuse(w, err, notice{Choice: true})
	case v.done:
		s.show(w, http.StatusOK, "chosen", connectedPages{Pages: v.result, Proof: s.Sign(onwardPurpose, s.nonceOf(r))})
	default:
		s.show(w, http.StatusOK, "choice", newChoice(s.Say, v.offer, nil, nil))
	}
}

// choose connects the pages that were ticked.
func (s *server) choose(w http.ResponseWriter, r *http.Request) {
	nonce := s.nonceOf(r)
	if nonce == "" {
		s.refuse(w, bridge.ErrOtherBrowser, notice{Choice: true})
		return
	}
	form, bad := s.readForm(w, r, nonce, choiceBytes)
	if bad != nil {
		s.notice(w, bad.status, bad.notice, notice{Choice: true})
		return
	}
	v, known := s.visits.of(nonce) // unknown after a restart
	if known {
		if err := s.Login.MayStill(r.Context(), v.offer); err != nil {
			s.refuse(w, err, notice{Choice: true})
			return
		}
	}
	chosen, slips := chosenPages(v.offer, form)
	if len(slips) > 0 || len(chosen) == 0 {
		s.correct(w, nonce, form, slips)
		return
	}
	ctx, done := work(w, r)
	defer done()
	result, err := s.Login.Choose(ctx, form.Get("ticket"), nonce, form.Get("proof"), chosen)
	if err != nil {
		v, _ := s.visits.of(nonce)
		s.refuse(w, err, notice{Choice: true, Result: v.result})
		return
	}
	s.visits.end(nonce, result)
	if !known {
		s.show(w, http.StatusOK, "chosen", connectedPages{Pages: result})
		return
	}
	w.Header().Set("Location", "pages") // shown from there, so that loading it again sends nothing
	w.WriteHeader(http.StatusSeeOther)
}

// chosenPages reads the ticked pages, and what is wrong with them.
func chosenPages(o pages.Offer, form url.Values) (chosen []pages.Chosen, bad mistakes) {
	bad = mistakes{}
	ticked := slices.Compact(slices.Sorted(slices.Values(form["page"])))
	for _, id := range ticked {
		one := pages.Chosen{ID: bridge.PageID(id)}
		if i := slices.IndexFunc(o.Pages, func(p pages.OfferedPage) bool { return p.ID == one.ID }); i >= 0 {
			one.Settings = o.Pages[i].Settings
		}
		values := typed(form, id+".")
		for i := range settings.Table {
			d := &settings.Table[i]
			value, there := values[d.Word]
			if !there || !d.Connect {
				continue
			}
			if mistake := d.Change(&one.Settings, value, o.Departments); mistake != "" {
				if bad[one.ID] == nil {
					bad[one.ID] = map[string]language.Phrase{}
				}
				bad[one.ID][d.Word] = mistake
			}
		}
		chosen = append(chosen, one)
	}
	return chosen, bad
}

// correct shows the tick boxes again as they were sent. The ticket is untouched.
func (s *server) correct(w http.ResponseWriter, nonce string, form url.Values, bad mistakes) {
	v, ok := s.visits.of(nonce)
	switch {
	case !ok: // restarted meanwhile
		s.notice(w, http.StatusGone, "closed", notice{})
	case v.done:
		s.refuse(w, bridge.ErrTicketSpent, notice{Choice: true, Result: v.result})
	default:
		c := newChoice(s.Say, v.offer, form, bad)
		c.Nothing = len(bad) == 0
		s.show(w, http.StatusUnprocessableEntity, "choice", c)
	}
}
