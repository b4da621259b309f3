package pages

import (
	"context"
	"fmt"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// tokenEvery is how often Meta is asked about a page's token although nothing is
// wrong with it.
const tokenEvery = 24 * time.Hour

// evidence is what sending has shown of pages since they were last verified.
type evidence struct {
	mu      sync.Mutex // guards the two below
	refused map[bridge.PageID]*bridge.Refusal
	spared  map[bridge.PageID]time.Time // when a refusal was last found to be a false alarm
}

// accuse notes that everything of a page was refused, or, with nil, that something
// of it was taken.
func (e *evidence) accuse(id bridge.PageID, r *bridge.Refusal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refused == nil {
		e.refused = map[bridge.PageID]*bridge.Refusal{}
	}
	e.refused[id] = r
}

// take returns what was noted about a page, and forgets it.
func (e *evidence) take(id bridge.PageID) (r *bridge.Refusal, noted bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r, noted = e.refused[id]
	delete(e.refused, id)
	return r, noted
}

// giveBack notes again what take returned, because a look found nothing out; what was
// noted meanwhile counts more.
func (e *evidence) giveBack(id bridge.PageID, r *bridge.Refusal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, noted := e.refused[id]; !noted {
		e.refused[id] = r
	}
}

// spare reports whether what waits for a page may be tried again at once after a
// false alarm. It is, unless the last one was just before: then the gate's own time
// counts, so that nothing is called in a circle.
func (e *evidence) spare(id bridge.PageID, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	recently := now.Sub(e.spared[id]) < watchEvery
	if e.spared == nil {
		e.spared = map[bridge.PageID]time.Time{}
	}
	e.spared[id] = now
	return !recently
}

// tokenTrouble asks Meta what a page's token is good for, and stores what it says.
// refused is the call that raised the question, nil if there was none. That a token
// is dead is believed only if one more call with it is refused as well: Meta at
// times refuses one that works. An error means that nothing was found out.
func (c *Connector) tokenTrouble(ctx context.Context, page bridge.Page, refused *bridge.Refusal) (bridge.Page, bridge.Trouble, error) {
	if page.TokenKind == "" {
		return c.adopt(ctx, page)
	}
	report, err := c.Authority.Inspect(ctx, page)
	trouble := report.Trouble
	dead := trouble.Kind != "" && trouble.Kind != bridge.NoPermission
	accused := refused != nil && refused.Trouble != ""
	if err != nil && !accused {
		return page, bridge.Trouble{}, err
	}
	if dead || accused {
		_, confirmed := c.Authority.PageName(ctx, page)
		r := bridge.RefusalOf(confirmed)
		switch {
		case confirmed != nil && away(r):
			return page, bridge.Trouble{}, confirmed
		case confirmed == nil || r.Trouble == "": // it works, or lacks something, and lives
			if dead {
				trouble = bridge.Trouble{}
			}
			if accused && c.evidence.spare(page.ID, c.Now()) {
				c.Changed(page.ID)
			}
		case !dead:
			trouble = bridge.Trouble{Kind: r.Trouble}
		}
	}
	if err != nil {
		return page, trouble, nil
	}
	page, err = c.update(ctx, page.ID, func(p *bridge.Page) {
		if p.Token == page.Token {
			p.Expires, p.Checked = report.Expires, c.Now()
		}
	})
	return page, trouble, err
}

// adopt looks at a token that somebody made by hand, and replaces it by the page's
// own. With trouble the page keeps what it has, and is looked at again.
func (c *Connector) adopt(ctx context.Context, page bridge.Page) (bridge.Page, bridge.Trouble, error) {
	found, err := c.Authority.Adopt(ctx, page.ID, page.Token)
	if err != nil || found.Trouble.Kind != "" {
		return page, found.Trouble, err
	}
	page, err = c.update(ctx, page.ID, func(p *bridge.Page) {
		if p.Token == page.Token {
			adopted(p, found, c.Now())
		}
	})
	return page, bridge.Trouble{}, err
}

// adopted gives the page a token that Meta says is its own.
func adopted(p *bridge.Page, found bridge.Adopted, now time.Time) {
	p.Token, p.TokenKind, p.Expires, p.Checked = found.Token, found.Kind, found.Expires, now
	if p.Grant == "" {
		p.Grant = found.User
	}
}

// away tells refusals that say nothing about a page.
func away(r *bridge.Refusal) bool {
	return r.Reason == bridge.MetaDown || r.Reason == bridge.MetaError || r.Reason == bridge.RateLimited || r.Reason == bridge.Unclear
}

// tokenDue tells whether a page's token is to be looked at now.
func (c *Connector) tokenDue(p bridge.Page, accused bool) bool {
	return accused || p.TokenKind == "" || p.State == bridge.PageNeedsAuth || c.Now().Sub(p.Checked).Abs() >= tokenEvery
}

// heldBy says of a page with which everything else is in order whether Meta holds
// back what it sends, by what sending has shown since it was last looked at.
func (c *Connector) heldBy(p bridge.Page, refused *bridge.Refusal, noted bool) bridge.Trouble {
	switch {
	case refused != nil && refused.Reason == bridge.PageRestricted:
		return bridge.Trouble{Kind: bridge.Restricted}
	case refused != nil && refused.Trouble == "":
		return bridge.Trouble{Kind: bridge.AnswersRefused}
	case refused != nil: // a false alarm
	case noted || p.State != bridge.PageHeld || c.Now().Sub(p.Checked).Abs() >= tokenEvery: // sent, or nothing was tried for a day
	default:
		return p.Why
	}
	return bridge.Trouble{}
}

// expiryWarnings are how long before a token's end it is announced.
var expiryWarnings = []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour}

// warnOfExpiry announces that a page's token ends soon, once for each warning. What
// was announced is remembered by its key, over restarts.
func (c *Connector) warnOfExpiry(ctx context.Context, p bridge.Page) {
	left := p.Expires.Sub(c.Now())
	if p.Expires.IsZero() || left <= 0 || p.State == bridge.PageNeedsAuth || p.State == bridge.PageOff {
		return
	}
	for _, ahead := range expiryWarnings {
		if left > ahead {
			continue
		}
		key := fmt.Sprintf("expires/%s/%d/%d", p.ID, p.Expires.Unix(), int(ahead.Hours()))
		text := c.Say.Say("The access of *%s* ends on %s. Until then everything works; after it, answers wait. %s",
			p.DisplayName(), c.Say.Time(p.Expires), bridge.Trouble{Kind: bridge.TokenExpired}.Help(c.Say, p))
		if err := c.Announce(ctx, key, text); err != nil {
			c.Log.Warn("not announced", "page", p.ID, "err", err)
		}
		return
	}
}
