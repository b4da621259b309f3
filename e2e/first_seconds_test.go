package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
)

// inFull has the bridge follow rooms, look and reconnect as often as it does for operators.
func (w *world) inFull() {
	w.cfg.Times.FollowEvery, w.cfg.Times.LookEvery, w.cfg.Times.Silence, w.cfg.Times.PingEvery, w.cfg.Times.Reconnect = 0, 0, 0, 0, 0
}

// told returns how often an agent reads in a room that the customer still sees what was
// deleted.
func (w *world) told(rid string) (n int) {
	for _, m := range w.rc.Messages(rid) {
		if m.Username == "bridge.bot" && strings.Contains(m.Text, "still sees it") {
			n++
		}
	}
	return n
}

// letter is a small PDF.
func letter(name string) chat.File {
	return chat.File{Name: name, Type: "application/pdf", Content: []byte("%PDF-1.4 " + name)}
}

// TestFirstSeconds_TakenBackAfterDelivery_IsNoticed has an agent write into a room that was
// only just opened, and take all of it back as soon as it has arrived: four seconds before
// the room would have been followed, or a whole sweep.
func TestFirstSeconds_TakenBackAfterDelivery_IsNoticed(t *testing.T) {
	for name, begin := range map[string]func(w *world) (rid string){
		"a new room": func(w *world) string {
			w.run()
			w.meta.CustomerWrites(page, anna, "hi")
			return w.room()
		},
		"an agent faster than our own notes": func(w *world) string {
			w.run()
			defer w.rc.Inject(chat.Fault{Route: "GET livechat/room", Times: 1, Effect: true, Delay: 300 * time.Millisecond})()
			w.meta.CustomerWrites(page, anna, "hi")
			return w.room()
		},
		"a room that was opened again": func(w *world) string {
			w.run()
			w.meta.CustomerWrites(page, anna, "hi")
			first := w.room()
			w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
			w.agent.Closes(first, "bye")
			w.meta.CustomerWrites(page, anna, "again")
			w.eventually("a new room is open", func() bool { return len(w.rc.Rooms()) == 2 })
			return w.rc.Rooms()[1].ID
		},
		"after a restart": func(w *world) string {
			w.run()
			w.meta.CustomerWrites(page, anna, "hi")
			rid := w.room()
			w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
			w.settled()
			w.halt()
			w.run()
			return rid
		},
		"after the connection was cut": func(w *world) string {
			w.run()
			w.meta.CustomerWrites(page, anna, "hi")
			rid := w.room()
			w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
			w.rc.DropSockets()
			w.eventually("it is made again", func() bool { return strings.Contains(w.log.String(), "stream lost") && w.connected() })
			return rid
		},
	} {
		for _, version := range []chat.Profile{chat.V8, chat.V7} {
			t.Run(fmt.Sprintf("%s, profile %d", name, version), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, chat.Config{Profile: version, LimiterOff: true})
				w.inFull()
				rid := begin(w)
				file := w.agent.Uploads(rid, "", letter("wrong.pdf"))[0]
				text := w.agent.Says(rid, "That was for somebody else")
				kept := w.agent.Says(rid, "one")
				w.eventually("all of it arrives", func() bool { return len(w.meta.CustomerSees(page, anna)) == 3 })
				start := time.Now()
				w.agent.Deletes(file)
				w.agent.Deletes(text)
				w.agent.Edits(kept, "two")
				w.eventually("the agent is told of both", func() bool { return w.told(rid) == 2 })
				w.eventually("the correction arrives", func() bool {
					seen := w.received(anna)
					return strings.HasPrefix(seen[len(seen)-1], "Corrected: two")
				})
				if took := time.Since(start); took > atMost(4*time.Second) {
					t.Errorf("that took %v", took)
				}
				w.settled()
				if w.told(rid) != 2 || len(w.meta.CustomerSees(page, anna)) != 4 {
					t.Errorf("told %d times; the customer sees %q", w.told(rid), w.received(anna))
				}
			})
		}
	}
}

// TestFirstSeconds_TakenBackWhileNobodyListened_IsFoundAfterwards: what was deleted while the
// bridge, or its connection, was away, of a room in which nothing else was written since.
func TestFirstSeconds_TakenBackWhileNobodyListened_IsFoundAfterwards(t *testing.T) {
	for name, away := range map[string]func(w *world, meanwhile func()){
		"the bridge stopped": func(w *world, meanwhile func()) { w.halt(); meanwhile(); w.run() },
		"the connection was cut": func(w *world, meanwhile func()) {
			defer w.rc.Inject(chat.Fault{Route: "GET websocket", Times: 1, Status: 502})()
			w.rc.DropSockets()
			meanwhile()
		},
		"half open": func(w *world, meanwhile func()) { w.rc.MuteSockets(true); meanwhile() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.inFull()
			w.cfg.Times.Silence, w.cfg.Times.PingEvery = 2*time.Second, 500*time.Millisecond
			w.run()
			k := w.ask()
			file, text := w.agent.Uploads(k.rid, "", letter("wrong.pdf"))[0], w.agent.Says(k.rid, "wrong")
			w.eventually("both arrive", func() bool { return len(w.meta.CustomerSees(page, anna)) == 2 })
			w.settled()
			w.eventually("the room is followed", func() bool { return w.rc.SubscribedTo(k.rid + "/deleteMessage") })
			away(w, func() { w.agent.Deletes(file); w.agent.Deletes(text) })
			w.eventually("the agent is told of both", func() bool { return w.told(k.rid) == 2 })
			w.halt()
			w.run()
			w.agent.Says(k.rid, "right")
			w.eventually("the conversation goes on", func() bool { return slices.Contains(w.received(anna), "right") })
			w.settled()
			if w.told(k.rid) != 2 {
				t.Errorf("told %d times", w.told(k.rid))
			}
		})
	}
}

// TestFirstSeconds_KnownOnlyByASweep_IsFollowed: the stream brought nothing of the room.
func TestFirstSeconds_KnownOnlyByASweep_IsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.inFull()
	w.cfg.Times.LookEvery = 200 * time.Millisecond
	w.run()
	w.rc.LoseEvents(1 << 20)
	w.meta.CustomerWrites(page, anna, "hi")
	rid := w.room()
	text := w.agent.Says(rid, "one")
	w.eventually("a sweep finds it", func() bool { return slices.Contains(w.received(anna), "one") })
	w.agent.Deletes(text)
	w.eventually("the agent is told", func() bool { return w.told(rid) == 1 })
}

// TestFirstSeconds_ManyRoomsAtOnce_NoDeletionIsMissed opens more rooms than may be followed
// at once, and takes an answer back in each before its turn comes.
func TestFirstSeconds_ManyRoomsAtOnce_NoDeletionIsMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, chat.Config{DDPLimiterOff: true}) // its windows are not shortened here
	w.inFull()
	w.cfg.Times.FollowEvery = 200 * time.Millisecond
	w.run()
	const customers = 25
	sees := func(i int) int { return len(w.meta.CustomerSees(page, fmt.Sprint(9000+i))) }
	for i := range customers {
		w.meta.CustomerWrites(page, fmt.Sprint(9000+i), "hi")
	}
	w.eventually("all rooms are open", func() bool { return len(w.texts()) == customers })
	var wrong []string
	for _, room := range w.rc.Rooms() {
		wrong = append(wrong, w.agent.Says(room.ID, "wrong"))
	}
	for i := range customers {
		w.eventually("it arrives", func() bool { return sees(i) == 1 })
	}
	for _, id := range wrong {
		w.agent.Deletes(id)
	}
	w.eventually("the agent is told in every room", func() bool {
		return !slices.ContainsFunc(w.rc.Rooms(), func(r chat.Room) bool { return w.told(r.ID) == 0 })
	})
	w.settled()
	for _, room := range w.rc.Rooms() {
		if n := w.told(room.ID); n != 1 {
			t.Errorf("told %d times in %s", n, room.ID)
		}
	}
}
