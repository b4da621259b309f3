// Package tickets says how links and codes that work once lie in bytes, and which of them
// are still good. It touches no file.
package tickets

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/seal"
)

// Keep is how long a ticket is known after it expired, so that people can be told why it
// no longer works.
const Keep = 24 * time.Hour

// A ticket in the file, under the hash of its id, so that the file opens no door:
//
//	version 1 | expires 8 | spent 1 | sealed record
const (
	version = 1
	header  = 10
)

// record is what is sealed. A spent ticket holds no more than its kind, and by what it was
// spent.
type record struct {
	Kind bridge.TicketKind `json:"kind"`
	For  bridge.Author     `json:"for"`
	Data []byte            `json:"data,omitempty"`
	By   string            `json:"by,omitempty"`
}

// Book reads and writes tickets for one bucket of a file.
type Book struct {
	Seal   *seal.Sealer
	Bucket []byte
	Now    func() time.Time
}

// Key returns where the ticket of an id lies.
func Key(id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:16]
}

// Encode returns a good ticket in bytes.
func (b Book) Encode(t bridge.Ticket) ([]byte, error) {
	return b.encode(t, record{Kind: t.Kind, For: t.For, Data: t.Data}, 0)
}

// Spent returns a ticket in bytes that nothing but what spent it can use any more.
func (b Book) Spent(t bridge.Ticket, by string) ([]byte, error) {
	return b.encode(t, record{Kind: t.Kind, By: by}, 1)
}

func (b Book) encode(t bridge.Ticket, r record, spent byte) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode a ticket: %w", err)
	}
	v := binary.BigEndian.AppendUint64([]byte{version}, layout.Nanos(t.Expires))
	return b.Seal.Seal(append(v, spent), b.Bucket, Key(t.ID), text), nil
}

// Good returns a ticket that is still good, from its bytes: else bridge.ErrTicketUnknown,
// ErrTicketExpired or ErrTicketSpent.
func (b Book) Good(id string, v []byte) (bridge.Ticket, error) {
	t, err := b.Read(Key(id), v)
	t.ID = id
	return t, err
}

// Usable is Good for something that spends the ticket, and good again for the same thing
// that has spent it: what was stopped in the middle goes on. It then holds nothing.
func (b Book) Usable(id, by string, v []byte) (bridge.Ticket, error) {
	t, err := b.Good(id, v)
	if err != bridge.ErrTicketSpent || by == "" {
		return t, err
	}
	if r, unread := b.open(Key(id), v); unread == nil && r.By == by {
		t.Kind = r.Kind
		return t, nil
	}
	return t, err
}

// Read reads a ticket that is still good; its id is not in the file.
func (b Book) Read(key, v []byte) (bridge.Ticket, error) {
	if len(v) < header || v[0] != version {
		return bridge.Ticket{}, bridge.ErrTicketUnknown
	}
	t := bridge.Ticket{Expires: layout.FromNanos(v[1:9])}
	switch {
	case v[header-1] != 0:
		return t, bridge.ErrTicketSpent
	case !b.Now().Before(t.Expires):
		return t, bridge.ErrTicketExpired
	}
	r, err := b.open(key, v)
	t.Kind, t.For, t.Data = r.Kind, r.For, r.Data
	return t, err
}

func (b Book) open(key, v []byte) (r record, err error) {
	text, err := b.Seal.Open(b.Bucket, key, v[header:])
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return record{}, fmt.Errorf("decode a ticket: %w", err)
	}
	return r, nil
}

// Old reports whether nobody has to be told any more why a ticket no longer works.
func (b Book) Old(v []byte, now time.Time) bool {
	return len(v) < header || now.Sub(layout.FromNanos(v[1:9])) >= Keep
}
