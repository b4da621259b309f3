package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// Attack 4 of issue 18: links in the hands of somebody who may not use them any more.

const (
	mayNotPage = "You may not do this any more"
	awayPage   = "Rocket.Chat does not answer"
)

// links are one link or form of maria's at each stop of its way, none of them used.
type links struct {
	*office
	start          string // a login link
	back           string // from Facebook
	atStart        *window
	atBack         *window
	boxes          *window
	choice         url.Values
	choiceTo       string
	form           *window
	filled         url.Values
	filledTo       string
	settings, boxe string // addresses of form and tick boxes
}

func (o *office) stops() *links {
	o.Helper()
	l := &links{office: o, start: o.link(), atStart: o.openWindow(), atBack: o.openWindow()}
	l.back = l.atBack.consent(l.atBack.toDialog(o.link()), meta.Choice{Pages: []string{bikes}})
	l.boxes = o.openWindow().login(o.link(), bikes)
	l.boxe = l.boxes.at.String()
	l.choice, l.choiceTo = l.boxes.form()
	l.choice["page"] = []string{bikes}
	l.settings = o.linkIn(o.private("maria", o.setup(), "/facebook edit "+bakery))
	l.form = o.openWindow().get(l.settings)
	l.filled, l.filledTo = l.form.form()
	l.filled.Set("welcome", "by an insider")
	return l
}

// refused uses all of them, which must lead to one page and do nothing.
func (l *links) refused(status int, page string) {
	l.Helper()
	l.atStart.get(l.start).shows("the login link", status, page)
	l.atBack.get(l.back).shows("the way back", status, page)
	cancelled, _, _ := strings.Cut(l.back, "code=")
	l.atBack.get(cancelled+"error=access_denied&"+"state="+url.QueryEscape(l.state())).shows("the way back without a code", status, page)
	l.boxes.get(l.boxe).shows("the tick boxes", status, page)
	l.boxes.send(l.choice, l.choiceTo).shows("the choice", status, page)
	l.form.get(l.settings).shows("the form", status, page)
	l.form.send(l.filled, l.filledTo).shows("saving", status, page)
	if l.pageNow(bikes).ID != "" {
		l.Error("a page was connected")
	}
}

func (l *links) state() string {
	u, err := url.Parse(l.back)
	if err != nil {
		l.Fatal(err)
	}
	return u.Query().Get("state")
}

// good uses all of them, which must do what they are for.
func (l *links) good() {
	l.Helper()
	l.atStart.toDialog(l.start)
	l.atBack.get(l.back).shows("the way back", 200, "Choose your Facebook pages")
	l.boxes.get(l.boxe).shows("the tick boxes", 200, "Choose your Facebook pages")
	l.boxes.send(l.choice, l.choiceTo).shows("the choice", 200, "The page is connected")
	l.form.get(l.settings).shows("the form", 200, "Page settings")
	l.form.send(l.filled, l.filledTo).shows("saving", 200, "The settings are saved")
}

func TestRights_LostMeanwhile_LinksAreRefusedAndNothingIsSpent(t *testing.T) {
	for name, c := range map[string]struct{ lose, regain func(o *office) }{
		"the role is taken": {
			func(o *office) { o.rc.SetRoles("maria", "user") },
			func(o *office) { o.rc.SetRoles("maria", "user", "livechat-manager") },
		},
		"the account is switched off": {func(o *office) { o.rc.Deactivate("maria") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, bypassed)
			o.run()
			o.connect(bakery)
			l := o.stops()
			c.lose(o)
			l.refused(http.StatusForbidden, mayNotPage)
			if c.regain != nil {
				c.regain(o)
				l.good()
			}
		})
	}
}

// TestRights_ByName_EndWithTheAccount: rights by name are those of the account that has the
// name, and end with the name.
func TestRights_ByName_EndWithTheAccount(t *testing.T) {
	o := openOffice(t, bypassed, "COMMAND_USERS=nina")
	o.rc.AddUser(chat.User{Username: "nina"})
	o.run()
	o.connect(bakery)
	link := o.linkIn(o.private("nina", o.rc.DirectRoom("nina", ourBot), "edit "+bakery))
	b := o.openWindow().get(link)
	b.shows("the form", 200, "Page settings")
	o.rc.Deactivate("nina")
	form, action := b.form()
	b.send(form, action).shows("saving", http.StatusForbidden, mayNotPage)
}

func TestRights_WorkspaceAway_LinksAreRefusedAndNothingIsSpent(t *testing.T) {
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	l := o.stops()
	o.rc.Down()
	l.refused(http.StatusServiceUnavailable, awayPage)
	if err := o.rc.Up(); err != nil {
		t.Fatal(err)
	}
	o.eventually("the bridge is connected again", o.connected)
	l.good()
}

// Attack 7 of issue 18: what works once is used thirty times at the same moment.

// together sends a form thirty times at once, each a little different, and returns how
// often each status came.
func (o *office) together(send func(i int) *window) (came map[int]int, first *window) {
	o.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	came = map[int]int{}
	for i := range 30 {
		all.Go(func() {
			b := send(i)
			mu.Lock()
			defer mu.Unlock()
			came[b.status]++
			if b.status < 300 {
				first = b
			}
		})
	}
	all.Wait()
	return came, first
}

// beside is another tab of the same browser.
func (b *window) beside() *window { return &window{office: b.office, client: b.client, at: b.at} }

func TestOnce_ThirtySavesAtOnce_OneIsSaved(t *testing.T) {
	for name, welcome := range map[string]func(i int) string{
		"each another":   func(i int) string { return fmt.Sprint("text ", i) },
		"all the same":   func(int) string { return "Hello" },
		"nothing is new": func(int) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, bypassed)
			o.run()
			o.connect(bakery)
			b := o.openWindow().get(o.linkIn(o.private("maria", o.setup(), "/facebook edit "+bakery)))
			form, action := b.form()
			slip := url.Values{"seen": form["seen"], "welcome": {strings.Repeat("x", 2001)}}
			b.beside().send(slip, action).shows("a slip", http.StatusUnprocessableEntity, "2001 characters")
			came, saved := o.together(func(i int) *window {
				mine := url.Values{}
				for k, v := range form {
					mine[k] = v
				}
				mine.Set("welcome", welcome(i))
				return b.beside().send(mine, action)
			})
			if came[http.StatusOK] != 1 || came[http.StatusGone] != 29 {
				t.Fatalf("answered %v", came)
			}
			now := o.storedPage(bakery).Settings.Welcome
			saved.shows("the one", 200, "The settings are saved")
			if now != "" && !strings.Contains(saved.words(), now) {
				t.Errorf("%q is stored, and told is %s", now, saved.words())
			}
		})
	}
}

func TestOnce_ThirtyChoicesAtOnce_OneConnects(t *testing.T) {
	o := openOffice(t, bypassed)
	o.run()
	b := o.openWindow().login(o.link(), bakery, bikes)
	form, action := b.form()
	form["page"] = nil
	b.beside().send(form, action).shows("a slip", http.StatusUnprocessableEntity, "No page is ticked")
	came, connected := o.together(func(i int) *window {
		mine := url.Values{"ticket": form["ticket"], "proof": form["proof"], "page": {bakery, bikes}}
		mine.Set(bakery+".welcome", fmt.Sprint("text ", i))
		return b.beside().send(mine, action)
	})
	if came[http.StatusOK] != 1 || came[http.StatusGone] != 29 {
		t.Fatalf("answered %v", came)
	}
	connected.shows("the one", 200, "The pages are connected")
	for _, name := range []string{"Bakery", "Bikes"} {
		o.eventually("it is heard once", func() bool {
			return len(containing(o.hears(o.setup()), "*"+name+"* is connected (by @maria)")) == 1
		})
	}
}

func TestOnce_ThirtyWaysBackAtOnce_OneGoesOn(t *testing.T) {
	o := openOffice(t, bypassed)
	o.run()
	b := o.openWindow()
	back := b.consent(b.toDialog(o.link()), meta.Choice{Pages: []string{bakery}})
	came, _ := o.together(func(int) *window { return b.beside().get(back) })
	if came[http.StatusOK] != 1 || came[http.StatusGone] != 29 {
		t.Errorf("answered %v", came)
	}
	exchanges := 0
	for _, c := range o.meta.Calls() {
		if strings.HasSuffix(c.Path, "oauth/access_token") {
			exchanges++
		}
	}
	if exchanges != 2 { // the code for a token, and that for one that lasts
		t.Errorf("tokens were asked for %d times", exchanges)
	}
}
