package pages

import (
	"context"
	"errors"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// TokenRefused is why a token that somebody made by hand was not taken. Nothing was
// changed: a page that had another one before keeps it.
type TokenRefused struct{ Trouble bridge.Trouble }

func (e *TokenRefused) Error() string { return e.Trouble.String() }

// In says it, and what to do about it.
func (e *TokenRefused) In(s *language.Speaker) string {
	return e.Trouble.In(s) + ". " + e.Trouble.Help(s, bridge.Page{})
}

// ByHand is a page as an operator names it.
type ByHand struct {
	ID         bridge.PageID
	Token      bridge.Secret // the page's, or of a person or system user who reaches it
	Name       string        // empty: as Facebook calls it
	Department bridge.DepartmentID
}

// AddByHand connects a page with a token that was made by hand, or gives a known
// page a new one; its settings are kept. A token that is good for nothing is a
// TokenRefused. If Meta cannot be asked, the page is stored and looked at later.
func (c *Connections) AddByHand(ctx context.Context, h ByHand) (bridge.Page, error) {
	found, err := c.inspectByHand(ctx, &h)
	if err != nil {
		return bridge.Page{}, err
	}
	defer c.lock(h.ID)() // until it is switched on: the watch would tell of it, too
	err = c.updateAll(ctx, []bridge.PageID{h.ID}, "", c.knownOrNew, func(p *bridge.Page) {
		setByHand(p, h, c.now())
		if found.Token != "" {
			setAdopted(p, found, c.now())
		}
	})
	if err != nil {
		return bridge.Page{ID: h.ID}, err
	}
	page, err := c.switchOn(ctx, h.ID)
	if err == nil && page.State == bridge.PageRunning {
		c.announce(ctx, page, c.say.Say("*%s* is connected, with a token made by hand. Messages to the page arrive in Omnichannel from now on.", page.PlainName()))
	}
	return page, err
}

// inspectByHand asks Meta what a token is, and fills in the page's name. Without a token
// in what it returns, Meta could not be asked.
func (c *Connections) inspectByHand(ctx context.Context, h *ByHand) (bridge.Adopted, error) {
	found, err := c.tokens.facebook.Adopt(ctx, h.ID, h.Token)
	switch r := bridge.RefusalOf(err); {
	case err != nil && (r.Verdict == bridge.Never || !saysNothing(r)):
		return found, err
	case err != nil:
		c.log.Warn("a token could not be looked at yet", "page", h.ID, "err", err)
	case found.Trouble.Kind != "":
		return found, &TokenRefused{found.Trouble}
	case h.Name == "":
		if h.Name, err = c.tokens.facebook.PageName(ctx, bridge.Page{ID: h.ID, Token: found.Token}); err != nil {
			c.log.Warn("the page's name could not be read", "page", h.ID, "err", err)
		}
	}
	return found, nil
}

// setByHand makes p a page of h, with a token nobody has looked at yet.
func setByHand(p *bridge.Page, h ByHand, now time.Time) {
	if p.Since.IsZero() {
		p.Since = now
	}
	if h.Name != "" {
		p.Name = h.Name
	}
	if p.Name == "" {
		p.Name = string(h.ID)
	}
	if h.Department != "" {
		p.Settings.Department = h.Department
	}
	p.Token, p.TokenKind, p.Expires, p.Checked = h.Token, "", time.Time{}, time.Time{}
	p.By, p.ByName, p.Grant = "", "", ""
	p.State, p.Why = bridge.PageConnecting, bridge.Trouble{Kind: bridge.NotLookedAt}
}

// StoreByHand stores what AddByHand does while no bridge runs; the next one to start
// inspects it.
func StoreByHand(ctx context.Context, s bridge.PageStore, h ByHand, now time.Time) error {
	p, err := s.Page(h.ID)
	if errors.Is(err, bridge.ErrNoPage) {
		p, err = bridge.Page{ID: h.ID}, nil
	}
	if err != nil {
		return err
	}
	setByHand(&p, h, now)
	return s.SavePage(ctx, p)
}
