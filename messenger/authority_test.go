package messenger_test

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger"
	"messenger-bridge/messenger/webhook"
	"messenger-bridge/sandbox/meta"
)

const callback = "https://bridge.ex.test/oauth/callback"

// office is Meta, with Anna who manages pages A and B, and our client. Nothing is
// authorised or subscribed.
type office struct {
	*testing.T
	meta   *meta.Messenger
	client *messenger.Platform
	hook   string // our webhook
	anna   string
	now    time.Time
}

func openOffice(t *testing.T, change func(*messenger.ClientConfig)) *office {
	t.Helper()
	o := &office{T: t, now: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return o.now }
	var err error
	if o.meta, err = meta.Start(meta.Config{Now: clock, NoAppSubscription: true}); err != nil {
		t.Fatal(err)
	}
	hook := httptest.NewServer(webhook.New(webhook.Config{
		VerifyToken: "our-verify-token", AppSecrets: []bridge.Secret{bridge.Secret(o.meta.AppSecret())}, Accept: &desk{counts: map[string]int{}},
	}))
	t.Cleanup(func() {
		o.meta.Close()
		hook.Close()
	})
	o.hook = hook.URL
	for _, id := range []string{"A", "B", "C"} {
		o.meta.AddBarePage(id, "Page "+id)
	}
	o.anna = o.meta.AddPerson("Anna Admin", "A", "B")
	o.meta.ValidRedirects(callback)
	cfg := messenger.ClientConfig{
		GraphURL: o.meta.URL(), Dialog: messenger.Dialog{URL: o.meta.LoginURL()}, Version: "v26.0", AppID: o.meta.AppID(),
		AppSecret: bridge.Secret(o.meta.AppSecret()), VerifyToken: "our-verify-token", Times: messenger.Times{Timeout: 5 * time.Second}, Now: clock,
	}
	if change != nil {
		change(&cfg)
	}
	o.client = messenger.New(cfg)
	return o
}

// consent is Anna in the dialog; it returns the code.
func (o *office) consent(choice meta.Choice) string {
	o.Helper()
	back, err := o.meta.Consent(o.Context(), o.client.Dialog(callback, "the-state", false), choice)
	if err != nil {
		o.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil || !strings.HasPrefix(back, callback+"?") || u.Query().Get("state") != "the-state" {
		o.Fatalf("the browser goes to %s", back)
	}
	return u.Query().Get("code")
}

func (o *office) grant(pages ...string) bridge.Grant {
	o.Helper()
	g, err := o.client.Exchange(o.Context(), callback, o.consent(meta.Choice{Pages: pages}))
	if err != nil {
		o.Fatal(err)
	}
	return g
}

func (o *office) noProblems() {
	o.Helper()
	if problems := o.meta.Problems(); len(problems) > 0 {
		o.Errorf("what no correct client does: %v", problems)
	}
}

func names(pages []bridge.GrantedPage) (all []string) {
	for _, p := range pages {
		all = append(all, string(p.ID))
	}
	return all
}

func page(g bridge.Grant, id bridge.PageID) bridge.Page {
	for _, p := range g.Pages {
		if p.ID == id {
			return bridge.Page{ID: id, Name: p.Name, Token: p.Token}
		}
	}
	return bridge.Page{ID: id}
}

func TestWire_Exchange_GivesTokensThatLast(t *testing.T) {
	for name, quirks := range map[string]meta.Quirks{
		"as we think": {}, "no expires_in": {NoExpiresIn: true}, "long at once": {LongFromCode: true},
		"few at once": {AccountsPerPage: 1}, "fragment": {LoginFragment: true}, "localised": {Localised: true},
	} {
		o := openOffice(t, nil)
		o.meta.Tweak(func(q *meta.Quirks) { *q = quirks })
		g := o.grant("A", "B")
		if g.User != o.anna || g.Name != "Anna Admin" || g.Missing != nil || g.Token.Reveal() != o.meta.UserToken(o.anna) ||
			g.Expires.Sub(o.now) < 59*24*time.Hour || g.Expires.Sub(o.now) > 61*24*time.Hour {
			t.Errorf("%s: %+v", name, g)
		}
		if !slices.Equal(names(g.Pages), []string{"A", "B"}) || g.Pages[0].Name != "Page A" || g.Pages[0].Missing != nil ||
			!strings.HasPrefix(g.Pages[0].Picture, "https://") {
			t.Errorf("%s: %+v", name, g.Pages)
		}
		o.now = o.now.Add(365 * 24 * time.Hour) // a page token from a short-lived one would be dead
		if got, err := o.client.PageName(t.Context(), page(g, "B")); got != "Page B" || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		o.noProblems()
	}
}

func TestWire_Exchange_RefusedCodes(t *testing.T) {
	for name, spoil := range map[string]func(o *office, code *string, redirect *string){
		"used": func(o *office, code, _ *string) {
			if _, err := o.client.Exchange(o.Context(), callback, *code); err != nil {
				o.Error(err)
			}
		},
		"too old":         func(o *office, _, _ *string) { o.now = o.now.Add(time.Hour) },
		"other redirect":  func(_ *office, _, redirect *string) { *redirect += "?x" },
		"invented":        func(_ *office, code, _ *string) { *code = "AQinvented" },
		"none":            func(_ *office, code, _ *string) { *code = "" },
		"removed the app": func(o *office, _, _ *string) { o.meta.RemoveApp(o.anna) },
	} {
		o := openOffice(t, nil)
		code, redirect := o.consent(meta.Choice{Pages: []string{"A"}}), callback
		spoil(o, &code, &redirect)
		_, err := o.client.Exchange(t.Context(), redirect, code)
		if r := bridge.RefusalOf(err); err == nil || r.Verdict != bridge.Never || r.Reason != bridge.CodeRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWire_Exchange_NeverEndsWithAShortLivedToken(t *testing.T) {
	for _, mode := range []meta.ExchangeMode{meta.ExchangeFails, meta.ExchangeShort} {
		for _, quirks := range []meta.Quirks{{}, {NoExpiresIn: true, BrokenStatus: 400}} {
			o := openOffice(t, nil)
			o.meta.Tweak(func(q *meta.Quirks) { *q = quirks })
			o.meta.Exchange(mode)
			g, err := o.client.Exchange(t.Context(), callback, o.consent(meta.Choice{Pages: []string{"A"}}))
			if r := bridge.RefusalOf(err); err == nil || r.Verdict != bridge.Never || r.Reason != bridge.MetaError || g.Pages != nil {
				t.Errorf("%d: %+v, %v", mode, g, err)
			}
			o.noProblems()
		}
	}
}

func TestWire_Exchange_SystemUser(t *testing.T) {
	o := openOffice(t, func(c *messenger.ClientConfig) { c.Dialog.ConfigID = "4711" })
	o.meta.AddLoginConfig("4711", meta.LoginConfig{SystemUser: true, Scopes: []string{
		"pages_show_list", "pages_messaging", "pages_manage_metadata", "pages_read_engagement", "business_management"}})
	o.meta.Exchange(meta.ExchangeFails) // it is not needed
	g := o.grant("A")
	if !g.Expires.IsZero() || g.User == o.anna || g.Missing != nil || !slices.Equal(names(g.Pages), []string{"A"}) {
		t.Errorf("%+v", g)
	}
	if err := o.client.SubscribePage(t.Context(), page(g, "A"), bridge.FeedStays); err != nil {
		t.Error(err)
	}
	o.noProblems()
}

func TestWire_Exchange_WhatIsMissing(t *testing.T) {
	o := openOffice(t, nil)
	o.meta.SetTasks(o.anna, "A", "PROFILE_PLUS_MESSAGING", "PROFILE_PLUS_MODERATE")
	o.meta.SetTasks(o.anna, "B", "MESSAGING", "MANAGE")
	o.meta.SetTasks(o.anna, "C", "PROFILE_PLUS_FULL_CONTROL")
	o.meta.WithholdToken("C", true)
	g, err := o.client.Exchange(t.Context(), callback, o.consent(meta.Choice{Pages: []string{"A", "B", "C"}, Decline: []string{"pages_messaging"}}))
	if err != nil || !slices.Equal(g.Missing, []string{"pages_messaging"}) || !slices.Equal(names(g.Pages), []string{"A", "B", "C"}) {
		t.Fatalf("%+v, %v", g, err)
	}
	if g.Pages[0].Missing != nil || !slices.Equal(g.Pages[1].Missing, []string{"MODERATE"}) || g.Pages[2].Missing != nil ||
		g.Pages[2].Token != "" || g.Pages[0].Token == "" {
		t.Errorf("%+v", g.Pages)
	}
	err = o.client.SubscribePage(t.Context(), page(g, "A"), bridge.FeedStays)
	if r := bridge.RefusalOf(err); r.Reason != bridge.PageLost {
		t.Errorf("subscribed without the permission: %v", err)
	}
	// Asked again, she allows it.
	if g = o.grant("A"); g.Missing != nil || !slices.Equal(names(g.Pages), []string{"A"}) {
		t.Errorf("%+v", g)
	}
	if err := o.client.SubscribePage(t.Context(), page(g, "A"), bridge.FeedStays); err != nil {
		t.Error(err)
	}
	o.noProblems()
}

func TestWire_Exchange_PortfolioAndNothingTicked(t *testing.T) {
	o := openOffice(t, nil)
	o.meta.SetPortfolio("A", true)
	g, err := o.client.Exchange(t.Context(), callback, o.consent(meta.Choice{AllPages: true, Decline: []string{"business_management"}}))
	if err != nil || !slices.Equal(g.Missing, []string{"business_management"}) || !slices.Equal(names(g.Pages), []string{"B"}) {
		t.Errorf("without business_management: %+v, %v", g, err)
	}
	if g := o.grant(); g.Pages != nil || g.Missing != nil {
		t.Errorf("nothing ticked: %+v", g)
	}
	o.noProblems()
}

func TestWire_Exchange_NarrowerGrant_EndsTheOtherPages(t *testing.T) {
	o := openOffice(t, nil)
	before := o.grant("A", "B")
	if after := o.grant("B"); after.User != before.User || !slices.Equal(names(after.Pages), []string{"B"}) {
		t.Errorf("%+v", after)
	}
	if _, err := o.client.PageName(t.Context(), page(before, "A")); bridge.RefusalOf(err).Reason != bridge.PageLost {
		t.Error(err)
	}
}

func TestWire_Exchange_StepFails(t *testing.T) {
	for name, c := range map[string]struct {
		method, path string
		outcome      *meta.SendOutcome
		verdict      bridge.Verdict
		reason       bridge.Reason
	}{
		"code, cut before":      {"POST", "oauth/access_token", meta.CutBefore(), bridge.Unknown, bridge.MetaDown},
		"code, cut after":       {"POST", "oauth/access_token", meta.DeliveredThenCut(), bridge.Unknown, bridge.MetaDown},
		"code, HTML":            {"POST", "oauth/access_token", meta.HTML502(true), bridge.Unknown, bridge.MetaError},
		"debug_token":           {"GET", "debug_token", meta.Status500(false), bridge.Never, bridge.MetaError},
		"me":                    {"GET", "me", meta.Throttled613(), bridge.Never, bridge.RateLimited},
		"accounts, reduce data": {"GET", "accounts", meta.ReduceData(), bridge.Never, bridge.MetaError},
		"accounts, nothing":     {"GET", "accounts", meta.EmptyBody(false, 200), bridge.Never, bridge.MetaError},
	} {
		o := openOffice(t, nil)
		code := o.consent(meta.Choice{Pages: []string{"A"}})
		o.meta.FailCalls(c.method, c.path, 1, c.outcome)
		g, err := o.client.Exchange(t.Context(), callback, code)
		r := bridge.RefusalOf(err)
		if err == nil || r.Verdict != c.verdict || r.Reason != c.reason || r.Gate != "" || g.Token != "" {
			t.Errorf("%s: %+v, %v", name, g, err)
		}
	}
}

func TestWire_Subscribe_BothLevels_UntilAMessageArrives(t *testing.T) {
	for name, quirks := range map[string]meta.Quirks{"as we think": {}, "texts": {TextSuccess: true}, "merging": {MergeFields: true}} {
		o := openOffice(t, nil)
		o.meta.Tweak(func(q *meta.Quirks) { *q = quirks })
		ctx, p := t.Context(), page(o.grant("A"), "A")
		o.meta.SubscribeOther("A", "1", "Another app", "messages", "standby")
		missing, err := o.client.PageMissing(ctx, p)
		app, appErr := o.client.App(ctx)
		if len(missing) != 11 || err != nil || appErr != nil || app.Callback != "" || app.Active || len(app.Missing) != 11 {
			t.Errorf("%s: before: %v, %v; %+v, %v", name, missing, err, app, appErr)
		}
		if err := o.client.SubscribePage(ctx, p, bridge.FeedStays); err != nil {
			t.Fatal(name, err)
		}
		if err := o.client.SubscribeApp(ctx, o.hook, bridge.FeedStays); err != nil {
			t.Fatal(name, err)
		}
		missing, err = o.client.PageMissing(ctx, p)
		app, appErr = o.client.App(ctx)
		if len(missing) != 0 || err != nil || appErr != nil || app.Callback != o.hook || !app.Active || len(app.Missing) != 0 {
			t.Errorf("%s: after: %v, %v; %+v, %v", name, missing, err, app, appErr)
		}
		if !slices.Equal(o.meta.Subscribed("A"), o.meta.AppSubscribed()) || slices.Contains(o.meta.Subscribed("A"), "feed") {
			t.Errorf("%s: %v and %v", name, o.meta.Subscribed("A"), o.meta.AppSubscribed())
		}
		o.meta.CustomerWrites("A", customer, "Hello")
		flush(t, o.meta)
		if o.meta.Acked() == 0 {
			t.Errorf("%s: nothing arrived", name)
		}
		o.meta.SubscribePage("A", "messages")
		o.meta.SetAppActive(false)
		missing, _ = o.client.PageMissing(ctx, p)
		if app, _ = o.client.App(ctx); len(missing) != 10 || app.Active {
			t.Errorf("%s: narrowed: %v, %+v", name, missing, app)
		}
		if err := o.client.UnsubscribePage(ctx, p); err != nil || len(o.meta.Subscribed("A")) != 0 {
			t.Errorf("%s: %v, still %v", name, err, o.meta.Subscribed("A"))
		}
		o.noProblems()
	}
}

func TestWire_Subscribe_Refusals(t *testing.T) {
	for name, c := range map[string]struct {
		trouble func(*office)
		reason  bridge.Reason
	}{
		"permission":     {func(o *office) { o.meta.Grant("A", "pages_messaging", false) }, bridge.PageLost},
		"metadata":       {func(o *office) { o.meta.Grant("A", "pages_manage_metadata", false) }, bridge.PageLost},
		"task":           {func(o *office) { o.meta.SetTasks(o.anna, "A", "MESSAGING") }, bridge.PageLost},
		"role lost":      {func(o *office) { o.meta.SetTasks(o.anna, "A") }, bridge.PageLost},
		"app removed":    {func(o *office) { o.meta.RemoveApp(o.anna) }, bridge.PageLost},
		"app may not":    {func(o *office) { o.meta.FailCalls("POST", "subscribed_apps", 1, meta.Refused(10, 0, "x")) }, bridge.NotApproved},
		"Graph away":     {func(o *office) { o.meta.Down() }, bridge.MetaDown},
		"done, then cut": {func(o *office) { o.meta.FailCalls("POST", "subscribed_apps", 1, meta.DeliveredThenCut()) }, bridge.MetaDown},
	} {
		o := openOffice(t, nil)
		p := page(o.grant("A"), "A")
		c.trouble(o)
		err := o.client.SubscribePage(t.Context(), p, bridge.FeedStays)
		if r := bridge.RefusalOf(err); err == nil || r.Reason != c.reason || r.Verdict != bridge.Again {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWire_SubscribeApp_WebhookNotReached_KeepsWhatWasThere(t *testing.T) {
	o := openOffice(t, nil)
	if err := o.client.SubscribeApp(t.Context(), o.hook, bridge.FeedStays); err != nil {
		t.Fatal(err)
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, c := range map[string]func() error{
		"nobody there": func() error { return o.client.SubscribeApp(t.Context(), gone.URL, bridge.FeedStays) },
		"wrong token": func() error {
			other := openOffice(t, func(c *messenger.ClientConfig) { c.VerifyToken = "another" })
			return other.client.SubscribeApp(t.Context(), other.hook, bridge.FeedStays)
		},
	} {
		err := c()
		if r := bridge.RefusalOf(err); err == nil || r.Verdict != bridge.Never || r.Reason != bridge.Unexplained || !strings.Contains(err.Error(), "2200") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if app, err := o.client.App(t.Context()); app.Callback != o.hook || err != nil {
		t.Errorf("%+v, %v", app, err)
	}
}

func TestWire_App_WithAnotherSecret_IsNoLostPage(t *testing.T) {
	o := openOffice(t, func(c *messenger.ClientConfig) { c.AppSecret = "another" })
	_, err := o.client.App(t.Context())
	if r := bridge.RefusalOf(err); err == nil || r.Verdict != bridge.Never || r.Reason != bridge.Unexplained {
		t.Error(err)
	}
}
