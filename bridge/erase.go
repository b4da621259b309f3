package bridge

import (
	"context"
	"errors"
	"strings"

	"messenger-bridge/language"
)

var (
	// ErrNoCustomer says that nothing is stored about a customer.
	ErrNoCustomer = errors.New("no such customer")
	// ErrRoomStays says that Rocket.Chat does not let the bot close a room.
	ErrRoomStays = errors.New("a room cannot be closed")
)

// Archive is Rocket.Chat as it keeps what customers wrote. Errors are Refusals.
type Archive interface {
	// Written returns the messages of a room, open or closed, as the visitor may see them.
	Written(ctx context.Context, visitor Secret, r RoomID) ([]MessageID, error)
	// CloseRooms closes all open rooms of a visitor, with a comment. What is closed
	// stays so; ErrRoomStays if the bot may not.
	CloseRooms(ctx context.Context, visitor Secret, comment string) error
	// EraseVisitor removes a visitor without open rooms, with rooms and messages.
	// One that is not there is no error.
	EraseVisitor(ctx context.Context, visitor Secret) error
}

// Memory is what is stored of conversations beside the queues.
type Memory interface {
	Links
	// RoomsOf returns all rooms a conversation ever had.
	RoomsOf(Conversation) ([]RoomID, error)
	// EraseMessages forgets which messages of a conversation were which of Messenger's,
	// and the customer's name. It returns when that is durable.
	EraseMessages(context.Context, Conversation, []RoomID, []MessageID) error
	// EraseConversation forgets a conversation: its link, its rooms, how it went, and
	// what EraseMessages does. It returns when that is durable.
	EraseConversation(context.Context, Conversation, []RoomID) error
	// Overwrite leaves nothing readable in the file of what was erased before. It returns
	// when that is durable; when ctx ends before, it goes on.
	Overwrite(context.Context) error
}

// Naming finds out what customers are called.
type Naming interface {
	// ForgetName lets go of a question for a customer's name, and returns when nothing
	// follows from it any more, in Rocket.Chat or in the store. What did before stays.
	ForgetName(Conversation)
}

// Forgotten is what became of a customer who was to be forgotten.
type Forgotten struct {
	Rooms   int  // in Rocket.Chat, erased or not
	Waiting int  // messages that were still waiting, in any direction
	Kept    bool // Rocket.Chat refused to remove visitor and rooms; they are closed
}

// In says it in whole sentences.
func (f Forgotten) In(say *language.Speaker) string {
	text := []string{say.Say("The customer is forgotten here.")}
	if f.Waiting > 0 {
		text = append(text, say.Say("Messages that still waited, and were dropped: %d.", f.Waiting))
	}
	if f.Rooms > 0 && f.Kept {
		text = append(text, say.Say("Rocket.Chat did not let me remove the rooms (%d); they are closed. An administrator can remove the contact under Omnichannel.", f.Rooms))
	} else if f.Rooms > 0 {
		text = append(text, say.Say("Rooms removed from Rocket.Chat, with all messages: %d.", f.Rooms))
	}
	return strings.Join(append(text, say.Say("The conversation at Facebook is not touched, and copies that people made are theirs. If the customer writes again, everything begins anew.")), " ")
}
