package web_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/web"
)

// fake is a Login and an Editor whose answers a test sets, and which notes what it is asked.
type fake struct {
	offer    pages.Offer
	form     bridge.SettingsForm
	result   []pages.Connected
	dialog   string
	err      error // of every call
	may      error // of MayStill
	checked  int
	returned []string // codes
	chosen   []pages.Chosen
	saved    []bridge.Settings
	asked    []string           // for links to a form: by whom, and which page
	meddle   func(*bridge.Page) // what somebody else does just before a save
}

const (
	someState  = "LOGINTICKET.signature"
	someNonce  = "NONCE"
	someTicket = "CHOICETICKET"
	someProof  = "PROOF"
)

func (f *fake) Begin(_ context.Context, id string) (string, string, error) {
	if f.dialog == "" {
		f.dialog = "https://www.facebook.example/dialog"
	}
	return f.dialog + "?state=" + id, someNonce, f.err
}

func (f *fake) Deletion(code string) (time.Time, bool) {
	return time.Date(2026, 11, 26, 9, 5, 0, 0, time.UTC), code == "GOODCODE"
}

func (f *fake) CheckReturn(_ context.Context, _, nonce string) error {
	f.checked++
	if f.err == nil && nonce != someNonce {
		return bridge.ErrOtherBrowser
	}
	return f.err
}

func (f *fake) MayStill(context.Context, pages.Offer) error { return f.may }

func (f *fake) Return(ctx context.Context, state, nonce, code string) (pages.Offer, error) {
	if err := f.CheckReturn(ctx, state, nonce); err != nil {
		return pages.Offer{}, err
	}
	f.returned = append(f.returned, code)
	f.offer.Ticket, f.offer.Proof = someTicket, someProof
	return f.offer, nil
}

func (f *fake) Choose(_ context.Context, id, nonce, proof string, pages []pages.Chosen) ([]pages.Connected, error) {
	switch {
	case f.err != nil:
		return nil, f.err
	case id != someTicket:
		return nil, bridge.ErrTicketUnknown
	case nonce != someNonce || proof != someProof:
		return nil, bridge.ErrOtherBrowser
	case len(f.chosen) > 0:
		return nil, bridge.ErrTicketSpent
	}
	f.chosen = pages
	return f.result, nil
}

func (f *fake) SettingsLink(_ context.Context, by bridge.Author, id bridge.PageID) (string, error) {
	if f.err != nil {
		return "", f.err
	}
	f.asked = append(f.asked, by.Username+" "+string(id))
	return "/pages/" + string(id) + "/settings?ticket=SETTINGSTICKET", nil
}

func (f *fake) OpenSettings(context.Context, string, bridge.PageID) (bridge.SettingsForm, error) {
	return f.form, f.err
}

func (f *fake) SaveSettings(_ context.Context, _ string, _ bridge.PageID, filled settings.Filled, known []bridge.Department) (bridge.Page, settings.Outcome, error) {
	if f.meddle != nil {
		f.meddle(&f.form.Page)
		f.meddle = nil
	}
	out, err := filled.Apply(f.form.Page.Settings, known)
	if err == nil && out.Saved {
		f.form.Page.Settings = out.Settings
		f.saved = append(f.saved, out.Settings)
	}
	return f.form.Page, out, err
}

var departments = []bridge.Department{{ID: "dep-sales", Name: "Sales"}, {ID: "dep-help", Name: "Help & Service"}}

// fullOffer has a page in every state.
func fullOffer() pages.Offer {
	return pages.Offer{
		Person: "Dana Okafor", Departments: departments,
		Missing: []string{"business_management", "pages_read_engagement"},
		Lost:    []bridge.Page{{ID: "100200300400999", Name: "Corner Café Uptown"}},
		Pages: []pages.OfferedPage{
			{ID: "100200300400501", Name: "Zebra Prints", Usable: true},
			{ID: "100200300400502", Name: "Harbour Bakery", Usable: true, Known: true, State: bridge.PageRunning, Settings: bridge.Settings{
				Department: "dep-help", TextLimit: 900, Welcome: "Hello {customer}!\nWe answer within the hour.", Offline: "Back at nine."}},
			{ID: "100200300400503", Name: "مخبز الميناء", Usable: true},
			{ID: "100200300400504", Name: "Garden Supplies & Sons", Missing: []string{"MESSAGING", "PROFILE_PLUS_MODERATE"}},
			{ID: "100200300400505", Name: "The Portfolio Page"},
			{ID: "100200300400508", Name: "Half Allowed", Lacks: []string{"pages_messaging"}},
			{ID: "100200300400506", Name: "Old Town Books", Usable: true, Known: true, State: bridge.PageOff},
			{ID: "100200300400507", Name: "Lakeside Bikes", Usable: true, Known: true, State: bridge.PageNeedsAuth, Settings: bridge.Settings{Department: "dep-gone"}},
		},
	}
}

func someForm() bridge.SettingsForm {
	return bridge.SettingsForm{Departments: departments, Page: bridge.Page{
		ID: "100200300400502", Name: "Harbour Bakery", State: bridge.PageRunning, Rev: 7, Token: "PAGETOKEN",
		Settings: bridge.Settings{Name: "Bakery desk", Department: "dep-help", TextLimit: 900, Welcome: "Hello {customer}!\nWe answer within the hour."},
	}}
}

const settingsPath = "/pages/100200300400502/settings?ticket=SETTINGSTICKET"

// site is the handler as a browser meets it: cookies are kept, redirects are not followed.
type site struct {
	t *testing.T
	http.Handler
	cookie string
	header http.Header
}

func newSite(t *testing.T, f *fake) *site {
	return &site{t: t, Handler: web.New(web.Config{Login: f, Editor: f, Deletion: f.Deletion, Sign: sign, Log: slog.New(slog.DiscardHandler)}), header: http.Header{}}
}

// sign stands for the store's.
func sign(purpose, text string) string {
	return "signed-" + purpose + "-" + strings.ReplaceAll(text, ".", "-")
}

// someVisit is the cookie of a browser that we sent to Facebook.
var someVisit = func() string {
	text := someNonce + "." + strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 36)
	return text + "." + sign("visit", text)
}()

func (s *site) do(method, target, body string) *http.Response {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range s.header {
		r.Header[k] = v
	}
	if s.cookie != "" {
		r.AddCookie(&http.Cookie{Name: "messenger-bridge-visit", Value: s.cookie})
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	res := w.Result()
	for _, c := range res.Cookies() {
		s.cookie = c.Value
	}
	return res
}

func (s *site) get(target string) *http.Response {
	s.t.Helper()
	return s.do(http.MethodGet, target, "")
}

func (s *site) post(target string, form url.Values) *http.Response {
	s.t.Helper()
	res := s.do(http.MethodPost, target, form.Encode())
	if res.StatusCode != http.StatusSeeOther {
		return res
	}
	return s.get(target[:strings.LastIndexByte(target, '/')+1] + res.Header.Get("Location")) // as browsers do
}

// offered goes through the login, to the tick boxes.
func (s *site) offered() string {
	s.t.Helper()
	want(s.t, s.get("/oauth/start?state=LOGINTICKET"), http.StatusSeeOther)
	res := s.get("/oauth/callback?code=CODE&state=" + someState)
	want(s.t, res, http.StatusSeeOther)
	if to := res.Header.Get("Location"); to != "pages" {
		s.t.Fatalf("callback leads to %q", to)
	}
	return want(s.t, s.get("/oauth/pages"), http.StatusOK)
}

// want checks the status and returns the page.
func want(t *testing.T, res *http.Response, status int, texts ...string) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	page := string(body)
	if res.StatusCode != status {
		t.Errorf("status %d, want %d", res.StatusCode, status)
	}
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("page lacks %q:\n%s", text, afterStyle(page))
		}
	}
	return page
}

func afterStyle(page string) string {
	if _, rest, ok := strings.Cut(page, "</style>"); ok {
		return rest
	}
	return page
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}
