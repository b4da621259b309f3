package wire

import (
	"time"

	"messenger-bridge/bridge"
)

// RoomSeen is a room as a list shows it.
type RoomSeen struct {
	ID      bridge.RoomID `json:"_id"`
	Began   Time          `json:"ts"`
	Last    Time          `json:"lm"`         // when something was written last, but for answers in threads
	Changed Time          `json:"_updatedAt"` // when anything of it changed last
	Kind    string        `json:"t"`
}

// Touched is when something was written or changed last; zero if that is not known.
func (r RoomSeen) Touched() time.Time {
	if r.Changed.After(r.Last.Time) {
		return r.Changed.Time
	}
	return r.Last.Time
}

// Listing names a list of customers' rooms. None has those of another
// (packages/models/src/models/LivechatRooms.ts, findRoomsWithCriteria), but for old servers' OpenRooms.
type Listing string

const (
	OpenRooms   Listing = "open"   // but for the others; before 7, those in the queue are among them
	HeldRooms   Listing = "onhold" // put on hold
	QueuedRooms Listing = "queued" // nobody serves; before 7, it is refused for good
	ClosedRooms Listing = ""
)
