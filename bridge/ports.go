package bridge

import (
	"context"
	"time"
)

// Queue is a durable list of deliveries. Nothing in it may depend on two of its
// entries, or an entry and anything else, changing together; only an entry and
// its key do. Safe for concurrent use.
type Queue interface {
	// Append stores what is new among entries, in one commit, and returns when it
	// is durable. Repeats, told by their keys, are counted and left out. stored is
	// called for each new entry after the commit and before Append returns; it
	// must not block. On error nothing was stored.
	Append(ctx context.Context, entries []Entry, stored func(Lane, Seq)) (repeats int, err error)

	// Delivery reads one entry; ErrConcluded if it is no longer there.
	Delivery(Seq) (Delivery, error)

	// Save stores the progress of a delivery, and receipts, and returns when both
	// are durable. It takes no context: shutdown does not skip it.
	Save(Seq, Progress, ...Receipt) error

	// Conclude removes a delivery and stores receipts. A queue whose target
	// recognises repeats may return before this is durable.
	Conclude(Seq, ...Receipt) error

	// Fail removes a delivery and keeps it apart, sealed, for a later retry.
	Fail(Seq, Reason) error

	// Waiting calls each for every delivery in the queue, oldest first, without
	// its body. It is for the start, before anything is appended.
	Waiting(each func(Delivery)) error

	// Seen reports whether an entry with this key was ever appended, as far back
	// as keys are remembered.
	Seen(key string) bool
}

// Receipt says which Messenger message a part of an agent's message became.
type Receipt struct {
	Page PageID
	Mid  Mid
	Mark Mark
}

// Receipts remembers them for 30 days.
type Receipts interface {
	// SaveReceipts returns when they are durable.
	SaveReceipts(context.Context, []Receipt) error
	// MidOf returns the message a part became, or "".
	MidOf(Mark) Mid
	// MarkOf returns which part a message is, if it is one of ours.
	MarkOf(PageID, Mid) (Mark, bool)
}

// Pages are the connected pages.
type Pages interface {
	// Page returns ErrNoPage if the page is not connected here.
	Page(PageID) (Page, error)
	Pages() []Page
}

// PageStore is Pages that can be changed.
type PageStore interface {
	Pages
	// SavePage stores a page if p.Rev is the revision of the stored one, 0 if
	// there is none; else ErrConflict.
	SavePage(context.Context, Page) error
	// DeletePage forgets a page and its settings; ErrNoPage if there is none.
	DeletePage(context.Context, PageID) error
}

// Rooms are the Omnichannel side of conversations.
type Rooms interface {
	// Deliver shows an event in the conversation's open room, and opens one if
	// there is none. Showing the same event again is harmless.
	Deliver(context.Context, Incoming) error
	// Conversation returns the conversation a room was opened for, closed rooms
	// included, and false for rooms that are not ours.
	Conversation(RoomID) (Conversation, bool, error)
}

// Desk tells agents about their messages. Telling the same notice again is harmless.
type Desk interface {
	Tell(context.Context, Notice) error
}

// Sender is the way to a page's customers.
type Sender interface {
	// Cut turns a text into parts that Messenger takes, none of them empty.
	Cut(text string, limit int) []Part
	// Send sends one part, exactly once or not at all as far as our side decides:
	// nothing below it repeats the call. The error is a Refusal.
	Send(context.Context, Page, CustomerID, Part, Mark) (Mid, error)
	// Look reads the thread for a part that may have been sent. The error is a Refusal.
	Look(ctx context.Context, p Page, c CustomerID, part Part, since time.Time) (Sighting, error)
}

// Sighting is what a thread shows of a page's messages.
type Sighting struct {
	Like     []Mid // those that look like the part and are not older than since, oldest first
	Shown    []Mid // all of the page's messages in it
	Complete bool  // it reaches back to since
	Obscure  bool  // some messages are shown without telling what they are
}
