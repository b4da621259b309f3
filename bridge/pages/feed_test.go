package pages

import (
	"errors"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
)

// commenting is a page that wants comments.
func commenting(on bool) bridge.Page {
	p := running("1")
	p.Settings.Comments, p.Feed.On = true, on
	return p
}

// TestFeed_Verified reads back pages that want comments, or do not any more: whatever is wrong
// with comments, the page runs.
func TestFeed_Verified(t *testing.T) {
	off := running("1")
	off.Feed.On = true
	lacks := commenting(false)
	lacks.Feed.Lacks = reading
	withFeed := &bridge.AppSubscription{Callback: "https://b.example/webhook", Active: true, Feed: true}
	for name, c := range map[string]struct {
		page  bridge.Page
		meta  meta
		on    bool
		why   bridge.TroubleKind
		calls string
		said  []string
	}{
		"all well":             {page: commenting(true), meta: meta{app: withFeed}, on: true, calls: "PageMissing, App"},
		"not wanted":           {page: running("1"), calls: "PageMissing, App"},
		"page lost it":         {page: commenting(true), meta: meta{app: withFeed, missing: []string{"feed"}}, on: true, calls: "PageMissing, App, SubscribePage+feed 1", said: []string{"had lost its subscription to comments"}},
		"first time":           {page: commenting(false), meta: meta{app: withFeed, missing: []string{"feed"}}, on: true, calls: "PageMissing, App, SubscribePage+feed 1"},
		"refused":              {page: commenting(true), meta: meta{app: withFeed, missing: []string{"feed"}, fails: map[string]error{"SubscribePage+feed": lacking}}, on: true, why: bridge.CommentsNotSent, calls: "PageMissing, App, SubscribePage+feed 1"},
		"Facebook away":        {page: commenting(true), meta: meta{app: withFeed, missing: []string{"feed"}, fails: map[string]error{"SubscribePage+feed": away}}, on: true, why: bridge.FacebookAway, calls: "PageMissing, App, SubscribePage+feed 1"},
		"permission is known":  {page: lacks, meta: meta{app: withFeed, missing: []string{"feed"}}, why: bridge.CommentsNotAllowed, calls: "PageMissing, App"},
		"app lost it":          {page: commenting(true), on: true, calls: "PageMissing, App, SubscribeApp+feed https://b.example/webhook", said: []string{"The Meta app had lost"}},
		"app refused":          {page: commenting(true), meta: meta{fails: map[string]error{"SubscribeApp+feed": rejected}}, on: true, why: bridge.CommentsNotSent, calls: "PageMissing, App, SubscribeApp+feed https://b.example/webhook"},
		"switched off":         {page: off, meta: meta{app: withFeed}, calls: "PageMissing, App, SubscribePage-feed 1, App, SubscribeApp-feed https://b.example/webhook"},
		"switched off, away":   {page: off, meta: meta{app: withFeed, fails: map[string]error{"SubscribePage-feed": away}}, on: true, calls: "PageMissing, App, SubscribePage-feed 1"},
		"switched off, others": {page: off, meta: meta{app: &bridge.AppSubscription{Callback: "https://b.example/webhook", Active: true}}, calls: "PageMissing, App, SubscribePage-feed 1, App"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, c.page)
			c.meta.mu = d.meta.mu
			*d.meta = c.meta
			page, err := d.Connections.Verify(t.Context(), "1")
			if err != nil || page.State != bridge.PageRunning || page.Feed.On != c.on || page.Feed.Why.Kind != c.why || d.page("1") != page {
				t.Errorf("%s, %+v, %v", page.State, page.Feed, err)
			}
			if got := d.meta.called(); got != c.calls {
				t.Errorf("asked: %s\nwant:  %s", got, c.calls)
			}
			d.hears(c.said...)
		})
	}
}

// TestFeed_Connecting_RefusedWithComments_IsConnectedWithout: subscribing is all or nothing.
func TestFeed_Connecting_RefusedWithComments_IsConnectedWithout(t *testing.T) {
	d := newDesk(t, commenting(false))
	d.meta.fails["SubscribePage+feed"] = lacking
	page, err := d.Connections.SwitchOn(t.Context(), "1")
	if err != nil || page.State != bridge.PageRunning {
		t.Errorf("%s, %v", page.State, err)
	}
	if got := d.meta.called(); !strings.HasPrefix(got, "SubscribePage+feed 1, SubscribePage 1, PageMissing") {
		t.Error(got)
	}
}

// TestFeed_AnswerBarred_HasThePermissionsLookedAt, and nothing else in doubt.
func TestFeed_AnswerBarred_HasThePermissionsLookedAt(t *testing.T) {
	d := newDesk(t, commenting(true))
	d.meta.report.Feed = []string{"pages_manage_engagement"}
	d.Watch.Refused("1", &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.CommentsBarred})
	page, err := d.Connections.Verify(t.Context(), "1")
	if err != nil || page.State != bridge.PageRunning || page.Feed.Why != (bridge.Trouble{Kind: bridge.CommentsNotAllowed, About: "pages_manage_engagement"}) {
		t.Errorf("%s, %+v, %v", page.State, page.Feed, err)
	}
	if got := d.meta.called(); !strings.HasPrefix(got, "Inspect, PageMissing") {
		t.Error(got)
	}
}

// TestFeed_Form_TypesItForThePerson, once, and only if it was changed.
func TestFeed_Form_TypesItForThePerson(t *testing.T) {
	d := newDesk(t, running("1"))
	fill := func(value string) {
		t.Helper()
		filled := settings.Filled{Seen: settings.Seen(d.page("1").Settings), Typed: map[string]string{"comments": value}}
		if _, out, err := d.Editor.FillSettings(t.Context(), bridge.Author{Username: "boss"}, "1", filled, nil); err != nil || !out.Saved {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	fill("on")
	fill("on")
	fill("off")
	if got := strings.Join(d.typed, "; "); got != "boss: edit 1 comments on; boss: edit 1 comments off" {
		t.Error(got)
	}
	if _, _, err := d.Editor.FillSettings(t.Context(), bridge.Author{}, "2", settings.Filled{}, nil); !errors.Is(err, bridge.ErrNoPage) {
		t.Error(err)
	}
}

// TestFeed_Dialog_AsksForNoMoreThanThePagesNeed.
func TestFeed_Dialog_AsksForNoMoreThanThePagesNeed(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		p := running("1")
		p.Settings.Comments = wanted
		d := newDesk(t, p)
		link, err := d.Login.LoginLink(t.Context(), bridge.Author{ID: "u"})
		if err != nil {
			t.Fatal(err)
		}
		_, state, _ := strings.Cut(link, "state=")
		if dialog, _, err := d.Login.Begin(t.Context(), state); err != nil || strings.HasSuffix(dialog, "&comments") != wanted {
			t.Errorf("%s, %v", dialog, err)
		}
	}
}
