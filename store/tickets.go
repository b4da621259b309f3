package store

import (
	"bytes"
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/proof"
	"messenger-bridge/store/tickets"
)

// TicketTable remembers links and codes that work once.
type TicketTable struct{ *file }

var _ bridge.Tickets = TicketTable{}

func (s *file) tickets() tickets.Book {
	return tickets.Book{Seal: s.seal, Bucket: bucketStates, Now: s.now}
}

// SaveTicket stores a ticket and returns when it is durable.
func (s TicketTable) SaveTicket(ctx context.Context, t bridge.Ticket) error {
	if t.ID == "" {
		return fmt.Errorf("a ticket without id")
	}
	v, err := s.tickets().Encode(t)
	if err != nil {
		return err
	}
	return s.do(ctx, &op{size: len(v), apply: func(g *group) {
		b := g.Bucket(bucketStates)
		expireTickets(g, b)
		g.Put(b, tickets.Key(t.ID), v)
	}})
}

// Ticket returns a ticket that is still good: else bridge.ErrTicketUnknown,
// ErrTicketExpired or ErrTicketSpent.
func (s TicketTable) Ticket(id string) (t bridge.Ticket, err error) {
	viewing := s.db.View(func(tx *bbolt.Tx) error {
		t, err = s.tickets().Good(id, s.tables.Of(tx, bucketStates).Get(tickets.Key(id)))
		return nil
	})
	if viewing != nil {
		return t, fmt.Errorf("read a ticket: %w", viewing)
	}
	return t, err
}

// SpendTicket returns a ticket and makes it worthless; of many calls at once, one
// succeeds. What the ticket held is erased. Unless by is empty, the same may spend it
// again.
func (s TicketTable) SpendTicket(ctx context.Context, id, by string) (t bridge.Ticket, err error) {
	var refused error
	err = s.do(ctx, &op{apply: func(g *group) {
		if t, refused = usable(g, id, by); refused == nil {
			spend(g, t, by)
		}
	}})
	if err == nil {
		err = refused
	}
	return t, err
}

// usable returns a ticket that can be spent in the transaction.
func usable(g *group, id, by string) (bridge.Ticket, error) {
	return g.file.tickets().Usable(id, by, g.Bucket(bucketStates).Get(tickets.Key(id)))
}

// spend makes a usable ticket worthless.
func spend(g *group, t bridge.Ticket, by string) {
	v, err := g.file.tickets().Spent(t, by)
	g.Keep(err)
	g.Put(g.Bucket(bucketStates), tickets.Key(t.ID), v)
}

// EraseTickets implements bridge.Tickets; it returns when that is durable.
func (s TicketTable) EraseTickets(ctx context.Context, which func(bridge.Ticket) bool) error {
	var keys [][]byte
	err := s.view(func(tx *bbolt.Tx) error {
		return s.tables.Of(tx, bucketStates).ForEach(func(key, v []byte) error {
			if t, err := s.tickets().Read(key, v); err == nil && which(t) {
				keys = append(keys, bytes.Clone(key))
			}
			return nil
		})
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	return s.do(ctx, &op{apply: func(g *group) {
		for _, key := range keys {
			g.Drop(g.Bucket(bucketStates), key)
		}
	}})
}

// expireTickets forgets old tickets; there are few at any time.
func expireTickets(g *group, b proof.Bucket) {
	c := b.Cursor()
	for k, v := c.First(); k != nil; {
		if !g.file.tickets().Old(v, g.now) {
			k, v = c.Next()
			continue
		}
		old := bytes.Clone(k)
		g.Drop(b, old)
		k, v = c.Seek(old)
	}
}

// Sign returns a proof over a text that only this store's key makes, for one
// purpose.
func (s TicketTable) Sign(purpose, text string) string {
	return s.seal.Sign(purpose, text)
}
