package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/meta"
)

// TestToken_Dead_TwentyWaitEachWay lets a token die, and 20 messages be written each
// way, over a restart: agents read at once, customers after somebody has authorised
// again. What has outlived its window by then comes back to the agent.
func TestToken_Dead_TwentyWaitEachWay(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.cfg.Times.TellAfter = time.Hour
	o.run()
	o.connect(bakery)
	setup, talk := o.setup(), o.talks(bakery)
	o.meta.CustomerWrites(bakery, ben, "I am Ben")
	var bens string
	o.eventually("Ben has a room", func() bool {
		for _, room := range o.rc.Rooms() {
			if slices.Contains(o.rc.CustomerTexts(room.ID), "I am Ben") {
				bens = room.ID
			}
		}
		return bens != ""
	})
	before, read := len(o.meta.CustomerSees(bakery, anna)), len(o.rc.CustomerTexts(talk))

	o.meta.KillToken(o.person, 460)
	late := o.agent.Says(bens, "too late for Ben")
	o.eventually("the setup channel hears it", func() bool { return len(containing(o.hears(setup), "is not running any more")) == 1 })
	for i := range 20 {
		o.agent.Says(talk, fmt.Sprintf("answer %d", i))
		o.meta.CustomerWrites(bakery, anna, fmt.Sprintf("hi %d", i))
	}
	o.eventually("agents read all of it", func() bool { return len(o.rc.CustomerTexts(talk)) == read+20 })
	inOrder(t, "agents", o.rc.CustomerTexts(talk)[read:], 20)
	o.halt()
	o.run()
	o.meta.CloseWindow(bakery, ben)
	if got := len(o.meta.CustomerSees(bakery, anna)); got != before {
		t.Errorf("with a dead token, %d messages were sent", got-before)
	}

	o.openWindow().login(o.link(), bakery).choose([]string{bakery}).shows("authorising again", 200, "The page is connected")
	o.eventually("all answers arrive", func() bool { return len(o.meta.CustomerSees(bakery, anna)) >= before+20 })
	o.eventually("the agent reads what came too late", func() bool { return len(o.notices(bens, late)) > 0 })
	o.settled()
	var texts []string
	for _, bubble := range o.meta.CustomerSees(bakery, anna)[before:] {
		texts = append(texts, bubble.Text)
	}
	inOrder(t, "the customer", texts, 20)
	if got := o.notices(bens, late); len(got) != 1 || !strings.Contains(got[0], "too long ago") {
		t.Errorf("the agent reads %q", got)
	}
	if got := o.meta.CustomerSees(bakery, ben); len(got) != 0 {
		t.Errorf("Ben reads %+v", got)
	}
	said := announced(o.hears(setup))
	if len(said) != 3 { // connected, stopped, connected
		t.Errorf("the setup channel hears %q", said)
	}
	for _, part := range []string{"*Bakery*", "has a new password at Facebook", "@maria, or another administrator of the page, types `/facebook authorize`"} {
		if !strings.Contains(said[1], part) {
			t.Errorf("%q is not in %q", part, said[1])
		}
	}
}

// TestToken_Expires_IsAnnouncedAheadThreeTimes puts the bridge's clock forward to the
// day on which a token made by hand ends.
func TestToken_Expires_IsAnnouncedAheadThreeTimes(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	o := openOffice(t, bypassed)
	var pages clock
	o.cfg.Now, o.cfg.Times.WatchEvery = pages.now, 30*time.Millisecond
	token := o.meta.MakePageToken(o.meta.MakeSystemToken("Bridge robot", bakery), bakery)
	o.meta.ExpireIn(bakery, 20*day)
	o.run()
	if code, said := o.addByHand(bakery, token); code != 0 || !strings.Contains(said, "expires on "+time.Now().Add(20*day).UTC().Format("2 January 2006")) {
		t.Fatalf("code %d: %s", code, said)
	}
	setup := o.setup()
	warned := func() []string { return containing(o.hears(setup), "The access of *Bakery* ends on") }
	if got := warned(); len(got) != 0 {
		t.Errorf("20 days ahead, it is announced: %q", got)
	}
	for i, passed := range []time.Duration{6*day + time.Hour, 13*day + time.Hour, 19*day + time.Hour} {
		pages.shift(passed)
		o.eventually(fmt.Sprintf("warning %d", i+1), func() bool { return len(warned()) == i+1 })
		o.halt()
		o.run()
		pages.shift(passed + 2*time.Hour)
		o.talks(bakery)
	}
	o.settled()
	for _, text := range warned() {
		if !strings.Contains(text, "`messenger-bridge pages add`") {
			t.Errorf("the setup channel hears %q", text)
		}
	}
	if got := warned(); len(got) != 3 {
		t.Errorf("the setup channel hears %q", got)
	}
	// It was replaced in time, so that nothing stops.
	if code, said := o.addByHand(bakery, o.meta.MakeSystemToken("New robot", bakery)); code != 0 || !strings.Contains(said, "never expires") {
		t.Errorf("code %d: %s", code, said)
	}
	o.talks(bakery)
}

// TestAuthorise_SeveralAdministrators_SideBySide has two people at Facebook grant a
// page each: what one of them does there does not touch the other's.
func TestAuthorise_SeveralAdministrators_SideBySide(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	paul := o.meta.AddPerson("Paul Post", bikes)
	o.run()
	setup := o.setup()
	o.connect(bakery)
	o.meta.LogInAs(paul)
	o.openWindow().login(o.link(), bikes).choose([]string{bikes}).shows("Paul's page", 200, "The page is connected")
	o.eventuallyRuns(bikes)
	b, p := o.storedPage(bakery), o.storedPage(bikes)
	if b.Grant != o.person || p.Grant != paul {
		t.Errorf("the grants are %s and %s", b.Grant, p.Grant)
	}
	o.run()
	o.talks(bakery)
	o.talks(bikes)

	o.meta.LogInAs(o.person)
	o.openWindow().login(o.link(), bakery) // Maria's grant never had Bikes
	if got := containing(o.hears(setup), "has lost its connection"); len(got) != 0 {
		t.Errorf("the setup channel hears %q", got)
	}
	rid := o.asks(bikes)
	o.meta.RemoveApp(paul)
	o.agent.Says(rid, "this waits")
	o.eventually("Paul's page has stopped", func() bool { return o.pageNow(bikes).State == bridge.PageNeedsAuth })
	o.eventually("the setup channel hears it", func() bool { return len(containing(o.hears(setup), "is not running any more")) > 0 })
	o.talks(bakery)
	if got := containing(o.hears(setup), "is not running any more"); len(got) != 1 || !strings.Contains(got[0], "*Bikes*") || !strings.Contains(got[0], "the app was removed") {
		t.Errorf("the setup channel hears %q", got)
	}

	o.openWindow().login(o.link(), bakery, bikes).choose([]string{bikes}).shows("Maria takes it over", 200, "The page is connected")
	o.reads(bikes, "this waits")
	if p := o.storedPage(bikes); p.Grant != o.person {
		t.Errorf("the grant is %s", p.Grant)
	}
}

// TestToken_RefusedOnce_IsNoDeath has Meta refuse a token that works, in a send and in
// a look: the page goes on, and nobody is alarmed.
func TestToken_RefusedOnce_IsNoDeath(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	o.talks(bakery)
	o.meta.FailCalls("GET", bakery+"/subscribed_apps", 1, meta.DeadToken(460))
	o.meta.NextSends(meta.DeadToken(463))
	o.talks(bakery)
	if got := announced(o.hears(o.setup())); len(got) != 1 || o.pageNow(bakery).State != bridge.PageRunning {
		t.Errorf("the page is %s, the setup channel hears %q", o.pageNow(bakery).State, got)
	}
}

// TestAuthorise_NoPages_SaysWhichReason has the login work and bring no page at all.
func TestAuthorise_NoPages_SaysWhichReason(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	for _, c := range []struct {
		name   string
		before func()
		choice meta.Choice
		says   string
	}{
		{"nothing ticked", func() {}, meta.Choice{}, "No page was ticked"},
		{"not allowed to see pages", func() {}, meta.Choice{Pages: []string{bakery}, Decline: []string{"pages_show_list"}}, "permission to see your pages was not granted"},
		{"in a portfolio", func() { o.meta.SetPortfolio(bakery, true) }, meta.Choice{Pages: []string{bakery}, Decline: []string{"business_management"}}, "belong to a business portfolio"},
	} {
		c.before()
		b := o.openWindow()
		b.get(b.consent(b.toDialog(o.link()), c.choice))
		b.shows(c.name, 200, "Facebook named no page", "This is why", c.says, typeAgain)
	}
	b := o.openWindow().login(o.link(), bakery) // with everything, the portfolio's page is there
	b.shows("the tick boxes", 200, "Bakery")
	o.meta.SetTasks(o.person, bikes, "ANALYZE", "MODERATE")
	o.openWindow().login(o.link(), bikes).shows("a task is missing", 200, "You may not do enough on this page", "to answer customers", "Page access")
}
