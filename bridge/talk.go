package bridge

import "time"

// Talk is what is remembered of how a conversation went, besides its messages: times
// only. The zero value is a conversation nobody remembers.
type Talk struct {
	// Heard is when the customer last did something that lets the page answer for 24
	// hours, by Meta's clock (messenger.md 8).
	Heard time.Time `json:"heard,omitzero"`
	// Told is how far the agent was told about the window that began with Heard.
	Told WindowNote `json:"told,omitempty"`
	// Spoke is when somebody last said something; only known while the page wants new
	// rooms after a silence.
	Spoke time.Time `json:"spoke,omitzero"`
	// Closed is when the conversation's room was closed last, and ClosedRoom which; Before
	// are the closings before that one, newest first.
	Closed     time.Time `json:"closed,omitzero"`
	ClosedRoom RoomID    `json:"closedRoom,omitempty"`
	Before     [2]Ended  `json:"before,omitzero"`
	// Welcomed is when the welcome text was last sent.
	Welcomed time.Time `json:"welcomed,omitzero"`
	// Received and Read are up to when the customer has, and has read, what the page sent,
	// by Meta's clock; only known while the page's agents are to see it.
	Received time.Time `json:"received,omitzero"`
	Read     time.Time `json:"read,omitzero"`
	// Commenting is when the customer tapped to write a comment on a conversation that is
	// over, whose room is CommentingRoom; Commented is the key of the event that is it.
	Commenting     time.Time `json:"commenting,omitzero"`
	CommentingRoom RoomID    `json:"commentingRoom,omitempty"`
	Commented      string    `json:"commented,omitempty"`
	// Comment is the latest comment that is shown, in a conversation of kind Comments;
	// Heard is its time.
	Comment Mid `json:"comment,omitempty"`
}

// Ended is when a room was closed.
type Ended struct {
	Room RoomID    `json:"room"`
	At   time.Time `json:"at"`
}

// end notes that a room was closed.
func (t *Talk) end(room RoomID, at time.Time) {
	if !at.After(t.Closed) {
		return
	}
	if t.ClosedRoom != "" && t.ClosedRoom != room {
		t.Before = [2]Ended{{t.ClosedRoom, t.Closed}, t.Before[0]}
	}
	t.Closed, t.ClosedRoom = at, room
}

// endOf returns when a room was closed, as far as that is remembered.
func (t Talk) endOf(room RoomID) (at time.Time, known bool) {
	for _, e := range []Ended{{t.ClosedRoom, t.Closed}, t.Before[0], t.Before[1]} {
		if e.Room == room && !e.At.IsZero() {
			return e.At, true
		}
	}
	return at, false
}

// WindowNote is what an agent was told about a conversation's window.
type WindowNote string

const (
	WindowOpen   WindowNote = ""
	WindowEnding WindowNote = "ending" // less than an hour is left
	WindowEnded  WindowNote = "ended"
)

// Talks remembers how conversations went, for as long as anything can follow from it.
// What is remembered may be minutes old after a crash, and never from the future.
type Talks interface {
	Talk(Conversation) Talk
	// ChangeTalk changes what is remembered and returns it. change may be called while
	// others wait; it must not call back.
	ChangeTalk(c Conversation, change func(*Talk)) Talk
	// EachTalk calls each for every conversation remembered, in no order.
	EachTalk(each func(Conversation, Talk)) error
	// ForgetTalk forgets a conversation.
	ForgetTalk(Conversation)
}
