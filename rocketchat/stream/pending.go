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
	began time.Time           // as a list shows it; zero: it does not
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

// add makes rooms pending, or more of them; of one conversation the older come first. The caller
// holds mu.
func (o *pendingRooms) add(rooms ...pendingRoom) {
	newer := map[bridge.Conversation]*pendingRoom{} // of those that follow, the first
	var last []*pendingRoom
	for _, d := range slices.Backward(rooms) {
		room := o.rooms[d.room]
		if room != nil {
			room.more(d)
		} else {
			room, d.added = &d, time.Now()
			o.rooms[d.room] = room
			if next := newer[d.whose]; next != nil && slices.Contains(o.order, next) {
				o.precede(room, next)
			} else {
				last = append(last, room)
			}
		}
		if d.whose != (bridge.Conversation{}) {
			newer[d.whose] = room
		}
	}
	slices.Reverse(last)
	o.order = append(o.order, last...)
}

// more is for a room that is asked for again.
func (r *pendingRoom) more(d pendingRoom) {
	if d.since.Before(r.since) {
		r.since = d.since
	}
	r.judged = r.judged && d.judged
	r.hold = r.hold || d.hold
	r.found = r.found && d.found
	if d.whose != (bridge.Conversation{}) {
		r.whose = d.whose
	}
	r.next, r.again = time.Time{}, true
}

// belongs says whose a room is that may be pending.
func (o *pendingRooms) belongs(room bridge.RoomID, whose bridge.Conversation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if d := o.rooms[room]; d != nil {
		d.whose = whose
	}
}

// precede has a room read before another one. The caller holds mu.
func (o *pendingRooms) precede(room, next *pendingRoom) {
	if at := slices.Index(o.order, next); at >= 0 && !slices.Contains(o.order[:at], room) {
		o.order = slices.DeleteFunc(o.order, func(other *pendingRoom) bool { return other == room })
		o.order = slices.Insert(o.order, at, room)
	}
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
	older := map[bridge.Conversation]bool{}
	for _, d := range o.order {
		if older[d.whose] {
			continue
		}
		older[d.whose] = d.delays()
		if d.next.After(now) {
			wait = min(wait, d.next.Sub(now))
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

// delays reports whether newer rooms of the same conversation are read later.
func (r *pendingRoom) delays() bool {
	return r.whose != (bridge.Conversation{}) && r.tries <= holdTries
}

// behind reports whether an older room of the same conversation is to be read before a room.
func (o *pendingRooms) behind(d *pendingRoom) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.order, func(other *pendingRoom) bool {
		return other == d || other.whose == d.whose && other.delays()
	})
	return i >= 0 && o.order[i] != d
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

// finish is for a room that was read, and returns what waited for it. What was asked for since
// stays pending, and newer messages wait for that, too.
func (o *pendingRooms) finish(d *pendingRoom) []wire.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	if d.again {
		d.tries = 0
		return nil
	}
	delete(o.rooms, d.room)
	o.order = slices.DeleteFunc(o.order, func(other *pendingRoom) bool { return other == d })
	return o.letGo(d)
}

// letGo returns what waits for a room, which it keeps back no longer. The caller holds mu.
func (o *pendingRooms) letGo(d *pendingRoom) []wire.Message {
	held := d.held
	o.waiting -= len(held)
	d.held, d.hold = nil, false
	return held
}

// postpone is for a room that could not be read. Newer messages wait for it only so often: then
// it returns them, and tooLong is true.
func (o *pendingRooms) postpone(d *pendingRoom, wait time.Duration) (held []wire.Message, tooLong bool) {
	o.later(d, wait)
	o.mu.Lock()
	defer o.mu.Unlock()
	if d.hold && d.tries > holdTries {
		return o.letGo(d), true
	}
	return nil, false
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
