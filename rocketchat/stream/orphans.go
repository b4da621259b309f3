package stream

import (
	"context"
	"maps"
	"slices"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/wire"
)

// A bot answers within milliseconds, and so may an agent: before we have written
// down whose room it is. What is written in rooms nobody knows yet is therefore
// kept for a moment, and handed on before anything younger of the same room.

const (
	maxOrphans  = 1000        // messages kept; most are of rooms that never become ours
	orphanGrace = time.Minute // how long
)

// orphanBuffer holds messages of unknown rooms, oldest first.
type orphanBuffer struct{ messages []bridge.AgentMessage }

func (e *orphanBuffer) keep(a bridge.AgentMessage) {
	e.age(a.At)
	if len(e.messages) == maxOrphans {
		e.messages = append(e.messages[:0:0], e.messages[1:]...)
	}
	e.messages = append(e.messages, a)
}

// take removes and returns what was kept of a room.
func (e *orphanBuffer) take(room bridge.RoomID) (found []bridge.AgentMessage) {
	if len(e.messages) == 0 {
		return nil
	}
	rest := e.messages[:0]
	for _, a := range e.messages {
		if a.Room == room {
			found = append(found, a)
		} else {
			rest = append(rest, a)
		}
	}
	e.messages = rest
	return found
}

// age forgets what is too old by now.
func (e *orphanBuffer) age(now time.Time) {
	e.messages = slices.DeleteFunc(e.messages, func(a bridge.AgentMessage) bool { return now.Sub(a.At) > orphanGrace })
}

// RoomOpened says that a room is now known to be a conversation's, or will be in a
// moment, in place of the one before, if there was one. existed means that it was there
// before; then agents may have written in it long ago. What is found there must not
// overtake what the stream has kept from us of the room before, which is read first.
func (s *Stream) RoomOpened(room, before bridge.RoomID, existed bool) {
	if existed {
		whose, _, err := s.cfg.Known.Conversation(before)
		if before == "" || before == room || err != nil {
			whose = bridge.Conversation{}
		}
		if whose != (bridge.Conversation{}) {
			s.keepBack(pendingRoom{room: before, kind: wire.CustomerRoom, since: s.readUntil().Add(-overlap), whose: whose, hold: true})
		}
		s.keepBack(pendingRoom{room: room, kind: wire.CustomerRoom, since: s.cfg.Client.ServerTime().Add(-oldest), whose: whose, found: true, hold: true})
	} else {
		s.mu.Lock()
		s.rooms[room] = true
		s.mu.Unlock()
	}
	s.tellOpened()
}

// readUntil is up to when nothing is missing of any room.
func (s *Stream) readUntil() time.Time {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	if s.pending.saved.IsZero() {
		return s.cfg.Client.ServerTime().Add(-oldest)
	}
	return s.pending.saved
}

func (s *Stream) tellOpened() {
	select {
	case s.opened <- struct{}{}:
	default:
	}
}

// handOnOrphans hands on what was written in rooms before they were known. A room is
// forgotten only when that is done, and waits for older rooms of the same customer.
func (s *Stream) handOnOrphans(ctx context.Context) error {
	s.mu.Lock()
	rooms := slices.Collect(maps.Keys(s.rooms))
	s.mu.Unlock()
	for _, room := range rooms {
		if whose, _, err := s.cfg.Known.Conversation(room); err != nil {
			return err
		} else if s.pending.holds(whose) {
			continue
		}
		if messages := s.orphans.take(room); len(messages) > 0 {
			if _, err := s.cfg.Accept.FromAgent(ctx, messages); err != nil {
				s.orphans.messages = append(messages, s.orphans.messages...)
				return err
			}
		}
		s.mu.Lock()
		delete(s.rooms, room)
		s.mu.Unlock()
	}
	return nil
}
