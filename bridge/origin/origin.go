// Package origin tells which messages another bridge may have sent: one whose store was lost
// while its rooms go on, or one that went on after its store was copied, until the copy was
// put to use here.
package origin

import (
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// Names of cursors, beside those that the store knows, too.
const (
	made   = "store made"    // by our clock
	others = "others' until" // by the workspace's clock
)

// Config is what an Origin is made of.
type Config struct {
	Cursors bridge.Cursors
	Now     func() time.Time // our clock, which may be set
	// Workspace returns what the workspace's clock shows, and whether it has told that yet;
	// nil: ours is the only one.
	Workspace func() (time.Time, bool)
}

// Origin compares the times of messages with times of the same clock, the workspace's. Of
// that one is known within a second what it shows, and several servers may share it: what
// was written within bridge.ClocksDiffer of the border counts as doubtful. Safe for
// concurrent use.
type Origin struct {
	Config
	began time.Time // goes on evenly

	mu     sync.Mutex                 // guards all below
	copied bool                       // the store was a copy once
	used   time.Time                  // our clock when this store was first used here; not before it was copied
	until  time.Time                  // the workspace's then; zero: not known yet
	rooms  map[bridge.RoomID]struct{} // opened here, shortly after
}

// Begin says that a bridge begins to work with the store, which makes a copy the original.
func Begin(c Config) (*Origin, error) {
	o := &Origin{Config: c, began: time.Now(), rooms: map[bridge.RoomID]struct{}{}}
	at := map[string]time.Time{}
	for _, name := range []string{made, bridge.CursorCopied, bridge.CursorUsed, others} {
		var err error
		if at[name], err = c.Cursors.Cursor(name); err != nil {
			return nil, err
		}
	}
	o.used, o.until, o.copied = bridge.Later(at[made], at[bridge.CursorUsed]), at[others], !at[bridge.CursorUsed].IsZero()
	switch copied := at[bridge.CursorCopied]; {
	case o.copied && o.until.IsZero() && !copied.After(o.used): // an earlier version put it to use, and did not forget
		return o, o.save(cursor{bridge.CursorCopied, time.Time{}})
	case !copied.IsZero(): // forgotten last, so that a stop in between begins anew
		o.used, o.until, o.copied = bridge.Later(c.Now(), copied), time.Time{}, true
		return o, o.save(cursor{bridge.CursorUsed, o.used}, cursor{others, o.until}, cursor{bridge.CursorCopied, time.Time{}})
	case at[made].IsZero():
		o.used, o.until = c.Now(), time.Time{}
		return o, o.save(cursor{others, o.until}, cursor{made, o.used})
	}
	return o, nil
}

// cursor is a time that is stored under a name.
type cursor struct {
	name string
	at   time.Time
}

// save saves cursors, in this order.
func (o *Origin) save(all ...cursor) error {
	for _, c := range all {
		if err := o.Cursors.SaveCursor(c.name, c.at); err != nil {
			return err
		}
	}
	return nil
}

// RoomOpened says that a room was opened by this bridge: nobody else has answered there.
func (o *Origin) RoomOpened(room bridge.RoomID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	until, known := o.border()
	if now := o.clock(); known && now.Before(until.Add(2*bridge.ClocksDiffer)) {
		o.rooms[room] = struct{}{}
	}
}

// SentBefore reports whether a message of a room, with its time by the workspace's clock,
// may have been sent by another bridge, and if so, when that may have been at the latest, by
// our clock; zero: long ago, or never.
func (o *Origin) SentBefore(room bridge.RoomID, at time.Time) (maybe bool, latest time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ours := o.rooms[room]
	until, known := o.border()
	switch {
	case ours || at.IsZero():
		return false, time.Time{}
	case !known || at.Before(until):
		return true, o.used
	}
	return at.Before(until.Add(bridge.ClocksDiffer)), time.Time{}
}

// Inherited reports whether what was accepted into the store at a time may have been in a
// copy of it: then another bridge may have sent it, too.
func (o *Origin) Inherited(accepted time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.copied && !accepted.After(o.used)
}

// border returns what the workspace's clock showed when the store was first used here, once
// the workspace has answered. The caller holds mu.
func (o *Origin) border() (until time.Time, known bool) {
	if o.Workspace == nil {
		return o.used, true
	}
	if o.until.IsZero() {
		now, known := o.Workspace()
		if !known {
			return o.until, false
		}
		o.until = now.Add(-time.Since(o.began))
		_ = o.Cursors.SaveCursor(others, o.until) // else the next start finds a later one
	}
	return o.until, true
}

// clock shows the time by the clock of the border.
func (o *Origin) clock() time.Time {
	if o.Workspace == nil {
		return o.Now()
	}
	now, _ := o.Workspace()
	return now
}
