package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
)

// RevocationTable remembers what Facebook has still to take back.
type RevocationTable struct{ *file }

var _ bridge.Revocations = RevocationTable{}

// revocationRecord is what is sealed of a revocation; when it began stands before it.
type revocationRecord struct {
	Name  string `json:"name"`
	Token string `json:"token,omitempty"`
	Grant string `json:"grant,omitempty"`
	Anew  bool   `json:"anew,omitempty"`
	By    string `json:"by,omitempty"`
	Rev   uint64 `json:"rev,omitempty"`
}

// SaveRevocation implements bridge.Revocations; it returns when it is durable.
func (s RevocationTable) SaveRevocation(ctx context.Context, r bridge.Revocation) error {
	record, err := json.Marshal(revocationRecord{Name: r.Name, Token: r.Token.Reveal(), Grant: r.Grant, Anew: r.Anew, By: r.By, Rev: r.Rev})
	if err != nil {
		return fmt.Errorf("encode the revocation of page %s: %w", r.Page, err)
	}
	key := []byte(r.Page)
	v := s.seal.Seal(binary.BigEndian.AppendUint64(nil, layout.Nanos(r.Since)), bucketRevocations, key, record)
	err = s.do(ctx, &op{size: len(v), apply: func(g *group) { g.Put(g.Bucket(bucketRevocations), key, v) }})
	if err != nil {
		return fmt.Errorf("store the revocation of page %s: %w", r.Page, err)
	}
	return nil
}

// Revocations implements bridge.Revocations. One that cannot be read comes without
// what was sealed: its time is known, and with it when it ends.
func (s RevocationTable) Revocations() (all []bridge.Revocation, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		return s.tables.Of(tx, bucketRevocations).ForEach(func(page, v []byte) error {
			r := bridge.Revocation{Page: bridge.PageID(page)}
			if len(v) >= 8 {
				r.Since = layout.FromNanos(v)
				s.unsealRevocation(&r, v[8:])
			}
			all = append(all, r)
			return nil
		})
	})
	return all, err
}

func (s RevocationTable) unsealRevocation(r *bridge.Revocation, sealed []byte) {
	plain, err := s.seal.Open(bucketRevocations, []byte(r.Page), sealed)
	var record revocationRecord
	if err == nil {
		err = json.Unmarshal(plain, &record)
	}
	if err != nil {
		s.log.Error("a revocation cannot be read", "page", r.Page, "err", err)
		return
	}
	r.Name, r.Token, r.Grant, r.Anew, r.By, r.Rev = record.Name, bridge.Secret(record.Token), record.Grant, record.Anew, record.By, record.Rev
}

// EraseRevocation implements bridge.Revocations; it returns when that is durable.
func (s RevocationTable) EraseRevocation(ctx context.Context, page bridge.PageID) error {
	err := s.do(ctx, &op{apply: func(g *group) { g.Drop(g.Bucket(bucketRevocations), []byte(page)) }})
	if err != nil {
		return fmt.Errorf("erase the revocation of page %s: %w", page, err)
	}
	return nil
}
