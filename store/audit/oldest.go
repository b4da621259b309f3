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
