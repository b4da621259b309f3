package bridge

import "time"

// Direction is where a delivery goes. It is a metric label and stands in the outputs of
// operators' commands.
type Direction string

const (
	In       Direction = "in"     // from a customer to a room
	Out      Direction = "out"    // from an agent to a customer
	ToAgents Direction = "notice" // from the bridge to agents and administrators
)

// Tally is something that is counted. What the label says depends on it.
type Tally uint8

const (
	Accepted  Tally = iota // stored
	Repeated               // known already
	Ignored                // understood and left alone; label: its kind; of no direction
	Delivered              // concluded
	Postponed              // an attempt that will be repeated; label: a Reason
	Retried                // failed before, and put back by a person
	Failed                 // given up and kept apart; label: a Reason
	Unheard                // of a kind that the bridge has no words for; label: the kind, of a bounded number
	Panicked               // ended in a panic, which is a bug
)

// Timing is something that is timed.
type Timing uint8

const (
	AttemptTook Timing = iota // one attempt
	WaitedFor                 // from accepted to concluded
)

// Meter counts and times what happens. Labels come from fixed lists, never from ids or
// texts. Safe for concurrent use; it must not block.
type Meter interface {
	Count(what Tally, d Direction, label string, n int)
	Time(what Timing, d Direction, took time.Duration)
}
