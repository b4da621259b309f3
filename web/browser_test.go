package web_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
	"messenger-bridge/browsertest"
	"messenger-bridge/language"
	"messenger-bridge/web"
)

// browser is a headless Chromium with one window.
type browser struct {
	*browsertest.Browser
	t *testing.T
}

func startBrowser(t *testing.T) *browser {
	t.Helper()
	return &browser{Browser: browsertest.Start(t, "en-GB"), t: t}
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.Ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// js returns what an expression is in the page.
func js[T any](b *browser, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.Ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}

// follow does something that leads to another page, and waits until it is there.
func (b *browser) follow(action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b.Ctx, action); err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) sees(texts ...string) {
	b.t.Helper()
	page := js[string](b, `document.body.innerText`)
	for _, text := range texts {
		if !strings.Contains(page, text) {
			b.t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
}

// press types keys one after another.
func (b *browser) press(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.run(chromedp.KeyEvent(k))
	}
}

// focus returns the id of the element that has the focus, or its text.
func (b *browser) focus() string {
	b.t.Helper()
	return js[string](b, `document.activeElement.id || document.activeElement.textContent.trim()`)
}

// comesTo waits until the focus is where the page wants it: browsers put it there with the next picture.
func (b *browser) comesTo(suffix string) {
	b.t.Helper()
	script := fmt.Sprintf(`new Promise(seen => {
		const patience = setTimeout(() => { clearInterval(watch); seen(document.activeElement.id || 'nothing'); }, 60000);
		const watch = setInterval(() => { if (document.activeElement.id.endsWith(%q)) { clearTimeout(patience); clearInterval(watch); seen(''); } }, 20);
	})`, suffix)
	instead, err := chromedp.Run(b.Ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil || instead != "" {
		b.t.Errorf("the focus does not come to %q but is on %q: %v", suffix, instead, err)
	}
}

// tabTo presses Tab until the focus is on an element.
func (b *browser) tabTo(id string) {
	b.t.Helper()
	for range 60 {
		if b.press(kb.Tab); b.focus() == id {
			return
		}
	}
	b.t.Fatalf("%q cannot be reached by Tab", id)
}

// looks are the ways in which every page is looked at.
var looks = []struct {
	name   string
	width  int64
	height int64
	scheme string
}{
	{"light", 1100, 800, "light"}, {"dark", 1100, 800, "dark"}, {"phone", 360, 740, "light"}, {"phone-dark", 360, 740, "dark"},
}

// inspect checks the page shown for what every page must have, takes its pictures,
// and leaves the window wide and light.
func (b *browser) inspect(name string) {
	b.t.Helper()
	for _, look := range looks {
		b.scheme(look.scheme)
		b.run(chromedp.EmulateViewport(look.width, look.height))
		for _, fault := range js[[]string](b, inspection) {
			b.t.Errorf("%s, %s: %s", name, look.name, fault)
		}
		b.run(chromedp.EmulateViewport(look.width, max(look.height, js[int64](b, `document.documentElement.scrollHeight`)))) // all of it is drawn
		picture, err := chromedp.Run(b.Ctx, chromedp.FullScreenshot(100))
		if err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(pictures(b.t), name+"-"+look.name+".png"), picture, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	b.scheme("light")
	b.run(chromedp.EmulateViewport(1100, 800))
	for _, trouble := range b.Troubles() {
		if !strings.Contains(trouble, "the server responded with a status of") { // our own 4xx pages
			b.t.Errorf("%s: the browser says: %s", name, trouble)
		}
	}
}

// scheme sets what the person prefers. Nothing moves, so that colours are final.
func (b *browser) scheme(name string) {
	b.t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(b.Ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		b.t.Fatal(err)
	}
}

var picturesDir = sync.OnceValue(func() string { return os.Getenv("SCREENSHOTS") })

func pictures(t *testing.T) string {
	if dir := picturesDir(); dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	return t.TempDir()
}

// inspection lists the faults of a page: what a screen reader, a small screen or
// weak eyes would stumble over.
const inspection = `(() => {
	const faults = [], all = s => [...document.querySelectorAll(s)];
	if (!document.documentElement.lang) faults.push('no lang');
	if (!document.title) faults.push('no title');
	if (all('h1').length != 1) faults.push(all('h1').length + ' h1');
	if (all('main').length != 1) faults.push('no main');
	let level = 0;
	for (const h of all('h1,h2,h3,h4')) {
		const n = +h.tagName[1];
		if (n > level + 1) faults.push('heading level skipped at ' + h.textContent);
		level = n;
	}
	const ids = all('[id]').map(e => e.id);
	for (const id of ids) if (ids.indexOf(id) != ids.lastIndexOf(id)) faults.push('id used twice: ' + id);
	for (const e of all('input:not([type=hidden]),select,textarea')) {
		if (!e.labels.length || !e.labels[0].textContent.trim()) faults.push('no label: ' + e.name);
		for (const id of (e.getAttribute('aria-describedby') || '').split(' ')) if (id && !document.getElementById(id)) faults.push('describedby leads nowhere: ' + id);
	}
	for (const e of all('[aria-labelledby]')) if (!document.getElementById(e.getAttribute('aria-labelledby'))) faults.push('labelledby leads nowhere');
	for (const e of all('fieldset')) if (!e.querySelector('legend')) faults.push('fieldset without legend');
	for (const e of all('svg')) if (!e.hasAttribute('aria-hidden')) faults.push('svg is read out');
	if (all('script,[onclick],[style]').length) faults.push('script or inline style');
	for (const e of all('[src],link[href]')) if (!(e.src || e.href).startsWith('data:')) faults.push('loads ' + (e.src || e.href));
	if (document.documentElement.scrollWidth > innerWidth) {
		faults.push('scrolls sideways: ' + document.documentElement.scrollWidth + ' > ' + innerWidth);
	}
	for (const e of all('button,input[type=text],select,summary,.pick label')) {
		if (e.checkVisibility() && e.getBoundingClientRect().height < 40) faults.push('too small to hit: ' + (e.id || e.textContent));
	}
	const rgb = c => { const m = c.match(/[\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
	const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0);
	const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] > .99) return c; } return [255, 255, 255, 1]; };
	for (const e of all('body *')) {
		if (!e.checkVisibility() || ![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()) && !e.matches('input[type=text],textarea,select')) continue;
		const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
		if ((a + .05) / (b + .05) < 4.5) faults.push('contrast ' + ((a + .05) / (b + .05)).toFixed(2) + ': ' + e.textContent.trim().slice(0, 40));
	}
	return faults;
})()`

// serve is a site with a Facebook that grants at once.
func serve(t *testing.T, f *fake) string {
	t.Helper()
	return serveIn(t, f, "en")
}

// serveIn is serve in another language.
func serveIn(t *testing.T, f *fake, tongue string) string {
	t.Helper()
	pages := web.New(web.Config{Login: f, Editor: f, Deletion: f.Deletion, Sign: sign, Say: language.New(tongue, nil)})
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	facebook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, server.URL+"/oauth/callback?code=CODE&state="+url.QueryEscape(someState), http.StatusFound)
	}))
	t.Cleanup(facebook.Close)
	_, port, err := net.SplitHostPort(facebook.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	f.dialog = "http://localhost:" + port + "/dialog" // another site than ours, as for the cookie
	return server.URL
}

func TestBrowser_PagesAreChosenByKeyboard(t *testing.T) {
	b, f := startBrowser(t), &fake{offer: fullOffer()}
	f.result = []pages.Connected{
		{ID: "100200300400502", Name: "Harbour Bakery", State: bridge.PageRunning},
		{ID: "100200300400507", Name: "Lakeside Bikes", State: bridge.PageConnecting, Why: "Meta cannot reach https://bridge.example/webhook"},
		{ID: "100200300400501", Name: "Zebra Prints", State: bridge.PageNeedsAuth, Why: "Facebook no longer accepts its token; type `/facebook authorize`"},
	}
	b.follow(chromedp.Navigate(serve(t, f) + "/oauth/start?state=LOGINTICKET"))
	b.sees("Choose your Facebook pages", "Dana Okafor", "Corner Café Uptown")
	if at := js[string](b, `location.pathname + location.search`); at != "/oauth/pages" {
		t.Errorf("the code stays in the address: %s", at)
	}
	b.inspect("choice")

	if ticked := js[string](b, `[...document.querySelectorAll(':checked[name=page]')].map(e => e.value).join(' ')`); ticked != "100200300400502 100200300400507" && ticked != "100200300400507 100200300400502" {
		t.Errorf("ticked at first: %s", ticked)
	}
	zebra := js[string](b, `document.querySelector('[value="100200300400501"]').id.replace('tick', '')`)
	b.tabTo(zebra + "tick")
	if js[bool](b, `document.getElementById('`+zebra+`name').checkVisibility()`) {
		t.Error("fields of a page that is not ticked are shown")
	}
	b.press(" ", kb.Tab) // ticks; its fields appear behind it
	if at := b.focus(); at != zebra+"department" {
		t.Fatalf("after the tick box comes %q", at)
	}
	b.press("S", kb.Tab, kb.Enter, kb.Tab) // Sales; opens the texts
	if at := b.focus(); at != zebra+"name" {
		t.Fatalf("after the summary comes %q", at)
	}
	b.press("Zebra desk", kb.Tab, "Hi {customer}")
	b.inspect("choice-open")
	b.tabTo("Connect the ticked pages")
	b.follow(chromedp.KeyEvent(kb.Enter))
	b.sees("Not everything runs yet", "Meta cannot reach https://bridge.example/webhook", "You can close this window")
	b.inspect("result-mixed")

	got := map[bridge.PageID]bridge.Settings{}
	for _, c := range f.chosen {
		got[c.ID] = c.Settings
	}
	if len(got) != 3 || got["100200300400501"] != (bridge.Settings{Name: "Zebra desk", Department: "dep-sales", Welcome: "Hi {customer}"}) {
		t.Errorf("chosen: %+v", got)
	}
	if got["100200300400502"] != f.offer.Pages[1].Settings || got["100200300400507"].Department != "dep-gone" {
		t.Errorf("settings of connected pages were changed: %+v", got)
	}
	b.follow(chromedp.NavigateBack())
	b.sees("Not everything runs yet") // not the boxes, which were sent
}

func TestBrowser_ChoiceWithASlip_IsShownAgain(t *testing.T) {
	b, f := startBrowser(t), &fake{offer: fullOffer(), form: someForm()}
	f.offer.Missing, f.offer.Lost = nil, nil
	f.result = []pages.Connected{{ID: "100200300400501", Name: "Zebra Prints", State: bridge.PageRunning}}
	b.follow(chromedp.Navigate(serve(t, f) + "/oauth/start?state=LOGINTICKET"))
	b.follow(chromedp.Reload())
	b.sees("Choose your Facebook pages") // a reload does no harm
	untick := `document.querySelectorAll(':checked[name=page]').forEach(e => e.click())`
	js[bool](b, untick+`, true`)
	b.follow(chromedp.Click(chromedp.CSS(`button`)))
	b.sees("No page is ticked")
	b.inspect("choice-nothing")

	b.run(chromedp.Click(chromedp.CSS(`[value="100200300400501"]`)), chromedp.Click(chromedp.CSS(`.card:has([value="100200300400501"]) summary`)),
		chromedp.SetValue(chromedp.CSS(`[name="100200300400501.welcome"]`), strings.Repeat("long ", 500)),
		chromedp.SetValue(chromedp.CSS(`[name="100200300400501.offline"]`), "Back at nine."))
	b.follow(chromedp.Click(chromedp.CSS(`button`)))
	b.sees("One field needs a change", "That has 2499 characters; at most 2000 are possible.", "Zebra Prints")
	b.comesTo("welcome")
	b.inspect("choice-too-long")
	if v := js[string](b, `document.querySelector('[name="100200300400501.offline"]').value`); v != "Back at nine." {
		t.Errorf("lost: %q", v)
	}
	b.run(chromedp.SetValue(chromedp.CSS(`[name="100200300400501.welcome"]`), "short"))
	b.follow(chromedp.Click(chromedp.CSS(`button`)))
	b.sees("The page is connected")
	b.inspect("result-good")
	b.tabTo("Open the settings")
	b.follow(chromedp.KeyEvent(kb.Enter))
	b.sees("Page settings")
	if len(f.chosen) != 1 || f.chosen[0].Settings.Welcome != "short" {
		t.Errorf("chosen: %+v", f.chosen)
	}
}

func TestBrowser_SettingsAreChangedByKeyboard(t *testing.T) {
	b, f := startBrowser(t), &fake{form: someForm()}
	b.follow(chromedp.Navigate(serve(t, f) + settingsPath))
	b.inspect("settings")
	b.tabTo("department")
	b.press("N", kb.Tab) // No department
	if at := b.focus(); at != "name" {
		t.Fatalf("after the department comes %q", at)
	}
	js[bool](b, `document.activeElement.select(), true`)
	b.press("Front desk", kb.Tab)
	b.tabTo("welcome")
	b.press("Hi. ")
	b.tabTo("comments") // backwards is as good: all of them are reached
	b.press(" ")
	f.meddle = func(p *bridge.Page) {
		p.Settings.Welcome, p.Settings.Department = "Welcome!\n\nSomebody else wrote this.", "dep-sales"
		p.Settings.TextLimit = 500
	}
	b.tabTo("Save")
	b.follow(chromedp.KeyEvent(kb.Enter))
	b.sees("Somebody else saved these settings meanwhile", "Somebody else wrote this.", "Hi. Hello", "Longest message")
	b.inspect("settings-conflict")
	if v := js[string](b, `document.querySelector('#name').value`); v != "Front desk" {
		t.Errorf("lost: %q", v)
	}
	b.run(chromedp.SetValue(chromedp.CSS("#finished"), strings.Repeat("x", 2001)))
	b.follow(chromedp.Click(chromedp.CSS("button")))
	b.sees("That has 2001 characters")
	b.inspect("settings-too-long")
	b.run(chromedp.SetValue(chromedp.CSS("#finished"), "Thank you, {customer}!"))
	b.follow(chromedp.Click(chromedp.CSS("button")))
	b.sees("The settings are saved", "Front desk")
	b.inspect("settings-saved")
	wanted := bridge.Settings{Name: "Front desk", TextLimit: 500, Welcome: "Hi. Hello {customer}!\nWe answer within the hour.", Finished: "Thank you, {customer}!", Comments: true}
	if len(f.saved) != 1 || f.saved[0] != wanted {
		t.Errorf("saved: %+v", f.saved)
	}
}

// TestBrowser_RefusedAtUse shows, in every language, what somebody sees whose right is gone,
// or cannot be found out.
func TestBrowser_RefusedAtUse(t *testing.T) {
	b := startBrowser(t)
	for tongue, says := range map[string][2]string{
		"en": {"You may not do this any more", "Rocket.Chat does not answer"},
		"de": {"Sie dürfen das nicht mehr", "Rocket.Chat antwortet nicht"},
		"es": {"Ya no tiene permiso para hacer esto", "Rocket.Chat no responde"},
		"pt": {"Você não tem mais permissão para fazer isto", "O Rocket.Chat não responde"},
	} {
		f := &fake{form: someForm()}
		site := serveIn(t, f, tongue)
		for i, err := range []error{bridge.ErrMayNot, bridge.ErrNobodyToAsk} {
			f.err = err
			b.follow(chromedp.Navigate(site + settingsPath))
			b.sees(says[i])
			b.inspect([]string{"may-not-", "nobody-to-ask-"}[i] + tongue)
		}
	}
}

// TestBrowser_EveryPage opens the pages that only say something.
func TestBrowser_EveryPage(t *testing.T) {
	b, f := startBrowser(t), &fake{form: someForm()}
	f.form.Departments = nil
	site := serve(t, f)
	b.follow(chromedp.Navigate(site + settingsPath))
	b.inspect("settings-no-departments")
	b.follow(chromedp.Navigate(site + "/oauth/start?state=LOGINTICKET"))
	b.sees("Facebook named no page")
	b.inspect("choice-empty")
	b.follow(chromedp.Navigate(site + "/nowhere"))
	b.inspect("nothing-here")
	for _, c := range []struct {
		name, path string
		err        error
	}{
		{"unknown", "/oauth/start?state=X", bridge.ErrTicketUnknown},
		{"expired", "/oauth/start?state=X", bridge.ErrTicketExpired},
		{"spent-login", "/oauth/callback?code=C&state=X", bridge.ErrTicketSpent},
		{"spent-settings", settingsPath, bridge.ErrTicketSpent},
		{"other-browser", "/oauth/callback?code=C&state=X", bridge.ErrOtherBrowser},
		{"denied", "/oauth/callback?error=access_denied&state=X", nil},
		{"dialog-failed", "/oauth/callback?error_code=1349126&error_message=App+not+active&state=X", nil},
		{"no-code", "/oauth/callback?state=X", nil},
		{"code-refused", "/oauth/callback?code=C&state=X", &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.CodeRefused}},
		{"facebook-away", "/oauth/callback?code=C&state=X", &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown}},
		{"forged", settingsPath, bridge.ErrForged},
		{"no-page", settingsPath, bridge.ErrNoPage},
		{"fault", settingsPath, context.DeadlineExceeded},
	} {
		f.err = c.err
		b.follow(chromedp.Navigate(site + c.path))
		b.inspect(c.name)
	}
}
