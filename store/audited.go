package store

import (
	"encoding/binary"
	"encoding/json"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store/audit"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/proof"
)

// audited says what is looked through when the store is opened.
func audited(f *file) audit.Auditor {
	return audit.Auditor{
		Tables: f.tables, Now: f.now, Conversations: bucketConversations, Rooms: bucketRooms,
		Buckets: [][]byte{
			bucketMeta, bucketPages, bucketConversations, bucketRooms, bucketStates, bucketCursors, bucketTalks,
			bucketRevocations, bucketPersonas,
		},
		Untagged: func(at proof.Place) bool {
			return at.Bucket == string(bucketMeta) && (at.Key == string(keyFormat) || at.Key == string(keyCheck))
		},
		Instead: func(at proof.Place) ([]byte, error) { return instead(at, f.now()) },
	}
}

// longAgo is what counts in the place of a time that was changed: as far back as what is
// read again is recognised.
const longAgo = 7 * 24 * time.Hour

// instead returns what is put in the place of a record that somebody else has changed: for how
// far something was read, a time long ago; for a page, one that has to be connected again.
func instead(at proof.Place, now time.Time) ([]byte, error) {
	switch at.Bucket {
	case string(bucketCursors):
		return binary.BigEndian.AppendUint64(nil, layout.Nanos(now.Add(-longAgo))), nil
	case string(bucketPages):
		page, err := json.Marshal(pageRecord{
			Name: at.Key, State: bridge.PageNeedsAuth, Trouble: bridge.Trouble{Kind: bridge.StoreChanged}, Since: now,
		})
		return append(make([]byte, 8), page...), err
	}
	return nil, nil
}
