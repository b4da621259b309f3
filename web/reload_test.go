package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
)

// TestSettings_Preview_SavesNothing_AndTheLinkStaysGood shows what customers would read, or what is
// wrong; the form then saves.
func TestSettings_Preview_SavesNothing_AndTheLinkStaysGood(t *testing.T) {
	f := &fake{form: someForm()}
	f.form.Page.Settings = bridge.Settings{Welcome: "Before"}
	s := newSite(t, f)
	page := want(t, s.get(settingsPath), http.StatusOK, `name="preview"`, `href="#section-0"`, `id="section-0"`)
	filled := sent(t, page, "welcome", "Hi {customer|you}", "preview", "on")
	page = want(t, s.post(settingsPath, filled), http.StatusOK, "Nothing is saved yet", "Hi Alex Morgan", "Hi you", "Hi {customer|you}</textarea>")
	bad := sent(t, page, "welcome", "Hi {custmer}", "preview", "on")
	want(t, s.post(settingsPath, bad), http.StatusOK, "Did you mean {customer}?", "Hi {custmer}</textarea>")
	if len(f.saved) > 0 {
		t.Fatalf("a preview saved %+v", f.saved)
	}
	want(t, s.post(settingsPath, sent(t, page)), http.StatusOK, "The settings are saved")
	if len(f.saved) != 1 || f.saved[0].Welcome != "Hi {customer|you}" {
		t.Errorf("saved %+v", f.saved)
	}
}

// TestSettings_Saved_LeadsToAPageThatCanBeLoadedAgain: browsers that load it again send nothing;
// nobody else's page is shown by its address, and none after a restart.
func TestSettings_Saved_LeadsToAPageThatCanBeLoadedAgain(t *testing.T) {
	f := &fake{form: someForm()}
	s := newSite(t, f)
	page := want(t, s.get(settingsPath), http.StatusOK)
	res := s.do(http.MethodPost, settingsPath, sent(t, page, "name", "Front desk").Encode())
	want(t, res, http.StatusSeeOther)
	to := settingsPath[:strings.LastIndexByte(settingsPath, '/')+1] + res.Header.Get("Location")
	for range 2 {
		want(t, s.get(to), http.StatusOK, "The settings are saved", "Front desk")
	}
	if len(f.saved) != 1 || strings.Contains(to, "ticket") {
		t.Errorf("saved %+v; the address is %s", f.saved, to)
	}
	want(t, s.get(strings.Replace(to, "100200300400502", "100200300400501", 1)), http.StatusGone)
	want(t, s.get(to+"x"), http.StatusGone)
	want(t, newSite(t, f).get(to), http.StatusGone, "/facebook edit 100200300400502")
}

// TestChoice_PageThatIsNotAllowed_CarriesNoGreenBadge: nor is there a button that can do nothing.
func TestChoice_PageThatIsNotAllowed_CarriesNoGreenBadge(t *testing.T) {
	offer := fullOffer()
	for i := range offer.Pages {
		offer.Pages[i].Usable, offer.Pages[i].Lacks = false, []string{"pages_messaging"}
	}
	page := newSite(t, &fake{offer: offer}).offered()
	for _, bad := range []string{`state good`, "Connected and running", "Connect the ticked pages", "<button"} {
		if strings.Contains(afterStyle(page), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, good := range []string{"Connected, but not allowed by this login", "<code>/facebook authorize</code>"} {
		if !strings.Contains(page, good) {
			t.Errorf("the page does not hold %q", good)
		}
	}
	one := fullOffer()
	if i := slices.IndexFunc(one.Pages, func(p pages.OfferedPage) bool { return p.Usable }); i < 0 {
		t.Fatal("no page can be connected")
	}
	if page := newSite(t, &fake{offer: one}).offered(); !strings.Contains(page, "Connect the ticked pages") {
		t.Error("there is no button although a page can be connected")
	}
}
