package chat

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"time"
)

// rcSockets is everything about live connections and what they are sent.
type rcSockets struct {
	conns   map[*rcConn]bool
	limiter rcLimiter
	turn    int // counts assignments, for routing

	reemit  time.Duration // 0 = no second emission
	lose    int
	repeat  bool
	reorder bool
	delay   time.Duration
	lag     time.Duration // of the next one alone
	held    *rcEvent      // reorder: waits for the next one to overtake it
	delayed []*rcEvent    // delay: oldest first

	ignorePings bool
	refuseSubs  int
}

// rcEvent is a message on its way to subscribers.
type rcEvent struct {
	room    *rcRoom
	first   bool      // nothing was streamed of the message before
	written time.Time // when it was written, as it is stamped
	body    json.RawMessage
}

// rcMine brings the messages of all rooms that who listens may read.
var rcMine = rcTopic{"stream-room-messages", "__my_messages__"}

// LoseEvents silently keeps the next n messages from the stream (their second
// emission too). They are stored; only a catch-up finds them.
func (rc *RocketChat) LoseEvents(n int) { rc.locked(func() { rc.socks.lose = n }) }

// RepeatEvents delivers every message event twice.
func (rc *RocketChat) RepeatEvents(on bool) { rc.locked(func() { rc.socks.repeat = on }) }

// ReorderEvents swaps message events in pairs; one that finds no partner
// within 50 ms goes out alone.
func (rc *RocketChat) ReorderEvents(on bool) {
	rc.locked(func() {
		rc.socks.reorder = on
		rc.release(rc.socks.held)
	})
}

// DelayEvents delivers message events this much later, in their order.
func (rc *RocketChat) DelayEvents(d time.Duration) { rc.locked(func() { rc.socks.delay = d }) }

// LagEvent delivers the next message event this much later, and those after it at once: the
// server asks its database for each, and need not hear in the order of its questions.
func (rc *RocketChat) LagEvent(d time.Duration) { rc.locked(func() { rc.socks.lag = d }) }

// ReemitAfter sets when an ordinary message is streamed again with parsed text
// and link previews, under the same _id and a newer _updatedAt; 0 = never. It
// starts at 20 ms.
func (rc *RocketChat) ReemitAfter(d time.Duration) { rc.locked(func() { rc.socks.reemit = d }) }

func (rc *RocketChat) locked(do func()) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	do()
}

// streamMessage sends a message to stream-room-messages; again marks a second
// emission of what was emitted before. The caller holds mu.
func (rc *RocketChat) streamMessage(m *rcMessage, again bool) {
	if m.doc["_hidden"] == true || m.doc["imported"] != nil || rc.hides(m.system()) {
		return
	}
	first := !m.told
	m.told = true
	switch {
	case again && m.lost:
		return
	case !again && rc.socks.lose > 0:
		rc.socks.lose--
		m.lost = true
		return
	}
	m.lost = false
	doc := m.doc
	if rc.on("UI_Use_Real_Name") {
		doc = rcCopy(doc)
		if u := rc.users[m.author()]; u != nil {
			doc["u"].(rcDoc)["name"] = u.Name
		}
	}
	e := &rcEvent{room: m.room, first: first, written: m.ts(), body: rcEncode(doc, rcEJSON)}
	if lag := rc.socks.lag; lag > 0 && !again {
		rc.socks.lag = 0
		rc.later(lag, func() { rc.pass(e) })
		return
	}
	if rc.socks.delay == 0 && len(rc.socks.delayed) == 0 {
		rc.pass(e)
		return
	}
	rc.socks.delayed = append(rc.socks.delayed, e)
	rc.later(rc.socks.delay, func() {
		next := rc.socks.delayed[0] // whichever timer fires first releases the oldest
		rc.socks.delayed = rc.socks.delayed[1:]
		rc.pass(next)
	})
}

func (rc *RocketChat) hides(t string) bool {
	switch list := rc.settings["Hide_System_Messages"].(type) {
	case []string:
		return t != "" && slices.Contains(list, t)
	case []any:
		return t != "" && slices.Contains(list, any(t))
	}
	return false
}

// pass applies reordering.
func (rc *RocketChat) pass(e *rcEvent) {
	if !rc.socks.reorder {
		rc.deliver(e)
		return
	}
	if held := rc.socks.held; held != nil {
		rc.deliver(e)
		rc.release(held)
		return
	}
	rc.socks.held = e
	rc.later(50*time.Millisecond, func() { rc.release(e) })
}

// release delivers a held event unless that has happened.
func (rc *RocketChat) release(e *rcEvent) {
	if e != nil && rc.socks.held == e {
		rc.socks.held = nil
		rc.deliver(e)
	}
}

// deliver hands a message to the room's subscribers, and to those of
// __my_messages__ who may read the room at this moment.
func (rc *RocketChat) deliver(e *rcEvent) {
	const stream = "stream-room-messages"
	times := 1
	if rc.socks.repeat {
		times = 2
	}
	frame := rcChanged(stream, e.room.id, e.body)
	for c := range rc.socks.conns {
		for range times {
			if c.listening[rcTopic{stream, e.room.id}] > 0 {
				c.send(frame)
			}
			rc.deliverMine(c, e)
		}
	}
}

// deliverMine hands a message to a subscriber of __my_messages__ who may read its room; where
// the server reorders, after as long as its database takes.
func (rc *RocketChat) deliverMine(c *rcConn, e *rcEvent) {
	send := func() {
		if c.listening[rcMine] == 0 || !rc.mayRead(c.user, e.room) {
			return
		}
		info := rcDoc{"roomParticipant": e.room.members[c.user.ID], "roomType": e.room.kind}
		if e.room.kind == "c" || e.room.kind == "p" {
			info["roomName"] = e.room.name
		}
		out := rcOutgoing{text: rcChanged(rcMine.stream, rcMine.event, e.body, rcEncode(info, rcEJSON))}
		if e.first && c.listens.Before(e.written) {
			out.of = e
		}
		c.enqueue(out)
	}
	if !rc.cfg.Disorder.Reorders {
		send()
		return
	}
	rc.later(rand.N(rcRead), send)
}

// rcRead is how long a database read takes at most.
const rcRead = 25 * time.Millisecond

// emit sends any other stream event; the writer's own connection is left out.
// The caller holds mu.
func (rc *RocketChat) emit(stream, event string, args []any, writer *rcConn) {
	var frame []byte
	for c := range rc.socks.conns {
		if c == writer || c.listening[rcTopic{stream, event}] == 0 {
			continue
		}
		if frame == nil {
			bodies := make([]json.RawMessage, len(args))
			for i, a := range args {
				bodies[i] = rcEncode(a, rcEJSON)
			}
			frame = rcChanged(stream, event, bodies...)
		}
		c.send(frame)
	}
}

// rcChanged is the frame in which all streams deliver.
func rcChanged(stream, event string, args ...json.RawMessage) []byte {
	return rcEncode(map[string]any{
		"msg": "changed", "collection": stream, "id": "id",
		"fields": map[string]any{"eventName": event, "args": args},
	}, rcEJSON)
}
