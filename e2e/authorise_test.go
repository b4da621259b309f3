package e2e

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"messenger-bridge/app"
	"messenger-bridge/bridge"
	"messenger-bridge/browsertest"
	"messenger-bridge/demo/forms"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
	"messenger-bridge/store"
)

// The pages that Maria manages at Facebook, and nobody has connected yet.
const (
	bakery = "100200300400601"
	bikes  = "100200300400602"

	setupName = "omnichannel-facebook-setup"
	ourBot    = "bridge.bot"
)

// office is a world in which nothing is connected yet, with maria, who may do
// everything, and paul, who may do nothing.
type office struct {
	*world
	clock   *clock   // of the workspace
	person  string   // maria at Facebook
	sales   string   // id of a department
	spoken  int      // by customers and agents
	ignore  []string // what the sandbox may object to
	secrets *secretBook
}

// clock is a clock that can be put forward and back.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

func (c *clock) shift(d time.Duration) { c.offset.Store(int64(d)) }

func (c *clock) pass(d time.Duration) { c.offset.Add(int64(d)) }

// secretBook is what must never be logged.
type secretBook struct {
	mu  sync.Mutex
	all []string
}

func (s *secretBook) add(more ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, more...)
}

// openOffice starts both platforms; the bridge is not running yet, and no page is stored.
func openOffice(t *testing.T, with chat.Config, environ ...string) *office {
	t.Helper()
	o := &office{clock: &clock{}, secrets: &secretBook{}}
	if with.Now == nil {
		with.Now = o.clock.now
	}
	rc, err := chat.Start(with)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := meta.Start(meta.Config{
		NoAppSubscription: true, Retries: []time.Duration{10 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "mb") // a short path, for the Unix socket
	if err != nil {
		t.Fatal(err)
	}
	o.world = &world{T: t, rc: rc, meta: meta, agent: rc.AddAgent("ana"), log: &logBook{}}
	o.sales = rc.AddDepartment("Sales", "ana")
	rc.SetSetting("Message_AllowUnrecognizedSlashCommand", true)
	rc.AddUser(chat.User{Username: "maria", Roles: []string{"user", "livechat-manager"}})
	rc.AddUser(chat.User{Username: "paul"})
	meta.AddBarePage(bakery, "Bakery")
	meta.AddBarePage(bikes, "Bikes")
	o.person = meta.AddPerson("Maria Muster", bakery, bikes)
	listen := freeAddress(t)
	o.environ = append([]string{
		"ROCKETCHAT_URL=" + rc.URL(), "ROCKETCHAT_USER=" + ourBot, "ROCKETCHAT_PASSWORD=secret",
		"FACEBOOK_APP_ID=" + meta.AppID(), "FACEBOOK_APP_SECRET=" + meta.AppSecret(),
		"FACEBOOK_VERIFY_TOKEN=" + meta.VerifyToken(), "FACEBOOK_GRAPH_URL=" + meta.URL(), "FACEBOOK_LOGIN_URL=" + meta.LoginURL(),
		"PUBLIC_URL=http://" + listen, "LISTEN=" + listen, "METRICS_LISTEN=" + freeAddress(t),
		"DATABASE=" + filepath.Join(dir, "bolt.db"), "LOG_LEVEL=debug", "ATTACHMENT_HOSTS=" + meta.URL(),
	}, environ...)
	if o.cfg, err = app.ReadConfig(o.environ); err != nil {
		t.Fatal(err)
	}
	o.cfg.Times = app.Fast
	t.Cleanup(func() {
		o.halt()
		o.record()
		o.collectSecrets()
		rc.Close()
		meta.Close()
		os.RemoveAll(dir)
		o.checkSecrets()
		for _, problem := range append(rc.Problems(), meta.Problems()...) {
			if !slices.ContainsFunc(o.ignore, func(known string) bool { return strings.Contains(problem, known) }) {
				t.Error("the sandbox objects:", problem)
			}
		}
		if t.Failed() && testing.Verbose() {
			t.Log("log of the bridge:\n" + o.log.String())
		}
	})
	return o
}

var (
	anyLink  = regexp.MustCompile(`https?://[^\s)>"]+(?:/oauth/start\?state=|/settings\?ticket=)([\w.~%-]+)`)
	longWord = regexp.MustCompile(`[A-Za-z0-9]{26,}`)
)

// collectSecrets finds the tickets and tokens that there were, so that the log can
// be searched for them.
func (o *office) collectSecrets() {
	for _, who := range []string{"maria", "paul", "ana"} {
		for _, m := range o.rc.DirectMessages(who) {
			for _, link := range anyLink.FindAllStringSubmatch(m.Text, -1) {
				o.secrets.add(link[0], link[1])
			}
		}
	}
	o.secrets.add(o.meta.PageToken(bakery), o.meta.PageToken(bikes), o.meta.UserToken(o.person))
	log := o.log.String()
	for _, secret := range o.secrets.all {
		if secret != "" && strings.Contains(log, secret) {
			o.Errorf("the log contains the secret %.12s…", secret)
		}
	}
}

// setup waits for the setup channel with maria in it, and returns its id.
func (o *office) setup() string {
	o.Helper()
	o.eventually("maria is in the setup channel", func() bool {
		return slices.Contains(o.rc.MembersOf(o.rc.RoomID(setupName)), "maria")
	})
	return o.rc.RoomID(setupName)
}

// hears returns what the bot wrote in a room, oldest first.
func (o *office) hears(rid string) (texts []string) {
	for _, m := range o.rc.Messages(rid) {
		if m.Username == ourBot && m.System == "" {
			texts = append(texts, strings.ReplaceAll(m.Text, "**", "*"))
		}
	}
	return texts
}

// containing returns the texts that contain a part.
func containing(texts []string, part string) (some []string) {
	for _, text := range texts {
		if strings.Contains(text, part) {
			some = append(some, text)
		}
	}
	return some
}

// announcement is what everybody hears unasked about a page.
var announcement = regexp.MustCompile(`is connected \(by|is connected, with|is not connected yet|has lost its connection|\* was disconnected|were deleted by|has removed the app at Facebook|is running again|is not running any more|comments no longer arrive|arrives in Omnichannel from now on|runs, but something is missing|subscription to comments|has changed |has switched it (on|off)\.|has blocked a customer at|lets a customer write again at`)

func announced(texts []string) (some []string) {
	for _, text := range texts {
		if !isStep(text) && announcement.MatchString(text) {
			some = append(some, text)
		}
	}
	return some
}

// private lets somebody type something anywhere and returns what the bot then
// tells that person alone.
func (o *office) private(who, rid, text string) string {
	o.Helper()
	before := len(o.rc.DirectMessages(who))
	o.rc.UserSays(who, rid, text)
	o.eventually(fmt.Sprintf("%s is answered %q by direct message", who, text), func() bool { return len(o.rc.DirectMessages(who)) > before })
	return o.rc.DirectMessages(who)[before].Text
}

// public lets maria type something in the setup channel and returns the answer there.
func (o *office) public(text string) string {
	o.Helper()
	rid := o.setup()
	id := o.rc.UserSays("maria", rid, text)
	var answer string
	o.eventually(fmt.Sprintf("%q is answered in the setup channel", text), func() bool {
		after := false
		for _, m := range o.rc.Messages(rid) {
			after = after || m.ID == id
			if after && m.Username == ourBot && m.System == "" && !isStep(m.Text) && !announcement.MatchString(m.Text) {
				answer = m.Text
			}
		}
		return answer != ""
	})
	return answer
}

// offeredCommand is what a question offers to type, with its code.
var offeredCommand = regexp.MustCompile("`([^`]* confirm [a-z2-7]{8})`")

func offeredIn(t *testing.T, question string) string {
	t.Helper()
	offered := offeredCommand.FindStringSubmatch(question)
	if offered == nil {
		t.Fatalf("there is no code in %q", question)
	}
	return offered[1]
}

// confirmed lets maria type something that cannot be taken back in the setup channel, and
// then what the question offers, and returns the answer to that.
func (o *office) confirmed(words string) string {
	o.Helper()
	return o.public(offeredIn(o.T, o.private("maria", o.setup(), "/facebook "+words)))
}

// isStep tells the checklist from answers and announcements.
func isStep(text string) bool {
	for _, sign := range []string{":point_right: ", ":white_check_mark: ", ":white_circle: ", ":tada: ", ":no_entry: Since "} {
		if strings.HasPrefix(text, sign) {
			return true
		}
	}
	return optionalStep.MatchString(text)
}

// optionalStep is a step without which the bridge works.
var optionalStep = regexp.MustCompile(`^:warning: \d+\. `)

// steps is the checklist as it stands in the setup channel.
func (o *office) steps() (steps []string) {
	for _, text := range o.hears(o.rc.RoomID(setupName)) {
		if isStep(text) {
			steps = append(steps, text)
		}
	}
	return steps
}

// link has maria ask for a login link.
func (o *office) link() string {
	o.Helper()
	return o.linkIn(o.private("maria", o.setup(), "!facebook authorize"))
}

func (o *office) linkIn(text string) string {
	o.Helper()
	link := anyLink.FindString(text)
	if link == "" {
		o.Fatalf("there is no link in %q", text)
	}
	return link
}

// page returns a page as the running bridge tells it.
func (o *office) pageNow(id string) app.PageStatus {
	o.Helper()
	var s app.Status
	if err := json.Unmarshal([]byte(o.get("http://"+o.at.Metrics+"/status")), &s); err != nil {
		o.Fatal(err)
	}
	for _, p := range s.Pages {
		if string(p.ID) == id {
			return p
		}
	}
	return app.PageStatus{}
}

func (o *office) eventuallyRuns(id string) {
	o.Helper()
	o.eventually("page "+id+" runs", func() bool { return o.pageNow(id).State == bridge.PageRunning })
}

// stored stops the bridge, if it runs, and changes or reads its store.
func (o *office) stored(do func(s *store.Store)) {
	o.Helper()
	o.halt()
	s, err := store.Open(store.Options{Path: o.cfg.Store.Database, Key: o.cfg.Store.SecretKey})
	if err != nil {
		o.Fatal(err)
	}
	defer s.Close()
	do(s)
}

// storedPage stops the bridge and returns a page as it is stored.
func (o *office) storedPage(id string) (p bridge.Page) {
	o.Helper()
	o.stored(func(s *store.Store) {
		var err error
		if p, err = s.Page(bridge.PageID(id)); err != nil {
			o.Fatal(err)
		}
	})
	return p
}

// window is a browser with cookies of its own and one window.
type window struct {
	*office
	client *http.Client
	at     *url.URL // where it is
	status int
	html   string
	leads  string // where a redirect to Facebook leads
}

// open opens a browser.
func (o *office) openWindow() *window {
	o.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		o.Fatal(err)
	}
	return &window{office: o, client: &http.Client{Jar: jar, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(next.URL.String(), o.meta.LoginURL()) {
			return http.ErrUseLastResponse // the person decides there
		}
		return nil
	}}}
}

// load makes a request as a browser does and keeps what it shows.
func (b *window) load(method, address string, form url.Values, header ...string) *window {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "null") // as browsers say under our Referrer-Policy
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		b.Fatal(err)
	}
	b.at, b.status, b.html, b.leads = res.Request.URL, res.StatusCode, string(raw), res.Header.Get("Location")
	for _, c := range b.client.Jar.Cookies(res.Request.URL.JoinPath("/oauth/pages")) {
		b.secrets.add(c.Value)
	}
	if got := res.Header.Get("Cache-Control"); strings.Contains(b.at.Path, "/oauth/") && got != "no-store" {
		b.Errorf("%s %s: Cache-Control %q", method, b.at.Path, got)
	}
	return b
}

func (b *window) get(address string, header ...string) *window {
	b.Helper()
	return b.load(http.MethodGet, address, nil, header...)
}

// words is what the page says.
func (b *window) words() string {
	_, body, _ := strings.Cut(b.html, "<main>")
	return strings.Join(strings.Fields(html.UnescapeString(anyTag.ReplaceAllString(body, " "))), " ")
}

var anyTag = regexp.MustCompile(`<[^>]*>`)

// shows fails unless the page has a status and says all of it.
func (b *window) shows(what string, status int, parts ...string) {
	b.Helper()
	if b.status != status {
		b.Errorf("%s: status %d, not %d: %s", what, b.status, status, b.words())
	}
	for _, part := range parts {
		if !strings.Contains(b.words(), part) {
			b.Errorf("%s: the page does not say %q: %s", what, part, b.words())
		}
	}
}

// form returns the form of the page, and where it goes.
func (b *window) form() (fields url.Values, action string) {
	b.Helper()
	fields, action, err := forms.Of(b.html)
	if err != nil {
		b.Fatal(err)
	}
	b.secrets.add(fields.Get("ticket"), fields.Get("proof"))
	target, err := b.at.Parse(action)
	if err != nil {
		b.Fatal(err)
	}
	return fields, target.String()
}

// fields is form without where it goes.
func (b *window) fields() url.Values {
	b.Helper()
	f, _ := b.form()
	return f
}

func (b *window) send(form url.Values, action string, header ...string) *window {
	b.Helper()
	return b.load(http.MethodPost, action, form, header...)
}

// toDialog opens a login link and returns the address of Facebook's dialog.
func (b *window) toDialog(link string) string {
	b.Helper()
	if b.get(link); b.leads == "" {
		b.Fatalf("the link does not lead to Facebook: %d %s", b.status, b.words())
	}
	return b.leads
}

// consent decides in Facebook's dialog and returns where the browser is sent.
func (b *window) consent(dialog string, choice meta.Choice) string {
	b.Helper()
	back, err := b.meta.Consent(b.Context(), dialog, choice)
	if err != nil {
		b.Fatal(err)
	}
	if u, err := url.Parse(back); err == nil {
		b.secrets.add(u.Query().Get("code"), u.Query().Get("state"))
	}
	return back
}

// login follows a link to the tick boxes, after ticking pages at Facebook.
func (b *window) login(link string, pages ...string) *window {
	b.Helper()
	b.get(b.consent(b.toDialog(link), meta.Choice{Pages: pages}))
	if b.status != http.StatusOK {
		b.Fatalf("there are no tick boxes: %d %s", b.status, b.words())
	}
	return b
}

// choose ticks pages and confirms; settings are name=value, e.g. bakery+".welcome=Hi".
func (b *window) choose(pages []string, settings ...string) *window {
	b.Helper()
	form, action := b.form()
	form["page"] = pages
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		form.Set(name, value)
	}
	return b.send(form, action)
}

// connect brings pages to Running, all of them granted in one dialog.
func (o *office) connect(pages ...string) {
	o.Helper()
	o.openWindow().login(o.link(), pages...).choose(pages).shows("connecting", 200, "connected")
	for _, p := range pages {
		o.eventuallyRuns(p)
	}
}

// needed are fields without which a relay does not work, whatever else is subscribed.
var needed = []string{"messages", "message_echoes", "messaging_postbacks", "standby"}

func missingFrom(have []string) (missing []string) {
	for _, field := range needed {
		if !slices.Contains(have, field) {
			missing = append(missing, field)
		}
	}
	return missing
}

// talks lets a customer write to a page and the agent answer, and returns the room.
func (o *office) talks(page string) (rid string) {
	o.Helper()
	rid = o.asks(page)
	o.spoken++
	answer := fmt.Sprint("We do. ", o.spoken)
	o.agent.Says(rid, answer)
	o.reads(page, answer)
	return rid
}

// asks lets a customer write to a page and returns the room in which it is shown.
func (o *office) asks(page string) (rid string) {
	o.Helper()
	o.spoken++
	text := fmt.Sprint("Do you have bread? ", o.spoken)
	o.meta.CustomerWrites(page, anna, text)
	o.eventually("the agent reads it", func() bool {
		for _, room := range o.rc.Rooms() {
			for _, shown := range o.rc.CustomerTexts(room.ID) {
				if strings.HasSuffix(shown, text) { // perhaps with the time at which it was written
					rid = room.ID
				}
			}
		}
		return rid != ""
	})
	return rid
}

// reads waits until the last thing a customer reads is a text.
func (o *office) reads(page, text string) {
	o.Helper()
	o.eventually("the customer reads "+text, func() bool {
		seen := o.meta.CustomerSees(page, anna)
		return len(seen) > 0 && seen[len(seen)-1].Text == text
	})
}

func TestAuthorise_FromAnEmptyStore_RunsAfterOneCommandAndOneTick(t *testing.T) {
	t.Parallel()
	old := chat.Config{Profile: chat.V7, LimiterOff: true}
	for _, c := range []struct {
		name, typed string
		with        chat.Config
	}{{"slash", "/facebook authorize", bypassed}, {"bang", "!facebook authorize", bypassed}, {"7.x", "/facebook authorize", old}} {
		t.Run(c.name, func(t *testing.T) {
			typed := c.typed
			o := openOffice(t, c.with)
			o.run()
			rid := o.setup()
			told := o.private("maria", rid, typed)
			b := o.openWindow().login(o.linkIn(told), bakery, bikes)
			if b.at.RawQuery != "" {
				t.Errorf("the code stays in the address: %s", b.at.Path)
			}
			b.shows("the tick boxes", 200, "Maria Muster", "Bakery", "Bikes")
			b.choose([]string{bakery}, bakery+".department="+o.sales).shows("the result", 200, "The page is connected", "Bakery", "Running", "Try it now", "m.me/"+bakery, "/facebook edit "+bakery)
			o.eventually("the setup channel hears of it", func() bool { return len(containing(o.hears(rid), "*Bakery* is connected")) > 0 })
			o.isConnected(bakery)
			if missing := missingFrom(o.meta.Subscribed(bikes)); len(missing) != len(needed) {
				t.Error("a page that was not ticked is subscribed")
			}
			if answer := o.public("/facebook pages"); !strings.Contains(answer, "*Bakery*") || !strings.Contains(answer, "Running") || !strings.Contains(answer, "Sales") {
				t.Errorf("`pages` says %q", answer)
			}
			o.talks(bakery)
			for _, text := range append(o.hears(rid), o.hears("GENERAL")...) {
				if strings.Contains(text, "/oauth/") {
					t.Errorf("a link was told to everybody: %q", text)
				}
			}
			if got := announced(o.hears(rid)); len(got) != 1 {
				t.Errorf("the setup channel hears %q", got)
			}
			if got := len(o.rc.DirectMessages("maria")); got != 1 {
				t.Errorf("%d direct messages", got)
			}
			b.get(b.at.String()).shows("the result once more", 200, "The page is connected")
			o.fillsIn(b, bakery)
		})
	}
}

// fillsIn goes on from the result to the settings form of a page, saves a welcome there, and finds
// that the link is used up, for the button made it for one save.
func (o *office) fillsIn(b *window, page string) {
	o.Helper()
	press, action := b.form()
	press.Set("page", page)
	b.send(press, action).shows("the form", 200, "Page settings", "Bakery")
	o.secrets.add(b.at.Query().Get("ticket"))
	link := b.at.String()
	fields := b.fields()
	fields.Set("welcome", "Hello from the form")
	b.send(fields, link).shows("the save", 200, "The settings are saved", "Hello from the form")
	b.get(link).shows("the link, used", 410, "This link was used already", "/facebook edit "+page)
	b.send(press, action).shows("another link", 200, "Page settings", "Hello from the form")
	o.secrets.add(b.at.Query().Get("ticket"))
}

// isConnected fails unless both levels are subscribed and the webhook is ours.
func (o *office) isConnected(page string) {
	o.Helper()
	if missing := missingFrom(o.meta.Subscribed(page)); len(missing) > 0 {
		o.Errorf("page %s lacks %v", page, missing)
	}
	if missing := missingFrom(o.meta.AppSubscribed()); len(missing) > 0 {
		o.Errorf("the app lacks %v", missing)
	}
	if want := o.cfg.Network.PublicURL + "/webhook"; o.meta.Callback() != want {
		o.Errorf("Meta calls %q", o.meta.Callback())
	}
}

func TestAuthorise_TwoPagesTicked_OneLineForEach(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery, bikes)
	rid := o.setup()
	o.eventually("the setup channel hears of both", func() bool { return len(containing(o.hears(rid), "is connected (by @maria)")) == 2 })
	o.isConnected(bakery)
	o.isConnected(bikes)
	o.talks(bakery)
	o.talks(bikes)
	if got := announced(o.hears(rid)); len(got) != 2 {
		t.Errorf("the setup channel hears %q", got)
	}
}

func TestAuthorise_InABrowser_FromAnEmptyStoreToRunning(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t, "en-GB")
	ctx := browser.Ctx
	o := openOffice(t, bypassed)
	o.run()
	rid := o.setup()
	link := o.linkIn(o.private("maria", rid, "/facebook authorize"))
	follow := func(action chromedp.Action[chromedp.Void]) {
		t.Helper()
		if _, err := chromedp.RunResponse(ctx, action); err != nil {
			t.Fatal(err)
		}
	}
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	sees := func(parts ...string) {
		t.Helper()
		page, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			if !strings.Contains(page, part) {
				t.Fatalf("the page lacks %q:\n%s", part, page)
			}
		}
	}
	follow(chromedp.Navigate(link))
	shoot := func(name string) {
		t.Helper()
		dir := os.Getenv("SCREENSHOTS") // to look at
		if dir == "" {
			return
		}
		picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(90))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name+".jpg"), picture, 0o644)
		}
		if err != nil {
			t.Error(err)
		}
	}
	sees("wants to work with your pages", "Maria Muster")
	shoot("1-dialog")
	do(chromedp.Click(chromedp.CSS(`input[name="page"][value="` + bakery + `"]`)))
	follow(chromedp.Click(chromedp.CSS(`button[value="continue"]`)))
	sees("Choose your Facebook pages", "Bakery")
	shoot("2-tick-boxes")
	do(chromedp.Click(chromedp.CSS(`input[name="page"][value="` + bakery + `"]`)))
	follow(chromedp.Click(chromedp.CSS(`form button`)))
	sees("The page is connected", "Running")
	shoot("3-connected")
	o.eventually("the setup channel hears of it", func() bool { return len(containing(o.hears(rid), "*Bakery* is connected")) == 1 })
	o.isConnected(bakery)
	o.talks(bakery)

	follow(chromedp.Click(chromedp.CSS(`.onward button`)))
	sees("Page settings", "Bakery")
	shoot("4-settings")
	do(chromedp.SetValue(chromedp.CSS(`#welcome`), "Welcome, {customer}"))
	follow(chromedp.Click(chromedp.CSS(`form button`)))
	sees("The settings are saved")
	if answer := o.private("maria", rid, "/facebook edit "+bakery); !strings.Contains(answer, "Welcome, {customer}") {
		t.Errorf("the settings are %q", answer)
	}
	follow(chromedp.Navigate(link))
	sees("This link was used already", "/facebook authorize")
	shoot("5-used")
	for _, trouble := range browser.Troubles() {
		if !strings.Contains(trouble, "the server responded with a status of") { // our own 4xx pages
			t.Error("the browser says:", trouble)
		}
	}
}

func TestAuthorise_ChatPreviewFetchesTheLink_SpendsNothing(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	link := o.link()
	for range 3 {
		preview := o.openWindow()
		preview.client.Jar, _ = cookiejar.New(nil)
		preview.toDialog(link)
		if preview.load(http.MethodHead, link, nil); preview.status >= 400 {
			t.Errorf("HEAD is answered %d", preview.status)
		}
		if preview.get(link, "Sec-Purpose", "prefetch"); preview.status >= 400 || preview.leads != "" {
			t.Errorf("a prefetch is answered %d and leads to %q", preview.status, preview.leads)
		}
	}
	b := o.openWindow().login(link, bakery)
	for range 2 { // HEAD and prefetching after the login, too
		o.openWindow().load(http.MethodHead, b.at.String(), nil)
	}
	b.choose([]string{bakery}).shows("the result", 200, "The page is connected")

	link = o.linkIn(o.private("maria", o.setup(), "!facebook edit "+bakery))
	for range 3 {
		o.openWindow().get(link).shows("a preview of the form", 200, "Page settings")
		o.openWindow().load(http.MethodHead, link, nil).shows("HEAD of the form", 200)
	}
	b = o.openWindow().get(link)
	form, action := b.form()
	form.Set("welcome", "Hello")
	b.send(form, action).shows("saving", 200, "The settings are saved")
}

// refused fails unless the page refuses with a status, says what happened and what
// to type.
func (b *window) refused(what string, status int, headline, command string) {
	b.Helper()
	b.shows(what, status, headline, command)
	for _, word := range longWord.FindAllString(b.words(), -1) {
		b.Errorf("%s: the page repeats %q", what, word)
	}
}

const typeAgain = "/facebook authorize"

func TestAuthorise_BadLinks_AreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.ignore = []string{"a code used twice"}
	link, dialog := "", ""
	var b *window
	afresh := func() {
		link = o.link()
		b = o.openWindow()
		dialog = b.toDialog(link)
	}
	both := meta.Choice{Pages: []string{bakery, bikes}}
	change := func(address, name string, f func(string) string) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set(name, f(q.Get(name)))
		u.RawQuery = q.Encode()
		return u.String()
	}
	without := func(address, name string) string {
		u, _ := url.Parse(address)
		q := u.Query()
		q.Del(name)
		u.RawQuery = q.Encode()
		return u.String()
	}
	firstOther := func(s string) string {
		if s[0] == 'A' {
			return "B" + s[1:]
		}
		return "A" + s[1:]
	}
	lastOther := func(s string) string {
		if s[len(s)-1] == '0' {
			return s[:len(s)-1] + "1"
		}
		return s[:len(s)-1] + "0"
	}

	// The start.
	afresh()
	b.get(change(link, "state", firstOther)).refused("a tampered link", 400, "This link is not complete", typeAgain)
	b.get(without(link, "state")).refused("a link without its state", 400, "This link is not complete", typeAgain)
	b.get(link+"x").refused("a link with more", 400, "This link is not complete", typeAgain)

	// The way back.
	back := b.consent(dialog, both)
	b.get(change(back, "state", firstOther)).refused("a tampered state", 400, "This link is not complete", typeAgain)
	b.get(change(back, "state", lastOther)).refused("a state with another signature", 403, "another browser", typeAgain)
	b.get(change(back, "state", func(s string) string { return s[:strings.Index(s, ".")] })).refused("a state without signature", 403, "another browser", typeAgain)
	b.get(without(back, "state")).refused("no state", 400, "This link is not complete", typeAgain)
	o.openWindow().get(back).refused("a browser without a cookie", 403, "another browser", typeAgain)
	other := o.openWindow()
	other.toDialog(o.link())
	other.get(back).refused("a browser with a cookie of its own", 403, "another browser", typeAgain)
	b.get(change(back, "code", func(string) string { return "AQnosuchcode" })).refused("a wrong code", 400, "Facebook did not accept the login", typeAgain)
	b.get(back).refused("the right code after a wrong one", 410, "This link was used already", typeAgain)
	b.get(link).refused("a link that was used", 410, "This link was used already", typeAgain)

	afresh()
	first := b.consent(dialog, both)
	b.get(first).shows("the tick boxes", 200, "Choose your Facebook pages")
	choices := b.at.String()
	b.get(first).refused("the way back once more", 410, "This link was used already", typeAgain)
	b.get(choices).shows("the tick boxes after that", 200, "Choose your Facebook pages")
	code, _ := url.Parse(first)
	afresh()
	b.get(change(b.consent(dialog, both), "code", func(string) string { return code.Query().Get("code") })).
		refused("a code that was used", 400, "Facebook did not accept the login", typeAgain)

	// What Facebook may send.
	for _, c := range []struct {
		outcome  meta.DialogOutcome
		status   int
		headline string
	}{
		{meta.DialogDenied, 403, "You cancelled at Facebook"},
		{meta.DialogWrongState, 400, "This link is not complete"},
		{meta.DialogNoState, 400, "This link is not complete"},
		{meta.DialogNoCode, 400, "Facebook sent you back without a login"},
	} {
		o.meta.Dialog(c.outcome)
		afresh()
		b.get(b.consent(dialog, both)).refused(c.headline, c.status, c.headline, typeAgain)
		o.meta.Dialog(meta.DialogNormal)
		b.login(link, bakery) // the link is still good
	}
	afresh()
	b.get(b.consent(dialog, meta.Choice{Cancel: true})).refused("cancelled", 403, "You cancelled at Facebook", typeAgain)
	b.get(o.cfg.Network.PublicURL+"/oauth/callback?error=access_denied").refused("cancelled by a stranger", 400, "This link is not complete", typeAgain)
	b.get(o.cfg.Network.PublicURL+"/oauth/pages").refused("tick boxes of nobody", 410, "There is nothing to choose from here", typeAgain)

	if got := announced(o.hears(o.setup())); len(got) != 0 {
		t.Errorf("the setup channel hears %q", got)
	}
	o.stored(func(s *store.Store) {
		if len(s.Pages()) != 0 {
			t.Errorf("pages were stored: %+v", s.Pages())
		}
	})
	for _, c := range o.meta.Calls() {
		if strings.HasSuffix(c.Path, "subscribed_apps") {
			t.Errorf("Facebook was called: %s %s", c.Method, c.Path)
		}
	}
}

func TestAuthorise_BadTickBoxes_AreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.meta.AddBarePage("999", "Somebody else's")
	o.run()
	b := o.openWindow().login(o.link(), bakery)
	good, action := b.form()
	good.Set("page", bakery)
	with := func(name, value string) url.Values {
		form := url.Values{}
		for k, v := range good {
			form[k] = slices.Clone(v)
		}
		form.Set(name, value)
		return form
	}
	b.send(with("page", "999"), action).refused("a page that was not offered", 403, "did not come from our form", typeAgain)
	b.send(with("page", bikes), action).refused("a page that was not granted", 403, "did not come from our form", typeAgain)
	b.send(with("proof", strings.Repeat("0", 64)), action).refused("another proof", 403, "another browser", typeAgain)
	b.send(with("proof", ""), action).refused("no proof", 403, "another browser", typeAgain)
	b.send(with("ticket", "NOSUCHTICKET"), action).refused("another ticket", 400, "This link is not complete", typeAgain)
	b.send(good, action, "Sec-Fetch-Site", "cross-site").refused("a form of another site", 403, "did not come from our form", typeAgain)
	b.send(good, action, "Origin", "https://evil.example").refused("a form of another origin", 403, "did not come from our form", typeAgain)
	o.openWindow().send(good, action).refused("another browser", 403, "another browser", typeAgain)
	other := o.openWindow()
	other.toDialog(o.link())
	other.send(good, action).refused("another browser with a cookie", 403, "another browser", typeAgain)
	nothing := with("page", bakery)
	nothing.Del("page")
	b.send(nothing, action).shows("nothing ticked", 422, "No page is ticked")
	b.send(with(bakery+".welcome", strings.Repeat("x", 2001)), action).shows("too long", 422, "That has 2001 characters")
	if o.pageNow(bakery).ID != "" || len(o.meta.Subscribed(bakery)) != 0 {
		t.Error("something was changed")
	}
	b.send(good, action).shows("the form itself", 200, "The page is connected")
	b.send(good, action).shows("the form once more", 410, "This was sent already", "Bakery", "Running")
	o.eventually("it is heard once", func() bool { return len(containing(o.hears(o.setup()), "*Bakery*")) == 1 })
}

func TestAuthorise_Late_IsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	// late makes a ticket expire a second ago.
	late := func(id string) {
		t.Helper()
		o.stored(func(s *store.Store) {
			ticket, err := s.Ticket(id)
			if err != nil {
				t.Fatal(err)
			}
			ticket.Expires = time.Now().Add(-time.Second)
			if err := s.SaveTicket(t.Context(), ticket); err != nil {
				t.Fatal(err)
			}
		})
		o.run()
	}
	ticketIn := func(link string) string { return anyLink.FindStringSubmatch(link)[1] }

	link := o.link()
	b := o.openWindow()
	back := b.consent(b.toDialog(link), meta.Choice{Pages: []string{bakery}})
	late(ticketIn(link))
	b.get(link).refused("a late link", 410, "This link has expired", typeAgain)
	b.get(back).refused("a late way back", 410, "This link has expired", typeAgain)

	b = o.openWindow().login(o.link(), bakery)
	form, action := b.form()
	form.Set("page", bakery)
	late(form.Get("ticket"))
	b.send(form, action).refused("late tick boxes", 410, "This link has expired", typeAgain)
	if o.pageNow(bakery).ID != "" {
		t.Error("a page was stored")
	}

	o.connect(bakery)
	link = o.linkIn(o.private("maria", o.setup(), "/facebook edit "+bakery))
	b = o.openWindow().get(link)
	form, action = b.form()
	form.Set("welcome", "too late")
	late(ticketIn(link))
	again := "/facebook edit " + bakery
	b.send(form, action).refused("a late form", 410, "This link has expired", again)
	b.get(link).refused("a late link to the form", 410, "This link has expired", again)
	if p := o.storedPage(bakery); p.Settings.Welcome != "" {
		t.Errorf("the settings are %+v", p.Settings)
	}
}

func TestAuthorise_RestartWhileThePersonDecides_GoesOn(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	link := o.link()
	b := o.openWindow()
	dialog := b.toDialog(link)
	o.halt()
	o.run()
	b.get(b.consent(dialog, meta.Choice{Pages: []string{bakery}})).shows("the tick boxes", 200, "Choose your Facebook pages")
	o.halt()
	o.run()
	b.choose([]string{bakery}).shows("the result", 200, "The page is connected")
	o.isConnected(bakery)
}

func TestAuthorise_KilledWhileSubscribing_RunsAfterTheRestart(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.cfg.Times.GraphTimeout = time.Minute // what hangs, hangs until the end
	p := o.startProcess()
	o.eventually("the bridge is connected", o.connected)
	b := o.openWindow().login(o.link(), bakery)
	form, action := b.form()
	form.Set("page", bakery)
	o.meta.Hang(true)
	clicked := make(chan error, 1)
	go func() {
		res, err := b.client.PostForm(action, form)
		if err == nil {
			res.Body.Close()
		}
		clicked <- err
	}()
	o.eventually("the page is being subscribed", func() bool {
		return slices.ContainsFunc(o.meta.Calls(), func(c meta.Call) bool { return strings.HasSuffix(c.Path, "subscribed_apps") })
	})
	p.kill()
	<-clicked
	o.meta.Hang(false)
	o.startProcess()
	o.eventually("the bridge is connected", o.connected)
	o.eventuallyRuns(bakery)
	o.isConnected(bakery)
	o.eventually("the setup channel hears of it", func() bool { return len(containing(o.hears(o.setup()), "*Bakery*")) == 1 })
	o.talks(bakery)
}

func TestAuthorise_FacebookAway_SaysSoAndChangesNothing(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	b := o.openWindow()
	back := b.consent(b.toDialog(o.link()), meta.Choice{Pages: []string{bakery}})
	o.meta.FailCalls("POST", "oauth/access_token", 1, meta.Status500(false))
	b.get(back).refused("Facebook fails", 502, "Facebook did not answer as it should", typeAgain)
	b = o.openWindow().login(o.link(), bakery)
	o.meta.FailCalls("POST", "subscribed_apps", 1, meta.Status500(false))
	b.choose([]string{bakery}).shows("subscribing fails", 200, "Not everything runs yet", "Bakery")
	rid := o.setup()
	o.eventually("the setup channel hears what is missing", func() bool { return len(containing(o.hears(rid), "*Bakery* is not connected yet")) == 1 })
	if answer := o.public("/facebook subscribe " + bakery); !strings.Contains(answer, "Running") {
		t.Errorf("`subscribe` says %q", answer)
	}
	o.isConnected(bakery)
	o.talks(bakery)
}

func TestAuthorise_PermissionDeclined_SaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	b := o.openWindow()
	b.get(b.consent(b.toDialog(o.link()), meta.Choice{Pages: []string{bakery}, Decline: []string{"pages_manage_metadata"}}))
	b.shows("the tick boxes", 200, "pages_manage_metadata", "It was not allowed for this page", typeAgain)
	if strings.Contains(b.html, `name="page"`) {
		t.Error("a page can be ticked that cannot be connected")
	}
	if o.pageNow(bakery).State == bridge.PageRunning {
		t.Error("the page runs without a subscription")
	}
	o.connect(bakery) // now with everything
	o.talks(bakery)
}

func TestAuthorise_PublicURLWithAPath_Works(t *testing.T) {
	t.Parallel()
	public := httptest.NewUnstartedServer(nil)
	o := openOffice(t, bypassed, "PUBLIC_URL=http://"+public.Listener.Addr().String()+"/bridge")
	inside, err := url.Parse("http://" + o.cfg.Network.Listen)
	if err != nil {
		t.Fatal(err)
	}
	public.Config.Handler = http.StripPrefix("/bridge", httputil.NewSingleHostReverseProxy(inside))
	public.Start()
	t.Cleanup(public.Close)
	o.run()
	o.connect(bakery)
	o.isConnected(bakery)
	o.talks(bakery)
}

func TestAuthorise_LinkOpenedInTwoTabs_TheLastOneWorks(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	link := o.link()
	b := o.openWindow()
	first := b.toDialog(link)
	second := b.toDialog(link) // a double click
	choice := meta.Choice{Pages: []string{bakery}}
	b.get(b.consent(first, choice)).refused("the first tab", 403, "go on in the window you opened last", typeAgain)
	b.get(b.consent(second, choice)).shows("the second tab", 200, "Choose your Facebook pages")
}

func TestAuthorise_FewerPagesTheSecondTime_NamesTheLostOneAndKeepsItsSettings(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	rid := o.setup()
	o.openWindow().login(o.link(), bakery, bikes).
		choose([]string{bakery, bikes}, bikes+".welcome=Hello from Bikes", bikes+".department="+o.sales, bikes+".name=Bike shop").
		shows("the result", 200, "The pages are connected")
	talk := o.talks(bikes)

	b := o.openWindow().login(o.link(), bakery)
	b.shows("the tick boxes", 200, "One page has lost its connection", "Bike shop")
	o.eventually("the setup channel hears which one", func() bool { return len(containing(o.hears(rid), "*Bike shop* has lost its connection")) == 1 })
	if got := containing(o.hears(rid), "has lost"); !strings.Contains(got[0], "/facebook authorize") {
		t.Errorf("it hears %q", got)
	}
	b.choose([]string{bakery}).shows("the result", 200, "The page is connected")
	if s := o.pageNow(bikes).State; s != bridge.PageNeedsAuth {
		t.Errorf("the lost page is %s", s)
	}
	answer := o.public("/facebook pages")
	if !strings.Contains(answer, "Needs authorisation") || !strings.Contains(answer, "Running") {
		t.Errorf("`pages` says %q", answer)
	}
	o.talks(bakery)
	o.agent.Says(talk, "this waits")

	b = o.openWindow().login(o.link(), bakery, bikes)
	if strings.Contains(b.words(), "lost its connection") {
		t.Errorf("the page says %s", b.words())
	}
	form := b.fields()
	if form.Get(bikes+".welcome") != "Hello from Bikes" || form.Get(bikes+".department") != o.sales || form.Get(bikes+".name") != "Bike shop" {
		t.Errorf("the tick boxes do not show the settings: %v", form)
	}
	b.choose([]string{bikes}).shows("the result", 200, "The page is connected", "Bike shop")
	o.eventuallyRuns(bikes)
	o.eventuallyRuns(bakery)
	o.reads(bikes, "this waits")
	o.talks(bikes)
	o.talks(bakery)
	p := o.storedPage(bikes)
	if want := (bridge.Settings{Name: "Bike shop", Department: bridge.DepartmentID(o.sales), Welcome: "Hello from Bikes"}); p.Settings != want {
		t.Errorf("the settings are %+v", p.Settings)
	}
	if got := containing(o.hears(rid), "has lost"); len(got) != 1 {
		t.Errorf("the setup channel hears %q", got)
	}
}

func TestAuthorise_LostPage_NotTickedInTheForm_KeepsRunning(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery, bikes)
	b := o.openWindow().login(o.link(), bakery, bikes) // the grant covers both
	b.choose([]string{bakery}).shows("the result", 200, "The page is connected")
	o.talks(bikes) // "a connected page you leave out here simply stays as it is"
	if s := o.pageNow(bikes).State; s != bridge.PageRunning {
		t.Errorf("the page is %s", s)
	}
}

// TestAuthorise_WindowClosedAfterTheDialog has the grant narrowed at Facebook, and
// nobody comes back to us: the tokens have died all the same.
func TestAuthorise_WindowClosedAfterTheDialog_LostPageIsNoticed(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery, bikes)
	rid, talk := o.setup(), o.talks(bikes)
	b := o.openWindow()
	b.consent(b.toDialog(o.link()), meta.Choice{Pages: []string{bakery}})
	o.agent.Says(talk, "this waits")
	o.eventually("the setup channel hears that Bikes is lost", func() bool { return len(containing(o.hears(rid), "*Bikes* is not running any more")) == 1 })
	if s := o.pageNow(bikes).State; s != bridge.PageNeedsAuth {
		t.Errorf("the page is %s", s)
	}
	o.talks(bakery)
	o.openWindow().login(o.link(), bakery, bikes).choose([]string{bakery, bikes}).shows("the result", 200, "The pages are connected")
	o.reads(bikes, "this waits")
	o.talks(bikes)
}
