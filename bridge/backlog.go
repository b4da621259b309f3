package bridge

import "time"

// Backlog is what waits in one direction.
type Backlog struct {
	Waiting int
	Oldest  time.Time // when the oldest was accepted; zero if nothing waits
}

// PageBacklog is what waits for a page's agents and customers.
type PageBacklog struct {
	In, Out Backlog
	Held    Reason    // why nothing is sent to its customers at the moment; empty: it is
	Until   time.Time // when that is tried again
}
