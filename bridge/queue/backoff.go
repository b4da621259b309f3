package queue

import (
	"time"

	"messenger-bridge/pause"
)

// steps are those of a lane and of a gate, as multiples of the first: 0.25, 0.5, 1, 2, 5,
// 10, 20 and 30 s. The first is short because most faults are; the last is short enough
// that nobody waits long after the cause is gone.
var steps = []time.Duration{1, 2, 4, 8, 20, 40, 80, 120}

// Backoff returns how long to wait after a number of failures in a row. first is the first
// step; jitter (0 to 1) spreads the result over plus or minus a fifth.
func Backoff(first time.Duration, failures int, jitter float64) time.Duration {
	return pause.Spread(first*steps[min(max(failures, 1), len(steps))-1], jitter)
}
