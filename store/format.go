package store

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/seal"
	"messenger-bridge/store/upgrade"
)

// The buckets of the file. Conversations are keys as page/kind/customer. Numbers are big-endian, times are Unix nanoseconds in
// 8 bytes (0: none) unless said otherwise. "sealed" is what package seal makes; its
// additional data are the names of bucket and key. Behind each value, but for what is
// sealed under "check" and for "format", which that tells again, stands its tag (package proof).
var (
	bucketMeta          = []byte("meta")          // "format" -> number; "check" -> sealed checkText; "tagged" -> day (4); "log" -> state (8) to which a log belongs; "note/" name -> text
	bucketPages         = []byte("pages")         // PageID -> revision (8), pageRecord (JSON, its token sealed)
	bucketConversations = []byte("conversations") // conversation -> version (1), room, department, first message (length 1 each), sealed visitor token (rooms.go)
	bucketRooms         = []byte("rooms")         // RoomID -> conversation; rooms of the past stay
	bucketInbox         = []byte("inbox")         // sequence (8) -> header (layout/record.go), sealed body
	bucketOutbox        = []byte("outbox")        // likewise
	bucketNotices       = []byte("notices")       // likewise
	bucketFailed        = []byte("failed")        // sequence (8) -> header (failed.go), the record as it was in its queue
	bucketSeen          = []byte("seen")          // sequence (8) -> Unix seconds (4), hashes of keys (16 each)
	bucketMessages      = []byte("messages")      // day since 1970 (4) -> bucket of receipts (messages.go)
	bucketStates        = []byte("states")        // hash of a ticket's id (16) -> expires, spent, sealed record (tickets/tickets.go)
	bucketCursors       = []byte("cursors")       // name -> time
	bucketPersonas      = []byte("personas")      // PageID 0 fingerprint of name and picture -> persona id
	bucketTalks         = []byte("talks")         // conversation -> bridge.ConversationState (JSON; times and ids only)
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

var (
	keyFormat = []byte("format")
	keyCheck  = []byte("check")

	keyTagged = []byte(upgrade.KeyTagged)
	keyLog    = []byte("log")
)

// checkText is what is sealed under keyCheck. It tells a wrong key, and whether the format
// is the one that was written: as an older one, a file would be taken without its tags.
func checkText(format uint64) []byte {
	if format < 3 {
		return []byte("messenger-bridge")
	}
	return fmt.Appendf(nil, "messenger-bridge, format %d", format)
}

// format is the version of all of the above.
const format = 3

// withLog is added to what a file says as long as it may have a log beside it (ahead.go): programs that know no log refuse it.
const withLog = 1000

// upgradeStep rewrites a file of one version into the next. All upgrades run in one
// transaction.
type upgradeStep func(*bbolt.Tx, *seal.Sealer) error

// upgrades leads from the version that is the key to the next one.
var upgrades = map[uint64]upgradeStep{1: upgrade.ToFormat2, 2: upgrade.ToFormat3}

// state is what inspect finds.
type state struct {
	empty    bool // no buckets at all: a new file
	complete bool // all of them
	format   uint64
	log      bool // there may be one
}

// inspect reads what a file is, and refuses what this program or this key cannot
// open.
func inspect(tx *bbolt.Tx, o Options, sealer *seal.Sealer) (state, error) {
	if name, _ := tx.Cursor().First(); name == nil {
		return state{empty: true}, nil
	}
	meta := tx.Bucket(bucketMeta)
	if meta == nil || len(meta.Get(keyFormat)) != 8 {
		return state{}, fmt.Errorf("%w: %s belongs to another program; choose another DATABASE", ErrForeign, o.Path)
	}
	stamped := binary.BigEndian.Uint64(meta.Get(keyFormat))
	st := state{complete: true, format: stamped % withLog, log: stamped >= withLog}
	if st.format > o.seams.format {
		return st, fmt.Errorf("%w: %s has format %d, this program knows up to %d; run the newer version, or restore a backup",
			ErrNewer, o.Path, st.format, o.seams.format)
	}
	check, err := sealer.Open(bucketMeta, keyCheck, meta.Get(keyCheck))
	if err != nil {
		return st, fmt.Errorf("%w: %s was made with another one; start with its SECRET_KEY or key file "+
			"(without it page tokens and waiting messages are lost; to begin anew, move the store away)", ErrWrongKey, o.Path)
	}
	if !bytes.Equal(check, checkText(stamped)) {
		return st, fmt.Errorf("%w: %s says that it has format %d, which is not how it was written: "+
			"somebody else has changed it; restore a backup", ErrForeign, o.Path, st.format)
	}
	for _, name := range buckets {
		st.complete = st.complete && tx.Bucket(name) != nil
	}
	return st, nil
}

// upgradeFile makes a new file a store, and brings any other up to date, in one
// transaction.
func upgradeFile(db *bbolt.DB, o Options, sealer *seal.Sealer) error {
	var st state
	err := db.View(func(tx *bbolt.Tx) (err error) {
		st, err = inspect(tx, o, sealer)
		return err
	})
	if err != nil || st.complete && st.format == o.seams.format {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return fmt.Errorf("create bucket %s: %w", name, err)
			}
		}
		meta := tx.Bucket(bucketMeta)
		if !st.empty {
			if err := makeSteps(tx, st.format, o, sealer); err != nil {
				return err
			}
		}
		if st.empty || st.format < o.seams.format {
			return stamp(meta, sealer, o.seams.format)
		}
		return nil
	})
	if err == nil && !st.empty && st.format < o.seams.format {
		o.Log.Info("the store was upgraded", "file", o.Path, "from format", st.format, "to format", o.seams.format)
	}
	return err
}

// stamp says in a file what it is.
func stamp(meta *bbolt.Bucket, sealer *seal.Sealer, format uint64) error {
	if err := meta.Put(keyCheck, sealer.Seal(nil, bucketMeta, keyCheck, checkText(format))); err != nil {
		return fmt.Errorf("store the key check: %w", err)
	}
	return meta.Put(keyFormat, binary.BigEndian.AppendUint64(nil, format))
}

// makeSteps upgrades from one format to that of today.
func makeSteps(tx *bbolt.Tx, from uint64, o Options, sealer *seal.Sealer) error {
	for ; from < o.seams.format; from++ {
		step := o.seams.upgrades[from]
		if step == nil {
			return fmt.Errorf("%s has format %d, which this program cannot upgrade", o.Path, from)
		}
		if err := step(tx, sealer); err != nil {
			return fmt.Errorf("upgrade %s from format %d: %w", o.Path, from, err)
		}
	}
	return nil
}

func seqOf(key []byte) bridge.Seq { return bridge.Seq(binary.BigEndian.Uint64(key)) }

func seqKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
