// Package audit looks through a store that was just opened for what somebody else than the
// bridge has changed, and repairs what can be repaired.
package audit

import (
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/layout"
	"messenger-bridge/store/proof"
)

// Auditor knows what is looked through. What is in other buckets proves itself when it is read.
type Auditor struct {
	Tables               proof.Tables
	Buckets              [][]byte
	Untagged             func(proof.Place) bool // of few records, which prove themselves
	Conversations, Rooms []byte                 // the buckets of the map
	Now                  func() time.Time
	// Instead returns what is put in the place of a changed record; nil: nothing.
	Instead func(proof.Place) ([]byte, error)
}

// findings are what is wrong with a file.
type findings struct {
	changed []proof.Place
	lost    map[string][]byte // rooms that are not on the map, or not as they were, with the conversations that are in them
	over    bool              // something was set aside long ago
}

func (f findings) none() bool { return len(f.changed) == 0 && len(f.lost) == 0 && !f.over }

// File sets aside what somebody else has changed and puts in its place what loses nothing.
func (a Auditor) File(db *bbolt.DB) error {
	var f findings
	err := db.View(func(tx *bbolt.Tx) error {
		f = a.look(tx)
		return nil
	})
	if err != nil || f.none() {
		return err
	}
	if err := db.Update(func(tx *bbolt.Tx) error { return a.repair(tx, f) }); err != nil {
		return fmt.Errorf("set aside what was changed in the store: %w", err)
	}
	return nil
}

func (a Auditor) look(tx *bbolt.Tx) (f findings) {
	all := make([]proof.Bucket, len(a.Buckets))
	for i, name := range a.Buckets {
		all[i] = a.Tables.Of(tx, name)
	}
	f.changed = slices.DeleteFunc(proof.Unproven(all...), a.Untagged)
	for _, at := range f.changed {
		a.Tables.Changes.Add(at)
	}
	f.lost = a.lostRooms(tx)
	fresh, over := proof.Kept(tx, a.Now())
	a.Tables.Changes.Known(fresh)
	f.over = over
	return f
}

func (a Auditor) lostRooms(tx *bbolt.Tx) map[string][]byte {
	lost := map[string][]byte{}
	rooms := a.Tables.Of(tx, a.Rooms)
	_ = a.Tables.Of(tx, a.Conversations).ForEach(func(key, v []byte) error { // it does not fail
		room, _, err := layout.CutShort(v[min(1, len(v)):])
		if err == nil && room != "" && rooms.Get([]byte(room)) == nil {
			a.Tables.Changed(a.Rooms, []byte(room))
			lost[room] = slices.Clone(key)
		}
		return nil
	})
	return lost
}

func (a Auditor) repair(tx *bbolt.Tx, f findings) error {
	if f.over {
		if err := proof.LetGo(tx, a.Now()); err != nil {
			return err
		}
	}
	if err := proof.SetAside(tx, f.changed, a.Now()); err != nil {
		return err
	}
	for room, conversation := range f.lost {
		if err := a.Tables.Of(tx, a.Rooms).Put([]byte(room), conversation); err != nil {
			return fmt.Errorf("put a room back on the map: %w", err)
		}
	}
	for _, at := range f.changed {
		value, err := a.Instead(at)
		if err == nil && value != nil {
			err = a.Tables.Of(tx, []byte(at.Bucket)).Put([]byte(at.Key), value)
		}
		if err != nil {
			return fmt.Errorf("replace a changed record: %w", err)
		}
	}
	return nil
}
