package bridge

import (
	"context"
	"time"
)

// Queue is a durable list of deliveries. Nothing in it may depend on two of its
// entries, or an entry and anything else, changing together; only an entry and
// its key do. Safe for concurrent use.
type Queue interface {
	QueueReader
	QueueWriter
}

// QueueReader is what can be asked of a Queue.
type QueueReader interface {
	// Delivery reads one entry; ErrConcluded if it is no longer there.
	Delivery(Seq) (Delivery, error)

	// Accepted calls each with when entries were accepted that are still there.
	Accepted(seqs []Seq, each func(Seq, time.Time))

	// Waiting calls each for every delivery in the queue, oldest first, without
	// its body; lane numbers the lanes as they are met, from 0 on. The delivery is lent
	// for the call only. It is for the start, before anything is appended.
	Waiting(each func(d *Delivery, lane int)) error

	// Seen reports whether an entry with this key was ever appended, as far back
	// as keys are remembered.
	Seen(key string) bool
}

// QueueWriter is what changes a Queue.
type QueueWriter interface {
	// Append stores what is new among entries, in one commit, and returns when it
	// is durable. Repeats, told by their keys, are counted and left out. stored is
	// called for each new entry after the commit and before Append returns; it
	// must not block. On error nothing was stored.
	Append(ctx context.Context, entries []Entry, stored func(*Entry, Seq)) (repeats int, err error)

	// Save stores the progress of a delivery, and receipts, and returns when both
	// are durable. It takes no context: shutdown does not skip it.
	Save(Seq, Progress, ...Receipt) error

	// Postpone writes down what became of an attempt, with the next commit that is
	// made anyway. A delivery that is gone stays so.
	Postpone(Seq, History)

	// Conclude removes a delivery and stores receipts. A queue whose target
	// recognises repeats may return before this is durable.
	Conclude(Seq, ...Receipt) error

	// Fail removes a delivery and keeps it apart, sealed, for a later retry; detail is kept
	// beside the reason, for people, and may be empty.
	Fail(seq Seq, reason Reason, detail string) error
}

// Receipt says that a Messenger message and messages of a room are the same: either
// what a part of an agent's message became, or as which messages a customer's (or
// another app's) is shown.
type Receipt struct {
	Page PageID
	Mid  Mid

	Tag      SendTag      // the part of an agent's message; or
	With     Conversation // with Tag: the one it belongs to
	Sent     Sent         // with Tag: when that was; zero: nobody asks
	TextHash string       // with Tag: the customer has the whole message, with a text of this fingerprint; behind it, which version that is

	Room RoomID // where it is shown
	// Shown are the messages as which it is shown; the first stands for all of them. One that shows more than
	// the customer's words, alone, stands there twice, so that no correction takes its place.
	Shown []MessageID
}

// Sent is when a part was sent to whom.
type Sent struct {
	To  Conversation
	Tag SendTag
	At  time.Time // by Meta's clock
}

// SomePart is the part of a SendTag that an older record does not tell; none comes after
// it.
const SomePart = 1<<16 - 2

// Receipts remembers them for 30 days, ids only. What was handed to a queue with a
// conclusion is found at once, durable or not.
type Receipts interface {
	// SaveReceipts returns when they are durable.
	SaveReceipts(context.Context, []Receipt) error
	// MidOf returns the Messenger message that a part became, or "". For a message
	// that shows a customer's, it is part 0.
	MidOf(SendTag) Mid
	// TagOf returns which part of an agent's message a Messenger message is, if it
	// is one of ours.
	TagOf(PageID, Mid) (SendTag, bool)
	// TextHashOf returns the fingerprint of the text of an agent's message which the
	// customer has, or "".
	TextHashOf(MessageID) string
	// ShownAs returns the room and the messages that show a Messenger message which
	// is none of ours; nothing if it is not known.
	ShownAs(PageID, Mid) (RoomID, []MessageID)
}

// SentLog tells what was sent. It is part of what SaveReceipts remembers.
type SentLog interface {
	// SentSince returns what was sent to a customer after a time, oldest first; of very
	// much, the newest.
	SentSince(Conversation, time.Time) []Sent
}

// Names remember what customers are called, sealed, for 30 days after they were asked
// for last.
type Names interface {
	// Name returns "" if the customer has none, and when Facebook was asked; the zero
	// time if it was not.
	Name(Conversation) (name string, asked time.Time)
	SaveName(ctx context.Context, c Conversation, name string) error
}

// Called is a conversation with somebody whose name is known.
type Called struct {
	Conversation Conversation
	Name         string
	Room         RoomID // the open one; empty: there is none
}

// Links tell how conversations are tied to Rocket.Chat.
type Links interface {
	Link(Conversation) (Link, error)
}

// Pages are the connected pages.
type Pages interface {
	// Page returns ErrNoPage if the page is not connected here.
	Page(PageID) (Page, error)
	// Pages returns a copy of all, in order of their ids.
	Pages() []Page
	// EachPage calls each for every page, in the same order, until it returns false. The
	// page is lent, and must not be changed.
	EachPage(each func(*Page) bool)
}

// AnyPage reports whether something holds for a page.
func AnyPage(pages Pages, holds func(*Page) bool) (found bool) {
	pages.EachPage(func(p *Page) bool {
		found = holds(p)
		return !found
	})
	return found
}

// PageStore is Pages that can be changed.
type PageStore interface {
	Pages
	// SavePage stores a page if p.Rev is the revision of the stored one, 0 if
	// there is none; else ErrConflict.
	SavePage(context.Context, Page) error
	// SavePages is SavePage for several, all or none, and spends a ticket with them
	// unless its id is empty: if that is no longer good, nothing is stored, and the
	// error is the ticket's.
	SavePages(ctx context.Context, pages []Page, ticket string) error
	// DeletePage forgets a page and its settings; ErrNoPage if there is none.
	DeletePage(context.Context, PageID) error
}

// Rooms are the Omnichannel side of conversations.
type Rooms interface {
	// Deliver shows an event in the conversation's open room, and opens one if
	// there is none. Showing the same event again is harmless. Shown tells what happened
	// also where there is an error.
	Deliver(ctx context.Context, in Incoming, before Before) (Shown, error)
	// Conversation returns the conversation a room was opened for, closed rooms
	// included, and false for rooms that are not ours.
	Conversation(RoomID) (Conversation, bool, error)
	// OpenRoom returns the room of a conversation that is believed open, or "".
	OpenRoom(Conversation) (RoomID, error)
}

// Before are called before something is done that a later attempt must know of. If one fails, it
// is not done.
type Before struct {
	// Room is called when a new room is the conversation's, before that is durable and before
	// anything is shown there; perhaps more than once for a room.
	Room func(NewRoom) error
	// Parts is called before a text is shown in parts for the first time, because it is too long.
	Parts func() error
	// Correction is called before a customer's correction is shown anew, because what it corrects is not there, and reports
	// whether that is still wanted: the customer may have deleted it meanwhile.
	Correction func() bool
}

// NewRoom is a room that was opened for an event.
type NewRoom struct {
	ID         RoomID
	Unattended bool // nobody serves it, and nobody is there who could
	Unverified bool // no agent sees it until the customer is verified
}

// Shown is what became of an event.
type Shown struct {
	Receipt Receipt   // as what it is shown; without Mid: nothing is to be remembered
	Refused []string  // what the customer must be told of files that were not taken
	Waits   bool      // no room was opened, because nobody is there who could take it
	Left    *Response // something of it was given up, and a line stands in its place: why; nil: nothing was
}

// People tells people from programs.
type People interface {
	// IsPerson reports whether an author is an agent, and certainly no program.
	IsPerson(context.Context, Author) (bool, error)
}

// Sender is the way to a page's customers.
type Sender interface {
	// Cut turns a text into parts that Messenger takes, none of them empty.
	Cut(text string, limit int) []Part
	// Send sends one part, exactly once or not at all as far as our side decides:
	// nothing below it repeats the call. The error is a Refusal.
	Send(context.Context, Page, CustomerID, OutboundPart) (Mid, error)
	// Look reads the thread for a part that may have been sent. The error is a Refusal.
	Look(context.Context, Page, CustomerID, Search) (Sighting, error)
	// LookBelow is Look for what was sent as a public answer to a comment.
	LookBelow(ctx context.Context, p Page, comment Mid, s Search) (Sighting, error)
}

// Search is what a thread is read for.
type Search struct {
	Forms  []Part              // one of which the part may have been sent in
	Since  time.Time           // it was not sent before
	Newest bool                // only what is shown at once: what has just been sent
	Enough func(Sighting) bool // reports whether no older messages need be read; nil: those since then are
}

// Sighting is what a thread shows of a page's messages.
type Sighting struct {
	Like     []Mid // those that look like the part and are not older than since, oldest first
	Shown    []Mid // all of the page's messages in it, and those of Bare, oldest first
	Bare     []Mid // those of which only the id is shown
	Complete bool  // it reaches back to since
	Obscure  bool  // something is shown of which nobody can tell which message it is
}

// Files are what agents upload to rooms.
type Files interface {
	// Open begins to read a file of a room; visitor is the token of the room's
	// customer. The error is a Refusal; whether it is the file's fault or the workspace's,
	// Works tells.
	Open(ctx context.Context, file Attachment, room RoomID, visitor Secret) (*Content, error)
	// Works returns nil if the workspace answers, and the bot is logged in; else a
	// Refusal that says what is wrong.
	Works(context.Context) error
}

// Personas are the names and pictures under which a page may write.
type Personas interface {
	// MakePersona makes one and returns what Meta calls it. The error is a Refusal.
	MakePersona(ctx context.Context, p Page, name, picture string) (id string, err error)
}

// PersonaStore remembers the personas that were made.
type PersonaStore interface {
	// Persona returns what Meta calls a persona, or "".
	Persona(p PageID, name, picture string) string
	// SavePersona remembers one, or forgets it if id is empty.
	SavePersona(ctx context.Context, p PageID, name, picture, id string) error
}

// Moderator keeps customers from writing to a page. The error is a Refusal.
type Moderator interface {
	Block(ctx context.Context, p Page, c CustomerID, on bool) error
}
