package pages

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"messenger-bridge/bridge"
)

// Paths of the browser's way through an authorisation (design.md 7).
const (
	startPath    = "/oauth/start"
	callbackPath = "/oauth/callback"
	webhookPath  = "/webhook"
)

// Login takes administrators to Facebook's login dialog and back, and connects the pages
// they choose.
type Login struct {
	*registry
	rights      rights
	tickets     *tickets
	facebook    bridge.Authorizer
	connections *Connections
	revocations *revocations
	departments Departments
	publicURL   string
	choosing    atomic.Int32 // calls of Choose under way
}

// LoginLink returns a link that leads the caller, once, to Facebook's dialog.
func (l *Login) LoginLink(ctx context.Context, caller bridge.Author) (string, error) {
	id, err := l.tickets.issue(ctx, bridge.LoginTicket, caller, loginFor, nil)
	if err != nil {
		return "", err
	}
	return l.publicURL + startPath + "?state=" + id, nil
}

// Begin opens a login link in a browser: it returns where to send the browser, and
// a nonce it must keep in a cookie. Nothing is spent, however often it is called. Facebook
// asks for no more than the connected pages need: for comments only if one of them wants
// them.
func (l *Login) Begin(ctx context.Context, id string) (dialog, nonce string, err error) {
	t, err := l.tickets.open(id, bridge.LoginTicket)
	if err == nil {
		err = l.rights.check(ctx, t.For)
	}
	if err != nil {
		return "", "", err
	}
	nonce = rand.Text()
	state := id + "." + l.tickets.Sign("login", id+"."+nonce)
	return l.facebook.Dialog(l.publicURL+callbackPath, state, bridge.WantComments(l.pages)), nonce, nil
}

// CheckReturn tells whether a browser that comes back from Facebook is the one
// that left, and spends nothing. It is for answers that bring no code.
func (l *Login) CheckReturn(ctx context.Context, state, nonce string) error {
	_, err := l.returning(ctx, state, nonce)
	return err
}

// MayStill refuses whoever may not go on with an offer any more.
func (l *Login) MayStill(ctx context.Context, o Offer) error { return l.rights.check(ctx, o.By) }

func (l *Login) returning(ctx context.Context, state, nonce string) (bridge.Ticket, error) {
	id, signature, _ := strings.Cut(state, ".")
	t, err := l.tickets.open(id, bridge.LoginTicket)
	if err != nil {
		return t, err
	}
	if nonce == "" || !l.tickets.proves(signature, "login", id+"."+nonce) {
		return t, bridge.ErrOtherBrowser
	}
	return t, l.rights.check(ctx, t.For)
}

// Return takes the browser back from Facebook: it spends the login ticket, has the
// code exchanged, and returns what may be chosen. Pages that the new grant took
// from us are announced at once, because their tokens have just died (messenger.md
// 6.1: one app and one person have one grant).
func (l *Login) Return(ctx context.Context, state, nonce, code string) (Offer, error) {
	login, err := l.returning(ctx, state, nonce)
	if err != nil {
		return Offer{}, err
	}
	if _, err := l.tickets.SpendTicket(ctx, login.ID, ""); err != nil {
		return Offer{}, err
	}
	grant, err := l.facebook.Exchange(ctx, l.publicURL+callbackPath, code)
	if err != nil {
		if unstored := l.tickets.giveBack(ctx, login, err); unstored != nil {
			l.log.Warn("a ticket was not given back", "err", unstored)
		}
		return Offer{}, fmt.Errorf("exchange the code: %w", err)
	}
	if err := l.revocations.keepGrant(ctx, grant.User); err != nil {
		return Offer{}, err
	}
	return l.offer(ctx, login.For, nonce, grant)
}

// offer keeps a grant in a choice ticket and returns what may be chosen from it.
func (l *Login) offer(ctx context.Context, to bridge.Author, nonce string, grant bridge.Grant) (offer Offer, err error) {
	offer = Offer{By: to, Person: grant.Name, Missing: grant.Missing, Empty: emptiness(&grant)}
	if bridge.WantComments(l.pages) { // else nobody was asked for them
		offer.Missing = slices.Concat(grant.Missing, grant.Feed)
	}
	for _, g := range grant.Pages {
		offer.Pages = append(offer.Pages, l.offered(g))
	}
	if offer.Lost, err = l.takeLost(ctx, grant); err != nil {
		return Offer{}, err
	}
	if offer.Departments, err = l.departments.list(ctx); err != nil { // the form then has a field to type an id into
		l.log.Warn("departments could not be read", "err", err)
	}
	data, err := newChoice(grant, offer.Pages, nonce).encode()
	if err != nil {
		return Offer{}, err
	}
	if offer.Ticket, err = l.tickets.issue(ctx, bridge.ChoiceTicket, to, choiceFor, data); err != nil {
		return Offer{}, err
	}
	offer.Proof = l.tickets.Sign("choice", offer.Ticket+"."+nonce)
	return offer, nil
}

// offered returns a granted page with what is stored of it, if it was connected before.
func (l *Login) offered(g bridge.GrantedPage) OfferedPage {
	page, err := l.pages.Page(g.ID)
	return OfferedPage{
		ID: g.ID, Name: g.Name, Picture: g.Picture, Usable: g.Token != "" && len(g.Missing)+len(g.Lacks) == 0,
		Missing: g.Missing, Lacks: g.Lacks, Known: err == nil, State: page.State, Settings: page.Settings,
	}
}

// takeLost stores and announces which pages' tokens died with a narrower grant of the
// same person, and returns them. A page that is off stays off: nobody misses it, and who
// connects pages shall not switch it on by the way.
func (l *Login) takeLost(ctx context.Context, g bridge.Grant) (lost []bridge.Page, err error) {
	granted := map[bridge.PageID]bool{}
	for _, p := range g.Pages {
		granted[p.ID] = p.Token != ""
	}
	for _, p := range l.pages.Pages() {
		if g.User == "" || p.Grant != g.User || granted[p.ID] || p.Silenced() {
			continue
		}
		p, err := l.update(ctx, p.ID, func(p *bridge.Page) {
			if p.Silenced() { // meanwhile
				return
			}
			p.State, p.Why = bridge.PageNeedsAuth, bridge.Trouble{Kind: bridge.LeftOut, About: g.Name}
		})
		switch {
		case errors.Is(err, bridge.ErrNoPage): // deleted meanwhile
			continue
		case err != nil:
			return lost, err
		}
		if p.Why.Kind != bridge.LeftOut {
			continue
		}
		lost = append(lost, p)
		l.announce(ctx, p, l.say.Say("*%s* has lost its connection: %s\nIts settings are kept, and answers wait.", p.PlainName(), l.explained(p)))
	}
	return lost, nil
}
