package wire

import (
	"slices"
	"time"

	"messenger-bridge/bridge"
)

// RoomSeen is a room as a list shows it.
type RoomSeen struct {
	ID      bridge.RoomID `json:"_id"`
	Began   Time          `json:"ts"`
	Last    Time          `json:"lm"`         // when something was written last, but for answers in threads
	Changed Time          `json:"_updatedAt"` // when anything of it changed last
	Closed  Time          `json:"closedAt"`   // old servers do not count closing as writing
	Kind    string        `json:"t"`
}

// Touched is when something was written or changed last, or it was closed; zero if that is not known.
func (r RoomSeen) Touched() time.Time {
	return slices.MaxFunc([]time.Time{r.Last.Time, r.Changed.Time, r.Closed.Time}, time.Time.Compare)
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
