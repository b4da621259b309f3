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
	bucketMessages      = []byte("messages")      // day since 1970 (4) -> bucket of receipts (messages.go)
	bucketStates        = []byte("states")        // hash of a ticket's id (16) -> expires, spent, sealed ticketRecord (tickets.go)
	bucketCursors       = []byte("cursors")       // name -> time
	bucketPersonas      = []byte("personas")      // PageID 0 fingerprint of name and picture -> persona id
	bucketTalks         = []byte("talks")         // Lane -> bridge.Talk (JSON; times only)
	bucketRevocations   = []byte("revocations")   // PageID -> since, sealed revocationRecord (revocations.go)
)

var buckets = [][]byte{
	bucketMeta, bucketPages, bucketConversations, bucketRooms, bucketInbox, bucketOutbox,
	bucketNotices, bucketFailed, bucketSeen, bucketMessages, bucketStates, bucketCursors, bucketTalks,
	bucketRevocations, bucketPersonas,
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

// state is what inspect finds.
type state struct {
	empty    bool // no buckets at all: a new file
	complete bool // all of them
	format   uint64
}

// inspect reads what a file is, and refuses what this program or this key cannot
// open.
func inspect(tx *bbolt.Tx, o Options, seal *sealer) (state, error) {
	if name, _ := tx.Cursor().First(); name == nil {
		return state{empty: true}, nil
	}
	meta := tx.Bucket(bucketMeta)
	if meta == nil || len(meta.Get(keyFormat)) != 8 {
		return state{}, fmt.Errorf("%w: %s belongs to another program; choose another DATABASE", ErrForeign, o.Path)
	}
	st := state{complete: true, format: binary.BigEndian.Uint64(meta.Get(keyFormat))}
	if st.format > o.seams.format {
		return st, fmt.Errorf("%w: %s has format %d, this program knows up to %d; run the newer version, or restore a backup",
			ErrNewer, o.Path, st.format, o.seams.format)
	}
	if _, err := seal.open(bucketMeta, keyCheck, meta.Get(keyCheck)); err != nil {
		return st, fmt.Errorf("%w: %s was made with another one; start with its SECRET_KEY or key file "+
			"(without it page tokens and waiting messages are lost; to begin anew, move the store away)", ErrWrongKey, o.Path)
	}
	for _, name := range buckets {
		st.complete = st.complete && tx.Bucket(name) != nil
	}
	return st, nil
}

// upgradeFile makes a new file a store, and brings any other up to date, in one
// transaction.
func upgradeFile(db *bbolt.DB, o Options, seal *sealer) error {
	var st state
	err := db.View(func(tx *bbolt.Tx) (err error) {
		st, err = inspect(tx, o, seal)
		return err
	})
	if err != nil || st.complete && st.format == o.seams.format {
		return err
	}
	return db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return fmt.Errorf("create bucket %s: %w", name, err)
			}
		}
		meta := tx.Bucket(bucketMeta)
		if st.empty {
			if err := meta.Put(keyCheck, seal.seal(nil, bucketMeta, keyCheck, checkText)); err != nil {
				return fmt.Errorf("store the key check: %w", err)
			}
			st.format = o.seams.format
		}
		for ; st.format < o.seams.format; st.format++ {
			step := o.seams.upgrades[st.format]
			if step == nil {
				return fmt.Errorf("%s has format %d, which this program cannot upgrade", o.Path, st.format)
			}
			if err := step(tx, seal); err != nil {
				return fmt.Errorf("upgrade %s from format %d: %w", o.Path, st.format, err)
			}
		}
		return meta.Put(keyFormat, binary.BigEndian.AppendUint64(nil, st.format))
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
