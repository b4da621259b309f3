package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// Customer returns whom a word means to a page: a customer by the id, or by the
// room, or a link to the room, in which that customer is spoken to.
func (b *Bridge) Customer(p PageID, word string) (CustomerID, error) {
	for _, part := range strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune("/?#", r) }) {
		if c, ours, err := b.Rooms.Conversation(RoomID(part)); err != nil || ours && c.Page == p {
			return c.Customer, err
		}
	}
	id := CustomerID(word)
	for _, c := range conversationsOf(p, id) {
		known, err := b.stored(c)
		if err != nil || known {
			return id, err
		}
	}
	return "", ErrNoCustomer
}

func conversationsOf(p PageID, c CustomerID) []Conversation {
	return []Conversation{{Page: p, Customer: c, Kind: Messages}, {Page: p, Customer: c, Kind: Comments}}
}

// stored reports whether anything of a conversation is here.
func (b *Bridge) stored(c Conversation) (bool, error) {
	link, err := b.Memory.Link(c)
	if err != nil || link.Visitor != "" || link.Room != "" || b.talk(c) != (Talk{}) {
		return err == nil, err
	}
	for _, lane := range []Lane{c.Lane(), c.aboutLane()} {
		if b.inbound.holds(lane) || b.outbound.holds(lane) || b.notices.holds(lane) {
			return true, nil
		}
	}
	rooms, err := b.Memory.RoomsOf(c)
	if err != nil || len(rooms) > 0 {
		return err == nil, err
	}
	lost, err := b.newTraces(c, nil).lost()
	return len(lost) > 0, err
}

// Forget erases a customer of a page: in Rocket.Chat, where open rooms are closed
// first, and then here, with all that still waits. While it lasts, nothing of the
// customer's is delivered. ErrNoCustomer if nothing is known.
//
// Stopped in between, or refused, it can be done again. A room that cannot be closed
// ends it before anything was erased: what an agent writes there later would reach
// nobody, and nobody would know.
func (b *Bridge) Forget(ctx context.Context, p PageID, customer CustomerID) (Forgotten, error) {
	b.forgetting.Lock() // two at once would wait for one another's lanes
	defer b.forgetting.Unlock()
	if _, err := b.Customer(p, string(customer)); err != nil {
		return Forgotten{}, err
	}
	var all Forgotten
	for _, c := range conversationsOf(p, customer) {
		if err := b.forgetConversation(ctx, c, &all); err != nil {
			return all, err
		}
	}
	return all, nil
}

func (b *Bridge) forgetConversation(ctx context.Context, c Conversation, all *Forgotten) error {
	rooms, err := b.Memory.RoomsOf(c)
	if err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	traces := b.newTraces(c, rooms)
	in, others, err := traces.hold()
	held := slices.Concat(in, others)
	defer func() {
		for _, h := range held {
			h.letGo()
		}
	}()
	link, failed := b.Memory.Link(c) // now that no worker changes it
	if err := errors.Join(err, failed); err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	kept, err := b.eraseVisitor(ctx, link, rooms, func(messages []MessageID) error {
		if err := traces.erase(ctx); err != nil {
			return err
		}
		return b.Memory.EraseMessages(ctx, c, rooms, messages)
	})
	if err != nil {
		return err
	}
	for _, h := range held {
		if err := h.drop(); err != nil {
			return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
		}
	}
	all.Waiting += len(in[0].dropped) + len(others[0].dropped)
	if err := b.Memory.EraseConversation(ctx, c, rooms); err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	all.Rooms += len(rooms)
	all.Kept = all.Kept || kept
	for _, h := range others { // what closing the rooms has caused; what the customer wrote meanwhile begins anew
		h.waiting = h.schedule.hold(h.lane)
		if err := h.drop(); err != nil {
			b.Log.Warn("a delivery to a forgotten customer was not dropped", "page", c.Page, "err", err)
		}
	}
	return nil
}

// eraseVisitor closes and removes in Rocket.Chat what it may. Between the two, while it
// can still be asked, erase is told which messages there were.
func (b *Bridge) eraseVisitor(ctx context.Context, link Link, rooms []RoomID, erase func([]MessageID) error) (kept bool, err error) {
	messages, err := b.closeRooms(ctx, link, rooms)
	if err != nil {
		return false, err
	}
	if err := erase(messages); err != nil {
		return false, &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	if link.Visitor == "" {
		return false, nil
	}
	err = b.Archive.EraseVisitor(ctx, link.Visitor)
	if r := RefusalOf(err); err != nil && r.Verdict == Never {
		b.Log.Warn("Rocket.Chat does not remove a customer", "page", link.Conversation.Page, "reason", r.Reason, "err", r.Err)
		return true, nil
	}
	return false, err
}

// closeRooms closes all rooms of a customer and returns which messages there are.
func (b *Bridge) closeRooms(ctx context.Context, link Link, rooms []RoomID) (messages []MessageID, err error) {
	if link.Visitor == "" {
		return nil, nil
	}
	if err := b.Archive.CloseRooms(ctx, link.Visitor, b.Say.Say("The customer is being forgotten: this room will be erased.")); err != nil {
		return nil, err
	}
	for _, r := range rooms {
		written, err := b.Archive.Written(ctx, link.Visitor, r)
		if err != nil && RefusalOf(err).Reason != VisitorUnknown && RefusalOf(err).Reason != RoomClosed { // gone before
			return nil, err
		}
		messages = append(messages, written...)
	}
	return messages, nil
}

// heldLane is a lane out of which entries are taken for good.
type heldLane struct {
	b        *Bridge
	queue    Queue
	schedule *schedule
	lane     Lane
	waiting  []Seq // when it was taken
	dropped  []Seq
}

func (b *Bridge) hold(q Queue, s *schedule, id Lane) *heldLane {
	return &heldLane{b: b, queue: q, schedule: s, lane: id, waiting: s.hold(id)}
}

// drop removes what waits.
func (h *heldLane) drop() error {
	for _, seq := range h.waiting {
		if err := h.queue.Conclude(seq); err != nil {
			return fmt.Errorf("drop delivery %d: %w", seq, err)
		}
		h.dropped = append(h.dropped, seq)
		if h.queue == h.b.Outbox {
			h.b.mu.Lock()
			delete(h.b.suspect, seq)
			delete(h.b.unsaved, seq)
			h.b.mu.Unlock()
		}
	}
	h.waiting = nil
	return nil
}

func (h *heldLane) letGo() {
	h.schedule.letGo(h.lane, func(seq Seq) bool { return slices.Contains(h.dropped, seq) })
}
