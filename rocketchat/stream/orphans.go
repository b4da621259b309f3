package stream

import (
	"slices"
	"time"

	"messenger-bridge/bridge"
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
