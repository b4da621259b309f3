package app

import (
	"context"
	"encoding/json"
	"net/http"

	"messenger-bridge/app/audit"
	"messenger-bridge/bridge"
	"messenger-bridge/bridge/relay"
	"messenger-bridge/store"
)

// customers is the bridge, which is made after the commands.
type customers struct {
	*late
	store *store.Store
	audit audit.Auditor
}

func (c customers) Customer(p bridge.PageID, word string) (bridge.CustomerID, error) {
	return c.relay.Eraser.Customer(p, word)
}

// Called implements commands.Customers.
func (c customers) Called(p bridge.PageID, fits func(string) bool) ([]bridge.Called, error) {
	all, err := c.store.Called(p, fits)
	for i := range all {
		if link, err := c.store.Link(all[i].Conversation); err == nil { // else it is named without
			all[i].Room = link.Room
		}
	}
	return all, err
}

func (c customers) Block(ctx context.Context, p bridge.PageID, id bridge.CustomerID, on bool) error {
	return c.relay.Block(ctx, p, id, on)
}

func (c customers) Forget(ctx context.Context, p bridge.PageID, id bridge.CustomerID) (bridge.Forgotten, error) {
	return erased(ctx, c.relay, c.audit, p, id)
}

// erased erases a customer, and records that somebody did; whom, is forgotten, too.
func erased(ctx context.Context, r *relay.Relay, by audit.Auditor, p bridge.PageID, id bridge.CustomerID) (bridge.Forgotten, error) {
	gone, err := r.Eraser.EraseCustomer(ctx, p, id)
	if err == nil {
		by.Note(ctx, "customer erased", p, "")
	}
	return gone, err
}

// ForgetOrder is how that travels to a running bridge.
type ForgetOrder struct {
	Page     bridge.PageID `json:"page"`
	Customer string        `json:"customer"`
	Yes      bool          `json:"yes"`
}

// Forgotten is the answer; Gone only when it was done.
type Forgotten struct {
	Customer bridge.CustomerID `json:"customer"`
	Gone     *bridge.Forgotten `json:"gone,omitempty"`
}

func (o *operators) serveForget(w http.ResponseWriter, r *http.Request) {
	var order ForgetOrder
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&order); err != nil {
		http.Error(w, notUnderstood, http.StatusBadRequest)
		return
	}
	who, err := o.forget(r.Context(), order)
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	answerJSON(w, who)
}

func (o *operators) forget(ctx context.Context, order ForgetOrder) (who Forgotten, err error) {
	who.Customer, err = o.relay.Eraser.Customer(order.Page, order.Customer)
	if err != nil || !order.Yes {
		return who, err
	}
	gone, err := erased(ctx, o.relay, audit.Auditor{Journal: o.store.Journal(), Log: o.log}, order.Page, who.Customer)
	who.Gone = &gone
	return who, err
}
