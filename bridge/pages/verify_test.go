package pages

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// TestVerify reads pages back, by the state they were in and what Facebook says.
func TestVerify(t *testing.T) {
	dead := bridge.TokenReport{Trouble: bridge.Trouble{Kind: bridge.PasswordChanged}}
	lacks := bridge.TokenReport{Trouble: bridge.Trouble{Kind: bridge.NoPermission, About: "pages_messaging"}}
	r := running("1")
	unchecked := r
	unchecked.Checked = opened.Add(-25 * time.Hour)
	connecting := in(r, bridge.PageConnecting, bridge.BeingSubscribed)
	needsAuth := in(r, bridge.PageNeedsAuth, bridge.PasswordChanged)
	held := in(r, bridge.PageHeld, bridge.Restricted)
	unsubscribed := in(r, bridge.PageUnsubscribe, bridge.FieldsMissing)
	byHand := in(r, bridge.PageConnecting, bridge.NotLookedAt)
	byHand.TokenKind = ""
	tokenless := in(r, bridge.PageNeedsAuth, bridge.Disconnected)
	tokenless.Token = ""
	for name, c := range map[string]struct {
		page  bridge.Page
		meta  meta
		sent  *bridge.Refusal // what sending was refused since the last check
		state bridge.PageState
		why   bridge.TroubleKind
		calls string
	}{
		"running, all well":       {page: r, state: bridge.PageRunning, calls: "PageMissing, App"},
		"running, token due":      {page: unchecked, state: bridge.PageRunning, calls: "Inspect, PageMissing, App"},
		"connecting, all well":    {page: connecting, state: bridge.PageRunning, calls: "PageMissing, App"},
		"needs auth, and healed":  {page: needsAuth, state: bridge.PageRunning, calls: "Inspect, PageMissing, App"},
		"off stays off":           {page: in(r, bridge.PageOff, bridge.SwitchedOff), state: bridge.PageOff, why: bridge.SwitchedOff},
		"without token stays":     {page: tokenless, state: bridge.PageNeedsAuth, why: bridge.Disconnected},
		"fields missing":          {page: r, meta: meta{missing: []string{"messages"}}, state: bridge.PageUnsubscribe, why: bridge.FieldsMissing, calls: "PageMissing"},
		"app sent elsewhere":      {page: r, meta: meta{app: &bridge.AppSubscription{Callback: "https://other.example"}}, state: bridge.PageConnecting, why: bridge.WebhookElsewhere, calls: "PageMissing, App"},
		"app not subscribed":      {page: connecting, meta: meta{app: &bridge.AppSubscription{Active: false}}, state: bridge.PageRunning, calls: "PageMissing, App, SubscribeApp https://b.example/webhook"},
		"app cannot be repaired":  {page: r, meta: meta{app: &bridge.AppSubscription{Active: false}, fails: map[string]error{"SubscribeApp": rejected}}, state: bridge.PageConnecting, why: bridge.WebhookUnreached, calls: "PageMissing, App, SubscribeApp https://b.example/webhook"},
		"running, app away":       {page: r, meta: meta{fails: map[string]error{"App": away}}, state: bridge.PageRunning, calls: "PageMissing, App"},
		"unsubscribed, app away":  {page: unsubscribed, meta: meta{fails: map[string]error{"App": away}}, state: bridge.PageConnecting, why: bridge.FacebookAway, calls: "PageMissing, App"},
		"running, Facebook away":  {page: r, meta: meta{fails: map[string]error{"PageMissing": away}}, state: bridge.PageRunning, calls: "PageMissing"},
		"connecting, away":        {page: connecting, meta: meta{fails: map[string]error{"PageMissing": away}}, state: bridge.PageConnecting, why: bridge.FacebookAway, calls: "PageMissing"},
		"not approved":            {page: r, meta: meta{fails: map[string]error{"PageMissing": notApproved}}, state: bridge.PageUnsubscribe, why: bridge.AppNotApproved, calls: "PageMissing"},
		"refused":                 {page: r, meta: meta{fails: map[string]error{"PageMissing": rejected}}, state: bridge.PageUnsubscribe, why: bridge.NotSubscribed, calls: "PageMissing"},
		"role lost":               {page: r, meta: meta{fails: map[string]error{"PageMissing": lacking}}, state: bridge.PageNeedsAuth, why: bridge.RoleLost, calls: "PageMissing, Inspect"},
		"token expired":           {page: r, meta: meta{fails: map[string]error{"PageMissing": expired, "PageName": expired}, report: dead}, state: bridge.PageNeedsAuth, why: bridge.PasswordChanged, calls: "PageMissing, Inspect, PageName"},
		"reported dead, and dead": {page: unchecked, meta: meta{report: dead, fails: map[string]error{"PageName": expired}}, state: bridge.PageNeedsAuth, why: bridge.PasswordChanged, calls: "Inspect, PageName"},
		"reported dead, works":    {page: unchecked, meta: meta{report: dead}, state: bridge.PageRunning, calls: "Inspect, PageName, PageMissing, App"},
		"reported dead, unclear":  {page: unchecked, meta: meta{report: dead, fails: map[string]error{"PageName": away}}, state: bridge.PageRunning, calls: "Inspect, PageName, PageMissing, App"},
		"permission missing":      {page: unchecked, meta: meta{report: lacks}, state: bridge.PageNeedsAuth, why: bridge.NoPermission, calls: "Inspect"},
		"inspecting fails":        {page: unchecked, meta: meta{fails: map[string]error{"Inspect": away}}, state: bridge.PageRunning, calls: "Inspect, PageMissing, App"},
		"still needs auth":        {page: needsAuth, meta: meta{fails: map[string]error{"Inspect": away}}, state: bridge.PageNeedsAuth, why: bridge.PasswordChanged, calls: "Inspect"},
		"made by hand":            {page: byHand, meta: meta{adopted: bridge.Adopted{Token: "own", Kind: bridge.PageToken}}, state: bridge.PageRunning, calls: "Adopt 1, PageMissing, App"},
		"made by hand, bad":       {page: byHand, meta: meta{adopted: bridge.Adopted{TokenReport: bridge.TokenReport{Trouble: bridge.Trouble{Kind: bridge.OtherApp}}}}, state: bridge.PageNeedsAuth, why: bridge.OtherApp, calls: "Adopt 1"},
		"sending restricted":      {page: r, sent: restricted, state: bridge.PageHeld, why: bridge.Restricted, calls: "Inspect, PageMissing, App"},
		"sending not approved":    {page: r, sent: notApproved, state: bridge.PageHeld, why: bridge.AnswersRefused, calls: "Inspect, PageMissing, App"},
		"sending falsely refused": {page: r, sent: expired, state: bridge.PageRunning, calls: "Inspect, PageName, PageMissing, App"},
		"sending truly refused":   {page: r, sent: expired, meta: meta{fails: map[string]error{"PageName": expired}}, state: bridge.PageNeedsAuth, why: bridge.TokenExpired, calls: "Inspect, PageName"},
		"held stays held":         {page: held, state: bridge.PageHeld, why: bridge.Restricted, calls: "PageMissing, App"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, c.page)
			c.meta.mu = d.meta.mu
			*d.meta = c.meta
			if c.sent != nil {
				d.Connections.tokens.refusals.recordRefusal("1", c.sent)
			}
			page, err := d.Connections.Verify(t.Context(), "1")
			if err != nil || page.State != c.state || page.Why.Kind != c.why {
				t.Errorf("%q because of %q (%v), want %q because of %q", page.State, page.Why.Kind, err, c.state, c.why)
			}
			if stored := d.page("1"); stored != page {
				t.Errorf("stored is %+v, returned %+v", stored, page)
			}
			if got := d.meta.called(); got != c.calls {
				t.Errorf("asked: %s\nwant:  %s", got, c.calls)
			}
		})
	}
}

func TestVerify_HeldPage_RunsAgainAfterSomethingWasSent(t *testing.T) {
	d := newDesk(t, in(running("1"), bridge.PageHeld, bridge.Restricted))
	d.Watch.Sent("1")
	if page, err := d.Connections.Verify(t.Context(), "1"); err != nil || page.State != bridge.PageRunning {
		t.Error(page.State, err)
	}
}

// TestVerify_NothingFoundOut_KeepsWhatSendingHasShown: the next check judges it.
func TestVerify_NothingFoundOut_KeepsWhatSendingHasShown(t *testing.T) {
	d := newDesk(t, running("1"))
	d.Watch.Refused("1", restricted)
	d.meta.fails["PageMissing"] = away
	if page, err := d.Connections.Verify(t.Context(), "1"); err != nil || page.State != bridge.PageRunning {
		t.Error(page.State, err)
	}
	delete(d.meta.fails, "PageMissing")
	if page, err := d.Connections.Verify(t.Context(), "1"); err != nil || page.State != bridge.PageHeld {
		t.Error(page.State, err)
	}
}

// TestVerify_AppIsAskedOnceForManyPages: Meta allows an app only so many calls.
func TestVerify_AppIsAskedOnceForManyPages(t *testing.T) {
	d := newDesk(t, running("1"), running("2"))
	for _, wait := range []time.Duration{0, time.Minute, 4 * time.Minute} {
		d.clock = d.clock.Add(wait)
		for _, id := range []bridge.PageID{"1", "2"} {
			if _, err := d.Connections.Verify(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := d.meta.called(); got != "PageMissing, App, PageMissing, PageMissing, PageMissing, PageMissing, App, PageMissing" {
		t.Error(got)
	}
}

// TestSwitchOn_LostPage_HasAGapUntilItIsInOrder follows what may be missing.
func TestSwitchOn_LostPage_HasAGapUntilItIsInOrder(t *testing.T) {
	d := newDesk(t, running("1"))
	d.meta.missing = []string{"messages"}
	if page, err := d.Connections.Verify(t.Context(), "1"); err != nil || page.State != bridge.PageUnsubscribe || !d.gaps.Has("1") {
		t.Error(page.State, err, d.gaps.Has("1"))
	}
	d.meta.missing = nil
	if page, err := d.Connections.SwitchOn(t.Context(), "1"); err != nil || page.State != bridge.PageRunning || len(d.changed) == 0 {
		t.Error(page.State, err, d.changed)
	}
	if page, err := d.Connections.SwitchOff(t.Context(), "1"); err != nil || page.State != bridge.PageOff || d.gaps.Has("1") {
		t.Error("what is missing of a page that is off is missing on purpose:", page.State, err)
	}
}

// TestSwitch_DisconnectedOrDoubted_StaysSo: else its messages would be shown again.
func TestSwitch_DisconnectedOrDoubted_StaysSo(t *testing.T) {
	for _, why := range []bridge.TroubleKind{bridge.Disconnected, bridge.StoreChanged} {
		p := in(running("1"), bridge.PageNeedsAuth, why)
		p.Token = ""
		d := newDesk(t, p)
		on, failed := d.Connections.SwitchOn(t.Context(), "1")
		off, err := d.Connections.SwitchOff(t.Context(), "1")
		if failed != nil || err != nil || on.Why.Kind != why || off.Why.Kind != why || d.page("1").Why.Kind != why || d.meta.called() != "" {
			t.Errorf("%s: %+v, %+v (%v, %v)", why, on, off, failed, err)
		}
	}
}

func TestSwitchOff_FacebookAway_LeavesItOn(t *testing.T) {
	d := newDesk(t, running("1"))
	d.meta.fails["UnsubscribePage"] = away
	if _, err := d.Connections.SwitchOff(t.Context(), "1"); err == nil || d.page("1").State != bridge.PageRunning {
		t.Error("off here and on at Facebook:", err)
	}
	d.meta.fails["UnsubscribePage"] = expired
	if _, err := d.Connections.SwitchOff(t.Context(), "1"); err != nil || d.page("1").State != bridge.PageOff {
		t.Error("with a dead token nothing comes anyway:", err)
	}
}

// TestUpdate_OthersChangeTheSamePage_BothCount saves while somebody else does.
func TestUpdate_OthersChangeTheSamePage_BothCount(t *testing.T) {
	d := newDesk(t, running("1"))
	d.store.beforeSave = func(m *memory) {
		p := m.pages["1"]
		p.Settings.Welcome, p.Rev = "Hello", p.Rev+1
		m.pages["1"] = p
	}
	page, err := d.Connections.SwitchOff(t.Context(), "1")
	if err != nil || page.State != bridge.PageOff || page.Settings.Welcome != "Hello" {
		t.Errorf("%+v, %v", page, err)
	}
}

// TestUpdate_DeletedMeanwhile_MakesNoPage: what was to be changed of a page that is gone.
func TestUpdate_DeletedMeanwhile_MakesNoPage(t *testing.T) {
	for name, change := range map[string]func(*desk) error{
		"authorised again": func(d *desk) error {
			d.meta.grant = bridge.Grant{User: "maria", Name: "Maria", Token: "user", Kind: bridge.PersonToken}
			state, nonce := d.begins()
			offer, err := d.Login.Return(t.Context(), state, nonce, "CODE")
			if len(offer.Lost) > 0 {
				t.Errorf("lost are %+v", offer.Lost)
			}
			return err
		},
		"grant erased":    func(d *desk) error { return d.Eraser.EraseGrant(t.Context(), "maria", time.Time{}) },
		"token inspected": func(d *desk) error { _, err := d.Connections.Verify(t.Context(), "1"); return gone(err) },
	} {
		page := running("1")
		page.Checked = time.Time{}
		d := newDesk(t, page)
		d.store.beforeSave = func(m *memory) { delete(m.pages, "1") }
		if err := change(d); err != nil || len(d.store.pages) > 0 || d.store.saves > 0 {
			t.Errorf("%s: pages %+v: %v", name, d.store.pages, err)
		}
		d.hears()
	}
}

// gone is nil for the error that says that a page is not connected.
func gone(err error) error {
	if errors.Is(err, bridge.ErrNoPage) {
		return nil
	}
	return fmt.Errorf("not that the page is gone: %w", err)
}
