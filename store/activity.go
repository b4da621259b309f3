package store

import (
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/metrics"
)

// When a page last had a message, each way, are cursors like any others: they ride
// with the commits that messages need anyway.

func activityCursor(p bridge.PageID, direction string) string {
	return "active/" + direction + "/" + string(p)
}

// SaveActivity notes that a page has a message now, to the second; direction is one of
// metrics.In and Out. It does not block.
func (s *Store) SaveActivity(p bridge.PageID, direction string) {
	name, now := activityCursor(p, direction), s.now()
	if since := now.Sub(s.lazy.cursor(name)); since >= 0 && since < time.Second {
		return
	}
	_ = s.lazy.saveCursor(name, now) // closed: nobody will ask
}

// LastActivity returns when a page last had a message in a direction; zero: never.
func (s *Store) LastActivity(p bridge.PageID, direction string) time.Time {
	return s.lazy.cursor(activityCursor(p, direction))
}

// forgetActivity lets go of both.
func (g *group) forgetActivity(p bridge.PageID) {
	for _, direction := range []string{metrics.In, metrics.Out} {
		name := activityCursor(p, direction)
		g.drop(g.bucket(bucketCursors), []byte(name))
		g.then(func() { g.s.lazy.dropCursor(name) })
	}
}
