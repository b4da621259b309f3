package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"messenger-bridge/bridge"
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
	chosen         *window
	onward         url.Values // from a page that was connected to its form
	onwardTo       string
}

func (o *office) stops() *links {
	o.Helper()
	l := &links{office: o, start: o.link(), atStart: o.openWindow(), atBack: o.openWindow()}
	l.chosen = o.openWindow().login(o.link(), bakery).choose([]string{bakery})
	l.onward, l.onwardTo = l.chosen.form()
	l.onward.Set("page", bakery)
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
	l.chosen.send(l.onward, l.onwardTo).shows("the button for the settings", status, page)
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
	l.chosen.send(l.onward, l.onwardTo).shows("the button for the settings", 200, "Page settings")
	l.secrets.add(l.chosen.at.Query().Get("ticket"))
}

func TestRights_LostMeanwhile_LinksAreRefusedAndNothingIsSpent(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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

// Attack 5 of issue 18: what somebody else makes a manager type.

// destructive are commands that cannot be taken back, as a plain user can guess them.
var destructive = []string{"unauthorize", "unauthorize " + bakery, "delete " + bakery, "forget " + bakery + " " + anna, "retry 1 anyway"}

// lures posts buttons, as anybody can, and returns them.
func (o *office) lures(who, room, as string) (all []chat.Button) {
	o.Helper()
	var actions []any
	for _, words := range destructive {
		for _, end := range []string{"", " confirm", " confirm abcdefgh", " confirm confirm"} {
			b := chat.Button{Label: "Nice picture", Types: as + words + end}
			all = append(all, b)
			actions = append(actions, map[string]any{"type": "button", "text": b.Label, "msg": b.Types, "msg_in_chat_window": true, "msg_processing_type": "sendMessage"})
		}
	}
	o.rc.Agent(who).SaysWith(room, "Look!", map[string]any{"attachments": []any{map[string]any{"actions": actions}}})
	return all
}

// unharmed fails if anything of the page or its customer is gone.
func (o *office) unharmed() {
	o.Helper()
	o.settled()
	p := o.pageNow(bakery)
	if p.State != bridge.PageRunning || len(o.meta.Subscribed(bakery)) == 0 || len(o.rc.Rooms()) != 1 || o.deletes() != 0 {
		o.Errorf("the page is %+v, %d rooms", p, len(o.rc.Rooms()))
	}
}

func TestConfirm_ButtonsOfOthers_AchieveNothing(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	o.connect(bakery)
	o.talksWith(bakery, anna, "hello")
	setup := o.setup()
	o.rc.Joins(setup, "paul") // a guest, who reads there what everybody reads
	lobby := o.rc.AddChannel("lobby", "paul", "maria", ourBot)
	three := o.rc.DirectRoom("maria", "paul", ourBot)
	for _, place := range []struct{ as, room string }{
		{"!facebook ", lobby}, {"@bridge.bot ", three}, {"/facebook ", lobby}, {"facebook ", setup}, {"/facebook ", setup}, {"!facebook ", three},
	} {
		for _, b := range o.lures("paul", place.room, place.as) {
			told, shown := len(o.rc.DirectMessages("maria")), len(o.rc.Notices("maria"))
			public := len(o.answers(setup))
			o.rc.Clicks("maria", place.room, b)
			o.eventually(b.Types+" is answered", func() bool {
				return len(o.rc.DirectMessages("maria")) > told || len(o.rc.Notices("maria")) > shown || len(o.answers(setup)) > public
			})
		}
	}
	o.unharmed()
	for _, m := range append(append(o.rc.Messages(setup), o.rc.Messages(lobby)...), o.rc.Messages(three)...) {
		if m.Username == ourBot && offeredCommand.MatchString(m.Text) {
			t.Errorf("paul reads %q", m.Text)
		}
	}
}

func TestConfirm_CodeOfAnother_OrElsewhere_OrLate_AchievesNothing(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	o.rc.AddUser(chat.User{Username: "otto", Roles: []string{"user", "livechat-manager"}})
	o.connect(bakery)
	o.talksWith(bakery, anna, "hello")
	setup, direct := o.setup(), o.rc.DirectRoom("maria", ourBot)
	lobby := o.rc.AddChannel("lobby", "otto", "maria", ourBot)
	for _, words := range destructive[1:4] {
		yes := offeredIn(t, o.private("maria", direct, "facebook "+words))
		for _, told := range []string{
			o.private("otto", o.rc.DirectRoom("otto", ourBot), yes),
			o.private("maria", direct, strings.Replace(yes, bakery, bikes, 1)),
		} {
			if strings.Contains(told, "is disconnected") || strings.Contains(told, "is deleted") || strings.Contains(told, "is forgotten") {
				t.Errorf("%q is answered %q", yes, told)
			}
		}
		if told := o.private("maria", lobby, "!"+yes); !strings.Contains(told, "only in a direct message") {
			t.Errorf("in the lobby, it is answered %q", told)
		}
		// By the app nobody else reads the question; and yet it is not done elsewhere.
		asked := o.asked("maria", lobby, words)
		if len(asked.Buttons) > 0 {
			t.Errorf("a button would type in the lobby: %+v", asked)
		}
		byApp := strings.TrimPrefix(offeredIn(t, asked.Text), "/facebook ")
		if got := o.asked("maria", lobby, byApp); !strings.Contains(got.Text, "only in a direct message") {
			t.Errorf("in the lobby, the app answers %q", got.Text)
		}
	}
	o.unharmed()
	yes := offeredIn(t, o.private("maria", direct, "unauthorize "+bakery))
	o.halt() // the question outlives a restart
	o.run()
	if told := o.private("maria", direct, yes); !strings.Contains(told, "*Bakery* is disconnected") {
		t.Errorf("the code is answered %q", told)
	}
	o.connect(bakery)
	if told := o.private("maria", direct, yes); !strings.Contains(told, "was used before") || o.pageNow(bakery).State != bridge.PageRunning {
		t.Errorf("the code again is answered %q", told)
	}
	asked := o.asked("maria", setup, "delete "+bakery)
	if got := o.asked("maria", setup, strings.TrimPrefix(offeredIn(t, asked.Text), "/facebook ")); !strings.Contains(got.Text, "*Bakery* is deleted") {
		t.Errorf("in the setup channel, the app answers %q", got.Text)
	}
}

// TestConfirm_ThirtyAtOnce: a button is clicked again and again.
func TestConfirm_ThirtyAtOnce_IsDoneOnce(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	o.connect(bakery)
	setup := o.setup()
	code := strings.TrimPrefix(offeredIn(t, o.asked("maria", setup, "unauthorize "+bakery).Text), "/facebook ")
	before := len(o.rc.Notices("maria"))
	var clicks sync.WaitGroup
	for range 30 {
		clicks.Go(func() { o.rc.RunCommand("maria", setup, "facebook", code) })
	}
	clicks.Wait()
	var did []string
	for _, n := range o.rc.Notices("maria")[before:] {
		if strings.Contains(n.Text, "is disconnected") {
			did = append(did, n.Text)
		}
	}
	if len(did) != 1 {
		t.Errorf("done %d times: %q", len(did), did)
	}
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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
