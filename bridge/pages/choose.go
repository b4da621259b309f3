package pages

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
)

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

	Comments string // what is missing for them, and what to do about it; empty: nothing is, or nobody wants them
}

// choice is what a ChoiceTicket holds.
type choice struct {
	User, Name, Token string
	Kind              bridge.TokenKind // of the pages' tokens
	Expires           time.Time
	Nonce             string // of the browser
	Tokens            map[bridge.PageID]string
	Names             map[bridge.PageID]string
	Seen              map[bridge.PageID]string // settings as they were offered; see settings.SeenToConnect
}

// newChoice returns what is kept of a grant, and of what is offered of it, until its person has chosen.
func newChoice(g bridge.Grant, offered []OfferedPage, nonce string) choice {
	held := choice{
		User: g.User, Name: g.Name, Token: g.Token.Reveal(), Kind: g.Kind, Expires: g.Expires, Nonce: nonce,
		Tokens: map[bridge.PageID]string{}, Names: map[bridge.PageID]string{}, Seen: map[bridge.PageID]string{},
	}
	for _, p := range g.Pages {
		held.Tokens[p.ID], held.Names[p.ID] = p.Token.Reveal(), p.Name
	}
	for _, p := range offered {
		held.Seen[p.ID] = settings.SeenToConnect(p.Settings)
	}
	return held
}

func (held choice) encode() ([]byte, error) {
	data, err := json.Marshal(held)
	if err != nil {
		return nil, fmt.Errorf("encode a choice: %w", err)
	}
	return data, nil
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

// Choose connects the ticked pages: all are stored with their tokens, which spends the
// choice ticket, then each is subscribed and read back. A page that fails says why and keeps
// what it has; connecting again continues there.
func (l *Login) Choose(ctx context.Context, id, nonce, proof string, pages []Chosen) ([]Connected, error) {
	by, held, err := l.held(ctx, id, nonce, proof)
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		if held.Tokens[p.ID] == "" {
			return nil, bridge.ErrForged // the form offered no such page
		}
	}
	ctx = bridge.ActedBy(ctx, "@"+by.Username)
	l.choosing.Add(1)
	defer l.choosing.Add(-1)
	if err := l.keep(ctx, by, held, pages, id); err != nil {
		return nil, err
	}
	var all []Connected
	for _, p := range pages {
		all = append(all, l.connected(ctx, by, held, p.ID))
	}
	return all, nil
}

// held returns who may choose, and from what; it spends nothing.
func (l *Login) held(ctx context.Context, id, nonce, proof string) (by bridge.Author, held choice, err error) {
	t, err := l.tickets.open(id, bridge.ChoiceTicket)
	if err != nil {
		return by, held, err
	}
	if nonce == "" || !l.tickets.proves(proof, "choice", id+"."+nonce) {
		return by, held, bridge.ErrOtherBrowser
	}
	if err := l.rights.check(ctx, t.For); err != nil {
		return by, held, err
	}
	held, err = readChoice(t)
	return t.For, held, err
}

// Connecting reports whether pages that were ticked are just being connected.
func (l *Login) Connecting() bool { return l.choosing.Load() > 0 }

// keep stores the chosen pages as Connecting with their tokens, all or none, and spends the
// ticket with that. Stopped after it, the pages stay Connecting, and connecting them again,
// or `subscribe`, continues: every step may be repeated.
func (l *Login) keep(ctx context.Context, by bridge.Author, held choice, pages []Chosen, ticket string) error {
	chosen := map[bridge.PageID]bridge.Settings{}
	var ids []bridge.PageID
	for _, p := range pages {
		chosen[p.ID], ids = p.Settings, append(ids, p.ID)
	}
	return l.updateAll(ctx, ids, ticket, l.knownOrNew, func(page *bridge.Page) {
		seen := held.Seen[page.ID]
		if page.Since.IsZero() { // new, or deleted since: nobody's settings are to be kept
			page.Since, seen = l.now(), ""
		}
		page.Name, page.Token = held.Names[page.ID], bridge.Secret(held.Tokens[page.ID])
		page.TokenKind, page.Checked = held.Kind, time.Time{}
		page.State, page.Why = bridge.PageConnecting, bridge.Trouble{Kind: bridge.BeingSubscribed}
		page.By, page.ByName, page.Grant, page.Granted = by.ID, by.Username, held.User, l.now()
		settings.TakeOver(&page.Settings, seen, chosen[page.ID])
	})
}

// connected connects a page that is kept and returns what became of it.
func (l *Login) connected(ctx context.Context, by bridge.Author, held choice, id bridge.PageID) Connected {
	page, err := l.connect(ctx, by, id)
	if err != nil {
		l.log.Error("page not connected", "page", id, "err", err)
		return Connected{ID: id, Name: held.Names[id], State: bridge.PageConnecting, Why: bridge.Trouble{Kind: bridge.NotStored}.In(l.say)}
	}
	return Connected{ID: page.ID, Name: page.DisplayName(), State: page.State, Why: l.explained(page), Comments: l.missingForComments(page)}
}

// connect subscribes a page that is kept, reads both levels back, and says what came of it.
func (l *Login) connect(ctx context.Context, by bridge.Author, id bridge.PageID) (bridge.Page, error) {
	page, err := l.connections.SwitchOn(ctx, id)
	if err != nil {
		return page, err
	}
	if page.State == bridge.PageRunning {
		text := l.say.Say("*%s* is connected (by @%s). Messages to the page arrive in Omnichannel from now on.", page.PlainName(), by.Username)
		switch missing := l.missingForComments(page); {
		case missing != "":
			text += "\n" + l.say.Say("Something is missing for comments: %s", missing)
		case page.Settings.Comments:
			text += "\n" + l.say.Say("So does what people write on the page and below its posts.")
		}
		l.announce(ctx, page, text)
	} else {
		l.announce(ctx, page, l.say.Say("*%s* is not connected yet: %s", page.PlainName(), l.explained(page)))
	}
	return page, nil
}
