package bridge

import "context"

// Gesture is what a customer sees of a page beside its messages.
type Gesture struct {
	Kind  GestureKind
	On    Mid    // the message that is reacted to
	Emoji string // of a React
}

// GestureKind says what a gesture is.
type GestureKind string

const (
	Typing  GestureKind = "typing"  // somebody is writing
	Seen    GestureKind = "seen"    // the page has read everything
	React   GestureKind = "react"   // the page's reaction to a message of the customer's
	Unreact GestureKind = "unreact" // it is taken back
)

// Gestures makes them. The error is a Refusal; nobody is told of it.
type Gestures interface {
	Make(context.Context, Page, CustomerID, Gesture) error
}
