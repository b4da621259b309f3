package pages

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/backfill"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/language"
)

// ConnectorConfig is what a Connector is made of.
type ConnectorConfig struct {
	Authority   bridge.Authority
	Tickets     bridge.Tickets
	Pages       bridge.PageStore
	Revocations bridge.Revocations
	RevokeFor   time.Duration                                      // how long Facebook is told again that a page was disconnected; 24 h
	RevokeFirst time.Duration                                      // the first pause of these; 30 s
	PublicURL   string                                             // how browsers and Meta reach us
	Verified    func() bool                                        // Meta has called our webhook's handshake
	Departments func(context.Context) ([]bridge.Department, error) // for the tick boxes and forms
	Announce    func(ctx context.Context, key, text string) error
	Changed     func(bridge.PageID) // a page can be tried again
	Gaps        *backfill.Gaps      // may be nil
	AppCheckFor time.Duration       // appCheckFor
	Now         func() time.Time
	Say         *language.Speaker
	Log         *slog.Logger
}

// Connector lets administrators connect pages, and looks after what makes a
// connection: a token, both levels of subscription, a webhook Meta can reach.
type Connector struct {
	ConnectorConfig
	evidence  evidence
	app       appCheck
	unrevoked chan struct{} // holds one token when Facebook has to be told again
	choosing  atomic.Int32  // calls of Choose

	mu    sync.Mutex // guards pages
	pages map[bridge.PageID]*sync.Mutex
}

// NewConnector returns a Connector.
func NewConnector(c ConnectorConfig) *Connector {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.AppCheckFor = cmp.Or(c.AppCheckFor, appCheckFor)
	c.RevokeFor = cmp.Or(c.RevokeFor, revokeFor)
	c.RevokeFirst = cmp.Or(c.RevokeFirst, revokeFirst)
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	return &Connector{ConnectorConfig: c, unrevoked: make(chan struct{}, 1), pages: map[bridge.PageID]*sync.Mutex{}}
}

// alone holds others back who want to change the page's connection, at Facebook and
// here: what is stored must be what was done last. The caller must call the result.
func (c *Connector) alone(id bridge.PageID) (done func()) {
	c.mu.Lock()
	page := c.pages[id]
	if page == nil {
		page = &sync.Mutex{}
		c.pages[id] = page
	}
	c.mu.Unlock()
	page.Lock()
	return page.Unlock
}

// Paths of the browser's way through an authorisation (design.md 7).
const (
	startPath    = "/oauth/start"
	callbackPath = "/oauth/callback"
	webhookPath  = "/webhook"
)

const (
	loginFor    = 10 * time.Minute
	choiceFor   = 30 * time.Minute
	settingsFor = 15 * time.Minute
)

// LoginLink returns a link that leads the caller, once, to Facebook's dialog.
func (c *Connector) LoginLink(ctx context.Context, caller bridge.Author) (string, error) {
	t := bridge.Ticket{ID: rand.Text(), Kind: bridge.LoginTicket, For: caller, Expires: c.Now().Add(loginFor)}
	if err := c.Tickets.SaveTicket(ctx, t); err != nil {
		return "", fmt.Errorf("store a login ticket: %w", err)
	}
	return c.PublicURL + startPath + "?state=" + t.ID, nil
}

// Begin opens a login link in a browser: it returns where to send the browser, and
// a nonce it must keep in a cookie. Nothing is spent, however often it is called.
func (c *Connector) Begin(id string) (dialog, nonce string, err error) {
	if _, err := c.ticket(id, bridge.LoginTicket); err != nil {
		return "", "", err
	}
	nonce = rand.Text()
	state := id + "." + c.Tickets.Sign("login", id+"."+nonce)
	return c.Authority.Dialog(c.PublicURL+callbackPath, state), nonce, nil
}

// Offer is what a person may choose from after logging in at Facebook.
type Offer struct {
	Ticket      string // of the choice; goes into the form
	Proof       string // that the form is ours; goes into the form
	Person      string // name at Facebook
	Pages       []OfferedPage
	Departments []bridge.Department // nil: they could not be read
	Missing     []string            // permissions that were not granted
	Empty       Emptiness           // why there are no pages
	Lost        []bridge.Page       // connected pages that this grant no longer covers
}

// Emptiness is why Facebook named no page at all.
type Emptiness string

const (
	NotFound      Emptiness = ""           // out, or there are pages
	NotAllowed    Emptiness = "permission" // the permission to see pages was not granted
	NothingTicked Emptiness = "ticked"     // in Facebook's dialog
	InPortfolio   Emptiness = "portfolio"  // pages were ticked, and are hidden without business_management
	NoRole        Emptiness = "role"       // pages were ticked, and the person may do nothing on them
)

// emptinessOf finds out why a grant has no pages.
func emptinessOf(g *bridge.Grant) Emptiness {
	switch {
	case len(g.Pages) > 0:
		return NotFound
	case slices.Contains(g.Missing, "pages_show_list"):
		return NotAllowed
	case g.Ticked == 0:
		return NothingTicked
	case g.Ticked > 0 && slices.Contains(g.Missing, "business_management"):
		return InPortfolio
	case g.Ticked > 0:
		return NoRole
	}
	return NotFound
}

// OfferedPage is a page of the grant.
type OfferedPage struct {
	ID       bridge.PageID
	Name     string
	Picture  string
	Usable   bool     // it can be connected
	Missing  []string // tasks the person lacks on it
	Lacks    []string // permissions that were not granted for it
	Known    bool     // connected before; Settings and State are its own
	State    bridge.PageState
	Settings bridge.Settings
}

// choice is what a ChoiceTicket holds.
type choice struct {
	User, Name, Token string
	Kind              bridge.TokenKind // of the pages' tokens
	Expires           time.Time
	Nonce             string // of the browser
	Tokens            map[bridge.PageID]string
	Names             map[bridge.PageID]string
}

// readChoice returns what a ChoiceTicket holds.
func readChoice(t bridge.Ticket) (held choice, err error) {
	if t.Kind != bridge.ChoiceTicket {
		return held, bridge.ErrTicketUnknown
	}
	if err := json.Unmarshal(t.Data, &held); err != nil {
		return held, fmt.Errorf("decode a choice: %w", err)
	}
	return held, nil
}

// CheckReturn tells whether a browser that comes back from Facebook is the one
// that left, and spends nothing. It is for answers that bring no code.
func (c *Connector) CheckReturn(state, nonce string) error {
	_, err := c.returning(state, nonce)
	return err
}

func (c *Connector) returning(state, nonce string) (bridge.Ticket, error) {
	id, signature, _ := strings.Cut(state, ".")
	t, err := c.ticket(id, bridge.LoginTicket)
	if err != nil {
		return t, err
	}
	if nonce == "" || !sameText(signature, c.Tickets.Sign("login", id+"."+nonce)) {
		return t, bridge.ErrOtherBrowser
	}
	return t, nil
}

// Return takes the browser back from Facebook: it spends the login ticket, has the
// code exchanged, and returns what may be chosen. Pages that the new grant took
// from us are announced at once, because their tokens have just died (messenger.md
// 6.1: one app and one person have one grant).
func (c *Connector) Return(ctx context.Context, state, nonce, code string) (Offer, error) {
	login, err := c.returning(state, nonce)
	if err != nil {
		return Offer{}, err
	}
	if _, err := c.Tickets.SpendTicket(ctx, login.ID); err != nil {
		return Offer{}, err
	}
	grant, err := c.Authority.Exchange(ctx, c.PublicURL+callbackPath, code)
	if err != nil {
		return Offer{}, fmt.Errorf("exchange the code: %w", err)
	}
	if err := c.spare(ctx, grant.User); err != nil {
		return Offer{}, err
	}
	offer := Offer{Person: grant.Name, Missing: grant.Missing, Empty: emptinessOf(&grant)}
	held := choice{User: grant.User, Name: grant.Name, Token: grant.Token.Reveal(), Kind: grant.Kind, Expires: grant.Expires, Nonce: nonce,
		Tokens: map[bridge.PageID]string{}, Names: map[bridge.PageID]string{}}
	for _, g := range grant.Pages {
		held.Tokens[g.ID], held.Names[g.ID] = g.Token.Reveal(), g.Name
		page, err := c.Pages.Page(g.ID)
		offered := OfferedPage{ID: g.ID, Name: g.Name, Picture: g.Picture, Usable: g.Token != "" && len(g.Missing)+len(g.Lacks) == 0,
			Missing: g.Missing, Lacks: g.Lacks, Known: err == nil, State: page.State, Settings: page.Settings}
		offer.Pages = append(offer.Pages, offered)
	}
	if offer.Lost, err = c.lose(ctx, grant); err != nil {
		return Offer{}, err
	}
	if offer.Departments, err = c.departments(ctx); err != nil { // the form then has a field to type an id into
		c.Log.Warn("departments could not be read", "err", err)
	}
	data, err := json.Marshal(held)
	if err != nil {
		return Offer{}, fmt.Errorf("encode a choice: %w", err)
	}
	t := bridge.Ticket{ID: rand.Text(), Kind: bridge.ChoiceTicket, For: login.For, Expires: c.Now().Add(choiceFor), Data: data}
	if err := c.Tickets.SaveTicket(ctx, t); err != nil {
		return Offer{}, fmt.Errorf("store a choice ticket: %w", err)
	}
	offer.Ticket, offer.Proof = t.ID, c.Tickets.Sign("choice", t.ID+"."+nonce)
	return offer, nil
}

// lose marks the pages whose tokens died with a narrower grant of the same person.
func (c *Connector) lose(ctx context.Context, g bridge.Grant) (lost []bridge.Page, err error) {
	granted := map[bridge.PageID]bool{}
	for _, p := range g.Pages {
		granted[p.ID] = p.Token != ""
	}
	for _, p := range c.Pages.Pages() {
		if g.User == "" || p.Grant != g.User || granted[p.ID] || p.Token == "" {
			continue
		}
		p, err := c.update(ctx, p.ID, func(p *bridge.Page) {
			p.State, p.Why = bridge.PageNeedsAuth, bridge.Trouble{Kind: bridge.LeftOut, About: g.Name}
		})
		if err != nil {
			return lost, err
		}
		lost = append(lost, p)
		c.announce(ctx, p, c.Say.Say("*%s* has lost its connection: %s\nIts settings are kept, and answers wait.", p.DisplayName(), c.explained(p)))
	}
	return lost, nil
}

// Chosen is one ticked page.
type Chosen struct {
	ID       bridge.PageID
	Settings bridge.Settings
}

// Connected is what became of one.
type Connected struct {
	ID    bridge.PageID
	Name  string
	State bridge.PageState
	Why   string // and what to do about it; empty when it runs
}

// Choose connects the ticked pages: each is stored with its token, subscribed, and
// read back. It spends the choice ticket. A page that fails says why and keeps
// what it has; connecting again continues there.
func (c *Connector) Choose(ctx context.Context, id, nonce, proof string, pages []Chosen) ([]Connected, error) {
	t, err := c.ticket(id, bridge.ChoiceTicket)
	if err != nil {
		return nil, err
	}
	if !sameText(proof, c.Tickets.Sign("choice", id+"."+nonce)) || nonce == "" {
		return nil, bridge.ErrOtherBrowser
	}
	held, err := readChoice(t)
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		if held.Tokens[p.ID] == "" {
			return nil, bridge.ErrForged // the form offered no such page
		}
	}
	if _, err := c.Tickets.SpendTicket(ctx, id); err != nil {
		return nil, err
	}
	c.choosing.Add(1)
	defer c.choosing.Add(-1)
	var all []Connected
	for _, p := range pages {
		page, err := c.connect(ctx, t.For, held, p)
		if err != nil {
			c.Log.Error("page not connected", "page", p.ID, "err", err)
			all = append(all, Connected{ID: p.ID, Name: held.Names[p.ID], State: bridge.PageConnecting, Why: bridge.Trouble{Kind: bridge.NotStored}.In(c.Say)})
			continue
		}
		all = append(all, Connected{ID: page.ID, Name: page.DisplayName(), State: page.State, Why: c.explained(page)})
	}
	return all, nil
}

// Connecting reports whether pages that were ticked are just being connected.
func (c *Connector) Connecting() bool { return c.choosing.Load() > 0 }

// connect stores a page as Connecting, subscribes it and reads both levels back.
// Stopped at any point, the page stays Connecting, and connecting it again, or
// `subscribe`, continues: every step may be repeated.
func (c *Connector) connect(ctx context.Context, by bridge.Author, held choice, p Chosen) (bridge.Page, error) {
	_, err := c.update(ctx, p.ID, func(page *bridge.Page) {
		if page.Since.IsZero() {
			page.Since = c.Now()
		}
		page.Name, page.Token = held.Names[p.ID], bridge.Secret(held.Tokens[p.ID])
		page.TokenKind, page.Checked = held.Kind, time.Time{}
		page.State, page.Why = bridge.PageConnecting, bridge.Trouble{Kind: bridge.BeingSubscribed}
		page.By, page.ByName, page.Grant, page.Granted = by.ID, by.Username, held.User, c.Now()
		settings.TakeOver(&page.Settings, p.Settings)
	})
	if err != nil {
		return bridge.Page{}, err
	}
	page, err := c.SwitchOn(ctx, p.ID)
	if err != nil {
		return page, err
	}
	if page.State == bridge.PageRunning {
		c.announce(ctx, page, c.Say.Say("*%s* is connected (by @%s). Messages to the page arrive in Omnichannel from now on.", page.DisplayName(), by.Username))
	} else {
		c.announce(ctx, page, c.Say.Say("*%s* is not connected yet: %s", page.DisplayName(), c.explained(page)))
	}
	return page, nil
}

func (c *Connector) ticket(id string, kind bridge.TicketKind) (bridge.Ticket, error) {
	t, err := c.Tickets.Ticket(id)
	if err == nil && t.Kind != kind {
		err = bridge.ErrTicketUnknown
	}
	return t, err
}

// announce tells the setup channel once about a page as it is now.
func (c *Connector) announce(ctx context.Context, p bridge.Page, text string) {
	c.announceOnce(ctx, fmt.Sprintf("page/%s/%d", p.ID, p.Rev), text)
}

// announceOnce tells the setup channel once under a key.
func (c *Connector) announceOnce(ctx context.Context, key, text string) {
	if err := c.Announce(ctx, key, strings.TrimSpace(text)); err != nil {
		c.Log.Warn("not announced", "key", key, "err", err)
	}
}
