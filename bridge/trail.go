package bridge

import (
	"context"
	"time"
)

// Step is something that became of a delivery, for whoever follows a message. It holds ids
// and reasons, never what was written.
type Step struct {
	At        time.Time `json:"at"`
	Kind      StepKind  `json:"kind"`
	Direction Direction `json:"direction"`
	Delivery  Seq       `json:"delivery"`
	Accepted  time.Time `json:"accepted,omitzero"`
	Reason    Reason    `json:"reason,omitempty"` // of a refusal, or why it was given up
	Detail    string    `json:"detail,omitempty"` // what a platform answered: codes only
	Tries     int       `json:"tries,omitempty"`  // refusals so far
	What      string    `json:"what,omitempty"`   // what kind of event or notice it is
	IDs       []string  `json:"ids,omitempty"`    // of its message, at Facebook and in Rocket.Chat
}

// Subject is what a delivery is, for whoever follows its message.
type Subject struct {
	What string // kind of event or notice
	ID   string // of the message; empty: of none
}

// Named names the message for the log: by the id at Facebook if a customer wrote it, else by the
// id in Rocket.Chat.
func (s Subject) Named(d Direction) []any {
	switch {
	case s.ID == "":
		return nil
	case d == In:
		return []any{"mid", s.ID}
	}
	return []any{"message", s.ID}
}

// StepKind says what happened.
type StepKind string

const (
	StepRefused StepKind = "refused"   // and stays
	StepDone    StepKind = "delivered" // to the customer, into the room, or to whom it tells
	StepGivenUp StepKind = "given-up"  // and kept for 7 days
	StepSkipped StepKind = "not-sent"  // there was nothing left to be sent: it was deleted, or replaced
	StepRestart StepKind = "restart"   // the bridge started; of no delivery
)

// Trail remembers steps for 30 days. Safe for concurrent use.
type Trail interface {
	// Note remembers a step; it does not block. A crash may lose what the last second had.
	Note(Conversation, Step)
	// StepsOf returns what is remembered of a conversation, oldest first.
	StepsOf(context.Context, Conversation) ([]Step, error)
	// Named returns the conversations with steps that name an id. It looks through all that is
	// remembered.
	Named(ctx context.Context, id string) ([]Conversation, error)
}

// Course is what became of one delivery.
type Course struct {
	Conversation Conversation `json:"conversation"`
	Direction    Direction    `json:"direction"`
	Delivery     Seq          `json:"delivery"`
	What         string       `json:"what,omitempty"`
	IDs          []string     `json:"ids"`
	Accepted     time.Time    `json:"accepted"`
	Steps        []Step       `json:"steps"`
	Waiting      bool         `json:"waiting"`
	Tries        int          `json:"tries,omitempty"`  // refusals, while it waits
	Reason       Reason       `json:"reason,omitempty"` // of the last of them
	Due          time.Time    `json:"due,omitzero"`     // when it is tried again; zero: when what it waits for is over
}

// Change is something that a person, or the bridge by itself, has changed: a page, a setting,
// a grant; or a command that erases.
type Change struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	What   string    `json:"what"`
	Page   PageID    `json:"page,omitempty"`
	Detail string    `json:"detail,omitempty"`
}

// Journal remembers changes for a year. Safe for concurrent use.
type Journal interface {
	// Record returns when the change is durable.
	Record(context.Context, Change) error
	// Changes returns the newest since a time, newest first, at most limit.
	Changes(since time.Time, limit int) ([]Change, error)
}

type actorKey struct{}

// ActedBy returns a context in which somebody acts.
func ActedBy(ctx context.Context, who string) context.Context {
	return context.WithValue(ctx, actorKey{}, who)
}

// AnOperator acts on the bridge's own machine.
const AnOperator = "an operator"

// Actor returns who acts in a context: the bridge by itself where nobody was named.
func Actor(ctx context.Context) string {
	if who, _ := ctx.Value(actorKey{}).(string); who != "" {
		return who
	}
	return "the bridge"
}
