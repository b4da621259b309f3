package audit

import (
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
)

// Oldest returns when the first entry of a queue was accepted.
func Oldest(queue *bbolt.Bucket) time.Time {
	if k, v := queue.Cursor().First(); k != nil {
		var d bridge.Delivery
		_, _, _ = layout.ParseRecord(v, &d)
		return d.Accepted
	}
	return time.Time{}
}
