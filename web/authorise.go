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

	"messenger-bridge/bridge"
)

// The cookie says which browser left for Facebook.
const (
	cookieName = "messenger-bridge-visit"
	cookiePath = "/oauth"
	cookieFor  = 45 * time.Minute // a login, then a choice
)

// workFor bounds what a click sets off. It goes on when the browser leaves: a
// second click cancels the first request, whose ticket is spent by then.
const workFor = 2 * time.Minute

func work(w http.ResponseWriter, r *http.Request) (context.Context, context.CancelFunc) {
	// The server's own limit is for pages that need no answer from Meta. Where there is no limit, none is set.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(workFor + 10*time.Second))
	return context.WithTimeout(context.WithoutCancel(r.Context()), workFor)
}

// nonceOf returns the browser's nonce, or "".
func nonceOf(r *http.Request) string {
	c, err := r.Cookie(cookieName)
	if err != nil || len(c.Value) > 128 {
		return ""
	}
	return c.Value
}

// start sends the browser to Facebook's dialog.
func (s *server) start(w http.ResponseWriter, r *http.Request) {
	dialog, nonce, err := s.Connect.Begin(r.URL.Query().Get("state"))
	if err != nil {
		s.refuse(w, err, notice{})
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: nonce, Path: s.Path + cookiePath, MaxAge: int(cookieFor.Seconds()),
		HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode, // Lax: Facebook leads back here
	})
	w.Header().Set("Location", dialog)
	w.WriteHeader(http.StatusSeeOther)
}

// callback takes the browser back, and leads it on to the tick boxes: their
// address has no code in it and may be opened again.
func (s *server) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	state, code, nonce := query.Get("state"), query.Get("code"), nonceOf(r)
	if state == "" {
		s.refuse(w, bridge.ErrTicketUnknown, notice{})
		return
	}
	if query.Has("error") || query.Has("error_code") || code == "" {
		err := s.Connect.CheckReturn(state, nonce)
		if err == nil {
			err = returned(query)
		}
		s.refuse(w, err, notice{Said: said(query)})
		return
	}
	ctx, done := work(w, r)
	defer done()
	offer, err := s.Connect.Return(ctx, state, nonce, code)
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
	text := clean(cmp.Or(query.Get("error_message"), query.Get("error_description")), false)
	if len(text) > 300 {
		return ""
	}
	return text
}

// offered is a page of the tick boxes.
type offered struct {
	bridge.OfferedPage
	Key    string // begins the ids of its elements
	Ticked bool
	Fields fields
}

// choice is the page with the tick boxes.
type choice struct {
	bridge.Offer
	List    []offered
	Nothing bool // nothing was ticked
}

// Wrong returns the fields with a problem, of all ticked pages.
func (c *choice) Wrong() (wrong []*field) {
	for i := range c.List {
		wrong = append(wrong, c.List[i].Fields.Wrong()...)
	}
	return wrong
}

// newChoice shows an offer: pages that are connected already come first.
func newChoice(o bridge.Offer) *choice {
	c := &choice{Offer: o}
	pages := slices.SortedStableFunc(slices.Values(o.Pages), func(a, b bridge.OfferedPage) int {
		return cmp.Or(first(a.Known, b.Known), first(a.Usable, b.Usable), cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	for i, p := range pages {
		one := offered{OfferedPage: p, Key: "page-" + strconv.Itoa(i+1) + "-"}
		one.Ticked = p.Usable && p.Known && p.State != bridge.PageOff // a click on "connect" shall not switch it on
		one.Fields = newFields(one.Key, string(p.ID)+".", p.Name, p.Settings, o.Departments, false)
		c.List = append(c.List, one)
	}
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

// fill shows a form as it was sent, with what is wrong with it.
func (c *choice) fill(form url.Values) {
	for i := range c.List {
		p := &c.List[i]
		p.Ticked = p.Usable && slices.Contains(form["page"], string(p.ID))
		p.Fields = newFields(p.Key, string(p.ID)+".", p.OfferedPage.Name, readSettings(form, string(p.ID)+".", p.Settings), c.Departments, p.Ticked)
	}
	if wrong := c.Wrong(); len(wrong) > 0 {
		wrong[0].Focus = true
	}
}

// showChoice shows the tick boxes, or what became of them.
func (s *server) showChoice(w http.ResponseWriter, r *http.Request) {
	v, ok := s.visits.of(nonceOf(r))
	switch {
	case !ok:
		s.notice(w, http.StatusGone, "closed", notice{})
	case v.done:
		s.show(w, http.StatusOK, "chosen", v.result)
	default:
		s.show(w, http.StatusOK, "choice", newChoice(v.offer))
	}
}

// choose connects the pages that were ticked.
func (s *server) choose(w http.ResponseWriter, r *http.Request) {
	nonce := nonceOf(r)
	if nonce == "" {
		s.refuse(w, bridge.ErrOtherBrowser, notice{Choice: true})
		return
	}
	form, bad := s.readForm(w, r, choiceBytes)
	if bad != nil {
		s.notice(w, bad.status, bad.notice, notice{Choice: true})
		return
	}
	chosen, valid := chosenPages(form)
	if !valid || len(chosen) == 0 {
		s.correct(w, nonce, form, len(chosen) == 0)
		return
	}
	ctx, done := work(w, r)
	defer done()
	result, err := s.Connect.Choose(ctx, form.Get("ticket"), nonce, form.Get("proof"), chosen)
	if err != nil {
		v, _ := s.visits.of(nonce)
		s.refuse(w, err, notice{Choice: true, Result: v.result})
		return
	}
	s.visits.end(nonce, result)
	s.show(w, http.StatusOK, "chosen", result)
}

// chosenPages reads the ticked pages; valid is false if a field has a problem.
func chosenPages(form url.Values) (chosen []bridge.Chosen, valid bool) {
	valid = true
	ticked := slices.Compact(slices.Sorted(slices.Values(form["page"])))
	for _, id := range ticked {
		settings := readSettings(form, id+".", bridge.Settings{})
		f := newFields("", "", "", settings, nil, true)
		valid = valid && len(f.Wrong()) == 0
		chosen = append(chosen, bridge.Chosen{ID: bridge.PageID(id), Settings: settings})
	}
	return chosen, valid
}

// correct shows the tick boxes again as they were sent. The ticket is untouched.
func (s *server) correct(w http.ResponseWriter, nonce string, form url.Values, nothing bool) {
	v, ok := s.visits.of(nonce)
	switch {
	case !ok: // restarted meanwhile
		s.notice(w, http.StatusGone, "closed", notice{})
	case v.done:
		s.refuse(w, bridge.ErrTicketSpent, notice{Choice: true, Result: v.result})
	default:
		c := newChoice(v.offer)
		c.fill(form)
		c.Nothing = nothing
		s.show(w, http.StatusUnprocessableEntity, "choice", c)
	}
}
