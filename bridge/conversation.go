package bridge

import "strings"

type (
	// PageID is the id of a Facebook page; made by Meta.
	PageID string
	// CustomerID is the id of a person, valid for one page only (a PSID); made by Meta.
	CustomerID string
	// Mid is the id of a Messenger message; made by Meta. Whether it is unique
	// beyond its page is not documented, so it is never used without the page.
	Mid string
	// RoomID is the id of an Omnichannel room; made by Rocket.Chat. A closed
	// room is not used again.
	RoomID string
	// MessageID is the _id of a Rocket.Chat message; made by Rocket.Chat for what
	// agents write, and by us for what we post, so that posting again is harmless.
	MessageID string
	// UserID is the id of a Rocket.Chat user; made by Rocket.Chat.
	UserID string
	// DepartmentID is the id of an Omnichannel department; made by Rocket.Chat.
	DepartmentID string
)

// Kind tells conversations of one customer and page apart.
type Kind string

const (
	Messages Kind = "m" // private messages
	Comments Kind = "c" // public comments below the page's posts
)

// Conversation is what a customer and a page have with one another. There is at
// most one open room for each.
type Conversation struct {
	Page     PageID     `json:"page"`
	Customer CustomerID `json:"customer"`
	Kind     Kind       `json:"kind"`
}

// String returns page, kind and customer in one word. It is a key of stored records and
// stands in ids, so it never changes.
func (c Conversation) String() string {
	return string(c.Page) + "/" + string(c.Kind) + "/" + string(c.Customer)
}

// ConversationOf reads what String returns; false for anything else.
func ConversationOf(s string) (c Conversation, ok bool) {
	page, rest, one := strings.Cut(s, "/")
	kind, customer, two := strings.Cut(rest, "/")
	return Conversation{Page: PageID(page), Kind: Kind(kind), Customer: CustomerID(customer)}, one && two
}

// Link ties a conversation to Rocket.Chat.
type Link struct {
	Conversation Conversation
	Visitor      Secret       // the token by which Rocket.Chat knows the customer; empty: not registered yet
	Room         RoomID       // the room believed open; empty: none
	Department   DepartmentID // with which the visitor was registered
	Begin        MessageID    // of the event for which the room was opened; empty: not remembered
}
