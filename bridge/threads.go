package bridge

import (
	"context"
	"time"
)

// Threads is what Meta keeps of a page's conversations. Reading changes nothing.
// Errors are Refusals.
type Threads interface {
	// Threads returns a part of the list of a page's conversations, the latest
	// changed first: limit of them from a cursor on, "" for the first.
	Threads(ctx context.Context, p Page, cursor string, limit int) (ThreadList, error)
}

// ThreadList is a part of the list of conversations.
type ThreadList struct {
	Threads []Thread
	Next    string        // cursor of the next part; empty: this was the last
	Ahead   time.Duration // how far Meta's clock, which all times here are by, is ahead of ours
}

// Thread is a conversation as Meta shows it.
type Thread struct {
	Customer CustomerID
	Changed  time.Time  // in whole seconds, like all times below
	Messages []Incoming // the newest, oldest first, as webhooks bring them; the page's own are EchoEvents
	Older    []Glimpse  // before those, oldest first
}

// Glimpse is a message of which Meta shows only that there is one.
type Glimpse struct {
	Mid Mid
	At  time.Time
}
