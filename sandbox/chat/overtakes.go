package chat

import (
	"sync"
	"time"
)

// rcOutgoing is what is sent over a socket; of is the message that it brings to __my_messages__ for
// the first time, nil if it is something else.
type rcOutgoing struct {
	text []byte
	of   *rcEvent
}

// rcOvertakes measures by how much messages of a room came after younger ones. It counts only what
// the stream owes whoever listens: the first event of a message that was written while they listened.
// Of what was written before, or streamed again because it changed, they know from elsewhere.
type rcOvertakes struct {
	mu   sync.Mutex                          // guards all below
	sent map[rcHeard]map[time.Time]time.Time // by when it was written, when each left first
	most time.Duration
}

// rcHeard is a room as one connection hears of it: what comes over two is in no order.
type rcHeard struct {
	over *rcConn
	room *rcRoom
}

// note is for a message that has just left.
func (o *rcOvertakes) note(over *rcConn, e *rcEvent, now time.Time) {
	if e == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sent == nil {
		o.sent = map[rcHeard]map[time.Time]time.Time{}
	}
	heard := rcHeard{over, e.room}
	if o.sent[heard] == nil {
		o.sent[heard] = map[time.Time]time.Time{}
	}
	if _, before := o.sent[heard][e.written]; before {
		return
	}
	o.sent[heard][e.written] = now
	for written, left := range o.sent[heard] {
		if written.After(e.written) {
			o.most = max(o.most, now.Sub(left))
		}
	}
}

// Overtaken returns the longest time by which a message was streamed after a younger one of its
// room: longer than whoever listens may wait for it, their order proves nothing.
func (rc *RocketChat) Overtaken() time.Duration {
	rc.overtakes.mu.Lock()
	defer rc.overtakes.mu.Unlock()
	return rc.overtakes.most
}
