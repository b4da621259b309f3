// Package trail remembers what became of deliveries for 30 days, and what was changed for a
// year. It holds ids and reasons, never what anybody wrote.
package trail

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/changes"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/proof"
)

const (
	keepSteps = 30  // days
	atOnce    = 256 // steps that one transaction lets go of
	mostNotes = 1 << 14
)

// Bucket holds a bucket for each day since 1970 (4). In it: conversation 0 direction 1
// delivery 8 Unix nanoseconds 8 -> step (encode.go).
var Bucket = []byte("trail")

// File is the store's file, whose writer takes along what is noted.
type File struct {
	View func(func(*bbolt.Tx) error) error
	Do   func(context.Context, func(*changes.Transaction) error) error // in the writer's next transaction
	// Settled returns when the file has all that was noted.
	Settled func(context.Context) error
	Wake    func() // has that made within a second
	Tables  proof.Tables
	Now     func() time.Time
}

// Trail implements bridge.Trail.
type Trail struct {
	File

	mu      sync.Mutex // guards all below
	noted   []note     // not yet given to a transaction
	writing []note     // given to one that has not ended
	trimmed uint32     // the day on which nothing was left to be let go
	more    bool       // something is, with transactions made for it
}

type note struct{ key, value []byte }

var _ bridge.Trail = (*Trail)(nil)

// New returns a Trail in a file.
func New(f File) *Trail { return &Trail{File: f} }

// Note implements bridge.Trail. What is more than the writer takes in time is not remembered.
func (t *Trail) Note(c bridge.Conversation, s bridge.Step) {
	n := noteOf(c, s)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.noted) < mostNotes {
		if t.noted = append(t.noted, n); len(t.noted) == 1 {
			t.Wake()
		}
	}
}

// Pending reports whether there is something for a transaction to take, or to let go.
func (t *Trail) Pending() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.noted) > 0 || t.more
}

// Write puts what is noted into a transaction.
func (t *Trail) Write(tx *changes.Transaction, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.noted) == 0 && !t.more {
		return nil
	}
	if err := tx.Ensure(Bucket); err != nil {
		return err
	}
	t.letGo(tx, layout.Day(now))
	if len(t.noted) == 0 {
		return nil
	}
	if err := tx.Create(Bucket, dayKey(layout.Day(now))); err != nil {
		return err
	}
	b := numbered(tx, dayKey(layout.Day(now)))
	t.writing, t.noted = append(t.writing, t.noted...), nil
	for _, n := range t.writing {
		tx.Put(b, n.key, n.value)
	}
	return nil
}

// Settle says what became of the transaction.
func (t *Trail) Settle(durable bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !durable {
		t.noted = append(t.writing, t.noted...)
	}
	t.writing = nil
}

// letGo deletes some of a day that is over, with each transaction until it finds none; then not
// before the next day.
func (t *Trail) letGo(tx *changes.Transaction, today uint32) {
	t.more = false
	if t.trimmed == today {
		return
	}
	day, _ := tx.Bucket(Bucket).Cursor().First()
	if t.more = day != nil && dayNumber(day) < oldest(today); !t.more {
		t.trimmed = today
		return
	}
	tx.DropSome(Bucket, day, atOnce)
	t.Wake()
}

// oldest is the first day that is still read.
func oldest(today uint32) uint32 { return layout.DaysBefore(today, keepSteps) }

// StepsOf implements bridge.Trail.
func (t *Trail) StepsOf(ctx context.Context, c bridge.Conversation) (steps []bridge.Step, err error) {
	err = t.days(ctx, func(b proof.Bucket) {
		prefix, cursor := prefixOf(c), b.Cursor()
		for k, v := cursor.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = cursor.Next() {
			v, err := b.Value(k, v)
			if err != nil {
				continue
			}
			if s, err := stepOf(v); err == nil {
				steps = append(steps, s)
			}
		}
	})
	slices.SortStableFunc(steps, func(a, b bridge.Step) int { return a.At.Compare(b.At) })
	return steps, err
}

// Named implements bridge.Trail.
func (t *Trail) Named(ctx context.Context, id string) (found []bridge.Conversation, err error) {
	wanted := []byte(id)
	err = t.days(ctx, func(b proof.Bucket) {
		cursor := b.Cursor()
		for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
			if !bytes.Contains(v, wanted) {
				continue
			}
			if v, err := b.Value(k, v); err != nil || !names(v, id) {
				continue
			}
			name, _, _ := bytes.Cut(k, []byte{0})
			if c, ok := bridge.ConversationOf(string(name)); ok && !slices.Contains(found, c) {
				found = append(found, c)
			}
		}
	})
	return found, err
}

// names reports whether a step names a message by an id.
func names(v []byte, id string) bool {
	s, err := stepOf(v)
	return err == nil && slices.Contains(s.IDs, id)
}

// Erase forgets a conversation's steps in a transaction.
func Erase(tx *changes.Transaction, c bridge.Conversation) error {
	all := tx.Tx.Bucket(Bucket)
	if all == nil {
		return nil
	}
	prefix := prefixOf(c)
	return all.ForEachBucket(func(day []byte) error {
		b := numbered(tx, day)
		cursor := b.Cursor()
		for k, _ := cursor.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = cursor.Seek(prefix) {
			tx.Remove(b, cursor, k)
		}
		return nil
	})
}

// numbered is the bucket of a day, which is there, to be written.
func numbered(tx *changes.Transaction, day []byte) proof.Bucket {
	return tx.Numbered(Bucket, day, dayNumber(day), 0)
}

// days has the days that are kept read, once what is noted is in the file.
func (t *Trail) days(ctx context.Context, read func(proof.Bucket)) error {
	if err := t.Settled(ctx); err != nil {
		return err
	}
	return t.View(func(tx *bbolt.Tx) error {
		all := tx.Bucket(Bucket)
		if all == nil {
			return nil
		}
		first := oldest(layout.Day(t.Now()))
		return all.ForEachBucket(func(day []byte) error {
			if dayNumber(day) >= first {
				read(t.day(tx, day))
			}
			return nil
		})
	})
}

func (t *Trail) day(tx *bbolt.Tx, day []byte) proof.Bucket {
	return t.Tables.Numbered(tx, Bucket, day, dayNumber(day), 0)
}

func prefixOf(c bridge.Conversation) []byte { return append([]byte(c.String()), 0) }

func dayKey(day uint32) []byte { return binary.BigEndian.AppendUint32(nil, day) }

func dayNumber(day []byte) uint32 { return binary.BigEndian.Uint32(day) }
