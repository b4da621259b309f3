package store

import (
	"bytes"
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
)

var _ bridge.Memory = (*Store)(nil)

// RoomsOf implements bridge.Memory. It looks at every room there ever was, which is
// for the rare occasion.
func (s *Store) RoomsOf(c bridge.Conversation) (rooms []bridge.RoomID, err error) {
	lane := []byte(c.Lane())
	err = s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketRooms).ForEach(func(room, of []byte) error {
			if bytes.Equal(of, lane) {
				rooms = append(rooms, bridge.RoomID(room))
			}
			return nil
		})
	})
	return rooms, err
}

// EraseConversation implements bridge.Memory. The hashes of keys stay: they tell
// nothing, and keep what Meta repeats from coming back.
func (s *Store) EraseConversation(ctx context.Context, c bridge.Conversation, rooms []bridge.RoomID, messages []bridge.MessageID) error {
	var same []receiptAt
	var failed [][]byte
	s.ForgetTalk(c)
	err := s.do(ctx, &op{apply: func(*group) {}}) // takes along what is not in the file yet
	if err == nil {
		err = s.view(func(tx *bbolt.Tx) error {
			same = receiptsOf(tx, c, rooms, messages)
			failed = s.failedIn(tx, lanesOf(c, rooms))
			return nil
		})
	}
	if err == nil {
		err = s.do(ctx, &op{apply: func(g *group) {
			g.drop(g.bucket(bucketConversations), []byte(c.Lane()))
			for _, r := range rooms {
				g.drop(g.bucket(bucketRooms), []byte(r))
			}
			for _, r := range same {
				if day := g.bucket(bucketMessages).Bucket(r.day); day != nil {
					g.drop(day, r.key)
				}
			}
			for _, key := range failed {
				if g.drop(g.bucket(bucketFailed), key) {
					g.after.counts.Failed--
				}
			}
		}})
	}
	if err != nil {
		return fmt.Errorf("erase conversation %s: %w", c.Lane(), err)
	}
	return nil
}

// lanesOf are those in which a conversation's deliveries and notices travel.
func lanesOf(c bridge.Conversation, rooms []bridge.RoomID) map[string]bool {
	lanes := map[string]bool{string(c.Lane()): true}
	for _, r := range rooms {
		lanes[string(r)] = true
	}
	return lanes
}

// receiptAt is a key in the bucket of a day.
type receiptAt struct{ day, key []byte }

// receiptsOf finds which messages of rooms were which of Messenger's, and the
// customer's name (messages.go).
func receiptsOf(tx *bbolt.Tx, of bridge.Conversation, rooms []bridge.RoomID, messages []bridge.MessageID) (found []receiptAt) {
	in := map[string]bool{}
	for _, r := range rooms {
		in[string(r)] = true
	}
	days := tx.Bucket(bucketMessages)
	c := days.Cursor()
	for day, _ := c.First(); day != nil; day, _ = c.Next() {
		b := days.Bucket(day)
		take := func(key []byte) { found = append(found, receiptAt{bytes.Clone(day), bytes.Clone(key)}) }
		if name := nameKey(of); b.Get(name) != nil {
			take(name)
		}
		for _, id := range messages {
			each(b, append(append([]byte{'o'}, id...), 0), func(key, mid []byte) {
				take(key)
				take(midKey('i', of.Page, bridge.Mid(mid)))
			})
		}
		each(b, sentTo(of), func(key, _ []byte) { take(key) })
		each(b, midKey('s', of.Page, ""), func(key, v []byte) {
			if room, _, _ := bytes.Cut(v, []byte{0}); in[string(room)] {
				take(key)
			}
		})
	}
	return found
}

// each calls do for every key with a prefix.
func each(b *bbolt.Bucket, prefix []byte, do func(key, v []byte)) {
	c := b.Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		do(k, v)
	}
}

// failedIn finds what was set aside of some lanes.
func (s *Store) failedIn(tx *bbolt.Tx, lanes map[string]bool) (keys [][]byte) {
	c := tx.Bucket(bucketFailed).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if f, _, err := s.parseFailure(k, v); err == nil && lanes[string(f.Lane)] {
			keys = append(keys, bytes.Clone(k))
		}
	}
	return keys
}
