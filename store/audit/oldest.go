package audit

import (
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/layout"
)

// Oldest returns when the first entry of a queue was accepted.
func Oldest(queue *bbolt.Bucket) time.Time {
	_, v := queue.Cursor().First()
	at, _ := layout.Accepted(v)
	return at
}

// ahead is by how much a time may lie before ours and seem right: more says that the clock
// was wrong then.
const ahead = 24 * time.Hour

// OldestFailure moves to the failure that was given up first and returns when that was, but
// for those that seem to come from the future: to the first of these only if there are no
// others. Nil: there is none.
func OldestFailure(c *bbolt.Cursor, now time.Time) (key []byte, at time.Time) {
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if at = FailedAt(v); at.Sub(now) <= ahead {
			return k, at
		}
	}
	key, v := c.First()
	return key, FailedAt(v)
}

// FailedAt returns when a failure was given up; zero: long ago.
func FailedAt(v []byte) time.Time {
	if len(v) < 18 {
		return time.Time{}
	}
	return layout.FromNanos(v[10:])
}
