package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
)

// The buckets of the file. Numbers are big-endian, times are Unix nanoseconds in
// 8 bytes (0: none) unless said otherwise. "sealed" is what seal.go makes; its
// additional data are the names of bucket and key.
var (
	bucketMeta          = []byte("meta")          // "format" -> number; "check" -> sealed keyCheck
	bucketPages         = []byte("pages")         // PageID -> revision (8), pageRecord (JSON, its token sealed)
	bucketConversations = []byte("conversations") // Lane -> version (1), room, department (length 1 each), sealed visitor token
	bucketRooms         = []byte("rooms")         // RoomID -> Lane; rooms of the past stay
	bucketInbox         = []byte("inbox")         // sequence (8) -> header (record.go), sealed body
	bucketOutbox        = []byte("outbox")        // likewise
	bucketNotices       = []byte("notices")       // likewise
	bucketFailed        = []byte("failed")        // sequence (8) -> header (failed.go), the record as it was in its queue
	bucketSeen          = []byte("seen")          // sequence (8) -> Unix seconds (4), hashes of keys (16 each)
	bucketMessages      = []byte("messages")      // day since 1970 (4) -> bucket of receipts (receipts.go)
	bucketStates        = []byte("states")        // one-time states and tickets; nothing yet
	bucketCursors       = []byte("cursors")       // name -> time
)

var buckets = [][]byte{
	bucketMeta, bucketPages, bucketConversations, bucketRooms, bucketInbox, bucketOutbox,
	bucketNotices, bucketFailed, bucketSeen, bucketMessages, bucketStates, bucketCursors,
}

// appended lists the buckets whose keys only grow. Their pages are filled well;
// bbolt does not keep that setting, so it is made in each transaction.
var appended = [][]byte{bucketInbox, bucketOutbox, bucketNotices, bucketFailed, bucketSeen}

const fillAppended = 0.9

var (
	keyFormat = []byte("format")
	keyCheck  = []byte("check")

	checkText = []byte("messenger-bridge") // sealed under keyCheck: tells a wrong key
)

// format is the version of all of the above.
const format = 1

// upgrade rewrites a file of one version into the next. All upgrades run in one
// transaction.
type upgrade func(*bbolt.Tx, *sealer) error

// upgrades leads from the version that is the key to the next one.
var upgrades = map[uint64]upgrade{}

// prepare makes an empty file a store, checks and upgrades any other. It changes
// nothing in a file that it refuses.
func prepare(db *bbolt.DB, path string, seal *sealer, format uint64, upgrades map[uint64]upgrade) error {
	var have uint64
	empty, complete := true, true
	err := db.View(func(tx *bbolt.Tx) error {
		if name, _ := tx.Cursor().First(); name == nil {
			return nil
		}
		empty = false
		meta := tx.Bucket(bucketMeta)
		if meta == nil || len(meta.Get(keyFormat)) != 8 {
			return fmt.Errorf("%w: %s belongs to another program; choose another DATABASE", ErrForeign, path)
		}
		have = binary.BigEndian.Uint64(meta.Get(keyFormat))
		if have > format {
			return fmt.Errorf("%w: %s has format %d, this program knows up to %d; run the newer version, or restore a backup",
				ErrNewer, path, have, format)
		}
		if _, err := seal.open(bucketMeta, keyCheck, meta.Get(keyCheck)); err != nil {
			return fmt.Errorf("%w: %s was made with another one; start with its SECRET_KEY or key file "+
				"(without it page tokens and waiting messages are lost; to begin anew, move the store away)", ErrWrongKey, path)
		}
		for _, name := range buckets {
			complete = complete && tx.Bucket(name) != nil
		}
		return nil
	})
	if err != nil || !empty && complete && have == format {
		return err
	}
	return db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return fmt.Errorf("create bucket %s: %w", name, err)
			}
		}
		meta := tx.Bucket(bucketMeta)
		if empty {
			if err := meta.Put(keyCheck, seal.seal(nil, bucketMeta, keyCheck, checkText)); err != nil {
				return fmt.Errorf("store the key check: %w", err)
			}
			have = format
		}
		for ; have < format; have++ {
			step := upgrades[have]
			if step == nil {
				return fmt.Errorf("%s has format %d, which this program cannot upgrade", path, have)
			}
			if err := step(tx, seal); err != nil {
				return fmt.Errorf("upgrade %s from format %d: %w", path, have, err)
			}
		}
		return meta.Put(keyFormat, binary.BigEndian.AppendUint64(nil, format))
	})
}

var errShort = errors.New("record is too short")

// appendShort appends a string of at most 255 bytes with its length.
func appendShort(b []byte, s string) []byte {
	return append(append(b, byte(len(s))), s...)
}

// cutShort takes such a string off.
func cutShort(b []byte) (s string, rest []byte, err error) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return "", nil, errShort
	}
	n := 1 + int(b[0])
	return string(b[1:n]), b[n:], nil
}

func seqOf(key []byte) bridge.Seq { return bridge.Seq(binary.BigEndian.Uint64(key)) }

func seqKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
