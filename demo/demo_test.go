package demo

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"messenger-bridge/app"
	"messenger-bridge/browsertest"
)

// quick is a demo whose bridge is the test binary, with short times.
func quick(out *logBook) demo {
	short := app.Fast
	short.EchoWait = 30 * time.Second // as in production: an echo that comes late has to be waited for
	return demo{out: out, child: func(environ []string) *exec.Cmd {
		child := exec.Command(os.Args[0], "-test.run=^$")
		child.Env = append(environ, childVariable+"=serve", app.TimesVariable+"="+short.String())
		return child
	}}
}

func TestDemo_Script_KeepsEveryPromise(t *testing.T) {
	out := &logBook{}
	d := quick(out)
	d.Script = true
	if err := d.run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"/facebook authorize", "The page is connected", "kill -9", "✓ Nothing acknowledged is lost", "✓ Once", "✓ In order"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the script does not say %q:\n%s", want, out)
		}
	}
}

func TestDemo_BridgeDoesNotStart_SaysWhy(t *testing.T) {
	d := quick(&logBook{})
	d.Script = true
	d.child = func([]string) *exec.Cmd {
		return exec.Command(os.Args[0], "-test.no-such-flag")
	}
	if err := d.run(t.Context()); err == nil || !strings.Contains(err.Error(), "did not start") {
		t.Errorf("the error is %v", err)
	}
}

func TestDemo_Listen_OnLoopbackOnly(t *testing.T) {
	for _, address := range []string{":8090", "0.0.0.0:0", "192.0.2.1:80", "nonsense"} {
		if l, err := listenLoopback(address); err == nil {
			l.Close()
			t.Errorf("%s is accepted", address)
		}
	}
}

func TestDemo_OtherSites_AreKeptOut(t *testing.T) {
	const ours = "127.0.0.1:8090"
	done := 0
	guard := guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { done++ }), ours)
	for _, c := range []struct {
		method, host, origin string
		status               int
	}{
		{"GET", ours, "", 200},
		{"GET", "localhost:8090", "", 200},
		{"POST", ours, "http://" + ours, 200},
		{"GET", "rebound.example:8090", "", 421},
		{"POST", "rebound.example:8090", "http://rebound.example:8090", 421},
		{"POST", ours, "", 403},
		{"POST", ours, "null", 403},
		{"POST", ours, "http://other.example", 403},
		{"POST", ours, "http://localhost:8090", 403},
		{"DELETE", ours, "http://other.example", 403},
	} {
		r := httptest.NewRequest(c.method, "/do", nil)
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		guard.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s from %q at %q is answered %d", c.method, c.origin, c.host, w.Code)
		}
	}
	if done != 3 {
		t.Errorf("%d requests got through", done)
	}
}

// window is the demo's page in a headless Chromium.
type window struct {
	*testing.T
	ctx  context.Context
	play *play
}

func open(t *testing.T) *window {
	t.Helper()
	browser := browsertest.Start(t, "en-GB")
	type start struct {
		address string
		play    *play
	}
	out, started, ended := &logBook{}, make(chan start, 1), make(chan error, 1)
	d := quick(out)
	d.Listen = "127.0.0.1:0"
	d.shown = func(address string, p *play) { started <- start{address, p} }
	running, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() { ended <- d.run(running) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error("the demo ended with", err)
		}
	})
	w := &window{T: t}
	var at string
	select {
	case s := <-started:
		at, w.play = s.address, s.play
	case err := <-ended:
		ended <- nil
		t.Fatalf("the demo did not start: %v\n%s", err, out)
	}
	w.ctx = browser.Ctx
	t.Cleanup(func() {
		for _, trouble := range browser.Troubles() {
			t.Error("the browser says:", trouble)
		}
	})
	w.do(chromedp.EmulateViewport(1280, 1180))
	if _, err := chromedp.RunResponse(w.ctx, chromedp.Navigate(at+"/")); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *window) do(actions ...chromedp.Action[chromedp.Void]) {
	w.Helper()
	if err := chromedp.Do(w.ctx, actions...); err != nil {
		w.Fatal(err)
	}
}

// sees waits until an element shows a text.
func (w *window) sees(id, text string) {
	w.Helper()
	w.until(`document.getElementById(`+quote(id)+`).innerText.includes(`+quote(text)+`)`, id+" shows "+text)
}

// until waits until a condition on the page is true.
func (w *window) until(condition, what string) {
	w.Helper()
	script := `new Promise(seen => {
		const look = () => ` + condition + ` && (clearTimeout(patience), watch.disconnect(), seen(''));
		const watch = new MutationObserver(look);
		const patience = setTimeout(() => seen(document.body.innerText), 120000);
		watch.observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
		look();
	})`
	instead, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		w.Fatal(err)
	}
	if instead != "" {
		w.picture("failure")
		w.Fatalf("waited in vain until %s; the page says\n%s", what, instead)
	}
}

func quote(s string) string { return "`" + s + "`" }

// says types a text into a box.
func (w *window) says(box, text string) {
	w.Helper()
	w.do(chromedp.SendKeys(chromedp.CSS("#say-"+box), text+kb.Enter))
}

func (w *window) click(selector string) {
	w.Helper()
	if err := browsertest.Click(w.ctx, selector); err != nil {
		w.Fatal(err)
	}
}

func (w *window) press(id string) {
	w.Helper()
	w.click("#" + id)
}

// turn presses a switch and waits for the explanations that follow at once.
func (w *window) turn(id string, title string) {
	w.Helper()
	w.press("switch-" + id)
	w.sees("title", title)
}

func (w *window) scheme(name string) {
	w.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		w.Fatal(err)
	}
}

// picture takes a screenshot of the window as it is.
func (w *window) picture(name string) {
	w.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		dir = w.TempDir()
	}
	png, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600))
	}
	if err != nil {
		w.Fatal(err)
	}
}

func TestDemo_Page_EverySwitchIsExplained(t *testing.T) {
	w := open(t)
	w.scheme("light")
	w.sees("title", "say hello")
	w.sees("setup", "is connected (by @maria)")
	w.sees("direct", "/oauth/start")

	w.says("customer", "Hello! Are you open on Sunday?")
	w.sees("messages", "Are you open on Sunday?")
	w.says("agent", "Good morning Anna! Yes, from nine to five.")
	w.sees("bubbles", "from nine to five")
	w.says("customer", "Lovely, a table for two at ten please")
	w.sees("messages", "a table for two")

	w.press("customer-ben")
	w.says("customer", "Do you sell gift cards? 2*3*4 = 24, :smile: @all")
	w.sees("messages", "gift cards? 2*3*4 = 24, :smile: @all") // as it was typed
	w.says("agent", "We do, from ten euros up.")
	w.sees("bubbles", "from ten euros up")
	w.says("manager", "/facebook status")
	w.sees("setup", "Waiting for customers: nothing")
	w.press("customer-anna")
	w.click("#rooms li:last-child button")
	w.says("agent", "A table by the window is yours.")
	w.sees("bubbles", "by the window")
	w.sees("lamps", "0 waiting")
	w.picture("overview")
	w.looks("overview")

	w.turn("losing", "Facebook's next answer will get lost")
	w.says("agent", "See you on Sunday!")
	w.sees("title", "the bridge cannot know it yet")
	w.sees("bubbles", "See you on Sunday!")
	w.sees("title", "The echo came")
	w.sees("queue-customers", "0")

	w.turn("close", "Tom has closed the chat")
	w.sees("room-note", "closed")
	w.turn("away", "Tom has gone home")
	w.says("customer", "One more thing: do you bake birthday cakes?")
	w.sees("title", "A message waits for an agent")
	w.picture("waiting")
	w.turn("away", "Nothing waits any more")
	w.sees("messages", "birthday cakes")

	w.turn("workspace", "Rocket.Chat refuses all connections")
	w.says("customer", "With cherries, for twelve people")
	w.sees("title", "Messages wait for Rocket.Chat")
	w.turn("workspace", "Connected again, and nothing waits")

	w.turn("down", "refuses all connections")
	w.says("agent", "Of course!")
	w.sees("title", "An answer waits for Facebook")
	w.turn("down", "Everything has gone out")

	w.turn("token", "no longer accepts the page's token")
	w.says("agent", "When is the birthday?")
	w.sees("title", "The setup channel was told, once")
	w.sees("lamps", "needs authorisation")
	w.picture("token")
	w.turn("token", "The page runs again")
	w.sees("lamps", "Page: running")

	w.turn("repeat", "every webhook once more")

	w.turn("close", "Tom has closed the chat")
	w.says("customer", "On Friday")
	w.sees("title", "A new message, a new room")
	w.sees("messages", "On Friday")

	w.says("agent", "Then it will be ready on Thursday evening.")
	w.sees("bubbles", "Thursday evening")
	w.until(`document.querySelector("#messages li:last-child .reactions")?.innerText.includes("read")`, "Tom sees that it was read")
	w.turn("kill", "the bridge is gone")
	w.sees("life", "Dead")
	w.says("customer", "Wonderful, thank you!")
	w.says("agent", "With a candle for each year?")
	w.says("customer", "Just one, please")
	w.sees("bubbles", "Just one")
	w.sees("queue-meta", "2")
	w.picture("kill")
	w.turn("kill", "The bridge is back, and nothing waits any more")
	w.sees("messages", "Just one, please")
	w.sees("bubbles", "a candle for each year")
	w.picture("back")

	w.turn("token", "no longer accepts the page's token")
	w.says("agent", "Consider it done.")
	w.sees("title", "The setup channel was told, once")
	w.authorise()
	w.sees("title", "The page runs again")
	w.sees("bubbles", "Consider it done.")

	for _, c := range customers {
		texts := w.play.received(c)
		slices.Sort(texts)
		if len(slices.Compact(slices.Clone(texts))) != len(texts) {
			t.Errorf("%s got something twice: %q", c.First, texts)
		}
	}
	for _, problem := range append(w.play.rc.Problems(), w.play.meta.Problems()...) {
		t.Error("the sandbox objects:", problem)
	}
}

// authorise is Maria at a browser: command, link, Facebook's dialog, tick boxes, and
// back to the demo.
func (w *window) authorise() {
	w.Helper()
	before := len(w.play.rc.DirectMessages(manager))
	w.says("manager", "/facebook authorize")
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := w.play.until(ctx, "the link is there", func() bool { return len(w.play.rc.DirectMessages(manager)) > before }); err != nil {
		w.Fatal(err)
	}
	link := loginLink.FindString(w.play.rc.DirectMessages(manager)[before].Text)
	w.sees("direct", link)
	var demo string
	for _, step := range []struct{ tick, click string }{
		{"", `[...document.querySelectorAll("#direct a")].at(-1).target = "_self", [...document.querySelectorAll("#direct a")].at(-1).click()`},
		{`document.querySelector("[name=page]").checked = true`, `document.querySelector("[value=continue]").click()`},
		{`document.querySelector("[name=page]").checked = true`, `document.querySelector("main button").click()`},
	} {
		if demo == "" {
			demo, _ = chromedp.Run(w.ctx, chromedp.Location())
		}
		if _, err := chromedp.RunResponse(w.ctx, chromedp.Evaluate[chromedp.Void](step.tick+";"+step.click+";undefined")); err != nil {
			w.Fatal(err)
		}
	}
	if text, err := chromedp.Run(w.ctx, chromedp.Text(chromedp.CSS("h1"))); err != nil || text != "The page is connected" {
		w.Errorf("the last page says %q, %v", text, err)
	}
	if _, err := chromedp.RunResponse(w.ctx, chromedp.Navigate(demo)); err != nil {
		w.Fatal(err)
	}
}

// looks takes pictures in the dark and on a phone, and checks that nothing is cut off.
func (w *window) looks(name string) {
	w.Helper()
	for _, look := range []struct {
		name          string
		width, height int64
		scheme        string
	}{{"dark", 1280, 1180, "dark"}, {"phone", 390, 844, "light"}, {"wide", 1680, 1050, "light"}} {
		w.scheme(look.scheme)
		w.do(chromedp.EmulateViewport(look.width, look.height))
		w.picture(name + "-" + look.name)
		wide, err := chromedp.Run(w.ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth - innerWidth`))
		if err != nil || wide > 0 {
			w.Errorf("%s: the page is %d too wide (%v)", look.name, wide, err)
		}
	}
	unnamed, err := chromedp.Run(w.ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll('button,input,ol[tabindex]')]
		.filter(e => !(e.textContent.trim() || e.labels?.length || e.ariaLabel)).map(e => e.outerHTML)`))
	if err != nil || len(unnamed) > 0 {
		w.Errorf("without a name: %q (%v)", unnamed, err)
	}
	w.scheme("light")
	w.do(chromedp.EmulateViewport(1280, 1180))
}

// deed chooses something in the menu beside a box.
func (w *window) deed(as, id string) {
	w.Helper()
	w.click("#deeds-" + as + "-open")
	w.click("#" + as + "-" + id)
}

// shows waits until as many elements are there.
func (w *window) shows(selector string, n int) {
	w.Helper()
	w.until(`document.querySelectorAll(`+quote(selector)+`).length === `+strconv.Itoa(n), selector)
}

// TestDemo_Page_RoundTripOfEverything does everything that can be done in the menus, and
// looks for it on the other side.
func TestDemo_Page_RoundTripOfEverything(t *testing.T) {
	w := open(t)
	w.scheme("light")
	w.sees("title", "say hello")

	w.deed("customer", "ad")
	w.sees("messages", "came through an ad")
	w.says("customer", "Hello! Do you have these?")
	w.deed("customer", "picture")
	w.shows("#messages .visitor img", 1)
	w.deed("customer", "document")
	w.sees("messages", "order.pdf")
	w.deed("customer", "voice")
	w.sees("messages", "voice-")
	w.deed("customer", "sticker")
	w.sees("messages", "👍")
	w.deed("customer", "place")
	w.sees("messages", "openstreetmap.org")

	w.deed("agent", "picture")
	w.shows("#bubbles li:not(.mine) img", 1)
	w.sees("bubbles", "This is what they look like.")
	w.deed("agent", "document")
	w.sees("bubbles", "menu.pdf")
	w.deed("agent", "answer")
	w.sees("bubbles", "We will see to that.")
	w.shows("#bubbles blockquote", 1)
	w.deed("agent", "love")
	w.shows("#bubbles .mine .liked", 1)
	w.deed("customer", "answer")
	w.sees("messages", "Yes, that one!")
	w.shows("#messages .visitor blockquote", 1)
	w.deed("customer", "love")
	w.shows("#messages .person .reactions span:not([title=\":eye:\"]):not([title=\":heavy_check_mark:\"]):not([title=\":white_check_mark:\"])", 1)
	w.picture("round-trip-answers")

	w.says("agent", "Twelve of them, then.")
	w.sees("bubbles", "Twelve of them, then.")
	w.deed("agent", "correct")
	w.sees("bubbles", "Corrected: Twelve of them, then. (I mean it!)")
	w.says("customer", "Make it ten.")
	w.sees("messages", "Make it ten.")
	w.deed("customer", "correct")
	w.sees("messages", "Make it ten. (I mean it!)")
	w.says("customer", "What do they cost")
	w.sees("messages", "What do they cost")
	w.deed("customer", "unsend")
	w.sees("messages", "The customer has deleted a message")
	w.deed("agent", "delete")
	w.sees("messages", "still sees it")
	w.picture("round-trip-changes")
	w.deed("agent", "typing")
	w.deed("agent", "choices")
	w.sees("bubbles", "Shall we deliver it?")
	w.shows("#bubbles .choices button", 3)
	w.click("#deeds-agent-open")
	w.picture("round-trip-menu")
	w.click("#deeds-agent-open")
	w.looks("round-trip")
	w.click("#bubbles .choices button:nth-child(2)")
	w.sees("messages", "No")
	w.shows("#bubbles .choices button", 0)

	w.says("manager", "/facebook edit "+pageID+" survey on")
	w.sees("setup", "survey")
	w.turn("close", "Tom has closed the chat")
	w.sees("bubbles", "How satisfied are you")
	w.click("#bubbles .choices button:nth-child(5)")
	w.sees("messages", "★★★★★ (5/5)")
	w.click("#bubbles .choices button")
	w.sees("bubbles", "Please write your comment")
	w.says("customer", "Lovely people.")
	w.sees("messages", "The customer wrote about this conversation:")
	w.sees("messages", "Lovely people.")
	w.picture("round-trip-survey")
	w.sees("lamps", "0 waiting")
	if rooms := w.play.rc.Rooms(); len(rooms) != 1 || rooms[0].Open {
		t.Errorf("%d rooms, the first open: %v", len(rooms), rooms[0].Open)
	}
	for _, problem := range append(w.play.rc.Problems(), w.play.meta.Problems()...) {
		t.Error("the sandbox objects:", problem)
	}
}
