package stream

import (
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/recent"
)

// Who types, and most deletions, are told per room only (rocketchat.md 3). So the
// rooms in which something happens are subscribed to for as long as it does: a few at
// once, then slowly, so that Rocket.Chat's limit of 40 subscriptions per 40 s on a
// connection, two for each room, is never reached.
const (
	hotFor     = 10 * time.Minute
	mostHot    = 100             // rooms at once
	joinAtOnce = 8               // after a quiet time; then one each FollowEvery
	joinSlack  = 2 * time.Second // within which two clocks may put what was written before and after joining

	typingEvent   = "/user-activity"
	deletionEvent = "/deleteMessage"
)

// hotRooms are where something happened lately. Whoever is not subscribed to one of them
// may miss what is deleted there, so it remembers since when.
type hotRooms struct {
	every time.Duration // between two rooms that are joined
	rooms *recent.Map[bridge.RoomID, struct{}]
	news  chan struct{} // holds one token when there is a room to join

	mu       sync.Mutex                  // guards all below
	joined   map[bridge.RoomID]time.Time // subscribed to in this session, since when
	answered map[bridge.RoomID]bool      // agents wrote there
	unheard  map[bridge.RoomID]time.Time // what was deleted since may have been missed, by the workspace's clock
	full     time.Time                   // when as many may be joined at once as ever
}

func newHotRooms(every time.Duration) *hotRooms {
	return &hotRooms{
		every: every, rooms: recent.New[bridge.RoomID, struct{}](mostHot, hotFor), news: make(chan struct{}, 1),
		joined: map[bridge.RoomID]time.Time{}, answered: map[bridge.RoomID]bool{}, unheard: map[bridge.RoomID]time.Time{},
	}
}

// has reports whether something happened in a room lately.
func (h *hotRooms) has(r bridge.RoomID) bool {
	_, hot := h.rooms.Get(r)
	return hot
}

// warm notes that something happened in a room.
func (h *hotRooms) warm(r bridge.RoomID) {
	h.rooms.Set(r, struct{}{})
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, joined := h.joined[r]; !joined {
		h.tell()
	}
}

// wrote notes that agents wrote in a room, which they may take back.
func (h *hotRooms) wrote(r bridge.RoomID, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answered[r] = true
	if joined, is := h.joined[r]; !is || at.Before(joined.Add(joinSlack)) {
		h.miss(r, at)
		h.tell()
	}
}

// resume is for a room in which something happened in an earlier run, up to which all was
// heard. What is as hot already stays.
func (h *hotRooms) resume(r bridge.RoomID, heard time.Time) {
	if h.rooms.Len() >= mostHot {
		return
	}
	h.warm(r)
	h.wrote(r, heard)
}

// miss notes since when a room was not listened to. The caller holds mu.
func (h *hotRooms) miss(r bridge.RoomID, since time.Time) {
	if known, is := h.unheard[r]; !is || since.Before(known) {
		h.unheard[r] = since
	}
}

// tell wakes who joins; it does not wait.
func (h *hotRooms) tell() {
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// end is for a session that is over. Up to when it brought everything, heard says.
func (h *hotRooms) end(heard time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for r := range h.joined {
		if h.answered[r] {
			h.miss(r, heard)
		}
	}
	clear(h.joined)
}

// step is one thing to do about hot rooms. Rooms that are empty need nothing.
type step struct {
	leave, join, look bridge.RoomID
	since             time.Time     // of look: what was deleted before is known
	wait              time.Duration // when there is nothing to do now: until when
}

// next returns what to do now: a room to leave; the one to join, first of those in which
// agents wrote, then the hottest; or a joined one in which to look once for what was missed.
func (h *hotRooms) next(now time.Time) (s step) {
	h.mu.Lock()
	defer h.mu.Unlock()
	hot := map[bridge.RoomID]bool{}
	for r := range h.rooms.All() {
		hot[r] = true
		_, joined := h.joined[r]
		missed := !h.unheard[r].IsZero()
		switch {
		case joined && missed && s.look == "":
			s.look, s.since = r, h.unheard[r]
		case !joined && (s.join == "" || missed && h.unheard[s.join].IsZero()):
			s.join = r
		}
	}
	h.forgetCold(hot, &s)
	if h.full.Before(now) {
		h.full = now
	}
	early := h.full.Sub(now) - (joinAtOnce-1)*h.every
	switch s.wait = h.every; {
	case s.join != "" && early > 0:
		s.join, s.wait = "", early
	case s.join != "":
		h.full = h.full.Add(h.every)
	}
	delete(h.unheard, s.look)
	return s
}

// forgetCold leaves one of the joined rooms that are not hot any more, and forgets what
// was known of the others. The caller holds mu.
func (h *hotRooms) forgetCold(hot map[bridge.RoomID]bool, s *step) {
	for r := range h.joined {
		if !hot[r] {
			s.leave = r
		}
	}
	delete(h.joined, s.leave)
	for r := range h.answered {
		if !hot[r] {
			delete(h.answered, r)
		}
	}
	for r := range h.unheard {
		if !hot[r] {
			delete(h.unheard, r)
		}
	}
}

// join notes that a room is subscribed to from a time on, by the workspace's clock. What was written there before that may have been
// deleted before as well.
func (h *hotRooms) join(r bridge.RoomID, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.joined[r] = at
}

// lookAgain has a room looked at again, because it could not be looked at now.
func (h *hotRooms) lookAgain(r bridge.RoomID, since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.miss(r, since)
}
