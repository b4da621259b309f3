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
)

// Livechat is the visitor's side of Omnichannel. Errors are Refusals; their
// reasons RoomClosed, VisitorUnknown, NoAgent, OmnichannelOff, TooLong and
// DepartmentGone are acted upon.
type Livechat interface {
	// Register makes the visitor known and returns the token that counts from now
	// on. Registering again updates the visitor.
	Register(ctx context.Context, token bridge.Secret, name string, d bridge.DepartmentID) (bridge.Secret, error)
	// OpenRoom returns the visitor's open room, and opens one if there is none;
	// existed tells which.
	OpenRoom(ctx context.Context, visitor bridge.Secret) (room bridge.RoomID, existed bool, err error)
	// Post shows a text under an id and returns the room it is in, which may be
	// another than asked for. Posting the same id again is harmless.
	Post(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, id bridge.MessageID, text string) (bridge.RoomID, error)
	// Has reports whether a room, open or closed, holds a message.
	Has(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, id bridge.MessageID) (bool, error)
	// Online reports whether somebody of a department, or of the workspace, can take a room.
	Online(ctx context.Context, d bridge.DepartmentID) (bool, error)
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

// Config is what Rooms are made of.
type Config struct {
	Livechat Livechat
	Links    Links
	Pages    bridge.Pages

	// Opened is called when a room is known to be a conversation's. If the room was
	// there before, it is also called right before that is durable, so that a stop
	// in between leaves a trace of what agents wrote there. May be nil.
	Opened func(r bridge.RoomID, existed bool)

	// DepartmentGone is called once for each department that was deleted while a
	// page still names it; its customers then come without one. May be nil.
	DepartmentGone func(bridge.DepartmentID)

	Retry time.Duration // how often to look whether an agent is back; 30 s
	Now   func() time.Time
	Log   *slog.Logger
}

// Rooms implements bridge.Rooms.
type Rooms struct {
	Config

	mu      sync.Mutex                        // guards the fields below
	away    map[bridge.DepartmentID]time.Time // when nobody was there, as last seen
	deleted map[bridge.DepartmentID]bool      // departments that are no more, as said
}

// New returns Rooms.
func New(c Config) *Rooms {
	if c.Retry == 0 {
		c.Retry = 30 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Rooms{Config: c, away: map[bridge.DepartmentID]time.Time{}, deleted: map[bridge.DepartmentID]bool{}}
}

// Conversation returns the conversation a room was opened for.
func (r *Rooms) Conversation(id bridge.RoomID) (bridge.Conversation, bool, error) {
	return r.Links.Conversation(id)
}

// maxRounds bounds how often one attempt opens a room that is closed at once.
const maxRounds = 3

// Deliver shows an event in the conversation's open room. Each round leaves the
// link closer to the truth: a token Rocket.Chat knows, a room that is open.
func (r *Rooms) Deliver(ctx context.Context, in bridge.Incoming) error {
	link, err := r.Links.Link(in.Conversation)
	if err != nil {
		return fmt.Errorf("read link: %w", err)
	}
	for range maxRounds {
		if link.Visitor == "" {
			if err := r.register(ctx, &link); err != nil {
				return err
			}
		}
		if link.Room == "" {
			if err := r.open(ctx, &link); err != nil {
				if reasonOf(err) == bridge.VisitorUnknown {
					link.Visitor = ""
					continue
				}
				return err
			}
		}
		last, err := r.post(ctx, &link, in)
		switch reasonOf(err) {
		case bridge.RoomClosed:
			if last != "" {
				shown, err := r.Livechat.Has(ctx, link.Visitor, link.Room, last)
				if err != nil || shown {
					return err
				}
			}
			link.Room = ""
		case bridge.VisitorUnknown:
			link.Visitor, link.Room = "", ""
		default:
			return err
		}
	}
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RoomClosed, Err: errors.New("every room opened was closed at once")}
}

func (r *Rooms) register(ctx context.Context, link *bridge.Link) error {
	token := r.Links.VisitorToken(link.Conversation)
	department := r.department(link.Conversation.Page)
	name := neutralName(link.Conversation.Customer)
	given, err := r.Livechat.Register(ctx, token, name, department)
	if reasonOf(err) == bridge.DepartmentGone && department != "" {
		r.departmentGone(department)
		department = "" // whoever is there is better than nobody
		given, err = r.Livechat.Register(ctx, token, name, department)
	}
	if err != nil {
		return err
	}
	link.Visitor, link.Department = given, department
	return r.save(ctx, *link)
}

// open gets the conversation an open room. The link is durable before anything
// is posted, so that an agent's first answer finds its way.
func (r *Rooms) open(ctx context.Context, link *bridge.Link) error {
	if err := r.someoneThere(ctx, link.Department); err != nil {
		return err
	}
	room, existed, err := r.Livechat.OpenRoom(ctx, link.Visitor)
	if err != nil {
		return r.hold(link.Department, err)
	}
	r.back(link.Department)
	return r.moveTo(ctx, link, room, existed)
}

// moveTo makes a room the conversation's.
func (r *Rooms) moveTo(ctx context.Context, link *bridge.Link, room bridge.RoomID, existed bool) error {
	link.Room = room
	opened := r.Opened
	if opened == nil {
		opened = func(bridge.RoomID, bool) {}
	}
	if existed {
		opened(room, existed)
	}
	if err := r.save(ctx, *link); err != nil {
		return err
	}
	opened(room, existed)
	return nil
}

// post shows an event, in parts if it is too long for the workspace. last is the
// message that shows all of it once it is there.
func (r *Rooms) post(ctx context.Context, link *bridge.Link, in bridge.Incoming) (last bridge.MessageID, err error) {
	last = in.MessageID()
	whole := text(in)
	err = r.postOne(ctx, link, last, whole)
	for limit := min(longest, length(whole)/2); reasonOf(err) == bridge.TooLong && limit > 0; limit /= 2 {
		last, err = r.postParts(ctx, link, in.MessageID(), parts(whole, limit), limit)
	}
	return last, err
}

// postParts shows a text in parts. Their ids tell how it was cut, and for which room:
// cut in another way, under other settings or in another room, it is shown anew, so
// that nothing can be left out.
func (r *Rooms) postParts(ctx context.Context, link *bridge.Link, id bridge.MessageID, texts []string, limit int) (last bridge.MessageID, err error) {
	room := link.Room
	for i, text := range texts {
		part := bridge.MessageID(fmt.Sprintf("%s-%s-%d-%d", id, room, limit, i+1))
		if i == len(texts)-1 {
			last = part
		}
		if err := r.postOne(ctx, link, part, text); err != nil {
			return last, err
		}
	}
	return last, nil
}

func (r *Rooms) postOne(ctx context.Context, link *bridge.Link, id bridge.MessageID, text string) error {
	room, err := r.Livechat.Post(ctx, link.Visitor, link.Room, id, text)
	if err != nil || room == link.Room {
		return err
	}
	// Rocket.Chat put it elsewhere: into a room it opened because ours was closed
	// meanwhile, or it had the message already, in a room of before.
	_, known, err := r.Links.Conversation(room)
	if err != nil || known {
		return err
	}
	return r.moveTo(ctx, link, room, true)
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
func neutralName(c bridge.CustomerID) string {
	return "Facebook customer " + string(c[max(0, len(c)-4):])
}

// text is what the agent reads for an event.
func text(in bridge.Incoming) string {
	if in.Text != "" && len(in.Attachments) == 0 {
		return in.Text
	}
	if in.Text != "" {
		return in.Text + "\n[The customer also sent something that cannot be shown here. It can be seen in the Page inbox of Facebook.]"
	}
	return "[The customer sent something that cannot be shown here. It can be seen in the Page inbox of Facebook.]"
}

func reasonOf(err error) bridge.Reason {
	var r *bridge.Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}
