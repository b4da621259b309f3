package pages

import (
	"context"
	"fmt"
	"strings"
	"time"

	"messenger-bridge/bridge"
)

// tokenEvery is how often Meta is asked about a page's token although nothing is
// wrong with it.
const tokenEvery = 24 * time.Hour

// tokens finds out what pages' tokens are good for.
type tokens struct {
	*registry
	facebook bridge.TokenInspector
	refusals *refusals
}

// due tells whether a page's token is to be looked at now.
func (t *tokens) due(p bridge.Page, accused bool) bool {
	return accused || p.TokenKind == "" || p.State == bridge.PageNeedsAuth || t.now().Sub(p.Checked).Abs() >= tokenEvery
}

// trouble asks Meta what a page's token is good for, and stores what it says. refused is
// the call that raised the question, nil if there was none. That a token is dead is
// believed only if one more call with it is refused as well: Meta at times refuses
// one that works. An error means that nothing was found out.
func (t *tokens) trouble(ctx context.Context, page bridge.Page, refused *bridge.Refusal) (bridge.Page, bridge.Trouble, error) {
	if page.TokenKind == "" {
		return t.adopt(ctx, page)
	}
	report, err := t.facebook.Inspect(ctx, page)
	accused := refused != nil && refused.Trouble != ""
	if err != nil && !accused {
		return page, bridge.Trouble{}, err
	}
	trouble := report.Trouble
	if accused || fatal(trouble) {
		var unreached error
		if trouble, unreached = t.confirm(ctx, page, trouble, accused); unreached != nil {
			return page, bridge.Trouble{}, unreached
		}
	}
	if err != nil {
		return page, trouble, nil
	}
	page, err = t.update(ctx, page.ID, func(p *bridge.Page) {
		if p.Token == page.Token {
			p.Expires, p.Checked = report.Expires, t.now()
			p.Feed.Lacks = strings.Join(report.Feed, ", ")
		}
	})
	return page, trouble, err
}

// fatal tells trouble of which a token dies.
func fatal(t bridge.Trouble) bool { return t.Kind != "" && t.Kind != bridge.NoPermission }

// confirm makes one more call with a token that Meta reports to have trouble, or with
// which a call was refused (accused), and returns the trouble that is left. An error
// means that nothing was found out.
func (t *tokens) confirm(ctx context.Context, page bridge.Page, reported bridge.Trouble, accused bool) (bridge.Trouble, error) {
	_, err := t.facebook.PageName(ctx, page)
	r := bridge.RefusalOf(err)
	switch {
	case err != nil && saysNothing(r):
		return bridge.Trouble{}, err
	case err != nil && r.Trouble != "" && fatal(reported):
		return reported, nil
	case err != nil && r.Trouble != "":
		return bridge.Trouble{Kind: r.Trouble}, nil
	}
	// The token works, or lacks something, and lives.
	if accused && t.refusals.retryAfterFalseAlarm(page.ID, t.now()) {
		t.changed(page.ID)
	}
	if fatal(reported) {
		return bridge.Trouble{}, nil
	}
	return reported, nil
}

// saysNothing tells refusals that say nothing about a page.
func saysNothing(r *bridge.Refusal) bool {
	return r.Reason == bridge.MetaDown || r.Reason == bridge.MetaError || r.Reason == bridge.RateLimited || r.Reason == bridge.Unclear
}

// adopt looks at a token that somebody made by hand, and replaces it by the page's
// own. With trouble the page keeps what it has, and is looked at again.
func (t *tokens) adopt(ctx context.Context, page bridge.Page) (bridge.Page, bridge.Trouble, error) {
	found, err := t.facebook.Adopt(ctx, page.ID, page.Token)
	if err != nil || found.Trouble.Kind != "" {
		return page, found.Trouble, err
	}
	page, err = t.update(ctx, page.ID, func(p *bridge.Page) {
		if p.Token == page.Token {
			setAdopted(p, found, t.now())
		}
	})
	return page, bridge.Trouble{}, err
}

// setAdopted gives the page a token that Meta says is its own.
func setAdopted(p *bridge.Page, found bridge.Adopted, now time.Time) {
	p.Token, p.TokenKind, p.Expires, p.Checked = found.Token, found.Kind, found.Expires, now
	p.Feed.Lacks = strings.Join(found.Feed, ", ")
	if p.Grant == "" {
		p.Grant = found.User
	}
}

// expiryWarnings are how long before a token's end it is announced.
var expiryWarnings = []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour}

// warnOfExpiry announces that a page's token ends soon, once for each warning. What
// was announced is remembered by its key, over restarts.
func (t *tokens) warnOfExpiry(ctx context.Context, p bridge.Page) {
	left := p.Expires.Sub(t.now())
	if p.Expires.IsZero() || left <= 0 || p.State == bridge.PageNeedsAuth || p.State == bridge.PageOff {
		return
	}
	for _, ahead := range expiryWarnings {
		if left <= ahead {
			key := fmt.Sprintf("expires/%s/%d/%d", p.ID, p.Expires.Unix(), int(ahead.Hours()))
			t.announceOnce(ctx, key, t.say.Say("The access of *%s* ends on %s. Until then everything works; after it, answers wait. %s",
				p.PlainName(), t.say.Time(p.Expires), bridge.Trouble{Kind: bridge.TokenExpired}.Help(t.say, p)))
			return
		}
	}
}
