package store

import (
	"bytes"
	"context"
	"errors"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
)

// PersonaTable remembers the personas that were made.
type PersonaTable struct{ *file }

var _ bridge.PersonaStore = PersonaTable{}

// Persona returns what Meta calls a persona of a page, or "". Neither name nor
// picture is in the file.
func (s PersonaTable) Persona(p bridge.PageID, name, picture string) (id string) {
	key := s.personaKey(p, name, picture)
	err := s.view(func(tx *bbolt.Tx) error {
		id = string(s.tables.Of(tx, bucketPersonas).Get(key))
		return nil
	})
	if err != nil {
		return ""
	}
	return id
}

// SavePersona remembers a persona, or forgets it if id is empty.
func (s PersonaTable) SavePersona(ctx context.Context, p bridge.PageID, name, picture, id string) error {
	if len(p) > maxKey || len(id) > maxKey {
		return errors.New("persona with ids that are too long")
	}
	key := s.personaKey(p, name, picture)
	return s.do(ctx, &op{apply: func(g *group) {
		if id != "" {
			g.Put(g.Bucket(bucketPersonas), key, []byte(id))
			return
		}
		g.Drop(g.Bucket(bucketPersonas), key)
	}})
}

// forgetPersonas forgets all of a page.
func forgetPersonas(g *group, p bridge.PageID) {
	all := g.Bucket(bucketPersonas)
	prefix := []byte(string(p) + "\x00")
	for c := all.Cursor(); ; {
		key, _ := c.Seek(prefix)
		if !bytes.HasPrefix(key, prefix) {
			return
		}
		g.Drop(all, key)
	}
}

func (s PersonaTable) personaKey(p bridge.PageID, name, picture string) []byte {
	return []byte(string(p) + "\x00" + s.seal.Sign("persona", name+"\x00"+picture)[:32])
}
