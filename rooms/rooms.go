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
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// Livechat is the visitor's side of Omnichannel. Errors are Refusals; their
// reasons RoomClosed, VisitorUnknown, NoAgent, OmnichannelOff, TooLong and
// DepartmentGone are acted upon.
type Livechat interface {
	// Register makes the visitor known and returns the token that counts from now
	// on. Registering again updates the visitor.
	Register(ctx context.Context, token bridge.Secret, name string, d bridge.DepartmentID) (bridge.Secret, error)
	// OpenRoom returns the visitor's open room, and opens one if there is none.
	OpenRoom(ctx context.Context, visitor bridge.Secret) (bridge.OpenedRoom, error)
	// Post shows a text, perhaps as an answer to another message, and returns the room
	// it is in, which may be another than asked for. Posting the same id again is
	// harmless.
	Post(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, p bridge.Post) (bridge.RoomID, error)
	// Close ends a room in the visitor's name. Verdict Never: the workspace does not let
	// visitors do that.
	Close(ctx context.Context, visitor bridge.Secret, r bridge.RoomID) error
	// Has reports whether a room, open or closed, holds a message.
	Has(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, id bridge.MessageID) (bool, error)
	// Describe says what a room is about. False says that the workspace does not let the
	// bot do that. Doing it again is harmless.
	Describe(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, a bridge.About) (bool, error)
	// Answer stores what the visitor says of a room, open or closed. False says that the
	// workspace does not take it. Answering again is harmless.
	Answer(ctx context.Context, visitor bridge.Secret, a bridge.SurveyAnswer) (bool, error)
	// Online reports whether somebody of a department, or of the workspace, can take a room.
	Online(ctx context.Context, d bridge.DepartmentID) (bool, error)
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
	MarkOf(bridge.PageID, bridge.Mid) (bridge.Mark, bool)
	ShownAs(bridge.PageID, bridge.Mid) (bridge.RoomID, []bridge.MessageID)
	MidOf(bridge.Mark) bridge.Mid
}

// Config is what Rooms are made of.
type Config struct {
	Livechat Livechat
	Changes  Changes
	Files    Files
	Uploads  Uploads
	Links    Links
	Known    Known
	Pages    bridge.Pages
	Names    bridge.Names // may be nil: then nobody has one
	Profiles Profiles
	NameWait time.Duration // how long a first message may wait for the name; 1 s
	App      string        // our Meta app: another program may use it, too

	// PageInbox returns the address of a conversation in Facebook's Page inbox, or "".
	// May be nil.
	PageInbox func(context.Context, bridge.Page, bridge.CustomerID) string

	// PostText returns what a post of a page says, or "". May be nil.
	PostText func(ctx context.Context, p bridge.Page, post string) string

	// History returns what a customer and a page said to each other last, oldest first.
	// May be nil.
	History func(context.Context, bridge.Page, bridge.CustomerID) ([]bridge.Incoming, error)

	// Opened is called when a room is known to be a conversation's, in place of the one
	// before ("" if that was closed, or if there was none). If the room was
	// there before, it is also called right before that is durable, so that a stop
	// in between leaves a trace of what agents wrote there. May be nil.
	Opened func(room, before bridge.RoomID, existed bool)

	// Began is called for each new room, before that is durable; perhaps more than once.
	// May be nil.
	Began func(context.Context, bridge.Conversation, bridge.RoomID) error
	// Waits is called when an event waits because nobody is there; perhaps more than
	// once. May be nil.
	Waits func(context.Context, bridge.Incoming) error
	// Unattended is called when a room was opened although nobody is there, because the
	// workspace wants that; perhaps more than once. May be nil.
	Unattended func(context.Context, bridge.Incoming, bridge.RoomID) error
	// RoomLink returns the address of a room. May be nil.
	RoomLink func(bridge.RoomID) string

	// DepartmentGone is called once for each department that was deleted while a
	// page still names it; its customers then come without one. May be nil.
	DepartmentGone func(bridge.DepartmentID)

	Retry     time.Duration // how often to look whether an agent is back; 30 s
	FileAgain time.Duration // how long to wait before a file that Facebook does not have yet is fetched again, at first; 1 s
	Now       func() time.Time
	Say       *language.Speaker
	Log       *slog.Logger
}

// Rooms implements bridge.Rooms.
type Rooms struct {
	Config

	names *names

	mu      sync.Mutex                        // guards the fields below
	told    map[bridge.MessageID]bool         // what was said once in a room
	posts   map[string]string                 // what posts say
	away    map[bridge.DepartmentID]time.Time // when nobody was there, as last seen
	deleted map[bridge.DepartmentID]bool      // departments that are no more, as said
	barred  bool                              // rooms cannot be described, as said
}

// New returns Rooms.
func New(c Config) *Rooms {
	if c.Retry == 0 {
		c.Retry = 30 * time.Second
	}
	if c.NameWait == 0 {
		c.NameWait = time.Second
	}
	if c.FileAgain == 0 {
		c.FileAgain = time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Rooms{Config: c, names: newNames(), away: map[bridge.DepartmentID]time.Time{}, deleted: map[bridge.DepartmentID]bool{}, told: map[bridge.MessageID]bool{}, posts: map[string]string{}}
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
func (r *Rooms) Deliver(ctx context.Context, in bridge.Incoming) (bridge.Shown, error) {
	link, err := r.Links.Link(in.Conversation)
	if err != nil {
		return bridge.Shown{}, fmt.Errorf("read link: %w", err)
	}
	if in.Survey != nil {
		return r.survey(ctx, link, in)
	}
	switch in.Kind {
	case bridge.ReactionEvent:
		return bridge.Shown{}, r.reaction(ctx, &link, in)
	case bridge.EditEvent:
		return bridge.Shown{}, r.edit(ctx, &link, in)
	case bridge.DeletionEvent:
		return bridge.Shown{}, r.deletion(ctx, &link, in)
	case bridge.EchoEvent:
		return r.echo(ctx, &link, in)
	case bridge.HiddenEvent:
		return bridge.Shown{}, r.hidden(ctx, &link, in)
	case bridge.HandoverEvent, bridge.OptinEvent, bridge.FeedbackEvent:
		return bridge.Shown{}, r.note(ctx, &link, in.MessageID(), "", r.happened(in))
	}
	if in.Deleted && in.Comment != nil {
		return bridge.Shown{}, r.note(ctx, &link, in.MessageID(), "", r.Say.Say("A comment was written and deleted before it could be shown."))
	}
	if in.Deleted {
		return bridge.Shown{}, r.note(ctx, &link, in.MessageID(), "", r.Say.Say("The customer sent a message and deleted it before it could be shown."))
	}
	return r.show(ctx, &link, in)
}

func (r *Rooms) register(ctx context.Context, link *bridge.Link) error {
	token := r.Links.VisitorToken(link.Conversation)
	department := r.department(link.Conversation.Page)
	r.awaitName(ctx, link.Conversation)
	name := r.nameOf(link.Conversation)
	given, err := r.Livechat.Register(ctx, token, name, department)
	if reasonOf(err) == bridge.DepartmentGone && department != "" {
		r.departmentGone(department)
		department = "" // whoever is there is better than nobody
		given, err = r.Livechat.Register(ctx, token, name, department)
	}
	if err != nil {
		return err
	}
	r.registeredAs(link.Conversation, name)
	link.Visitor, link.Department = given, department
	if err := r.save(ctx, *link); err != nil {
		return err
	}
	if known := r.nameOf(link.Conversation); known != name { // it came in between
		if err := r.rename(ctx, *link, known); err != nil {
			r.Log.Info("a customer's name is not shown yet", "page", link.Conversation.Page, "err", err)
		}
	}
	return nil
}

// open gets the conversation an open room. The link is durable before anything
// is posted, so that an agent's first answer finds its way. An earlier attempt may have
// opened it.
func (r *Rooms) open(ctx context.Context, link *bridge.Link, in bridge.Incoming) error {
	if err := r.someoneThere(ctx, link.Department); err != nil {
		return err
	}
	room, err := r.Livechat.OpenRoom(ctx, link.Visitor)
	if err != nil {
		return r.hold(link.Department, err)
	}
	r.back(link.Department)
	if room.Unattended && r.Unattended != nil {
		if err := r.Unattended(ctx, in, room.ID); err != nil {
			r.Log.Warn("nobody is told of a room that nobody serves", "page", link.Conversation.Page, "room", room.ID, "err", err)
		}
	}
	return r.moveTo(ctx, link, room.ID, room.Existed, !room.Existed || in.Tries > 0)
}

// moveTo makes a room the conversation's; began says that it is a new one.
func (r *Rooms) moveTo(ctx context.Context, link *bridge.Link, room bridge.RoomID, existed, began bool) error {
	before := link.Room
	link.Room = room
	if began && r.Began != nil {
		if err := r.Began(ctx, link.Conversation, room); err != nil {
			return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.StoreFailed, Err: err}
		}
	}
	opened := r.Opened
	if opened == nil {
		opened = func(room, before bridge.RoomID, existed bool) {}
	}
	if existed {
		opened(room, before, existed)
	}
	if err := r.save(ctx, *link); err != nil {
		return err
	}
	opened(room, before, existed)
	return nil
}

func (r *Rooms) save(ctx context.Context, link bridge.Link) error {
	if err := r.Links.SaveLink(ctx, link); err != nil {
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.StoreFailed, Err: err}
	}
	return nil
}

func (r *Rooms) departmentGone(d bridge.DepartmentID) {
	r.mu.Lock()
	said := r.deleted[d]
	r.deleted[d] = true
	r.mu.Unlock()
	if said {
		return
	}
	r.Log.Warn("the department of a page was deleted, its customers come without one; choose another for the page", "department", d)
	if r.DepartmentGone != nil {
		r.DepartmentGone(d)
	}
}

func (r *Rooms) department(p bridge.PageID) bridge.DepartmentID {
	page, err := r.Pages.Page(p)
	if err != nil {
		return ""
	}
	return page.Settings.Department
}

// elsewhere reports whether a page's customers go to another department since this one
// was registered. Which department a new room is in, the visitor says. Rocket.Chat does
// not let a visitor's department be taken away.
func (r *Rooms) elsewhere(link bridge.Link) bool {
	now := r.department(link.Conversation.Page)
	r.mu.Lock()
	defer r.mu.Unlock()
	return now != "" && now != link.Department && !r.deleted[now]
}

// someoneThere refuses while nobody can take a room, and asks Rocket.Chat again
// only now and then: a thousand waiting customers are one question.
func (r *Rooms) someoneThere(ctx context.Context, d bridge.DepartmentID) error {
	r.mu.Lock()
	since, away := r.away[d]
	r.mu.Unlock()
	if !away {
		return nil
	}
	if r.Now().Sub(since) < r.Retry*9/10 {
		return r.nobody(d)
	}
	online, err := r.Livechat.Online(ctx, d)
	if err != nil {
		return err
	}
	if !online {
		r.gone(d)
		return r.nobody(d)
	}
	r.back(d)
	return nil
}

// hold turns the refusal of a room into waiting together with all others of the
// department.
func (r *Rooms) hold(d bridge.DepartmentID, err error) error {
	switch reasonOf(err) {
	case bridge.NoAgent, bridge.OmnichannelOff:
		r.gone(d)
		refusal := *bridge.RefusalOf(err)
		refusal.Gate, refusal.After = bridge.GateDepartment(d), r.Retry
		return &refusal
	}
	return err
}

func (r *Rooms) nobody(d bridge.DepartmentID) error {
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.NoAgent, Gate: bridge.GateDepartment(d), After: r.Retry}
}

func (r *Rooms) gone(d bridge.DepartmentID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.away[d]; !known {
		r.Log.Warn("no agent is online, customers wait", "department", d)
	}
	r.away[d] = r.Now()
}

func (r *Rooms) back(d bridge.DepartmentID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, away := r.away[d]; away {
		r.Log.Info("an agent is online again", "department", d)
	}
	delete(r.away, d)
}

// neutralName tells two customers apart without saying who they are.
func (r *Rooms) neutralName(c bridge.CustomerID) string {
	return r.Say.Say("Facebook customer %s", string(c[max(0, len(c)-4):]))
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
