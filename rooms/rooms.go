// Package rooms keeps one open Omnichannel room for each conversation: it
// registers the customer as a visitor, opens a room, shows what the customer
// wrote, and opens exactly one new room when the old one was closed. It relies on
// the delivery loop never working on one conversation twice at a time, and knows
// neither how Rocket.Chat is called nor where links are stored.
package rooms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// Livechat is the visitor's side of Omnichannel. Errors are Refusals; their
// reasons RoomClosed, VisitorUnknown, NoAgent, OmnichannelOff, TooLong and
// DepartmentGone are acted upon.
type Livechat interface {
	Visits
	Conversing
}

// Visits make visitors known, and open and close their rooms.
type Visits interface {
	// Register makes the visitor known and returns the token that counts from now
	// on. Registering again updates the visitor.
	Register(ctx context.Context, token bridge.Secret, name string, d bridge.DepartmentID) (bridge.Secret, error)
	// OpenRoom returns the visitor's open room, and opens one if there is none.
	OpenRoom(ctx context.Context, visitor bridge.Secret) (bridge.OpenedRoom, error)
	// Close ends a room in the visitor's name. Verdict Never: the workspace does not let
	// visitors do that.
	Close(ctx context.Context, visitor bridge.Secret, r bridge.RoomID) error
	// Online reports whether somebody of a department, or of the workspace, can take a room.
	Online(ctx context.Context, d bridge.DepartmentID) (bool, error)
}

// Conversing is what happens in a visitor's room.
type Conversing interface {
	// Post shows a text, perhaps as an answer to another message, and returns the room
	// it is in, which may be another than asked for. Posting the same id again is
	// harmless.
	Post(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, p bridge.Post) (bridge.RoomID, error)
	// Has reports whether a room, open or closed, holds a message.
	Has(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, id bridge.MessageID) (bool, error)
	// Describe says what a room is about. False says that the workspace does not let the
	// bot do that. Doing it again is harmless.
	Describe(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, a bridge.About) (bool, error)
	// Answer stores what the visitor says of a room, open or closed. False says that the
	// workspace does not take it. Answering again is harmless.
	Answer(ctx context.Context, visitor bridge.Secret, a bridge.SurveyAnswer) (bool, error)
}

// Changes are what a visitor does to messages that are shown. Doing it again is
// harmless; false says that Rocket.Chat does not let it be done, or does not know the
// message.
type Changes interface {
	Edit(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, id bridge.MessageID, text string) (bool, error)
	Delete(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, id bridge.MessageID) (bool, error)
	// React makes this the customer's only reaction to a message; an empty one takes
	// it back.
	React(ctx context.Context, id bridge.MessageID, emoji string) (bool, error)
	// Note says something as the bot, in an open room or a closed one. Saying the same
	// id again is harmless.
	Note(ctx context.Context, r bridge.RoomID, p bridge.Post) error
	// TellServing says something as the bot to whoever serves a room, by direct message.
	// False says that nobody does, or that they cannot be told.
	TellServing(ctx context.Context, r bridge.RoomID, p bridge.Post) (bool, error)
}

// Links remembers which visitor and room belong to a conversation.
type Links interface {
	Link(bridge.Conversation) (bridge.Link, error)
	// SaveLink returns when the link is durable; the rooms of earlier links are
	// still found by Conversation.
	SaveLink(context.Context, bridge.Link) error
	Conversation(bridge.RoomID) (bridge.Conversation, bool, error)
	// VisitorToken returns the token a conversation's visitor is registered with:
	// always the same one, and not to be guessed.
	VisitorToken(bridge.Conversation) bridge.Secret
}

// Known tells as what a Messenger message is shown.
type Known interface {
	TagOf(bridge.PageID, bridge.Mid) (bridge.SendTag, bool)
	ShownAs(bridge.PageID, bridge.Mid) (bridge.RoomID, []bridge.MessageID)
	MidOf(bridge.SendTag) bridge.Mid
}

// Config is what Rooms are made of.
type Config struct {
	Workspace
	Store
	Facebook
	Hooks
	Times
	Now func() time.Time
	Say *language.Speaker
	Log *slog.Logger
}

// Workspace is what Rooms use of Rocket.Chat.
type Workspace struct {
	Livechat Livechat
	Changes  Changes
	Uploads  Uploads

	// RoomLink returns the address of a room. May be nil.
	RoomLink func(bridge.RoomID) string
}

// Store is what Rooms use of what the bridge remembers.
type Store struct {
	Links Links
	Known Known
	Pages bridge.Pages
	Names bridge.Names // may be nil: then nobody has one
}

// Facebook is what Rooms fetch from there.
type Facebook struct {
	App      string // our Meta app: another program may use it, too
	Files    Files
	Profiles Profiles

	// PageInbox returns the address of a conversation in Facebook's Page inbox, or "".
	// May be nil.
	PageInbox func(context.Context, bridge.Page, bridge.CustomerID) string

	// PostText returns what a post of a page says, or "". May be nil.
	PostText func(ctx context.Context, p bridge.Page, post string) string

	// History returns what a customer and a page said to each other last, oldest first.
	// May be nil.
	History func(context.Context, bridge.Page, bridge.CustomerID) ([]bridge.Incoming, error)
}

// Hooks are called when something happened. Each may be nil.
type Hooks struct {
	// Made is called when a room was opened that was not there before, before agents'
	// messages in it are taken.
	Made func(bridge.RoomID)

	// Opened is called when a room is known to be a conversation's, in place of the one
	// before ("" if there was none, or if nothing tells which). If the room was
	// there before, it is also called right before that is durable, so that a stop
	// in between leaves a trace of what agents wrote there.
	Opened func(room, before bridge.RoomID, existed bool)

	// DepartmentGone is called once for each department that was deleted while a
	// page still names it; its customers then come without one.
	DepartmentGone func(bridge.DepartmentID)

	// Back is called when the first room is open again in a department where nobody was
	// there.
	Back func(bridge.DepartmentID)
}

// Times that are zero get the default that stands beside them.
type Times struct {
	NameWait  time.Duration // how long a first message may wait for the name; 1 s
	Retry     time.Duration // how often to look whether an agent is back; 8 s
	Patience  time.Duration // how long something is tried that the workspace refuses, but takes of others; 45 s
	FileAgain time.Duration // how long to wait before a file that Facebook does not have yet is fetched again, at first; 1 s
}

// Rooms implements bridge.Rooms.
type Rooms struct {
	*Config
	*wording
	*naming
	*remarks
	*opener
	*poster
}

// New returns Rooms.
func New(c Config) *Rooms {
	if c.Retry == 0 {
		c.Retry = 8 * time.Second
	}
	if c.NameWait == 0 {
		c.NameWait = time.Second
	}
	if c.Patience == 0 {
		c.Patience = 45 * time.Second
	}
	if c.FileAgain == 0 {
		c.FileAgain = time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	words := newWording(&c)
	naming := &naming{&c, words, newNames()}
	remarks := newRemarks(&c, words)
	opener := &opener{Config: &c, wording: words, naming: naming, duty: newDuty(&c), remarks: remarks}
	return &Rooms{&c, words, naming, remarks, opener, newPoster(&c, words, remarks, opener)}
}

// Conversation returns the conversation a room was opened for.
func (r *Rooms) Conversation(id bridge.RoomID) (bridge.Conversation, bool, error) {
	return r.Links.Conversation(id)
}

// OpenRoom returns the room of a conversation that is believed open, or "".
func (r *Rooms) OpenRoom(c bridge.Conversation) (bridge.RoomID, error) {
	link, err := r.Links.Link(c)
	return link.Room, err
}

// Deliver shows an event: what the customer said in the conversation's open room,
// what happened otherwise in the latest room there is.
func (r *Rooms) Deliver(ctx context.Context, in bridge.Incoming, before bridge.Before) (bridge.Shown, error) {
	known, err := r.Links.Link(in.Conversation)
	if err != nil {
		return bridge.Shown{}, fmt.Errorf("read link: %w", err)
	}
	link := &stay{Link: known, again: in.Tries > 0, before: before, event: in.MessageID(), inParts: in.InParts, refusals: in.Refusals.Of(0)}
	shown, err := r.deliver(ctx, link, in)
	shown.Waits = link.waits
	if shown.Left == nil {
		shown.Left = link.left
	}
	return shown, err
}

func (r *Rooms) deliver(ctx context.Context, link *stay, in bridge.Incoming) (bridge.Shown, error) {
	if in.Survey != nil {
		return r.survey(ctx, link, in)
	}
	switch in.Kind {
	case bridge.ReactionEvent:
		return bridge.Shown{}, r.reaction(ctx, link, in)
	case bridge.EditEvent:
		return bridge.Shown{}, r.edit(ctx, link, in)
	case bridge.DeletionEvent:
		return bridge.Shown{}, r.deletion(ctx, link, in)
	case bridge.EchoEvent:
		return r.echo(ctx, link, in)
	case bridge.HiddenEvent:
		return bridge.Shown{}, r.hidden(ctx, link, in)
	case bridge.UnknownEvent, bridge.OtherEvent:
		if in.Wordless() {
			return bridge.Shown{}, r.named(ctx, link, in)
		}
	}
	switch in.Kind {
	case bridge.HandoverEvent, bridge.OptinEvent, bridge.FeedbackEvent, bridge.OtherEvent:
		return bridge.Shown{}, r.note(ctx, link, in.MessageID(), r.quotable(in), r.happened(ctx, in))
	}
	if in.Deleted {
		stands, err := r.mayStand(ctx, link, in)
		if err != nil {
			return bridge.Shown{}, err
		}
		if !stands {
			return bridge.Shown{}, deletions{r.remarks}.unseen(ctx, link, in)
		}
	}
	return r.show(ctx, link, in)
}

func reasonOf(err error) bridge.Reason {
	if err == nil {
		return ""
	}
	var r *bridge.Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}
