package stream

import (
	"errors"
	"slices"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/wire"
)

// debt is a room that is still to be looked into.
type debt struct {
	room  bridge.RoomID
	kind  string
	since time.Time           // what was written from then on may be missing
	whose bridge.Conversation // empty: a conversation of which we do not know yet, or of nobody

	found  bool           // it was open before we knew it
	judged bool           // what is new in it, the stream should have brought
	hold   bool           // what the stream brings of it waits until the look is in
	held   []wire.Message // that waits, oldest first

	added time.Time
	tries int       // that failed
	next  time.Time // not before
	again bool      // it was asked for once more while it was looked into
}

// owed are the rooms still to be looked into. While one is owed, the cursor stays
// before what may be missing of it, so that a restart looks for it again.
type owed struct {
	mu      sync.Mutex // guards all below, and what is written to the cursor
	rooms   map[bridge.RoomID]*debt
	order   []*debt
	waiting int       // messages held, of all rooms
	goal    time.Time // the cursor once nothing is owed: when the last look began
	saved   time.Time // the cursor as saved
}

// holdTries is after how many failures of a room newer messages wait no longer: late
// and out of order is better than never.
const holdTries = 5

// add makes a room owed, or more of it. The caller holds mu.
func (o *owed) add(d debt) {
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

// restart is for a new session: what was held is lost, and what is owed is read again.
func (o *owed) restart() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = 0
	for _, d := range o.order {
		d.held, d.tries, d.next, d.judged, d.hold = nil, 0, time.Time{}, false, true
	}
}

// due returns the room to look into now; nil if there is none, with how long until
// there is. Rooms of which messages wait come first, but none before the older room
// of the same conversation: a customer gets the answers of both in order.
func (o *owed) due() (found *debt, copied debt, wait time.Duration) {
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
		return nil, debt{}, wait
	}
	found.again = false
	return found, *found, 0
}

// holding returns the first debt of a conversation that makes newer messages wait; nil
// if there is none. The caller holds mu.
func (o *owed) holding(c bridge.Conversation) *debt {
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
func (o *owed) holds(c bridge.Conversation) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.holding(c) != nil
}

// none reports whether nothing is owed.
func (o *owed) none() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.order) == 0
}

// wait keeps a message back that would overtake older ones of its room, or of another
// room of the same conversation, and reports whether it did.
func (o *owed) wait(m wire.Message, whose bridge.Conversation) (bool, error) {
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
func (o *owed) release(d *debt) []wire.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	held := d.held
	o.waiting -= len(held)
	d.held = nil
	return held
}

// settle is for a room that was looked into; what was asked for since stays owed.
func (o *owed) settle(d *debt) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d.hold = false
	if d.again {
		d.tries = 0
		return
	}
	delete(o.rooms, d.room)
	o.order = slices.DeleteFunc(o.order, func(other *debt) bool { return other == d })
}

// postpone is for a room that could not be looked into; it reports whether newer
// messages need wait no longer.
func (o *owed) postpone(d *debt, wait time.Duration) (tooLong bool) {
	o.later(d, wait)
	o.mu.Lock()
	defer o.mu.Unlock()
	if d.hold && d.tries > holdTries {
		d.hold = false
		return true
	}
	return false
}

// later has a room looked into after a while.
func (o *owed) later(d *debt, wait time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d.tries++
	if !d.again {
		d.next = time.Now().Add(wait)
	}
}

// reached is up to when all rooms were looked into. The caller holds mu.
func (o *owed) reached() time.Time {
	at := o.goal
	for _, d := range o.order {
		if t := d.since.Add(overlap); t.Before(at) {
			at = t
		}
	}
	return at
}
