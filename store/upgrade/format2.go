package upgrade

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/seal"
)

// ToFormat2 gives what waits and what was given up headers of format 2, whose lanes are no
// longer text, and takes what is remembered of conversations apart. What cannot be read
// stays as it is: whoever reads it later sets it aside.
func ToFormat2(tx *bbolt.Tx, _ *seal.Sealer) error {
	rewritten := map[string]func(key, v []byte) ([]byte, error){
		"inbox":   func(_, v []byte) ([]byte, error) { return delivery(tx, nil, v, false) },
		"outbox":  func(_, v []byte) ([]byte, error) { return delivery(tx, nil, v, false) },
		"notices": func(_, v []byte) ([]byte, error) { return delivery(tx, nil, v, true) },
		"failed": func(_, v []byte) ([]byte, error) {
			before, notice, record, err := failed(v)
			if err != nil {
				return nil, err
			}
			return delivery(tx, before, record, notice)
		},
		"talks": state,
	}
	for name, change := range rewritten {
		if err := rewrite(tx.Bucket([]byte(name)), change); err != nil {
			return fmt.Errorf("bucket %s: %w", name, err)
		}
	}
	return nil
}

// delivery makes a record of a queue one of format 2, behind what stands before it.
func delivery(tx *bbolt.Tx, before, record []byte, notice bool) ([]byte, error) {
	d, lane, body, err := parseRecord(record)
	if err != nil {
		return nil, err
	}
	d.Lane = parseLane(string(lane))
	if notice {
		d.Lane = parseNoticeLane(string(lane), func(r bridge.RoomID) (bridge.Conversation, bool) {
			return bridge.ConversationOf(string(tx.Bucket([]byte("rooms")).Get([]byte(r))))
		})
	}
	if err := layout.CheckLane(d.Lane); err != nil {
		return nil, err
	}
	v := append(make([]byte, 0, len(before)+len(record)+8), before...)
	return append(layout.AppendHeader(v, d), body...), nil
}

// state takes apart what is remembered of a conversation.
func state(key, v []byte) ([]byte, error) {
	c, _ := bridge.ConversationOf(string(key))
	s, err := parseTalk(c.Kind, v)
	if err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

// rewrite puts what change makes of each value in its place, but for those of which it
// fails. It looks for its place anew after some, as a bucket must not be changed below a
// cursor.
func rewrite(b *bbolt.Bucket, change func(key, v []byte) ([]byte, error)) error {
	const atOnce = 1000
	b.FillPercent = 0.9 // most of it is appended to
	var keys, values [][]byte
	c := b.Cursor()
	for k, v := c.First(); k != nil; {
		keys, values = keys[:0], values[:0]
		for ; k != nil && len(keys) < atOnce; k, v = c.Next() {
			if changed, err := change(k, v); err == nil {
				keys, values = append(keys, bytes.Clone(k)), append(values, changed)
			}
		}
		next := bytes.Clone(k)
		for i := range keys {
			if err := b.Put(keys[i], values[i]); err != nil {
				return fmt.Errorf("put key %x: %w", keys[i], err)
			}
		}
		if k != nil {
			k, v = c.Seek(next)
		}
	}
	return nil
}
