package store

import (
	"context"
	"errors"

	"go.etcd.io/bbolt"
)

// NoteTable remembers single short texts by name, in clear: ids of ours at Rocket.Chat.
type NoteTable struct{ *file }

func noteKey(name string) []byte { return []byte("note/" + name) }

// Note returns what was noted under a name, or "".
func (s NoteTable) Note(name string) (text string, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		text = string(s.tables.Of(tx, bucketMeta).Get(noteKey(name)))
		return nil
	})
	return text, err
}

// SaveNote notes a text under a name, and returns when that is durable.
func (s NoteTable) SaveNote(ctx context.Context, name, text string) error {
	if name == "" || len(name) > maxKey || len(text) > maxKey {
		return errors.New("a note that is too long, or has no name")
	}
	return s.do(ctx, &op{apply: func(g *group) { g.Put(g.Bucket(bucketMeta), noteKey(name), []byte(text)) }})
}
