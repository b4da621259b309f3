package stream

import (
	"maps"
	"slices"
	"sync"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/wire"
)

// openedRooms are rooms that became conversations' lately, and are to be looked at for
// what was written in them before that.
type openedRooms struct {
	changed chan struct{} // holds one token when there is something new here or among pending rooms

	mu    sync.Mutex // guards rooms
	rooms map[bridge.RoomID]bool
}

func newOpenedRooms() *openedRooms {
	return &openedRooms{changed: make(chan struct{}, 1), rooms: map[bridge.RoomID]bool{}}
}

// add notes a room; tell then says so.
func (o *openedRooms) add(room bridge.RoomID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rooms[room] = true
}

// all returns the rooms that were not removed yet.
func (o *openedRooms) all() []bridge.RoomID {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Collect(maps.Keys(o.rooms))
}

func (o *openedRooms) remove(room bridge.RoomID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.rooms, room)
}

// tell wakes the session; it does not wait.
func (o *openedRooms) tell() {
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

// RoomOpened says that a room is now known to be a conversation's, or will be in a
// moment, in place of the one before, if there was one. existed means that it was there
// before; then agents may have written in it long ago. What is found there must not
// overtake what the stream has kept from us of the room before, which is read first.
func (s *Stream) RoomOpened(room, before bridge.RoomID, existed bool) {
	if s.cfg.Gestures != nil {
		s.in.hot.warm(room) // followed at once: what is deleted there in the first seconds is told to nobody else
	}
	if existed {
		s.progress.keepBack(s.found(room, before)...)
	} else {
		s.opened.add(room)
	}
	if whose, ours, err := s.cfg.Store.Conversation(room); ours && err == nil {
		s.pending.belongs(room, whose) // a sweep may have found it before
	}
	s.opened.tell()
}

// found is a room that was there before, after the one before it, if there was one.
func (s *Stream) found(room, before bridge.RoomID) []pendingRoom {
	now := pendingRoom{room: room, kind: wire.CustomerRoom, since: s.cfg.Client.ServerTime().Add(-oldest), found: true, hold: true}
	whose, _, err := s.cfg.Store.Conversation(before)
	if before == "" || before == room || err != nil || whose == (bridge.Conversation{}) {
		return []pendingRoom{now}
	}
	now.whose = whose
	return []pendingRoom{{room: before, kind: wire.CustomerRoom, since: s.progress.readUntil().Add(-overlap), whose: whose, hold: true}, now}
}
