package store

import (
	"time"

	"messenger-bridge/bridge"
)

// When a page last had a message, each way, are cursors like any others: they ride
// with the commits that messages need anyway.

func activityCursor(p bridge.PageID, direction bridge.Direction) string {
	return "active/" + string(direction) + "/" + string(p)
}

// SaveActivity notes that a page has a message now, to the second; direction is In
// or Out. It does not block.
func (s CursorTable) SaveActivity(p bridge.PageID, direction bridge.Direction) {
	name, now := activityCursor(p, direction), s.now()
	if since := now.Sub(s.lazy.Cursor(name)); since >= 0 && since < time.Second {
		return
	}
	_ = s.lazy.SaveCursor(name, now) // closed: nobody will ask
}

// LastActivity returns when a page last had a message in a direction; zero: never.
func (s CursorTable) LastActivity(p bridge.PageID, direction bridge.Direction) time.Time {
	return s.lazy.Cursor(activityCursor(p, direction))
}

// forgetActivity lets go of both.
func forgetActivity(g *group, p bridge.PageID) {
	for _, direction := range []bridge.Direction{bridge.In, bridge.Out} {
		name := activityCursor(p, direction)
		g.Drop(g.Bucket(bucketCursors), []byte(name))
		g.then(func() { g.file.lazy.DropCursor(name) })
	}
}
