package stream

import (
	"errors"
	"slices"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/wire"
)

// pendingRoom is a room that is still to be read.
type pendingRoom struct {
	room  bridge.RoomID
	kind  string
	since time.Time           // what was written from then on may be missing
	whose bridge.Conversation // empty: a conversation of which we do not know yet, or of nobody

	found  bool           // it was open before we knew it
	judged bool           // what is new in it, the stream should have brought
	hold   bool           // what the stream brings of it waits until it was read
	held   []wire.Message // that waits, oldest first

	added time.Time
	tries int       // that failed
	next  time.Time // not before
	again bool      // it was asked for once more while it was read
}

// pendingRooms are the rooms still to be read. While one is pending, the cursor stays
// before what may be missing of it, so that a restart reads it again.
type pendingRooms struct {
	mu      sync.Mutex // guards all below, and what is written to the cursor
	rooms   map[bridge.RoomID]*pendingRoom
	order   []*pendingRoom
	waiting int       // messages held, of all rooms
	goal    time.Time // the cursor once nothing is pending: when the last sweep began
	saved   time.Time // the cursor as saved
}

// holdTries is after how many failures of a room newer messages wait no longer: late
// and out of order is better than never.
const holdTries = 5

// add makes a room pending, or more of it. The caller holds mu.
func (o *pendingRooms) add(d pendingRoom) {
	old := o.rooms[d.room]
	if old == nil {
		d.added = time.Now()
		o.rooms[d.room] = &d
		o.order = append(o.order, &d)
		return
	}
	if d.since.Before(old.since) {
		old.since = d.since
	}
	old.judged = old.judged && d.judged
	old.hold = old.hold || d.hold
	old.found = old.found && d.found
	if d.whose != (bridge.Conversation{}) {
		old.whose = d.whose
	}
	old.next, old.again = time.Time{}, true
}

// restart is for a new session: what was held is lost, and what is pending is read again.
func (o *pendingRooms) restart() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = 0
	for _, d := range o.order {
		d.held, d.tries, d.next, d.judged, d.hold = nil, 0, time.Time{}, false, true
	}
}

// due returns the room to read now; nil if there is none, with how long until
// there is. Rooms of which messages wait come first, but none before the older room
// of the same conversation: a customer gets the answers of both in order.
func (o *pendingRooms) due() (found *pendingRoom, copied pendingRoom, wait time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	wait = time.Hour
	for _, d := range o.order {
		if d.next.After(now) {
			wait = min(wait, d.next.Sub(now))
			continue
		}
		if first := o.holding(d.whose); first != nil && first != d {
			continue
		}
		if found == nil || len(d.held) > 0 {
			found = d
		}
		if len(d.held) > 0 {
			break
		}
	}
	if found == nil {
		return nil, pendingRoom{}, wait
	}
	found.again = false
	return found, *found, 0
}

// holding returns the first pending room of a conversation that makes newer messages wait; nil
// if there is none. The caller holds mu.
func (o *pendingRooms) holding(c bridge.Conversation) *pendingRoom {
	if c == (bridge.Conversation{}) {
		return nil
	}
	for _, d := range o.order {
		if d.hold && d.whose == c {
			return d
		}
	}
	return nil
}

// holds reports whether something older of a conversation is still to be read.
func (o *pendingRooms) holds(c bridge.Conversation) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.holding(c) != nil
}

// none reports whether nothing is pending.
func (o *pendingRooms) none() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.order) == 0
}

// wait keeps a message back that would overtake older ones of its room, or of another
// room of the same conversation, and reports whether it did.
func (o *pendingRooms) wait(m wire.Message, whose bridge.Conversation) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d := o.rooms[bridge.RoomID(m.Room)]
	if d == nil || !d.hold {
		if d = o.holding(whose); d == nil {
			return false, nil
		}
	}
	if o.waiting == maxHeld {
		return false, errors.New("too far behind the stream")
	}
	o.waiting++
	d.held = append(d.held, m)
	return true, nil
}

// release returns what waited for a room.
func (o *pendingRooms) release(d *pendingRoom) []wire.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	held := d.held
	o.waiting -= len(held)
	d.held = nil
	return held
}

// finish is for a room that was read; what was asked for since stays pending.
func (o *pendingRooms) finish(d *pendingRoom) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d.hold = false
	if d.again {
		d.tries = 0
		return
	}
	delete(o.rooms, d.room)
	o.order = slices.DeleteFunc(o.order, func(other *pendingRoom) bool { return other == d })
}

// postpone is for a room that could not be read; it reports whether newer
// messages need wait no longer.
func (o *pendingRooms) postpone(d *pendingRoom, wait time.Duration) (tooLong bool) {
	o.later(d, wait)
	o.mu.Lock()
	defer o.mu.Unlock()
	if d.hold && d.tries > holdTries {
		d.hold = false
		return true
	}
	return false
}

// later has a room read after a while.
func (o *pendingRooms) later(d *pendingRoom, wait time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d.tries++
	if !d.again {
		d.next = time.Now().Add(wait)
	}
}

// reached is up to when all rooms were read. The caller holds mu.
func (o *pendingRooms) reached() time.Time {
	at := o.goal
	for _, d := range o.order {
		if t := d.since.Add(overlap); t.Before(at) {
			at = t
		}
	}
	return at
}
