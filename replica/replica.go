// Package replica is what the store and a journal of its changes say to one another: places in
// the journal, the frames that stand there, and how each is chained to the one before it. It
// knows neither the store nor any engine.
package replica

import (
	"errors"
	"time"
)

// Position is how far a file has followed the journal. The zero Position is before its beginning.
type Position struct {
	Seq   uint64   // place of the last record
	Epoch uint64   // of the leader who wrote it
	Chain [16]byte // proof over all up to there
}

// Journal takes the changes of a leader's store.
type Journal interface {
	// Append returns when it is certain that the changes stand in the journal, and that
	// nobody else has led meanwhile. Any error is final: the leader is deposed.
	Append(changes []byte) (Position, error)
	// Beat shows that the leader lives; its error is as final.
	Beat() error
	// BeatEvery is how long a leader may be silent.
	BeatEvery() time.Duration
}

// Why a journal refuses. The text that is returned says what to do.
var (
	// ErrDeposed says that another leads, or that this leader has ended.
	ErrDeposed = errors.New("this replica no longer leads")
	// ErrBroken says that a record does not continue the chain: it was written under another
	// key, or by somebody else, or records are missing.
	ErrBroken = errors.New("the journal does not continue what this replica has")
)
