package store

import (
	"bytes"
	"context"
	"errors"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
)

var _ bridge.PersonaStore = (*Store)(nil)

// Persona returns what Meta calls a persona of a page, or "". Neither name nor
// picture is in the file.
func (s *Store) Persona(p bridge.PageID, name, picture string) (id string) {
	key := s.personaKey(p, name, picture)
	err := s.view(func(tx *bbolt.Tx) error {
		id = string(tx.Bucket(bucketPersonas).Get(key))
		return nil
	})
	if err != nil {
		return ""
	}
	return id
}

// SavePersona remembers a persona, or forgets it if id is empty.
func (s *Store) SavePersona(ctx context.Context, p bridge.PageID, name, picture, id string) error {
	if len(p) > maxKey || len(id) > maxKey {
		return errors.New("persona with ids that are too long")
	}
	key := s.personaKey(p, name, picture)
	return s.do(ctx, &op{apply: func(g *group) {
		if id != "" {
			g.put(g.bucket(bucketPersonas), key, []byte(id))
			return
		}
		g.drop(g.bucket(bucketPersonas), key)
	}})
}

// forgetPersonas forgets all of a page.
func (g *group) forgetPersonas(p bridge.PageID) {
	all := g.bucket(bucketPersonas)
	prefix := []byte(string(p) + "\x00")
	for c := all.Cursor(); ; {
		key, _ := c.Seek(prefix)
		if !bytes.HasPrefix(key, prefix) {
			return
		}
		g.drop(all, key)
	}
}

func (s *Store) personaKey(p bridge.PageID, name, picture string) []byte {
	return []byte(string(p) + "\x00" + s.Sign("persona", name+"\x00"+picture)[:32])
}
