package web_test

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/web"
)

func TestStart_SetsTheCookieAndLeadsToFacebook(t *testing.T) {
	for _, at := range []struct {
		secure           bool
		path             string
		name, cookiePath string
	}{
		{false, "", "messenger-bridge-visit", "/oauth"},
		{true, "", "__Host-messenger-bridge-visit", "/"},
		{true, "/bridge", "messenger-bridge-visit", "/bridge/oauth"}, // others live on this host
	} {
		h := web.New(web.Config{Login: &fake{}, Editor: &fake{}, Deletion: (&fake{}).Deletion, Sign: sign, Secure: at.secure, Path: at.path})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/oauth/start?state=LOGINTICKET", nil))
		if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || to != "https://www.facebook.example/dialog?state=LOGINTICKET" {
			t.Errorf("answer %d to %q", w.Code, to)
		}
		cookies := w.Result().Cookies()
		if len(cookies) != 1 {
			t.Fatalf("cookies: %v", cookies)
		}
		c := cookies[0]
		if !strings.HasPrefix(c.Value, someNonce+".") || !c.HttpOnly || c.Secure != at.secure || c.SameSite != http.SameSiteLaxMode || c.Name != at.name || c.Path != at.cookiePath || c.MaxAge != 45*60 {
			t.Errorf("cookie: %v", c)
		}
	}
}

// TestCookie_OfAnotherHost_IsNotTaken: a machine of the same domain can give a browser a
// cookie of any name but those that only we may set.
func TestCookie_OfAnotherHost_IsNotTaken(t *testing.T) {
	for name, want := range map[string]bool{"messenger-bridge-visit": false, "__Host-messenger-bridge-visit": true} {
		f := &fake{}
		h := web.New(web.Config{Login: f, Editor: f, Deletion: f.Deletion, Sign: sign, Secure: true})
		begun := httptest.NewRecorder()
		h.ServeHTTP(begun, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/oauth/start?state=LOGINTICKET", nil))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/oauth/callback?code=CODE&state="+someState, nil)
		r.AddCookie(&http.Cookie{Name: name, Value: begun.Result().Cookies()[0].Value})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Code == http.StatusSeeOther; got != want {
			t.Errorf("%s: %d, returned %v", name, w.Code, f.returned)
		}
	}
}

func TestWhoeverOnlyLooks_SpendsNothing(t *testing.T) {
	looks := map[string]func(*site) string{
		"HEAD":                  func(*site) string { return http.MethodHead },
		"Sec-Purpose: prefetch": func(s *site) string { s.header.Set("Sec-Purpose", "prefetch;prerender"); return http.MethodGet },
		"Purpose: prefetch":     func(s *site) string { s.header.Set("Purpose", "prefetch"); return http.MethodGet },
		"X-Moz: prefetch":       func(s *site) string { s.header.Set("X-Moz", "prefetch"); return http.MethodGet },
	}
	for name, look := range looks {
		f := &fake{}
		s := newSite(t, f)
		method := look(s)
		for _, path := range []string{"/oauth/start?state=LOGINTICKET", "/oauth/callback?code=CODE&state=" + someState} {
			res := s.do(method, path, "")
			if body := want(t, res, http.StatusNoContent); body != "" || len(res.Cookies()) != 0 {
				t.Errorf("%s %s: body %q, cookies %v", name, path, body, res.Cookies())
			}
		}
		if len(f.returned) != 0 || f.checked != 0 {
			t.Errorf("%s: the login was spent", name)
		}
	}
}

func TestRefusals_EachHasItsPage(t *testing.T) {
	callback := "/oauth/callback?code=CODE&state=" + someState
	refused := func(r bridge.Reason) error {
		return fmt.Errorf("exchange the code: %w", &bridge.Refusal{Verdict: bridge.Never, Reason: r})
	}
	again := "/facebook authorize"
	for _, c := range []struct {
		name, path string
		err        error
		status     int
		texts      []string
	}{
		{"start without state", "/oauth/start", bridge.ErrTicketUnknown, 400, []string{"This link is not complete", again}},
		{"start expired", "/oauth/start?state=X", bridge.ErrTicketExpired, 410, []string{"This link has expired", "10 minutes", again}},
		{"start spent", "/oauth/start?state=X", bridge.ErrTicketSpent, 410, []string{"used already", again}},
		{"start fails", "/oauth/start?state=X", fmt.Errorf("disk full"), 500, []string{"on our side", again}},
		{"no state", "/oauth/callback?code=C", nil, 400, []string{"not complete", again}},
		{"forged state", callback, bridge.ErrTicketUnknown, 400, []string{"not complete", again}},
		{"expired", callback, bridge.ErrTicketExpired, 410, []string{"has expired", again}},
		{"repeated", callback, bridge.ErrTicketSpent, 410, []string{"used already", again}},
		{"other browser", callback, bridge.ErrOtherBrowser, 403, []string{"another browser window", "cookies", again}},
		{"no code", "/oauth/callback?state=X", nil, 400, []string{"without a login", again}},
		{"code refused", callback, refused(bridge.CodeRefused), 400, []string{"did not accept the login", again}},
		{"Meta away", callback, refused(bridge.MetaDown), 502, []string{"did not answer as it should", again}},
		{"Meta odd", callback, refused(bridge.MetaError), 502, []string{"did not answer as it should", again}},
		{"store fails", callback, context.DeadlineExceeded, 500, []string{"on our side", again}},
		{"denied", "/oauth/callback?error=access_denied&error_reason=user_denied&state=X", nil, 403, []string{"You cancelled at Facebook", "Nothing was changed", again}},
		{"denied, forged", "/oauth/callback?error=access_denied&state=X", bridge.ErrTicketUnknown, 400, []string{"not complete"}},
		{"denied, elsewhere", "/oauth/callback?error=access_denied&state=X", bridge.ErrOtherBrowser, 403, []string{"another browser"}},
		{"dialog fails", "/oauth/callback?error_code=1&error_message=App+%3Cb%3Enot+active&state=X", nil, 502, []string{"could not complete", "App &lt;b&gt;not active"}},
		{"settings unknown", settingsPath, bridge.ErrTicketUnknown, 400, []string{"not complete", "/facebook edit 100200300400502"}},
		{"settings expired", settingsPath, bridge.ErrTicketExpired, 410, []string{"15 minutes", "/facebook edit 100200300400502"}},
		{"settings spent", settingsPath, bridge.ErrTicketSpent, 410, []string{"good for one save", "/facebook edit 100200300400502"}},
		{"settings of no page", settingsPath, bridge.ErrNoPage, 404, []string{"no longer connected", again}},
		{"start, role lost", "/oauth/start?state=X", bridge.ErrMayNot, 403, []string{"You may not do this any more", "livechat-manager", "COMMAND_USERS"}},
		{"back, workspace away", callback, fmt.Errorf("%w: %w", bridge.ErrNobodyToAsk, refused(bridge.WorkspaceDown)), 503, []string{"Rocket.Chat does not answer", "your link is still good", "reload"}},
		{"settings, role lost", settingsPath, bridge.ErrMayNot, 403, []string{"You may not do this any more"}},
		{"settings, odd id", "/pages/%3Cscript%3E/settings?ticket=X", bridge.ErrTicketUnknown, 400, []string{"edit &lt;pageId&gt;"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{err: c.err}
			s := newSite(t, f)
			s.cookie = someVisit
			want(t, s.get(c.path), c.status, c.texts...)
			if len(f.returned) != 0 {
				t.Error("a code was exchanged")
			}
		})
	}
}

func TestCallback_WithoutCookie_IsAnotherBrowser(t *testing.T) {
	f := &fake{}
	want(t, newSite(t, f).get("/oauth/callback?code=CODE&state="+someState), http.StatusForbidden, "another browser")
	want(t, newSite(t, f).get("/oauth/callback?error=access_denied&state="+someState), http.StatusForbidden, "another browser")
}

func TestChoice_ShowsWhatIsOffered(t *testing.T) {
	s := newSite(t, &fake{offer: fullOffer()})
	page := afterStyle(s.offered())
	inOrder := []string{"Harbour Bakery", "Lakeside Bikes", "Old Town Books", "Zebra Prints", "Garden Supplies &amp; Sons", "The Portfolio Page"}
	at := strings.Index(page, "<form")
	for _, name := range inOrder {
		next := strings.Index(page[at:], name)
		if next < 0 {
			t.Fatalf("%s is missing or too early", name)
		}
		at += next
	}
	for _, text := range []string{
		"business_management</code>: to see pages that belong", "Corner Café Uptown", "One page has lost its connection",
		"not allowed for this page</strong>", "<strong>Messages</strong>", "<strong>Community activity</strong>", "Facebook did not hand over this page",
		`value="dep-gone" selected`, `value="dep-help" selected`, "2 of 3 texts written",
		"Removing a tick does not disconnect a page", "{department}",
		`name="ticket" value="CHOICETICKET"`, `name="proof" value="PROOF"`,
	} {
		if !strings.Contains(page, text) {
			t.Errorf("page lacks %q", text)
		}
	}
	if n := strings.Count(page, " checked"); n != 2 {
		t.Errorf("%d pages are ticked", n)
	}
	if n := strings.Count(page, " disabled"); n != 3 {
		t.Errorf("%d pages are disabled", n)
	}
	if again := afterStyle(want(t, s.get("/oauth/pages"), http.StatusOK)); again != page {
		t.Error("a reload shows something else")
	}
}

func TestChoice_WithoutPagesOrDepartments_SaysWhy(t *testing.T) {
	f := &fake{}
	want(t, newSite(t, f).get("/oauth/pages"), http.StatusGone, "nothing to choose from")
	page := newSite(t, f).offered()
	for _, text := range []string{"Facebook named no page", "business_management", "No page was ticked", "no role on a page", "/facebook authorize"} {
		if !strings.Contains(page, text) {
			t.Errorf("page lacks %q", text)
		}
	}
	if strings.Contains(page, "<form") {
		t.Error("a form with nothing to choose")
	}
	for why, text := range map[pages.Emptiness]string{
		pages.NotAllowed: "permission to see your pages was not granted", pages.NothingTicked: "No page was ticked",
		pages.InPortfolio: "business portfolio", pages.NoRole: "no role on a page",
	} {
		f.offer = pages.Offer{Empty: why}
		if page := newSite(t, f).offered(); !strings.Contains(page, text) || !strings.Contains(page, "This is why") || strings.Contains(page, "<li>") {
			t.Errorf("%s: %s", why, afterStyle(page))
		}
	}
	f.offer = fullOffer()
	f.offer.Departments = nil
	page = newSite(t, f).offered()
	if strings.Contains(page, "<select") || !strings.Contains(page, "did not name the departments") || !strings.Contains(page, `value="dep-help"`) {
		t.Error("no field to type a department into")
	}
}

func choiceForm(pairs ...string) url.Values {
	return form(append([]string{"ticket", someTicket, "proof", someProof}, pairs...)...)
}

func TestChoose_ConnectsWhatIsTicked(t *testing.T) {
	f := &fake{offer: fullOffer(), result: []pages.Connected{
		{ID: "100200300400501", Name: "Zebra <b>Prints", State: bridge.PageRunning},
		{ID: "100200300400502", Name: "Harbour Bakery", State: bridge.PageUnsubscribe, Why: "type `/facebook <now>`"},
	}}
	s := newSite(t, f)
	s.offered()
	sent := choiceForm("page", "100200300400501", "page", "100200300400502", "page", "100200300400502",
		"100200300400501.welcome", " Hi\r\nthere\x00 ", "100200300400501.name", "Two\nlines", "100200300400501.department", "dep-sales",
		"100200300400503.welcome", "not ticked")
	want(t, s.post("/oauth/pages", sent), http.StatusOK, "Zebra &lt;b&gt;Prints", "Running", "Not subscribed", "<code>/facebook &lt;now&gt;</code>", "You can close this window")
	wanted := []pages.Chosen{
		{ID: "100200300400501", Settings: bridge.Settings{Name: "Two lines", Department: "dep-sales", Welcome: "Hi\nthere"}},
		{ID: "100200300400502", Settings: fullOffer().Pages[1].Settings}, // nothing was sent for it
	}
	if fmt.Sprint(f.chosen) != fmt.Sprint(wanted) {
		t.Errorf("chosen %+v\nwant   %+v", f.chosen, wanted)
	}
	want(t, s.post("/oauth/pages", sent), http.StatusGone, "This was sent already", "Running")
	want(t, s.post("/oauth/pages", choiceForm()), http.StatusGone, "This was sent already", "Running")
	want(t, s.get("/oauth/pages"), http.StatusOK, "Running")
}

func TestChoose_WithASlip_KeepsTheTicketAndWhatWasTyped(t *testing.T) {
	f := &fake{offer: fullOffer(), result: []pages.Connected{{Name: "Zebra Prints", State: bridge.PageRunning}}}
	s := newSite(t, f)
	s.offered()
	want(t, s.post("/oauth/pages", choiceForm("100200300400501.name", "typed")), http.StatusUnprocessableEntity, "No page is ticked", `value="typed"`)
	long := choiceForm("page", "100200300400501", "100200300400501.name", strings.Repeat("ä", 81), "100200300400501.welcome", "<kept>")
	page := want(t, s.post("/oauth/pages", long), http.StatusUnprocessableEntity, "One field needs a change", "That has 81 characters; at most 80 are possible.",
		`aria-invalid="true" aria-describedby="page-4-name-problem page-4-name-help" autofocus`, "&lt;kept&gt;", "<details open>")
	if strings.Count(page, " checked") != 1 {
		t.Error("the ticks were not kept")
	}
	if len(f.chosen) != 0 {
		t.Fatal("the ticket was spent")
	}
	long.Set("100200300400501.name", strings.Repeat("ä", 80))
	want(t, s.post("/oauth/pages", long), http.StatusOK, "The page is connected")

	restarted := newSite(t, f)
	restarted.cookie = someVisit
	want(t, restarted.post("/oauth/pages", choiceForm()), http.StatusGone, "nothing to choose from")
}

func TestChoose_FormThatIsOpenOverARestart_StillWorks(t *testing.T) {
	f := &fake{result: []pages.Connected{{Name: "Zebra Prints", State: bridge.PageRunning}}}
	s := newSite(t, f)
	s.cookie = someVisit
	want(t, s.post("/oauth/pages", choiceForm("page", "100200300400501")), http.StatusOK, "The page is connected")
}

func TestChoose_Refusals(t *testing.T) {
	ticked := choiceForm("page", "1")
	for name, c := range map[string]struct {
		err    error
		form   url.Values
		status int
		text   string
	}{
		"unknown":  {bridge.ErrTicketUnknown, ticked, 400, "not complete"},
		"expired":  {bridge.ErrTicketExpired, ticked, 410, "more than 30 minutes"},
		"spent":    {bridge.ErrTicketSpent, ticked, 410, "setup channel"},
		"forged":   {bridge.ErrForged, ticked, 403, "did not come from our form"},
		"no proof": {nil, form("ticket", someTicket, "page", "1"), 403, "another browser"},
		"fault":    {fmt.Errorf("disk full"), ticked, 500, "on our side"},
	} {
		s := newSite(t, &fake{err: c.err})
		s.cookie = someVisit
		t.Run(name, func(t *testing.T) { want(t, s.post("/oauth/pages", c.form), c.status, c.text) })
	}
	want(t, newSite(t, &fake{}).post("/oauth/pages", ticked), http.StatusForbidden, "another browser")
}

func TestHostileForms_AreRefused(t *testing.T) {
	fields := strings.Repeat("a&", 4100)
	for _, path := range []string{"/oauth/pages", "/oauth/settings", settingsPath} {
		for name, c := range map[string]struct {
			header, value, body string
			status              int
		}{
			"foreign origin":    {"Origin", "https://evil.example", "rev=7", 403},
			"odd origin":        {"Origin", "%zz", "rev=7", 403},
			"foreign site":      {"Sec-Fetch-Site", "cross-site", "rev=7", 403},
			"sibling site":      {"Sec-Fetch-Site", "same-site", "rev=7", 403},
			"JSON":              {"Content-Type", "application/json", "{}", 415},
			"multipart":         {"Content-Type", "multipart/form-data; boundary=x", "--x--", 415},
			"no type":           {"Content-Type", "", "rev=7", 415},
			"too large":         {"X", "", "welcome=" + strings.Repeat("x", 300<<10), 413},
			"too many fields":   {"X", "", fields, 400},
			"broken encoding":   {"X", "", "a=%zz", 400},
			"semicolons":        {"X", "", "a=1;b=2", 400},
			"our origin":        {"Origin", "http://example.com", "rev=x", 0},
			"origin kept quiet": {"Origin", "null", "rev=x", 0},
		} {
			f := &fake{form: someForm()}
			s := newSite(t, f)
			s.cookie = someVisit
			s.header.Set(c.header, c.value)
			res := s.do(http.MethodPost, path, c.body)
			if c.status != 0 && res.StatusCode != c.status {
				t.Errorf("%s, %s: status %d, want %d", path, name, res.StatusCode, c.status)
			}
			if page := want(t, res, res.StatusCode); c.status == 0 && strings.Contains(page, "a proxy may have") != (path != "/oauth/pages") {
				t.Errorf("%s, %s: refused for its origin", path, name) // these two lack a rev, or a proof
			}
			if len(f.chosen)+len(f.saved) != 0 {
				t.Errorf("%s, %s: something was changed", path, name)
			}
		}
	}
}

// sent is the form of a page's settings as a browser sends it back, with changes.
func sent(t *testing.T, page string, changes ...string) url.Values {
	t.Helper()
	v := url.Values{}
	for _, tag := range regexp.MustCompile(`(?s)<input type="(hidden|text)"[^>]* name="([^"]*)"[^>]* value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		v.Add(tag[2], html.UnescapeString(tag[3]))
	}
	for _, tag := range regexp.MustCompile(`<input type="checkbox"[^>]* name="([^"]*)"[^>]* value="on" checked`).FindAllStringSubmatch(page, -1) {
		v.Add(tag[1], "on")
	}
	for _, tag := range regexp.MustCompile(`(?s)<select[^>]* name="([^"]*)".*?</select>`).FindAllStringSubmatch(page, -1) {
		if chosen := regexp.MustCompile(`value="([^"]*)" selected`).FindStringSubmatch(tag[0]); chosen != nil {
			v.Add(tag[1], html.UnescapeString(chosen[1]))
		}
	}
	for _, tag := range regexp.MustCompile(`(?s)<textarea[^>]* name="([^"]*)"[^>]*>\n(.*?)</textarea>`).FindAllStringSubmatch(page, -1) {
		v.Add(tag[1], strings.ReplaceAll(html.UnescapeString(tag[2]), "\n", "\r\n"))
	}
	for i := 0; i+1 < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
	}
	for i := range settings.Table {
		if word := settings.Table[i].Word; !v.Has(word) {
			t.Errorf("the form has no field for %s", word)
		}
	}
	return v
}

func TestSettings_AreShownAndSaved(t *testing.T) {
	f := &fake{form: someForm()}
	f.form.Page.Name = `</textarea><script>alert("x")</script>`
	f.form.Page.Settings.Welcome = `</textarea><script>alert("x")</script>`
	s := newSite(t, f)
	page := want(t, s.get(settingsPath), http.StatusOK, `value="Bakery desk"`, `value="dep-help" selected`, `name="seen" value="department.`, `value="900"`,
		"Texts to customers</legend>", `<label for="comments">Comments`, "Its agents get the page&#39;s conversations")
	if strings.Contains(page, "<script") || strings.Contains(page, "PAGETOKEN") {
		t.Error("markup or a token got out")
	}
	want(t, s.post(settingsPath, sent(t, page, "name", "Front desk", "department", "", "welcome", " a\r\nb ", "finished", "bye", "comments", "on", "max-file-size", "10mb")),
		http.StatusOK, "The settings are saved", "Front desk", "/facebook edit 100200300400502")
	if wanted := (bridge.Settings{Name: "Front desk", TextLimit: 900, Welcome: "a\nb", Finished: "bye", Comments: true, MaxFileSize: 10 << 20}); len(f.saved) != 1 || f.saved[0] != wanted {
		t.Errorf("saved %+v, want %+v", f.saved, wanted)
	}
}

// TestSettings_SentAsTheyAre_ChangeNothing sends a form back untouched, with every
// setting away from its default.
func TestSettings_SentAsTheyAre_ChangeNothing(t *testing.T) {
	f := &fake{form: someForm()}
	all := bridge.Settings{
		Name: "N \"<>&'", Department: "dep-gone", Welcome: "\u00a0{customer}\n\n“Hi” & <b>", Finished: "f", Offline: "o", WelcomeAlways: true, AgentName: bridge.AgentUsername,
		RefuseFilesIn: true, RefuseFilesOut: true, MaxFileSize: 300 << 10, FileTypes: "image/*, .pdf", HumanAgent: true, NewRoomAfter: bridge.Duration(90 * time.Minute),
		TextLimit: 123, KeepEdits: true, Survey: true, Comments: true, Receipts: true, History: true, PrivacyURL: "https://example.org/?a=1&b=2",
	}
	all.Welcome = strings.TrimSpace(all.Welcome)
	f.form.Page.Settings = all
	s := newSite(t, f)
	page := want(t, s.get(settingsPath), http.StatusOK, "dep-gone (not in the list any more)")
	want(t, s.post(settingsPath, sent(t, page)), http.StatusOK, "The settings are saved")
	if len(f.saved) != 1 || f.saved[0] != all {
		t.Errorf("saved %+v\nwant  %+v", f.saved, all)
	}
}

func TestSettings_Mistakes_AreShownAgain(t *testing.T) {
	f := &fake{form: someForm()}
	s := newSite(t, f)
	page := want(t, s.get(settingsPath), http.StatusOK)
	page = want(t, s.post(settingsPath, sent(t, page, "seen", hidden(t, page, "seen"), "name", strings.Repeat("n", 81), "department", "Kitchen", "welcome", strings.Repeat("w", 2001),
		"offline", "kept", "finished", "Dear {costumer}", "new-room-after", "2 days", "privacy-url", "http://x", "comments", "on")),
		http.StatusUnprocessableEntity, "6 fields need a change", "That has 2001 characters", `id="welcome" name="welcome" aria-invalid="true" aria-describedby="welcome-problem welcome-help blanks"`,
		`id="welcome-problem"`, "There is no department", "{costumer}", "from 1 min to 24 h", `value="2 days"`, "kept</textarea>", strings.Repeat("w", 2001), `name="comments" aria-describedby="comments-help" value="on" checked`)
	if strings.Count(page, "autofocus") != 1 || !strings.Contains(page, `aria-describedby="department-problem department-help" autofocus`) {
		t.Error("not the first wrong field has the focus")
	}
	if len(f.saved) != 0 {
		t.Error("saved")
	}
	f.meddle = func(p *bridge.Page) { p.Settings.Offline = "theirs" }
	corrected := sent(t, page, "name", "n", "department", "dep-help", "welcome", "w", "finished", "", "new-room-after", "off", "privacy-url", "", "offline", "mine")
	want(t, s.post(settingsPath, corrected), http.StatusConflict, "theirs", "mine")
	for _, bad := range []url.Values{form("rev", "7"), form("seen", "x", "name", "n"), form("seen", "", "name", "n")} {
		want(t, s.post(settingsPath, bad), http.StatusForbidden, "did not come from our form")
	}
}

// hidden returns the value of a hidden field.
func hidden(t *testing.T, page, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `name="`+name+`" value="`)
	if !ok {
		t.Fatalf("no field %s", name)
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func TestSettings_BothChangedIt_ShowsBothAndSavesTheNextTime(t *testing.T) {
	f := &fake{form: someForm()}
	s := newSite(t, f)
	mine := sent(t, want(t, s.get(settingsPath), http.StatusOK), "name", "Mine", "welcome", "My welcome", "department", "")
	f.meddle = func(p *bridge.Page) {
		p.Settings.Welcome, p.Settings.Department, p.Settings.TextLimit = "<i>Theirs", "dep-sales", 500
	}
	page := want(t, s.post(settingsPath, mine), http.StatusConflict, "Somebody else saved", "&lt;i&gt;Theirs", "Saved now</dt><dd dir=\"auto\">Sales", "Yours</dt><dd dir=\"auto\"><em",
		"My welcome</textarea>", `value="Mine"`, `value="500"`, "kept:</p>\n<ul><li>Longest message</li></ul>")
	if len(f.saved) != 0 {
		t.Fatal("theirs was overwritten unseen")
	}
	want(t, s.post(settingsPath, sent(t, page)), http.StatusOK, "The settings are saved")
	if s := f.saved[0]; s.Welcome != "My welcome" || s.TextLimit != 500 || s.Department != "" || s.Name != "Mine" {
		t.Errorf("saved %+v", s)
	}
}

func TestSettings_EachChangedSomethingElse_BothAreKeptAndTheLaterIsTold(t *testing.T) {
	f := &fake{form: someForm()}
	s := newSite(t, f)
	page := want(t, s.get(settingsPath), http.StatusOK)
	f.meddle = func(p *bridge.Page) {
		p.State, p.Settings.TextLimit, p.Settings.Offline = bridge.PageOff, 500, "Theirs"
	}
	want(t, s.post(settingsPath, sent(t, page, "name", "Mine")), http.StatusOK, "The settings are saved", "Somebody else also changed this meanwhile", "<li>Longest message</li>", "<li>Nobody there</li>")
	if s := f.saved[0]; s.Name != "Mine" || s.TextLimit != 500 || s.Offline != "Theirs" {
		t.Errorf("saved %+v", s)
	}
}

func TestEveryAnswer_IsGuarded(t *testing.T) {
	f := &fake{form: someForm(), offer: fullOffer()}
	s := newSite(t, f)
	s.offered()
	answers := map[string]*http.Response{
		"start": s.get("/oauth/start?state=X"), "callback": s.get("/oauth/callback?code=C&state=" + someState), "pages": s.get("/oauth/pages"),
		"choose": s.post("/oauth/pages", choiceForm()), "settings": s.get(settingsPath), "save": s.post(settingsPath, form("seen", "x", "name", "n")),
		"head": s.do(http.MethodHead, "/oauth/start", ""), "nowhere": s.get("/oauth/x"), "cleaned path": s.get("/oauth//start"),
		"onward": s.post("/oauth/settings", form("page", "1")), "method": s.do(http.MethodDelete, "/oauth/pages", ""), "post to start": s.post("/oauth/start", nil),
	}
	for name, res := range answers {
		for header, value := range map[string]string{
			"X-Frame-Options": "DENY", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
			"X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := res.Header.Get(header); got != value {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		policy := res.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "style-src 'sha256-", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, part) || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: policy is %q", name, policy)
			}
		}
	}
	if res := answers["method"]; res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("DELETE: %d, %q", res.StatusCode, res.Header.Get("Allow"))
	}
	want(t, answers["post to start"], http.StatusMethodNotAllowed, "nothing here")
	want(t, answers["nowhere"], http.StatusNotFound, "nothing here")
}

func TestNames_AreEscapedEverywhere(t *testing.T) {
	evil := `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	o := fullOffer()
	o.Person, o.Missing, o.Lost[0].Name = evil, []string{evil}, evil
	o.Departments = []bridge.Department{{ID: bridge.DepartmentID(evil), Name: evil}}
	for i := range o.Pages {
		p := &o.Pages[i]
		p.ID, p.Name, p.State, p.Picture = bridge.PageID(evil), evil, bridge.PageState(evil), "javascript:"+evil
		p.Settings = bridge.Settings{Name: evil, Department: "x" + bridge.DepartmentID(evil), Welcome: evil}
		if !p.Usable {
			p.Missing = []string{evil}
		}
	}
	s := newSite(t, &fake{offer: o})
	page := s.offered()
	for _, bad := range []string{"<script", "<img", "javascript:"} {
		if strings.Contains(page, bad) {
			t.Errorf("%s got through", bad)
		}
	}
}

func TestLog_HoldsNoTicketAndNoCode(t *testing.T) {
	var log bytes.Buffer
	f := &fake{err: fmt.Errorf("disk full")}
	h := web.New(web.Config{Login: f, Editor: f, Deletion: f.Deletion, Sign: sign, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	for _, path := range []string{"/oauth/start?state=SECRET", "/oauth/callback?code=SECRET&state=SECRET", settingsPath + "SECRET"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	}
	if text := log.String(); strings.Contains(text, "SECRET") || strings.Count(text, "disk full") != 3 {
		t.Errorf("log: %s", text)
	}
}

func TestVisits_EndWithTheirTicket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, &fake{offer: fullOffer()})
		s.offered()
		time.Sleep(29 * time.Minute) // of the bubble's clock
		want(t, s.get("/oauth/pages"), http.StatusOK)
		time.Sleep(time.Minute)
		want(t, s.get("/oauth/pages"), http.StatusGone, "nothing to choose from")
	})
}
