package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
	"messenger-bridge/store"
)

func TestSetupChannel_IsPrivateMadeOnceAndTicksItselfOff(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.rc.AddUser(chat.User{Username: "otto", Roles: []string{"user", "livechat-manager"}})
	o.run()
	rid := o.setup()
	// next waits until the last message of the channel is a step that asks for something.
	next := func(number int, part string) {
		t.Helper()
		want := fmt.Sprintf(":point_right: %d. ", number)
		o.eventually(want+part+" is the last message", func() bool {
			hears := o.hears(rid)
			last := ""
			if len(hears) > 0 {
				last = hears[len(hears)-1]
			}
			return strings.HasPrefix(last, want) && strings.Contains(last, part)
		})
		o.eventually(fmt.Sprintf("all steps before %d are ticked off", number), func() bool { // one may be written before it works
			for i, step := range o.steps() {
				done := strings.HasPrefix(step, ":white_check_mark: ")
				if !strings.Contains(step, fmt.Sprintf(" %d. ", i+1)) || done != (i+1 < number) {
					return false
				}
			}
			return true
		})
	}
	restart := func() {
		t.Helper()
		before := o.hears(rid)
		o.halt()
		o.run()
		if got := o.setup(); got != rid {
			t.Fatal("a second setup channel")
		}
		o.public("/facebook help") // by then, the list has been looked at
		o.eventually("the channel is as it was", func() bool {
			hears := o.hears(rid)
			return slices.Equal(hears[:len(hears)-1], before)
		})
	}
	next(7, "/facebook authorize")
	if members := o.rc.MembersOf(rid); !slices.Equal(members, []string{ourBot, "maria", "otto"}) {
		t.Errorf("members are %q", members)
	}
	o.rc.AddUser(chat.User{Username: "olga", Roles: []string{"user", "livechat-manager"}})
	restart()
	o.eventually("a new manager is invited", func() bool { return slices.Contains(o.rc.MembersOf(rid), "olga") })
	if o.rc.CountCalls("POST groups.create") != 1 || o.rc.CountCalls("POST channels.create") != 0 {
		t.Error("not one private group was made")
	}
	o.openWindow().login(o.link(), bakery).choose([]string{bakery}).shows("the result", 200, "The page is connected")
	o.eventually("the first message is asked for", func() bool { return len(containing(o.steps(), ":point_right: 10. ")) == 1 })
	if got := len(o.steps()); got != 10 {
		t.Errorf("the list is %q", o.steps())
	}
	o.meta.CustomerWrites(bakery, anna, "hello")
	o.eventually("an answer is asked for", func() bool { return len(containing(o.steps(), ":point_right: 11. ")) == 1 })
	next(11, "Answer that chat")
	restart()
	o.agent.Says(o.rc.Rooms()[0].ID, "Good morning")
	o.eventually("everything is done", func() bool { return len(containing(o.steps(), ":tada: ")) == 1 })
	if len(containing(o.steps(), ":point_right:")) != 0 || len(o.steps()) != 12 {
		t.Errorf("the list is %q", o.steps())
	}
	restart()
}

// TestSetupChannel_AfterConnecting_NextStepIsTheLastMessage holds the issue to its
// word: "so that the next missing step is always the last message".
func TestSetupChannel_AfterConnecting_NextStepIsTheLastMessage(t *testing.T) {
	t.Parallel()
	for _, pages := range [][]string{{bakery}, {bakery, bikes}} {
		t.Run(fmt.Sprint(len(pages)), func(t *testing.T) {
			o := openOffice(t, bypassed)
			o.cfg.Times.SetupEvery = 2 * time.Second // ten times that is how long the list waits for what is going on
			o.run()
			rid := o.setup()
			o.meta.FailCalls("POST", "subscribed_apps", len(pages), meta.DeliveredThenHang(300*time.Millisecond)) // one after another
			o.connect(pages...)
			o.eventually("everybody knows", func() bool {
				return len(containing(o.hears(rid), "is connected (by @maria)")) == len(pages) && len(containing(o.steps(), ":point_right: 10. ")) == 1
			})
			o.settled()
			hears := o.hears(rid)
			if last := hears[len(hears)-1]; !strings.HasPrefix(last, ":point_right: 10. ") {
				t.Errorf("the last message is %q of %q", last, hears)
			}
		})
	}
}

func TestSetupChannel_StepUndone_OnlyTheNextOneAsks(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	o.eventually("the first message is asked for", func() bool { return len(containing(o.steps(), ":point_right: 10. ")) == 1 })
	o.confirmed("unauthorize " + bakery)
	o.eventually("the list says that it does not run", func() bool { return len(containing(o.steps(), "is not running")) == 1 })
	if asks := containing(o.steps(), ":point_right:"); len(asks) != 1 {
		t.Errorf("the list asks for %q", asks)
	}
}

func TestSetupChannel_NameIsTaken_CommandsStillWork(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.rc.AddChannel(setupName, "paul")
	o.run()
	direct := o.rc.DirectRoom("maria", ourBot)
	o.openWindow().login(o.linkIn(o.private("maria", direct, "authorize")), bakery).choose([]string{bakery}).shows("the result", 200, "The page is connected")
	o.talks(bakery)
	if told := o.private("maria", direct, "pages"); !strings.Contains(told, "Running") {
		t.Errorf("maria is told %q", told)
	}
	if got := o.hears(o.rc.RoomID(setupName)); len(got) != 0 {
		t.Errorf("everybody hears %q", got)
	}
}

// wordings are the ways to order the bot something, in rooms of all kinds.
var wordings = []struct {
	name, before string
	direct       bool
}{
	{"/facebook", "/facebook ", false},
	{"!facebook", "!facebook ", false},
	{"mention", "@bridge.bot ", false},
	{"/facebook to the bot", "/facebook ", true},
	{"facebook to the bot", "facebook ", true},
	{"to the bot", "", true},
}

// looked waits until the checklist has come to the first message: nothing is asked of
// Facebook for it any more.
func (o *office) looked() {
	o.Helper()
	o.eventually("the checklist asks for a message", func() bool { return len(containing(o.steps(), ":point_right: 10. ")) == 1 })
}

func TestCommand_BySomebodyWhoMayNot_ChangesNothing(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	rid := o.setup()
	lobby := o.rc.AddChannel("lobby", "paul", "maria", ourBot)
	direct := o.rc.DirectRoom("paul", ourBot)
	before := o.storedPage(bakery)
	o.run()
	o.looked()
	calls := len(o.meta.Calls())
	says := func() (n int) {
		for _, text := range o.hears(rid) {
			if !isStep(text) {
				n++
			}
		}
		return n
	}
	heard := says()
	orders := []string{"authorize", "authorise", "pages", "edit " + bakery, "edit " + bakery + " welcome hacked", "subscribe " + bakery,
		"unsubscribe " + bakery, "unauthorize", "unauthorize " + bakery + " confirm", "status", "autorize", "nonsense"}
	for _, form := range wordings {
		for _, order := range orders {
			where := lobby
			if form.direct {
				where = direct
			}
			told := o.private("paul", where, form.before+order)
			if !strings.Contains(told, "livechat-manager") || !strings.Contains(told, "COMMAND_USERS") {
				t.Errorf("%s%s is answered %q", form.before, order, told)
			}
		}
	}
	if told := o.private("paul", lobby, "/facebook help"); strings.Contains(told, "authorize") || !strings.Contains(told, "help") {
		t.Errorf("help is %q", told)
	}
	if got := o.hears(lobby); len(got) != 0 {
		t.Errorf("the bot says in the lobby %q", got)
	}
	if says() != heard {
		t.Errorf("the setup channel hears %q", o.hears(rid))
	}
	// A guest in the setup channel reads there, but may not either.
	o.rc.Joins(rid, "paul")
	o.rc.UserSays("paul", rid, "facebook unauthorize "+bakery+" confirm")
	o.eventually("the guest is told", func() bool { return len(containing(o.hears(rid), "livechat-manager")) == 1 })
	o.settled()
	if got := len(o.meta.Calls()); got != calls {
		t.Errorf("Facebook was called: %+v", o.meta.Calls()[calls:])
	}
	for _, m := range append(o.rc.DirectMessages("paul"), o.rc.Messages(rid)...) {
		if anyLink.MatchString(m.Text) {
			t.Errorf("a link was given: %q", m.Text)
		}
	}
	if after := o.storedPage(bakery); after != before {
		t.Errorf("the page was %+v and is %+v", before, after)
	}
}

func TestCommand_RightsFollowTheRole_AndCommandUsers(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed, "COMMAND_USERS=nina, @Paul")
	o.rc.AddUser(chat.User{Username: "nina"})
	o.run()
	lobby := o.rc.AddChannel("lobby", "paul", "nina", "maria", ourBot)
	for _, who := range []string{"nina", "paul", "maria"} {
		if told := o.private(who, lobby, "!facebook pages"); !strings.Contains(told, "No page is connected yet") {
			t.Errorf("%s is told %q", who, told)
		}
	}
	o.rc.SetRoles("maria", "user")
	if told := o.private("maria", lobby, "!facebook pages"); !strings.Contains(told, "livechat-manager") {
		t.Errorf("without the role, maria is told %q", told)
	}
	o.rc.SetRoles("ana", "user", "livechat-agent", "livechat-manager")
	o.rc.Joins(lobby, "ana")
	if told := o.private("ana", lobby, "@bridge.bot pages"); !strings.Contains(told, "No page is connected yet") {
		t.Errorf("with the role, ana is told %q", told)
	}
}

func TestCommand_InACustomersRoom_NeverReachesTheCustomer(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.rc.SetRoles("ana", "user", "livechat-agent", "livechat-manager")
	o.run()
	o.connect(bakery)
	o.meta.CustomerWrites(bakery, anna, "hi")
	rid := o.room()
	o.eventually("it is shown", func() bool { return len(o.texts()) == 1 })
	hers := o.rc.Messages(rid)[0].ID
	for _, m := range o.rc.Messages(rid) {
		if m.FromVisitor {
			hers = m.ID
		}
	}
	helps := map[string]func(){ // answered with help
		"/facebook":           func() { o.agent.Says(rid, "/facebook help") },
		"bare":                func() { o.agent.Says(rid, "/facebook") },
		"upper":               func() { o.agent.SaysRaw(rid, "/Facebook HELP") },
		"lines":               func() { o.agent.SaysRaw(rid, "/facebook\nhelp") },
		"blank before":        func() { o.agent.SaysRaw(rid, "  /facebook help") },
		"!facebook":           func() { o.agent.Says(rid, "!facebook help") },
		"!Facebook":           func() { o.agent.Says(rid, "!Facebook help") },
		"@bot":                func() { o.agent.Says(rid, "@bridge.bot help") },
		"quoting":             func() { o.agent.Quotes(rid, hers, "/facebook help") },
		"quoting and !":       func() { o.agent.Quotes(rid, hers, "!facebook help") },
		"in a thread":         func() { o.agent.Replies(rid, hers, "/facebook help") },
		"the companion's own": func() { o.agent.SaysRaw(rid, "/facebook-bridge help") },
	}
	typos := map[string]func(){ // no commands of ours, and not for the customer
		"/typo":            func() { o.agent.Says(rid, "/typo") },
		"words":            func() { o.agent.Says(rid, "/typo with words") },
		"blank":            func() { o.agent.SaysRaw(rid, " /typo") },
		"line":             func() { o.agent.SaysRaw(rid, "\n/typo") },
		"quoting":          func() { o.agent.Quotes(rid, hers, "/typo") },
		"thread":           func() { o.agent.Replies(rid, hers, "/typo") },
		"glued":            func() { o.agent.Says(rid, "/facebookhelp") },
		"another alphabet": func() { o.agent.Says(rid, "/помощь") },
		"glued !":          func() { o.agent.Says(rid, "!facebook, help") },
		"file with it":     func() { o.agent.SaysWith(rid, "/typo", map[string]any{"tmid": hers}) },
	}
	check := func(t *testing.T, name string, say func(), part string) {
		t.Helper()
		told, sent := len(o.rc.DirectMessages("ana")), len(o.meta.CustomerSees(bakery, anna))
		say()
		o.agent.Says(rid, "after "+name)
		o.eventually("the customer reads what follows "+name, func() bool {
			seen := o.meta.CustomerSees(bakery, anna)
			return len(seen) > 0 && seen[len(seen)-1].Text == "after "+name
		})
		o.settled()
		if seen := o.meta.CustomerSees(bakery, anna)[sent:]; len(seen) != 1 {
			t.Errorf("%s: the customer reads %q", name, seen[0].Text)
		}
		answers := o.rc.DirectMessages("ana")[told:]
		if len(answers) != 1 || !strings.Contains(answers[0].Text, part) {
			t.Errorf("%s: the agent is told %d times: %v", name, len(answers), texts(answers))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(helps)) {
		t.Run(name, func(t *testing.T) { check(t, name, helps[name], "You can type") })
	}
	for _, name := range slices.Sorted(maps.Keys(typos)) {
		t.Run("typo "+name, func(t *testing.T) { check(t, name, typos[name], "") })
	}
	if got := o.hears(rid); len(got) != 0 {
		t.Errorf("the bot says in the room %q", got)
	}
}

func texts(messages []chat.Message) (all []string) {
	for _, m := range messages {
		all = append(all, m.Text)
	}
	return all
}

func TestCommand_InACustomersRoom_FoundByTheCatchUp_NeverReachesTheCustomer(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(o *office) (back func()){
		"stopped": func(o *office) func() { o.halt(); return o.run },
		"events lost": func(o *office) func() {
			o.rc.LoseEvents(5)
			return func() { o.rc.DropSockets() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, bypassed)
			o.rc.SetRoles("ana", "user", "livechat-agent", "livechat-manager")
			o.run()
			o.connect(bakery)
			o.meta.CustomerWrites(bakery, anna, "hi")
			rid := o.room()
			o.eventually("it is shown", func() bool { return len(o.texts()) == 1 })
			back := away(o)
			for _, text := range []string{"/facebook help", "/typo here", "!facebook edit " + bakery + " welcome Hello", "@bridge.bot help", "Good morning"} {
				o.agent.Says(rid, text)
			}
			back()
			o.eventually("the answer arrives, and ana is told", func() bool {
				return len(o.meta.CustomerSees(bakery, anna)) > 0 && len(o.rc.DirectMessages("ana")) >= 4
			})
			o.halt()
			o.run()
			o.settled()
			if seen := o.meta.CustomerSees(bakery, anna); len(seen) != 1 || seen[0].Text != "Good morning" {
				t.Errorf("the customer reads %+v", seen)
			}
			told := texts(o.rc.DirectMessages("ana"))
			if len(told) != 4 || len(containing(told, "You can type")) != 2 || len(containing(told, "is now “Hello”")) != 1 {
				t.Errorf("ana is told %q", told)
			}
			if p := o.storedPage(bakery); p.Settings.Welcome != "Hello" {
				t.Errorf("the settings are %+v", p.Settings)
			}
		})
	}
}

func TestCommand_RepeatedByTheWorkspace_IsAnsweredOnce(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.rc.RepeatEvents(true)
	o.run()
	rid := o.setup()
	direct := o.rc.DirectRoom("maria", ourBot)
	o.rc.UserSays("maria", rid, "/facebook pages")
	o.rc.UserSays("maria", rid, "facebook status")
	o.rc.UserSays("maria", rid, "!facebook authorize")
	last := o.rc.UserSays("maria", direct, "status")
	o.eventually("all are answered", func() bool {
		return len(containing(o.hears(rid), "No page is connected yet")) > 0 && len(containing(o.hears(rid), "Rocket.Chat answers")) > 0 && len(o.rc.DirectMessages("maria")) >= 2
	})
	o.rc.Agent("maria").Edits(last, "pages") // the edit of a command is no second one
	o.rc.Agent("maria").Reacts(last, ":thumbsup:")
	o.rc.DropSockets()
	o.eventually("the stream is back", func() bool { return o.rc.Subscribed() > 0 && o.connected() })
	o.halt()
	o.run()
	o.public("/facebook help")
	o.settled()
	if got := o.hears(rid); len(containing(got, "No page is connected yet")) != 1 || len(containing(got, "Rocket.Chat answers")) != 1 {
		t.Errorf("the channel reads %q", got)
	}
	if got := texts(o.rc.DirectMessages("maria")); len(got) != 2 {
		t.Errorf("maria is told %q", got)
	}
}

func TestCommand_RestartBetweenCommandAndAnswer_AnsweredOnce(t *testing.T) {
	t.Parallel()
	for name, effect := range map[string]bool{"answer lost": true, "answer not made": false} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, bypassed)
			o.run()
			o.connect(bakery)
			rid := o.setup()
			o.settled()
			fine := o.rc.Inject(chat.Fault{Route: "POST chat.sendMessage", Status: 500, Effect: effect})
			o.rc.UserSays("maria", rid, "/facebook edit "+bakery+" offline Later")
			o.rc.UserSays("maria", rid, "/facebook authorize")
			calls := o.rc.CountCalls("POST chat.sendMessage")
			o.eventually("answering is tried", func() bool { return o.rc.CountCalls("POST chat.sendMessage") > calls })
			o.halt()
			fine()
			o.run()
			o.eventually("both are answered", func() bool {
				return len(containing(o.hears(rid), "is now “Later”")) > 0 && len(o.rc.DirectMessages("maria")) >= 2
			})
			link := o.linkIn(o.rc.DirectMessages("maria")[1].Text)
			o.openWindow().toDialog(link) // works
			o.settled()
			if got := o.hears(rid); len(containing(got, "is now “Later”")) != 1 || len(o.rc.DirectMessages("maria")) != 2 {
				t.Errorf("the channel reads %q, maria %q", got, texts(o.rc.DirectMessages("maria")))
			}
		})
	}
}

// longAgo has the workspace live in the past, with its setup channel and one page
// that is connected, so that messages can be old; the bridge is stopped.
func (o *office) longAgo(ago time.Duration) (setup string) {
	o.Helper()
	o.clock.shift(-ago)
	o.addPage(page, o.meta.AddPage(page, "Shop"))
	o.run()
	setup = o.setup()
	o.rc.DirectRoom("maria", ourBot)
	o.eventually("the list is shown", func() bool { return len(o.steps()) > 2 })
	o.stored(func(s *store.Store) {
		if err := s.SaveCursor("rocketchat", time.Now().Add(-ago)); err != nil {
			o.Fatal(err)
		}
	})
	return setup
}

func TestCommand_FoundAfterARestart_IsCarriedOutOnce_OrTooLate(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	rid := o.longAgo(15 * time.Minute)
	direct := o.rc.DirectRoom("maria", ourBot)
	o.clock.shift(-10 * time.Minute)
	o.rc.UserSays("maria", rid, "/facebook edit "+page+" welcome old")
	o.rc.UserSays("maria", direct, "unauthorize "+page+" confirm")
	o.clock.shift(-time.Minute)
	o.rc.UserSays("maria", rid, "/facebook edit "+page+" welcome new")
	o.rc.UserSays("maria", direct, "edit "+page+" offline new")
	o.clock.shift(0)
	o.run()
	answered := func() bool {
		return len(containing(o.hears(rid), "too late")) == 1 && len(containing(o.hears(rid), "is now “new”")) == 1 &&
			len(containing(o.hears(direct), "too late")) == 1 && len(containing(o.hears(direct), "is now “new”")) == 1
	}
	o.eventually("all are answered", answered)
	o.halt()
	o.run()
	o.settled()
	if !answered() {
		t.Errorf("the channel reads %q, maria %q", o.hears(rid), o.hears(direct))
	}
	p := o.storedPage(page)
	if p.Settings.Welcome != "new" || p.Settings.Offline != "new" || p.State != bridge.PageRunning {
		t.Errorf("the page is %+v", p)
	}
}

// TestCommand_AnswerDelayed_ChangesOnce lets the answer fail for a while, in which
// somebody else makes another change.
func TestCommand_AnswerDelayed_ChangesOnce(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	rid := o.setup()
	b := o.openWindow().get(o.linkIn(o.private("maria", rid, "/facebook edit "+bakery)))
	o.settled()
	fine := o.rc.Inject(chat.Fault{Route: "POST chat.sendMessage", Status: 500})
	o.rc.UserSays("maria", rid, "/facebook edit "+bakery+" welcome typed")
	form, action := b.form()
	o.eventually("the form shows what was typed", func() bool {
		b.get(b.at.String())
		form, action = b.form()
		return form.Get("welcome") == "typed"
	})
	form.Set("welcome", "filled in later")
	b.send(form, action).shows("saving", 200, "The settings are saved")
	fine()
	o.eventually("the command is answered", func() bool { return len(containing(o.hears(rid), "`welcome` is now")) > 0 })
	o.settled()
	if p := o.storedPage(bakery); p.Settings.Welcome != "filled in later" {
		t.Errorf("the later change is lost: %q", p.Settings.Welcome)
	}
}

// TestCommand_AnswerDelayedOverTheLimit_IsNotCalledTooLate has a command that is
// carried out in time, and an answer that takes longer.
func TestCommand_AnswerDelayedOverTheLimit_IsNotCalledTooLate(t *testing.T) {
	t.Parallel()
	const almost = 5*time.Minute - 2*time.Second
	o := openOffice(t, bypassed)
	rid := o.longAgo(almost)
	o.run()
	o.settled()
	fine := o.rc.Inject(chat.Fault{Route: "POST chat.sendMessage", Status: 500})
	o.rc.UserSays("maria", rid, "/facebook edit "+page+" welcome typed")
	typed := time.Now()
	calls := o.rc.CountCalls("POST chat.sendMessage")
	o.eventually("answering is tried", func() bool { return o.rc.CountCalls("POST chat.sendMessage") > calls })
	o.eventually("five minutes are over", func() bool { return time.Since(typed) > 2*time.Second+200*time.Millisecond })
	fine()
	o.eventually("it is answered", func() bool {
		return len(containing(o.hears(rid), "`welcome` is now")) > 0 || len(containing(o.hears(rid), "too late")) > 0
	})
	answers, welcome := containing(o.hears(rid), "too late"), o.storedPage(page).Settings.Welcome
	if len(answers) > 0 && welcome != "" {
		t.Errorf("welcome is %q, and the answer is %q", welcome, answers)
	}
}

func TestCommand_WorkspacesClockIsWrong_IsNotCalledTooLate(t *testing.T) {
	t.Parallel()
	front := httptest.NewUnstartedServer(nil)
	o := openOffice(t, bypassed, "ROCKETCHAT_URL=http://"+front.Listener.Addr().String())
	inside, err := url.Parse(o.rc.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(inside)
	proxy.ModifyResponse = func(res *http.Response) error {
		res.Header.Set("Date", o.clock.now().UTC().Format(http.TimeFormat))
		return nil
	}
	front.Config.Handler = proxy
	front.Start()
	t.Cleanup(front.Close)
	o.clock.shift(-6 * time.Minute)
	o.run()
	if answer := o.public("/facebook pages"); !strings.Contains(answer, "No page is connected yet") {
		t.Errorf("the answer is %q", answer)
	}
}

func TestSettings_TwoFormsAtOnce_SecondIsToldAndLosesNothing(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.rc.AddUser(chat.User{Username: "otto", Roles: []string{"user", "livechat-manager"}})
	o.run()
	o.connect(bakery)
	order := "/facebook edit " + bakery
	lobby := o.rc.AddChannel("lobby", "maria", "otto", ourBot)
	one := o.openWindow().get(o.linkIn(o.private("maria", o.setup(), order)))
	two := o.openWindow().get(o.linkIn(o.private("otto", lobby, order)))
	first, firstAction := one.form()
	second, secondAction := two.form()
	first.Set("welcome", "of maria")
	first.Set("offline", "maria is away")
	second.Set("welcome", "of otto")
	second.Set("finished", "bye, says otto")
	one.send(first, firstAction).shows("the first", 200, "The settings are saved")
	two.send(second, secondAction).shows("the second", 409, "Somebody else saved these settings meanwhile", "of maria", "of otto", "it is kept: Nobody there", "bye, says otto")
	again, action := two.form()
	if again.Get("offline") != "maria is away" || again.Get("welcome") != "of otto" || again.Get("finished") != "bye, says otto" {
		t.Errorf("the form shows %v", again)
	}
	two.send(again, action).shows("the second again", 200, "The settings are saved")
	one.send(first, firstAction).refused("the first once more", 410, "This link was used already", order)
	two.get(secondAction).refused("the link of the second", 410, "This link was used already", order)
	want := bridge.Settings{Welcome: "of otto", Finished: "bye, says otto", Offline: "maria is away"}
	if p := o.storedPage(bakery); p.Settings != want {
		t.Errorf("the settings are %+v", p.Settings)
	}
}

func TestSettings_ManyFormsSentTogether_OneIsSavedAndAllOthersAreTold(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	const n = 5
	type filled struct {
		*window
		form   url.Values
		action string
	}
	all := make([]filled, n)
	for i := range all {
		b := o.openWindow().get(o.linkIn(o.private("maria", o.setup(), "/facebook edit "+bakery)))
		form, action := b.form()
		form.Set("welcome", fmt.Sprint("text ", i))
		all[i] = filled{b, form, action}
	}
	var sending sync.WaitGroup
	for _, f := range all {
		sending.Go(func() { f.send(f.form, f.action) })
	}
	sending.Wait()
	saved := -1
	for i, f := range all {
		switch f.status {
		case 200:
			if saved >= 0 {
				t.Error("two were saved")
			}
			saved = i
		default:
			f.shows("another", 409, "Somebody else saved", fmt.Sprint("text ", i))
		}
	}
	if p := o.storedPage(bakery); p.Settings.Welcome != fmt.Sprint("text ", saved) {
		t.Errorf("form %d was saved, and the settings are %+v", saved, p.Settings)
	}
}

func TestSettings_FormAndWordsAtOnce_SecondIsTold(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	order := "/facebook edit " + bakery
	b := o.openWindow().get(o.linkIn(o.private("maria", o.setup(), order)))
	if answer := o.public(order + ` department Sales`); !strings.Contains(answer, "Sales") {
		t.Fatalf("the answer is %q", answer)
	}
	form, action := b.form()
	form.Set("welcome", "filled in")
	b.send(form, action).shows("the form", 200, "The settings are saved", "Somebody else also changed this meanwhile, and it is kept: Department")
	b = o.openWindow().get(o.linkIn(o.private("maria", o.setup(), order)))
	o.public(order + ` department none`)
	o.public(order + ` welcome typed`)
	form, action = b.form()
	form.Set("welcome", "filled in again")
	b.send(form, action).shows("the form", 409, "Somebody else saved", "typed", "filled in again", "it is kept: Department")
	o.public(order + ` department Sales`)
	// The state of the page is not in the form, so its change disturbs nobody.
	b = o.openWindow().get(o.linkIn(o.private("maria", o.setup(), order)))
	o.public("/facebook unsubscribe " + bakery)
	form, action = b.form()
	form.Set("welcome", "filled in")
	b.send(form, action).shows("the form", 200, "The settings are saved")
	if answer := o.public(order + " offline “Back at nine.\nReally.”"); !strings.Contains(answer, "Back at nine.\nReally.") {
		t.Errorf("the answer is %q", answer)
	}
	want := bridge.Settings{Welcome: "filled in", Department: bridge.DepartmentID(o.sales), Offline: "Back at nine.\nReally."}
	if p := o.storedPage(bakery); p.Settings != want || p.State != bridge.PageOff {
		t.Errorf("the page is %+v", p)
	}
}

func TestSettings_TenCommandsAtOnce_WithARestart_AllCount(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	values := map[string]string{"name": "Our bakery", "department": "Sales", "welcome": "w", "finished": "f", "offline": "o"}
	managers := []string{"maria", "otto", "olga", "oscar", "ophelia"}
	for _, who := range managers[1:] {
		o.rc.AddUser(chat.User{Username: who, Roles: []string{"user", "livechat-manager"}})
	}
	o.run()
	o.connect(bakery, bikes)
	rid := o.setup()
	o.eventually("all managers are there", func() bool { return len(o.rc.MembersOf(rid)) == 6 })
	var typing sync.WaitGroup
	i := 0
	for name, value := range values {
		who := managers[i]
		i++
		typing.Go(func() {
			o.rc.UserSays(who, rid, "/facebook edit "+bakery+" "+name+" "+value)
			o.rc.UserSays(who, o.rc.DirectRoom(who, ourBot), "edit "+bikes+" "+name+" "+value)
		})
	}
	o.eventually("something is changed", func() bool { return len(containing(o.hears(rid), "is now")) > 0 })
	o.halt()
	typing.Wait()
	o.run()
	o.eventually("all are answered", func() bool {
		n := len(containing(o.hears(rid), "is now"))
		for _, who := range managers {
			n += len(containing(texts(o.rc.DirectMessages(who)), "is now"))
		}
		return n == 10
	})
	want := bridge.Settings{Name: "Our bakery", Department: bridge.DepartmentID(o.sales), Welcome: "w", Finished: "f", Offline: "o"}
	for _, id := range []string{bakery, bikes} {
		if p := o.storedPage(id); p.Settings != want || p.State != bridge.PageRunning {
			t.Errorf("page %s is %+v", id, p)
		}
	}
}

// TestCommand_SwitchedOffWhileSomebodySwitchesOn_WhatIsStoredIsTrue lets Facebook
// take its time with the answer to `subscribe` while somebody else types `unsubscribe`.
func TestCommand_SwitchedOffWhileSomebodySwitchesOn_WhatIsStoredIsTrue(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.rc.AddUser(chat.User{Username: "otto", Roles: []string{"user", "livechat-manager"}})
	o.run()
	o.connect(bakery)
	rid := o.setup()
	o.eventually("both are there", func() bool { return slices.Contains(o.rc.MembersOf(rid), "otto") })
	reads := func() (n int) {
		for _, c := range o.meta.Calls() {
			if c.Method == "GET" && strings.HasSuffix(c.Path, "/subscriptions") {
				n++
			}
		}
		return n
	}
	before := reads()
	o.meta.FailCalls("GET", "subscriptions", 1, meta.DeliveredThenHang(time.Second)) // the last question before Running
	o.rc.UserSays("maria", rid, "/facebook subscribe "+bakery)
	o.eventually("subscribing hangs", func() bool { return reads() > before })
	o.rc.UserSays("otto", rid, "/facebook unsubscribe "+bakery)
	o.eventually("both are answered", func() bool {
		return len(containing(o.hears(rid), "is off")) == 1 && len(containing(o.hears(rid), "*Bakery*: ")) == 1
	})
	state, subscribed := o.pageNow(bakery).State, len(o.meta.Subscribed(bakery)) > 0
	if (state == bridge.PageRunning) != subscribed {
		t.Errorf("the bridge says %q, and subscribed at Facebook is %v", state, subscribed)
	}
}

func TestCommand_AnswersBelongWhereTheyWereTyped(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery, bikes)
	rid := o.setup()
	direct := o.rc.DirectRoom("maria", ourBot)
	lobby := o.rc.AddChannel("lobby", "maria", "paul", ourBot)
	three := o.rc.DirectRoom("maria", "paul", ourBot)
	o.eventually("the checklist has come to rest", func() bool { return strings.Contains(strings.Join(o.hears(rid), "\n"), "Write to the page") })
	o.settled()
	for _, c := range []struct{ typed, part string }{
		{"help", "authorize"},
		{"", "authorize"}, // as help
		{"pages", "*Bakery* `" + bakery + "`"},
		{"status", "Rocket.Chat answers"},
		{"pgaes", "Did you mean `{as}pages`?"},
		{"Authorise2", "Did you mean `{as}authorize`?"},
		{"weather in Berlin", "There is no command `weather`"},
		{"subscribe", "Which page?"},
		{"subscribe 999", "Which page?"},
		{"edit 999", "Which page?"},
		{"edit " + bakery + " colour red", "There is no setting `colour`"},
		{"edit " + bakery + " department Nowhere", "There are: Sales"},
		{"edit " + bakery + " welcome", "`welcome` of *Bakery* is _none_"},
		{"edit " + bakery + " welcome " + strings.Repeat("x", 2001), "2001 characters"},
		{"edit " + bakery + " name none", "`name` is now _none_"},
		{"unauthorize", "To do it, type"},
		{"unauthorize " + bakery, "To do it, type"},
	} {
		t.Run(c.typed[:min(len(c.typed), 30)], func(t *testing.T) {
			for _, place := range []struct{ form, room string }{
				{"/facebook ", rid}, {"facebook ", rid}, {"!facebook ", direct}, {"", direct}, {"/facebook ", lobby}, {"@bridge.bot ", three},
			} {
				typed := strings.TrimSpace(place.form + c.typed)
				if typed == "" {
					continue
				}
				part := strings.ReplaceAll(c.part, "{as}", cmp.Or(place.form, "facebook ")) // what the person knows to work
				channel, alone := len(o.rc.Messages(rid)), len(o.rc.DirectMessages("maria"))
				o.rc.UserSays("maria", place.room, typed)
				if place.room == rid && !strings.Contains(part, "To do it, type") { // codes are for the person alone
					o.eventually("it is answered", func() bool { return len(o.rc.Messages(rid)) == channel+2 })
					if got := o.hears(rid); !strings.Contains(got[len(got)-1], part) {
						t.Errorf("%q in the setup channel is answered %q", typed, got[len(got)-1])
					}
				} else {
					o.eventually("it is answered", func() bool { return len(o.rc.DirectMessages("maria")) > alone })
					if got := o.rc.DirectMessages("maria")[alone].Text; !strings.Contains(got, part) {
						t.Errorf("%q is answered %q", typed, got)
					}
				}
			}
		})
	}
	o.settled()
	if got := append(o.hears(lobby), o.hears(three)...); len(got) != 0 {
		t.Errorf("the bot says to others %q", got)
	}
	if len(o.rc.DirectMessages("paul")) != 0 {
		t.Error("paul is told something")
	}
	o.isConnected(bakery) // nothing was changed by asking
	o.isConnected(bikes)
}

func TestCommand_OffOnAndAway(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.rc.AddUser(chat.User{Username: "otto", Roles: []string{"user", "livechat-manager"}})
	o.run()
	o.connect(bakery, bikes)
	rid := o.setup()
	o.talks(bakery)
	if answer := o.public("/facebook unsubscribe " + bakery); !strings.Contains(answer, "*Bakery* is off") {
		t.Errorf("`unsubscribe` says %q", answer)
	}
	if len(o.meta.Subscribed(bakery)) != 0 || o.pageNow(bakery).State != bridge.PageOff {
		t.Errorf("the page is %+v, subscribed to %v", o.pageNow(bakery), o.meta.Subscribed(bakery))
	}
	o.halt() // off stays off
	o.run()
	if len(o.meta.Subscribed(bakery)) != 0 || o.pageNow(bakery).State != bridge.PageOff {
		t.Errorf("after a restart, the page is %+v, subscribed to %v", o.pageNow(bakery), o.meta.Subscribed(bakery))
	}
	o.talks(bikes)
	if answer := o.public("/facebook subscribe " + bakery); !strings.Contains(answer, "*Bakery*: Running") {
		t.Errorf("`subscribe` says %q", answer)
	}
	o.talks(bakery)

	token := o.meta.PageToken(bakery)
	if answer := o.private("maria", rid, "/facebook unauthorize "+bakery); !strings.Contains(answer, "/facebook unauthorize "+bakery+" confirm ") || o.pageNow(bakery).State != bridge.PageRunning {
		t.Errorf("`unauthorize` says %q, and the page is %+v", answer, o.pageNow(bakery))
	}
	// Otto has connected nothing, so all of his is nothing.
	lobby := o.rc.AddChannel("lobby", "otto", ourBot)
	if told := o.private("otto", lobby, "!facebook unauthorize confirm"); !strings.Contains(told, "You have connected no page") {
		t.Errorf("otto is told %q", told)
	}
	if answer := o.confirmed("unauthorize " + bakery); !strings.Contains(answer, "*Bakery* is disconnected") {
		t.Errorf("`unauthorize … confirm` says %q", answer)
	}
	o.eventually("everybody hears", func() bool { return len(containing(o.hears(rid), "*Bakery* was disconnected by @maria")) == 1 })
	if len(o.meta.Subscribed(bakery)) != 0 || o.pageNow(bakery).State != bridge.PageNeedsAuth {
		t.Errorf("the page is %+v, subscribed to %v", o.pageNow(bakery), o.meta.Subscribed(bakery))
	}
	if answer := o.public("/facebook subscribe " + bakery); !strings.Contains(answer, "Needs authorisation") {
		t.Errorf("`subscribe` says %q", answer)
	}
	direct := o.rc.DirectRoom("maria", ourBot)
	if answer := o.private("maria", direct, offeredIn(o.T, o.private("maria", direct, "unauthorize"))); !strings.Contains(answer, "*Bikes* is disconnected") || strings.Contains(answer, "Bakery") {
		t.Errorf("`unauthorize confirm` says %q", answer)
	}
	if p := o.storedPage(bakery); p.Token != "" || token == "" {
		t.Error("the token is kept")
	}
	o.run()
	o.connect(bakery)
	o.talks(bakery)
}

func TestCommand_PageRemovedAndConnectedAgain_IsHeardAgain(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	rid := o.setup()
	heard := func() int { return len(containing(o.hears(rid), "*Bakery* is connected")) }
	o.eventually("it is heard", func() bool { return heard() == 1 })
	if code, out, errText := runCommand(t, o.environ, "pages", "remove", "--database", o.cfg.Store.Database, bakery); code != 0 {
		t.Fatalf("code %d: %s%s", code, out, errText)
	}
	o.connect(bakery)
	o.eventually("it is heard again", func() bool { return heard() == 2 })
}

func TestCommand_ByAnotherBot_IsNotAnsweredAndNotRelayed(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	o.meta.CustomerWrites(bakery, anna, "hi")
	rid := o.room()
	o.eventually("it is shown", func() bool { return len(o.texts()) == 1 })
	bot := map[string]any{"bot": map[string]any{"i": "another"}}
	o.agent.SaysWith(rid, "!facebook help", bot)
	o.agent.SaysWith(rid, "@bridge.bot help", bot)
	o.agent.Says(rid, "Good morning")
	o.eventually("the customer reads", func() bool {
		seen := o.meta.CustomerSees(bakery, anna)
		return len(seen) > 0 && seen[len(seen)-1].Text == "Good morning"
	})
	if seen := o.meta.CustomerSees(bakery, anna); len(seen) != 1 {
		t.Errorf("the customer reads %q", seen[0].Text)
	}
}
