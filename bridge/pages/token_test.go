package pages

import (
	"errors"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// TestTokenTrouble is what is believed of a token, by what Facebook reports, what sending
// was refused, and what one more call says.
func TestTokenTrouble(t *testing.T) {
	dead := bridge.TokenReport{Trouble: bridge.Trouble{Kind: bridge.LoggedOut}}
	lacks := bridge.TokenReport{Trouble: bridge.Trouble{Kind: bridge.NoPermission}}
	fine := bridge.TokenReport{Expires: opened.Add(time.Hour)}
	type fails = map[string]error
	for name, c := range map[string]struct {
		report  bridge.TokenReport
		fails   fails
		sent    *bridge.Refusal
		want    bridge.TroubleKind
		unclear bool
		checked bool // that is stored
		retried bool // what waits for the page
	}{
		"fine":                             {report: fine, checked: true},
		"reported dead, and refused":       {report: dead, fails: fails{"PageName": expired}, want: bridge.LoggedOut, checked: true},
		"reported dead, and works":         {report: dead, checked: true},
		"reported dead, unreached":         {report: dead, fails: fails{"PageName": away}, unclear: true},
		"lacks a permission":               {report: lacks, want: bridge.NoPermission, checked: true},
		"unreached":                        {fails: fails{"Inspect": away}, unclear: true},
		"sending refused, and dead":        {report: fine, sent: expired, fails: fails{"PageName": expired}, want: bridge.TokenExpired, checked: true},
		"sending refused, and works":       {report: fine, sent: expired, checked: true, retried: true},
		"sending refused, a right missing": {report: lacks, sent: expired, want: bridge.NoPermission, checked: true, retried: true},
		"sending refused, not inspected":   {sent: expired, fails: fails{"Inspect": away, "PageName": expired}, want: bridge.TokenExpired},
		"sending refused, unreached":       {sent: expired, fails: fails{"Inspect": away, "PageName": away}, unclear: true},
		"sending refused for the role":     {report: fine, sent: lacking, checked: true},
	} {
		page := running("1")
		page.Checked = time.Time{}
		d := newDesk(t, page)
		d.meta.report, d.meta.fails = c.report, c.fails
		page, trouble, err := d.Connections.tokens.trouble(t.Context(), d.page("1"), c.sent)
		if trouble.Kind != c.want || (err != nil) != c.unclear {
			t.Errorf("%s: %q, %v", name, trouble.Kind, err)
		}
		if !page.Checked.IsZero() != c.checked || page != d.page("1") || (len(d.changed) > 0) != c.retried {
			t.Errorf("%s: checked %s, retried %v", name, page.Checked, d.changed)
		}
	}
}

// TestRetryAfterFalseAlarm_NotTwiceInAPeriod keeps calls from going in a circle.
func TestRetryAfterFalseAlarm_NotTwiceInAPeriod(t *testing.T) {
	r := newRefusals()
	for _, step := range []struct {
		id    bridge.PageID
		after time.Duration
		want  bool
	}{{"1", 0, true}, {"1", time.Minute, false}, {"2", time.Minute, true}, {"1", 7 * time.Minute, true}} {
		if got := r.retryAfterFalseAlarm(step.id, opened.Add(step.after)); got != step.want {
			t.Errorf("page %s after %s: %v", step.id, step.after, got)
		}
	}
}

func TestRefusals_WhatWasNotedMeanwhileCountsMore(t *testing.T) {
	r := newRefusals()
	r.recordRefusal("1", restricted)
	refused, noted := r.take("1")
	r.recordRefusal("1", nil)
	r.giveBack("1", refused)
	if refused, again := r.take("1"); !noted || !again || refused != nil {
		t.Error(refused, noted, again)
	}
	r.giveBack("1", restricted)
	if refused, again := r.take("1"); !again || refused != restricted {
		t.Error(refused, again)
	}
}

// TestWarnOfExpiry_OnceForEachWarning lets the days before a token's end pass.
func TestWarnOfExpiry_OnceForEachWarning(t *testing.T) {
	page := running("1")
	page.Expires = opened.Add(20 * 24 * time.Hour)
	d := newDesk(t, page)
	for day := range 22 {
		for range 3 {
			d.Connections.tokens.warnOfExpiry(t.Context(), page)
		}
		if warned := len(d.said); warned != map[bool]int{true: 1}[day == 6 || day == 13 || day == 19] {
			t.Errorf("day %d: %q", day, d.said)
		}
		d.said, d.clock = nil, d.clock.Add(24*time.Hour)
	}
	d = newDesk(t)
	for _, silent := range []bridge.Page{running("1"), in(page, bridge.PageOff, ""), in(page, bridge.PageNeedsAuth, "")} {
		d.clock = page.Expires.Add(-time.Hour)
		d.Connections.tokens.warnOfExpiry(t.Context(), silent)
	}
	d.hears()
}

// TestAddByHand connects a page with a token from outside.
func TestAddByHand(t *testing.T) {
	own := bridge.Adopted{Token: "own", Kind: bridge.SystemToken, TokenReport: bridge.TokenReport{User: "robot"}}
	foreign := bridge.Adopted{TokenReport: bridge.TokenReport{Trouble: bridge.Trouble{Kind: bridge.OtherApp}}}
	hand := ByHand{ID: "1", Token: "given", Department: "d1"}
	for name, c := range map[string]struct {
		adopted bridge.Adopted
		fails   map[string]error
		known   bool // the page was connected before
		state   bridge.PageState
		token   bridge.Secret
		name    string
		refused bool
	}{
		"new":                     {adopted: own, state: bridge.PageRunning, token: "own", name: "Bakery"},
		"known":                   {adopted: own, known: true, state: bridge.PageRunning, token: "own", name: "Bakery"},
		"of another app":          {adopted: foreign, refused: true},
		"of another app, known":   {adopted: foreign, known: true, refused: true, state: bridge.PageRunning, token: "t", name: "Bakery"},
		"Facebook away":           {fails: map[string]error{"Adopt": away}, state: bridge.PageConnecting, token: "given", name: "1"},
		"Facebook refuses to say": {fails: map[string]error{"Adopt": rejected}, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			if c.known {
				p := running("1")
				p.Settings.Welcome = "Hello"
				d.store = newMemory(p)
				d.restart()
			}
			d.meta.adopted, d.meta.fails = c.adopted, c.fails
			_, err := d.Connections.AddByHand(t.Context(), hand)
			var bad *TokenRefused
			if (err != nil) != c.refused || c.adopted.Trouble.Kind != "" && (!errors.As(err, &bad) || !strings.Contains(bad.In(nil), "belongs to another app")) {
				t.Fatal(err)
			}
			page, err := d.store.Page("1")
			if c.state == "" {
				if !errors.Is(err, bridge.ErrNoPage) {
					t.Errorf("%+v", page)
				}
				return
			}
			if page.State != c.state || page.Token != c.token || page.Name != c.name {
				t.Errorf("%+v, token %s", page, page.Token.Reveal())
			}
			if page.Settings.Department == "d1" == c.refused || c.known && page.Settings.Welcome != "Hello" {
				t.Errorf("settings %+v", page.Settings)
			}
		})
	}
}

// TestStoreByHand_IsInspectedWhenTheBridgeStarts stores a token while no bridge runs.
func TestStoreByHand_IsInspectedWhenTheBridgeStarts(t *testing.T) {
	d := newDesk(t)
	if err := StoreByHand(t.Context(), d.store, ByHand{ID: "1", Token: "given", Name: "Shop"}, opened); err != nil {
		t.Fatal(err)
	}
	if p := d.page("1"); p.State != bridge.PageConnecting || p.TokenKind != "" || p.Why.Kind != bridge.NotLookedAt {
		t.Errorf("%+v", p)
	}
	d.meta.adopted = bridge.Adopted{Token: "own", Kind: bridge.PageToken}
	d.Watch.checkPage(t.Context(), "1")
	if p := d.page("1"); p.State != bridge.PageRunning || p.Token != "own" || p.Name != "Shop" {
		t.Errorf("%+v", p)
	}
	d.hears("*Shop* is running again.")
}
