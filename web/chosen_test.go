package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
)

var twoConnected = []pages.Connected{
	{ID: "100200300400501", Name: "Zebra <b>Prints", State: bridge.PageRunning},
	{ID: "100200300400502", Name: "Harbour Bakery", State: bridge.PageRunning},
}

// chosenBy goes through a login by somebody to the page that says what became of the choice.
func chosenBy(t *testing.T, f *fake) (s *site, page string) {
	t.Helper()
	f.offer.By = bridge.Author{ID: "u1", Username: "dana"}
	s = newSite(t, f)
	s.offered()
	return s, want(t, s.post("/oauth/pages", choiceForm("page", "100200300400501", "page", "100200300400502")), http.StatusOK, "The pages are connected")
}

// onward is what the button for a page's settings sends.
func onward(t *testing.T, page, id string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `action="settings"`)
	_, rest, there := strings.Cut(rest, `name="proof" value="`)
	proof, _, _ := strings.Cut(rest, `"`)
	if !ok || !there {
		t.Fatalf("no way on to the settings:\n%s", afterStyle(page))
	}
	return form("proof", proof, "page", id).Encode()
}

// TestChosen_LeadsOnToTheSettings: the click makes the link, for whoever logged in; showing the page
// makes none, however often.
func TestChosen_LeadsOnToTheSettings(t *testing.T) {
	f := &fake{offer: fullOffer(), form: someForm(), result: twoConnected}
	s, _ := chosenBy(t, f)
	page := want(t, s.get("/oauth/pages"), http.StatusOK, `name="page" value="100200300400501"`, "Settings of <bdi>Zebra &lt;b&gt;Prints</bdi>", "/facebook edit 100200300400502")
	if len(f.asked) > 0 {
		t.Fatalf("to show the page made links: %v", f.asked)
	}
	res := s.do(http.MethodPost, "/oauth/settings", onward(t, page, "100200300400502"))
	want(t, res, http.StatusSeeOther)
	if to := res.Header.Get("Location"); to != settingsPath || !slices.Equal(f.asked, []string{"dana 100200300400502"}) {
		t.Errorf("leads to %s, made for %v", to, f.asked)
	}
	want(t, s.get(settingsPath), http.StatusOK, "Page settings")
	res = s.get("/oauth/settings") // the address, opened again
	want(t, res, http.StatusSeeOther)
	if to := res.Header.Get("Location"); to != "pages" || len(f.asked) != 1 {
		t.Errorf("the address leads to %s, and made %v", to, f.asked)
	}
}

// TestChosen_WayOnToTheSettings_IsRefused to everybody but the browser that chose, while its person
// still may, and for the pages that it chose.
func TestChosen_WayOnToTheSettings_IsRefused(t *testing.T) {
	f := &fake{offer: fullOffer(), form: someForm(), result: twoConnected}
	s, page := chosenBy(t, f)
	send := onward(t, page, "100200300400501")
	post := func(s *site, body string, status int, texts ...string) {
		t.Helper()
		want(t, s.do(http.MethodPost, "/oauth/settings", body), status, texts...)
	}
	post(newSite(t, f), send, http.StatusForbidden, "another browser")
	post(s, form("page", "100200300400501").Encode(), http.StatusForbidden, "did not come from our form")
	post(s, strings.Replace(send, "proof=", "proof=x", 1), http.StatusForbidden, "did not come from our form")
	post(s, onward(t, page, "100200300400503"), http.StatusGone, "/facebook edit 100200300400503")
	post(s, onward(t, page, `"><b>`), http.StatusGone, "/facebook edit &lt;pageId&gt;")
	f.may = bridge.ErrMayNot
	post(s, send, http.StatusForbidden, "may not do this any more")
	f.may = bridge.ErrNobodyToAsk
	post(s, send, http.StatusServiceUnavailable, "Rocket.Chat does not answer")
	f.may, f.err = nil, bridge.ErrNoPage
	post(s, send, http.StatusNotFound, "no longer connected")
	f.err = nil
	again := newSite(t, f) // restarted
	again.cookie = someVisit
	post(again, send, http.StatusGone, "/facebook edit 100200300400501")
	s.header.Set("Origin", "https://evil.example")
	post(s, send, http.StatusForbidden, "did not come from our form")
	if len(f.asked) > 0 {
		t.Errorf("links were made: %v", f.asked)
	}
}

// TestChosen_AfterARestart_NamesTheCommandOnly: the bridge knows no visit, and offers no button that
// could do nothing.
func TestChosen_AfterARestart_NamesTheCommandOnly(t *testing.T) {
	f := &fake{result: twoConnected[1:]}
	s := newSite(t, f)
	s.cookie = someVisit
	page := want(t, s.post("/oauth/pages", choiceForm("page", "100200300400502")), http.StatusOK, "/facebook edit 100200300400502")
	if strings.Contains(page, "<button") {
		t.Error("there is a button")
	}
}
