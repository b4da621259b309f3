package chat

import "time"

// rcTransaction is how long opening or closing takes at first while others may come between.
const rcTransaction = 20 * time.Millisecond

// Transactions sets how long opening and closing take where they race.
func (rc *RocketChat) Transactions(d time.Duration) { rc.locked(func() { rc.rest.transaction = d }) }

// otherwise lets others do something for as long as a transaction takes. The caller holds
// mu, which is let go meanwhile.
func (rc *RocketChat) otherwise() {
	d := rc.rest.transaction
	rc.mu.Unlock()
	rc.pause(d)
	rc.mu.Lock()
}

// raceToClose is the time a closing takes: who comes meanwhile, or finds the room closed
// afterwards, loses. A lost closing may be tried again.
func (rc *RocketChat) raceToClose(r *rcRoom) *rcReply {
	if !rc.cfg.Disorder.Races {
		return nil
	}
	if r.closing {
		return rcFail("error-room-cannot-be-closed-try-again")
	}
	r.closing = true
	rc.otherwise()
	r.closing = false
	if !r.open {
		return rcFail("Error removing inquiry")
	}
	return nil
}

// raceToOpen is the time opening takes: two at once open two rooms in old versions, and in new
// ones the database's index refuses the second.
func (rc *RocketChat) raceToOpen(v *rcVisitor) *rcReply {
	if rc.since(8, 2) && !rc.cfg.Disorder.Races {
		return nil
	}
	rc.otherwise()
	if !rc.since(8, 2) || len(rc.openRooms[v.token]) == 0 {
		return nil
	}
	return rcFail("E11000 duplicate key error collection: meteor.rocketchat_room index: v.token_1 dup key")
}
