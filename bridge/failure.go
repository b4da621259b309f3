package bridge

import (
	"context"
	"errors"
	"time"
)

// ErrNoFailure says that nothing of this number was given up, or that it is longer
// ago than failures are kept.
var ErrNoFailure = errors.New("no such failed delivery")

// Failure is a delivery that was given up.
type Failure struct {
	Seq       Seq // among failures: later ones have larger numbers
	Direction Direction
	Lane      Lane
	Reason    Reason
	Detail    string // what a platform answered, for people; empty: nothing is known
	Accepted  time.Time
	At        time.Time // given up
	Progress  Progress  // parts before Progress.Part reached the customer, but for files that were left out
	History   History
	Doubtful  bool // another store, of which this is a copy, may have tried it again
	Body      []byte
}

// Page returns the page it concerns, or "" if it is a notice.
func (f Failure) Page() PageID {
	if f.Direction == ToAgents {
		return ""
	}
	return f.Lane.Page
}

// Failures is what Queue.Fail keeps apart. Safe for concurrent use.
type Failures interface {
	// Failed calls each, without bodies, for what was given up within the last 7 days,
	// newest first, until it returns false.
	Failed(each func(Failure) bool) error
	// Failure returns one of them with its body; ErrNoFailure if it is not there, or
	// no longer.
	Failure(Seq) (Failure, error)
	// TakeBack removes some of them and returns when that is durable. What is not
	// there stays so.
	TakeBack(context.Context, ...Seq) error
	// AllFailures returns them with those that were given up longer ago, and stand in
	// the file all the same.
	AllFailures() Failures
}

// DeadLetter is a failure as people see it: without what was written.
type DeadLetter struct {
	Failure              // without its body
	Written    time.Time // by the clock of the platform it was written on
	By         Author    // the agent who wrote it, or was to be told
	Customer   CustomerID
	Room       RoomID    // empty: none is known
	Message    MessageID // the agent's, in Room
	Parts      int       // of the message; 0: not known
	Arrived    int       // of these
	RetryNo    int       // how often it was tried again before
	Unreadable bool
}

// RetryResult is what became of an order to try something again.
type RetryResult uint8

const (
	TriedAgain RetryResult = iota // it is in its lane again
	TriedTwice                    // it was there already
	NotKept                       // there is no such failure, or no longer
	Unreadable                    // it is kept, and cannot be read
	Overtaken                     // its author has deleted or replaced it since; it is let go
)
