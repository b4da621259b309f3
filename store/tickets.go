package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
)

// TicketTable remembers links that work once.
type TicketTable struct{ *file }

var _ bridge.Tickets = TicketTable{}

// keepTicket is how long a ticket is known after it expired, so that people can be
// told why it no longer works.
const keepTicket = 24 * time.Hour

// A ticket in the file, under the hash of its id, so that the file opens no door:
//
//	version 1 | expires 8 | spent 1 | sealed ticketRecord
const ticketVersion = 1

const ticketHeader = 10

type ticketRecord struct {
	Kind bridge.TicketKind `json:"kind"`
	For  bridge.Author     `json:"for"`
	Data []byte            `json:"data,omitempty"`
}

func ticketKey(id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:16]
}

// SaveTicket stores a ticket and returns when it is durable.
func (s TicketTable) SaveTicket(ctx context.Context, t bridge.Ticket) error {
	if t.ID == "" {
		return fmt.Errorf("a ticket without id")
	}
	v, err := s.encodeTicket(t, false)
	if err != nil {
		return err
	}
	return s.do(ctx, &op{size: len(v), apply: func(g *group) {
		b := g.bucket(bucketStates)
		expireTickets(g, b)
		g.put(b, ticketKey(t.ID), v)
	}})
}

func (s TicketTable) encodeTicket(t bridge.Ticket, spent bool) ([]byte, error) {
	record, err := json.Marshal(ticketRecord{Kind: t.Kind, For: t.For, Data: t.Data})
	if err != nil {
		return nil, fmt.Errorf("encode a ticket: %w", err)
	}
	v := binary.BigEndian.AppendUint64([]byte{ticketVersion}, layout.Nanos(t.Expires))
	v = append(v, 0)
	if spent {
		v[ticketHeader-1] = 1
	}
	return s.seal.Seal(v, bucketStates, ticketKey(t.ID), record), nil
}

// Ticket returns a ticket that is still good: else bridge.ErrTicketUnknown,
// ErrTicketExpired or ErrTicketSpent.
func (s TicketTable) Ticket(id string) (t bridge.Ticket, err error) {
	viewing := s.db.View(func(tx *bbolt.Tx) error {
		t, err = s.goodTicket(id, tx.Bucket(bucketStates).Get(ticketKey(id)))
		return nil
	})
	if viewing != nil {
		return t, fmt.Errorf("read a ticket: %w", viewing)
	}
	return t, err
}

func (s TicketTable) goodTicket(id string, v []byte) (bridge.Ticket, error) {
	t, err := s.readTicket(ticketKey(id), v)
	t.ID = id
	return t, err
}

// readTicket reads a ticket that is still good; its id is not in the file.
func (s TicketTable) readTicket(key, v []byte) (bridge.Ticket, error) {
	if len(v) < ticketHeader || v[0] != ticketVersion {
		return bridge.Ticket{}, bridge.ErrTicketUnknown
	}
	t := bridge.Ticket{Expires: layout.FromNanos(v[1:9])}
	switch {
	case v[ticketHeader-1] != 0:
		return t, bridge.ErrTicketSpent
	case !s.now().Before(t.Expires):
		return t, bridge.ErrTicketExpired
	}
	plain, err := s.seal.Open(bucketStates, key, v[ticketHeader:])
	if err != nil {
		return t, err
	}
	var r ticketRecord
	if err := json.Unmarshal(plain, &r); err != nil {
		return t, fmt.Errorf("decode a ticket: %w", err)
	}
	t.Kind, t.For, t.Data = r.Kind, r.For, r.Data
	return t, nil
}

// SpendTicket returns a ticket and makes it worthless; of many calls at once, one
// succeeds. What the ticket held is erased.
func (s TicketTable) SpendTicket(ctx context.Context, id string) (t bridge.Ticket, err error) {
	var refused error
	err = s.do(ctx, &op{apply: func(g *group) {
		b := g.bucket(bucketStates)
		t, refused = s.goodTicket(id, bytes.Clone(b.Get(ticketKey(id))))
		if refused != nil {
			return
		}
		v, err := s.encodeTicket(bridge.Ticket{ID: id, Kind: t.Kind, Expires: t.Expires}, true)
		g.keep(err)
		g.put(b, ticketKey(id), v)
	}})
	if err == nil {
		err = refused
	}
	return t, err
}

// EraseTickets implements bridge.Tickets; it returns when that is durable.
func (s TicketTable) EraseTickets(ctx context.Context, which func(bridge.Ticket) bool) error {
	var keys [][]byte
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketStates).ForEach(func(key, v []byte) error {
			if t, err := s.readTicket(key, v); err == nil && which(t) {
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
			g.drop(g.bucket(bucketStates), key)
		}
	}})
}

// expireTickets forgets old tickets; there are few at any time.
func expireTickets(g *group, b *bbolt.Bucket) {
	c := b.Cursor()
	for k, v := c.First(); k != nil; {
		if len(v) >= ticketHeader && g.now.Sub(layout.FromNanos(v[1:9])) < keepTicket {
			k, v = c.Next()
			continue
		}
		old := bytes.Clone(k)
		g.drop(b, old)
		k, v = c.Seek(old)
	}
}

// Sign returns a proof over a text that only this store's key makes, for one
// purpose.
func (s TicketTable) Sign(purpose, text string) string {
	return s.seal.Sign(purpose, text)
}
