package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
)

// customers is the bridge, which is made after the commands.
type customers struct{ p *program }

func (c customers) Customer(p bridge.PageID, word string) (bridge.CustomerID, error) {
	return c.p.bridge.Customer(p, word)
}

func (c customers) Block(ctx context.Context, p bridge.PageID, id bridge.CustomerID, on bool) error {
	return c.p.bridge.Block(ctx, p, id, on)
}

func (c customers) Forget(ctx context.Context, p bridge.PageID, id bridge.CustomerID) (bridge.Forgotten, error) {
	return c.p.bridge.Forget(ctx, p, id)
}

type forgetCmd struct {
	storeFlags
	PageID   string `arg:"" help:"Id of the Facebook page."`
	Customer string `arg:"" help:"Id of the customer at this page, or of a room of theirs."`
	Yes      bool   `help:"Do it. Without this, it is only said what would be done."`
}

// toForget is how that travels to a running bridge.
type toForget struct {
	Page     bridge.PageID `json:"page"`
	Customer string        `json:"customer"`
	Yes      bool          `json:"yes"`
}

// whoIsForgotten is the answer; Gone only when it was done.
type whoIsForgotten struct {
	Customer bridge.CustomerID `json:"customer"`
	Gone     *bridge.Forgotten `json:"gone,omitempty"`
}

func (c forgetCmd) Run(ctx context.Context, io stdio) error {
	body, err := json.Marshal(toForget{bridge.PageID(c.PageID), c.Customer, c.Yes})
	if err != nil {
		return err
	}
	var who whoIsForgotten
	err = ask(ctx, c.Database, http.MethodPost, "/forget", string(body), func(res *http.Response) error {
		return json.NewDecoder(res.Body).Decode(&who)
	})
	switch {
	case errors.Is(err, errNotRunning):
		return errors.New("no bridge is running on this store; a customer is forgotten by a running one, because rooms in Rocket.Chat have to be closed first")
	case err != nil:
		return err
	case who.Gone == nil:
		_, err = fmt.Fprintf(io.out, "This would erase the customer %s of page %s here and in Rocket.Chat, rooms and messages included. Add --yes to do it.\n", who.Customer, c.PageID)
	default:
		_, err = fmt.Fprintln(io.out, who.Gone.In(nil))
	}
	return err
}

func (p *program) serveForget(w http.ResponseWriter, r *http.Request) {
	var order toForget
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&order); err != nil {
		http.Error(w, "not understood", http.StatusBadRequest)
		return
	}
	who, err := p.forget(r.Context(), order)
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	answerJSON(w, who)
}

func (p *program) forget(ctx context.Context, order toForget) (who whoIsForgotten, err error) {
	who.Customer, err = p.bridge.Customer(order.Page, order.Customer)
	if err != nil || !order.Yes {
		return who, err
	}
	gone, err := p.bridge.Forget(ctx, order.Page, who.Customer)
	who.Gone = &gone
	return who, err
}

// pageRemoved is what becomes of a page that an operator removes.
type pageRemoved struct {
	Name    string        `json:"name"`
	Revoked pages.Revoked `json:"revoked"`
}

// removeHere removes a page from the store of a bridge that does not run. Facebook is
// told at the next start, if that is soon enough.
func (c pagesRemoveCmd) removeHere(ctx context.Context, io stdio) error {
	s, err := c.open(io)
	if err != nil {
		return err
	}
	defer s.Close()
	page, err := s.Page(bridge.PageID(c.PageID))
	if err == nil && page.Token != "" {
		err = s.SaveRevocation(ctx, page.Revocation("", time.Now()))
	}
	if err == nil {
		err = s.DeletePage(ctx, page.ID)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(io.out, "Facebook is told when the bridge starts, if that is within 24 hours.")
	return err
}
