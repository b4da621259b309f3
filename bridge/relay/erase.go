package relay

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/queue"
	"messenger-bridge/language"
)

// Eraser erases customers.
type Eraser struct {
	Memory   bridge.Memory
	Names    bridge.Names // nil: nobody has a name
	Archive  bridge.Archive
	Naming   bridge.Naming // nil: names are not found out
	Rooms    bridge.Rooms
	States   bridge.States
	Receipts bridge.Receipts
	Failures bridge.Failures
	Inbox    *queue.Lanes
	Outbox   *queue.Lanes
	Notices  *queue.Lanes
	Say      *language.Speaker
	Log      *slog.Logger

	customers sync.Mutex // one is erased at a time: two would wait for one another's lanes
	alone     alone      // one conversation at a time; shared with DeadLetters
}

// alone lets one at a time erase a conversation, or put failures back.
type alone chan struct{}

func (a alone) begin(ctx context.Context) error {
	select {
	case a <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (a alone) end() { <-a }

// Customer returns whom a word means to a page: a customer by the id, or by the
// room, or a link to the room, in which that customer is spoken to.
func (e *Eraser) Customer(p bridge.PageID, word string) (bridge.CustomerID, error) {
	for _, part := range strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune("/?#", r) }) {
		switch c, ours, err := e.Rooms.Conversation(bridge.RoomID(part)); {
		case err != nil:
			return "", err
		case ours && c.Page != p:
			return "", bridge.ErrNoCustomer
		case ours:
			return c.Customer, nil
		}
	}
	id := bridge.CustomerID(word)
	if id == "" {
		return "", bridge.ErrNoCustomer
	}
	for _, c := range conversationsOf(p, id) {
		known, err := e.stored(c)
		if err != nil || known {
			return id, err
		}
	}
	return "", bridge.ErrNoCustomer
}

func conversationsOf(p bridge.PageID, c bridge.CustomerID) []bridge.Conversation {
	return []bridge.Conversation{{Page: p, Customer: c, Kind: bridge.Messages}, {Page: p, Customer: c, Kind: bridge.Comments}}
}

// stored reports whether anything of a conversation is here.
func (e *Eraser) stored(c bridge.Conversation) (bool, error) {
	link, err := e.Memory.Link(c)
	if err != nil || link.Visitor != "" || link.Room != "" || e.States.State(c) != (bridge.ConversationState{}) {
		return err == nil, err
	}
	if e.Names != nil {
		if _, asked := e.Names.Name(c); !asked.IsZero() {
			return true, nil
		}
	}
	for _, lanes := range []*queue.Lanes{e.Inbox, e.Outbox, e.Notices} {
		if v := lanes.Look(); slices.ContainsFunc(c.Lanes(), v.Holds) {
			return true, nil
		}
	}
	rooms, err := e.Memory.RoomsOf(c)
	if err != nil || len(rooms) > 0 {
		return err == nil, err
	}
	failed, err := newTraces(e, c, nil).failed()
	return len(failed) > 0, err
}

// EraseCustomer erases a customer of a page: in Rocket.Chat, where open rooms are closed
// first, and then here, with all that still waits. While it lasts, nothing of the
// customer's is delivered. ErrNoCustomer if nothing is known.
//
// Stopped in between, or refused, it can be done again. A room that cannot be closed
// ends it before anything was erased: what an agent writes there later would reach
// nobody, and nobody would know.
func (e *Eraser) EraseCustomer(ctx context.Context, p bridge.PageID, customer bridge.CustomerID) (bridge.Forgotten, error) {
	e.customers.Lock()
	defer e.customers.Unlock()
	if _, err := e.Customer(p, string(customer)); err != nil {
		return bridge.Forgotten{}, err
	}
	var all erasing
	var err error
	for _, c := range conversationsOf(p, customer) {
		if err = e.eraseConversation(ctx, c, &all); err != nil {
			break
		}
	}
	wait := overwriting
	if err != nil {
		wait = 0 // it goes on by itself; whoever asked hears of the error now
	}
	if all.begun {
		e.overwrite(ctx, wait)
	}
	return all.Forgotten, err
}

// erasing is how far it has come to erase a customer.
type erasing struct {
	bridge.Forgotten
	begun bool // something is erased here
}

// overwriting is how long whoever has a customer forgotten waits for the disk.
const overwriting = 20 * time.Second

// overwrite has the old bytes overwritten. That it takes long, because a backup is being
// made for example, does not make the customer less forgotten: it goes on meanwhile.
func (e *Eraser) overwrite(ctx context.Context, wait time.Duration) {
	ctx, stop := context.WithTimeout(ctx, wait)
	defer stop()
	if err := e.Memory.Overwrite(ctx); err != nil {
		e.Log.Warn("what was erased is still being overwritten in the store's file", "err", err)
	}
}

func (e *Eraser) eraseConversation(ctx context.Context, c bridge.Conversation, all *erasing) error {
	if err := e.alone.begin(ctx); err != nil {
		return bridge.StoreRefusal(err)
	}
	defer e.alone.end()
	main := e.Inbox.Hold(c.Lane()) // in which rooms are opened: from now on, none is
	rooms, err := e.Memory.RoomsOf(c)
	if err != nil {
		main.LetGo()
		return bridge.StoreRefusal(err)
	}
	traces := newTraces(e, c, rooms)
	in, others, err := traces.hold(main)
	held := slices.Concat(in, others)
	defer func() {
		for _, h := range held {
			h.LetGo()
		}
	}()
	if e.Naming != nil {
		e.Naming.ForgetName(c)
	}
	link, failed := e.Memory.Link(c) // now that no worker changes it
	if err := errors.Join(err, failed); err != nil {
		return bridge.StoreRefusal(err)
	}
	kept, err := e.eraseVisitor(ctx, link, rooms, func(messages []bridge.MessageID) error {
		all.begun = true
		if err := traces.erase(ctx); err != nil {
			return err
		}
		return e.Memory.EraseMessages(ctx, c, rooms, messages)
	})
	if err != nil {
		return err
	}
	waited, err := dropAll(held, in[0], others[0])
	if err == nil {
		err = e.Memory.EraseConversation(ctx, c, rooms)
	}
	if err != nil {
		return bridge.StoreRefusal(err)
	}
	all.Waiting += waited
	all.Rooms += len(rooms)
	all.Kept = all.Kept || kept
	for _, h := range others { // what closing the rooms has caused; what the customer wrote meanwhile begins anew
		h.Again()
		if _, err := h.Drop(); err != nil {
			e.Log.Warn("a delivery to a forgotten customer was not dropped", "page", c.Page, "err", err)
		}
	}
	return nil
}

// dropAll drops what waits in all held lanes, and returns how much that was in some.
func dropAll(held []*queue.Held, counted ...*queue.Held) (waited int, err error) {
	for _, h := range held {
		n, err := h.Drop()
		if err != nil {
			return waited, err
		}
		if slices.Contains(counted, h) {
			waited += n
		}
	}
	return waited, nil
}

// eraseVisitor closes and removes in Rocket.Chat what it may. Between the two, while it
// can still be asked, erase is told which messages there were.
func (e *Eraser) eraseVisitor(ctx context.Context, link bridge.Link, rooms []bridge.RoomID, erase func([]bridge.MessageID) error) (kept bool, err error) {
	messages, err := e.closeRooms(ctx, link, rooms)
	if err != nil {
		return false, err
	}
	if err := erase(messages); err != nil {
		return false, bridge.StoreRefusal(err)
	}
	if link.Visitor == "" {
		return false, nil
	}
	err = e.Archive.EraseVisitor(ctx, link.Visitor)
	if r := bridge.RefusalOf(err); err != nil && r.Verdict == bridge.Never {
		e.Log.Warn("Rocket.Chat does not remove a customer", "page", link.Conversation.Page, "reason", r.Reason, "err", r.Err)
		return true, nil
	}
	return false, err
}

// closeRooms closes all rooms of a customer and returns which messages there are.
func (e *Eraser) closeRooms(ctx context.Context, link bridge.Link, rooms []bridge.RoomID) (messages []bridge.MessageID, err error) {
	if link.Visitor == "" {
		return nil, nil
	}
	if err := e.Archive.CloseRooms(ctx, link.Visitor, e.Say.Say("The customer is being forgotten: this room will be erased.")); err != nil {
		return nil, err
	}
	for _, r := range rooms {
		written, err := e.Archive.Written(ctx, link.Visitor, r)
		if err != nil && bridge.RefusalOf(err).Reason != bridge.VisitorUnknown && bridge.RefusalOf(err).Reason != bridge.RoomClosed { // gone before
			return nil, err
		}
		messages = append(messages, written...)
	}
	return messages, nil
}
