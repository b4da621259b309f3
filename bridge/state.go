package bridge

import "time"

// ConversationState is what is remembered of how a conversation went, besides its
// messages: times and ids only, one record for each feature that needs one. The zero
// value is a conversation nobody remembers.
type ConversationState struct {
	Window     Window        `json:"window,omitzero"`
	Silence    Silence       `json:"silence,omitzero"`
	Closings   Closings      `json:"closings,omitzero"`
	Welcome    Welcome       `json:"welcome,omitzero"`
	Watermarks Watermarks    `json:"watermarks,omitzero"`
	Survey     SurveyComment `json:"survey,omitzero"`
	Reply      ReplyTarget   `json:"reply,omitzero"`
}

// LastActive returns when the customer last did something that is remembered here.
func (s ConversationState) LastActive() time.Time {
	if s.Reply.At.After(s.Window.Heard) {
		return s.Reply.At
	}
	return s.Window.Heard
}

// Window is since when the page may answer the customer, for 24 hours (messenger.md 8).
type Window struct {
	Heard time.Time  `json:"heard,omitzero"` // when the customer last did something that opens it, by Meta's clock
	Told  WindowNote `json:"told,omitempty"` // how far the agent was told about the window that began then
}

const (
	// PlainWindow is how long a page may answer after the customer's last action. Meta is
	// the judge, by its own books; what we compute warns agents early, and keeps automatic
	// texts and the human tag from being tried.
	PlainWindow = 24 * time.Hour
	// HumanWindow is the same with the tag HUMAN_AGENT, for what a person wrote.
	HumanWindow = 7 * 24 * time.Hour
)

// Open reports whether a window of this length is open. A customer nobody remembers
// having heard is left to Meta.
func (w Window) Open(now time.Time, length time.Duration) bool {
	return w.Heard.IsZero() || now.Before(w.Heard.Add(length))
}

// WindowNote is what an agent was told about a conversation's window.
type WindowNote string

const (
	WindowOpen   WindowNote = ""
	WindowEnding WindowNote = "ending" // less than an hour is left
	WindowEnded  WindowNote = "ended"
)

// Silence is since when nobody has said anything; only known while the page wants new
// rooms after a silence.
type Silence struct {
	Since time.Time `json:"since,omitzero"`
}

// Closings are the last times that the conversation's rooms were closed, newest first.
type Closings struct {
	Last   Closed    `json:"last,omitzero"`
	Before [2]Closed `json:"before,omitzero"`
}

// Closed is when a room was closed.
type Closed struct {
	Room RoomID    `json:"room"`
	At   time.Time `json:"at"`
}

// Add notes that a room was closed.
func (c *Closings) Add(room RoomID, at time.Time) {
	if !at.After(c.Last.At) {
		return
	}
	if c.Last.Room != "" && c.Last.Room != room {
		c.Before = [2]Closed{c.Last, c.Before[0]}
	}
	c.Last = Closed{Room: room, At: at}
}

// Of returns when a room was closed, as far as that is remembered.
func (c Closings) Of(room RoomID) (at time.Time, known bool) {
	for _, one := range []Closed{c.Last, c.Before[0], c.Before[1]} {
		if one.Room == room && !one.At.IsZero() {
			return one.At, true
		}
	}
	return at, false
}

// Welcome is when the welcome text was last sent.
type Welcome struct {
	At time.Time `json:"at,omitzero"`
}

// Watermarks are up to when the customer has, and has read, what the page sent, by Meta's
// clock; only known while the page's agents are to see it.
type Watermarks struct {
	Received time.Time `json:"received,omitzero"`
	Read     time.Time `json:"read,omitzero"`
}

// SurveyComment is when the customer tapped to write a comment on a conversation that is
// over, in which room that was, and the key of the event that is the comment.
type SurveyComment struct {
	Since time.Time `json:"since,omitzero"`
	Room  RoomID    `json:"room,omitempty"`
	Key   string    `json:"key,omitempty"`
}

// ReplyTarget is the comment that answers go to which quote none, and its time; of a
// conversation of kind Comments.
type ReplyTarget struct {
	Comment Mid       `json:"comment,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// States remembers how conversations went, for as long as anything can follow from it.
// What is remembered may be minutes old after a crash, and never from the future.
type States interface {
	State(Conversation) ConversationState
	// ChangeState changes what is remembered and returns it. change may be called while
	// others wait; it must not call back.
	ChangeState(c Conversation, change func(*ConversationState)) ConversationState
	// EachState calls each for every conversation remembered, in no order.
	EachState(each func(Conversation, ConversationState)) error
	// ForgetState forgets a conversation.
	ForgetState(Conversation)
}

// NoStates remembers nothing: windows are Meta's business alone then.
type NoStates struct{}

// State implements States.
func (NoStates) State(Conversation) ConversationState { return ConversationState{} }

// ChangeState implements States.
func (NoStates) ChangeState(Conversation, func(*ConversationState)) ConversationState {
	return ConversationState{}
}

// EachState implements States.
func (NoStates) EachState(func(Conversation, ConversationState)) error { return nil }

// ForgetState implements States.
func (NoStates) ForgetState(Conversation) {}

// NoteSpoken notes that customer or agent has said something, for pages that want new
// rooms after a silence.
func NoteSpoken(states States, pages Pages, c Conversation, at time.Time) {
	page, err := pages.Page(c.Page)
	if err != nil || page.Settings.NewRoomAfter == 0 || c.Kind != Messages {
		return
	}
	states.ChangeState(c, func(s *ConversationState) {
		if at.After(s.Silence.Since) {
			s.Silence.Since = at.UTC()
		}
	})
}
