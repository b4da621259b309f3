package rooms

import (
	"cmp"
	"context"
	"sync/atomic"

	"messenger-bridge/bridge"
)

// opener registers visitors and opens rooms, exactly one for each conversation.
type opener struct {
	*Config
	*wording
	*naming
	*duty
	*remarks

	barred atomic.Bool // rooms cannot be described, as said
}

// stay is how a conversation is tied to Rocket.Chat while an event is shown.
type stay struct {
	bridge.Link
	previous bridge.RoomID // that was left, because it is closed
	again    bool          // showing it was begun before, and may have opened a room
	before   bridge.Before
	waits    bool // nobody is there who could take a room

	event    bridge.MessageID // as which what is shown of the event begins
	inParts  bool             // its text was begun to be shown in parts
	refusals bridge.Refusals  // how often, and since when, something of the event was refused before, but for its files
	left     *bridge.Response // what the bot was to say was given up, and why
}

// leave says that the conversation's room is closed.
func (s *stay) leave() { s.previous, s.Room = cmp.Or(s.Room, s.previous), "" }

func (r *opener) register(ctx context.Context, link *stay) error {
	token, known := r.Links.VisitorToken(link.Conversation), link.Visitor != "" // else the rooms are gone with the visitor
	department := r.department(link.Conversation.Page)
	r.awaitName(ctx, link.Conversation)
	name := r.nameOf(link.Conversation)
	given, err := r.Livechat.Register(ctx, token, name, department)
	if reasonOf(err) == bridge.DepartmentGone && department != "" {
		r.departmentGone(department)
		department = "" // whoever is there is better than nobody
		given, err = r.Livechat.Register(ctx, token, name, department)
	}
	if neutral := neutralName(r.Say, link.Conversation.Customer); name != neutral && link.refusals.Count > 0 && bridge.RefusalOf(err).OfItem() {
		name = neutral // perhaps it is the name that is refused
		given, err = r.Livechat.Register(ctx, token, name, department)
	}
	if err != nil {
		return err
	}
	r.registeredAs(link.Conversation, name)
	stored := link.Link
	stored.Visitor, stored.Department = given, department
	link.Link = stored
	if known {
		stored.Room = cmp.Or(link.Room, link.previous) // until there is a new one, which may take all night, remarks go there
	}
	if err := r.save(ctx, stored); err != nil {
		return err
	}
	if newer := r.nameOf(link.Conversation); newer != name { // it came in between
		if err := r.rename(ctx, link.Link, newer); err != nil {
			r.Log.Info("a customer's name is not shown yet", "page", link.Conversation.Page, "err", err)
		}
	}
	return nil
}

// open gets the conversation an open room. The link is durable before anything
// is posted, so that an agent's first answer finds its way. An earlier attempt may have
// opened it.
func (r *opener) open(ctx context.Context, link *stay) error {
	if err := r.someoneThere(ctx, link.Department); err != nil {
		return err
	}
	room, err := r.Livechat.OpenRoom(ctx, link.Visitor)
	if err != nil {
		return r.hold(link.Department, err)
	}
	r.back(link.Department)
	return r.moveTo(ctx, link, room, !room.Existed || link.again)
}

// moveTo makes a room the conversation's; began says that it is a new one.
func (r *opener) moveTo(ctx context.Context, link *stay, room bridge.OpenedRoom, began bool) error {
	before, existed := cmp.Or(link.Room, link.previous), room.Existed
	link.Room = room.ID
	if !existed && r.Made != nil {
		r.Made(room.ID)
	}
	if began {
		if err := link.before.Room(bridge.NewRoom{ID: room.ID, Unattended: room.Unattended, Unverified: room.Unverified}); err != nil {
			return bridge.StoreRefusal(err)
		}
	}
	opened := r.Opened
	if opened == nil {
		opened = func(room, before bridge.RoomID, existed bool) {}
	}
	if existed {
		opened(room.ID, before, existed)
	}
	if err := r.save(ctx, link.Link); err != nil {
		return err
	}
	opened(room.ID, before, existed)
	return nil
}

func (r *opener) save(ctx context.Context, link bridge.Link) error {
	if err := r.Links.SaveLink(ctx, link); err != nil {
		return bridge.StoreRefusal(err)
	}
	return nil
}
