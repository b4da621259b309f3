package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/replica"
	"messenger-bridge/store/changes"
	"messenger-bridge/store/receipt"
	"messenger-bridge/store/trail"
	"messenger-bridge/store/wipe"
)

var _ bridge.Memory = (*Store)(nil)

// Eraser forgets conversations.
type Eraser struct{ *file }

// RoomsOf implements bridge.Memory. It looks at every room there ever was, which is
// for the rare occasion.
func (s LinkTable) RoomsOf(c bridge.Conversation) (rooms []bridge.RoomID, err error) {
	key := []byte(c.String())
	err = s.view(func(tx *bbolt.Tx) error {
		return s.tables.Of(tx, bucketRooms).ForEach(func(room, of []byte) error {
			if bytes.Equal(of, key) {
				rooms = append(rooms, bridge.RoomID(room))
			}
			return nil
		})
	})
	return rooms, err
}

// EraseMessages implements bridge.Memory.
func (s Eraser) EraseMessages(ctx context.Context, c bridge.Conversation, rooms []bridge.RoomID, messages []bridge.MessageID) error {
	var same []receiptAt
	err := s.settled(ctx)
	if err == nil {
		err = s.view(func(tx *bbolt.Tx) error {
			same = receiptsOf(s.file, tx, c, rooms, messages)
			return nil
		})
	}
	if err == nil {
		err = s.do(ctx, &op{apply: func(g *group) {
			wipeMore(g) // with the same commit: whatever stops us, it is still to be done
			g.Keep(trail.Erase(&g.Transaction, c))
			for _, r := range same {
				if g.Bucket(bucketMessages).Bucket.Bucket(r.day) != nil {
					g.Drop(g.on(r.day), r.key)
				}
			}
		}})
	}
	if err != nil {
		return fmt.Errorf("erase the messages of conversation %s: %w", c, err)
	}
	return nil
}

// EraseConversation implements bridge.Memory. The hashes of keys stay: they tell
// nothing, and keep what Meta repeats from coming back.
func (s Eraser) EraseConversation(ctx context.Context, c bridge.Conversation, rooms []bridge.RoomID) error {
	if err := s.EraseMessages(ctx, c, rooms, nil); err != nil {
		return err
	}
	err := s.do(ctx, &op{apply: func(g *group) {
		wipeMore(g)
		g.Drop(g.Bucket(bucketConversations), []byte(c.String()))
		for _, r := range rooms {
			g.Drop(g.Bucket(bucketRooms), []byte(r))
		}
		g.then(func() { s.linked.Erased(c) })
	}})
	if err == nil {
		StateTable(s).ForgetState(c)          // now that nothing more is heard of the rooms
		err = s.do(ctx, &op{apply: wipeMore}) // which rides with the commit
	}
	if err != nil {
		return fmt.Errorf("erase conversation %s: %w", c, err)
	}
	return nil
}

// Overwrite implements bridge.Memory. What it begins goes on when ctx ends, and in the next run.
func (s Eraser) Overwrite(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- s.overwrite() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("overwrite what was erased: %w", context.Cause(ctx))
	}
}

// overwrite returns when nothing of what was erased before stands in the file, or the store is closed.
func (s Eraser) overwrite() error {
	s.wiping.Lock()
	defer s.wiping.Unlock()
	_ = s.surely(wipeMore) // anew: it takes along what was not in the file yet, and files that follow may have begun before
	return wipe.All(func(step func(*bbolt.Tx) error) error {
		return s.surely(func(g *group) {
			g.Wrote, g.through = true, true
			g.Keep(step(g.Tx))
		})
	})
}

func wipeMore(g *group) {
	changes.Wipe(&g.Transaction)
	g.file.ahead.Wipe()
}

// surely has a change made, however long the disk refuses it. An error means that the store takes
// nothing more, and never will.
func (s Eraser) surely(apply func(*group)) error {
	for {
		err := s.do(context.Background(), &op{apply: apply})
		if err == nil || errors.Is(err, ErrClosed) || errors.Is(err, replica.ErrDeposed) {
			return err
		}
		time.Sleep(wipe.Pause)
	}
}

// receiptAt is a key in the bucket of a day.
type receiptAt struct{ day, key []byte }

// receiptsOf finds which messages of a conversation were which of Messenger's, and the
// customer's name (messages.go).
func receiptsOf(f *file, tx *bbolt.Tx, of bridge.Conversation, rooms []bridge.RoomID, messages []bridge.MessageID) (found []receiptAt) {
	c := tx.Bucket(bucketMessages).Cursor()
	for day, _ := c.First(); day != nil; day, _ = c.Next() {
		b := receiptsOn(f, tx, day)
		take := func(key []byte) {
			if b.Bucket.Get(key) != nil {
				found = append(found, receiptAt{bytes.Clone(day), bytes.Clone(key)})
			}
		}
		take(nameKey(of))
		receipt.KeysOf(b, of, rooms, messages, take)
	}
	return found
}
