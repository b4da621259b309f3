package stream_test

import (
	"net/http"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
)

// Real servers list open rooms, rooms on hold and rooms in the queue apart.
func TestCatchUp_RoomWasPutOnHoldOrBackIntoTheQueue_WhatWasMissedIsRead(t *testing.T) {
	for name, leaves := range map[string]func(*chat.Agent, string){"put on hold": (*chat.Agent).Holds, "returned to the queue": (*chat.Agent).ReturnsToQueue} {
		for version, profile := range map[string]chat.Profile{"8.8": chat.V8, "6.13": chat.V6} {
			t.Run(name+", "+version, func(t *testing.T) {
				o := newOffice(t, chat.Config{Profile: profile})
				o.rc.ReemitAfter(0)
				ana := o.rc.AddAgent("ana")
				o.run()
				room := o.visitor("a")
				ana.Takes(room)
				o.belongs(room)
				o.halt()
				ana.Says(room, "missed")
				leaves(ana, room)
				if seen, _ := o.rc.Room(room); name == "returned to the queue" && seen.ServedBy != "" {
					t.Fatalf("served by %s", seen.ServedBy)
				}
				o.run()
				o.gets("missed")
			})
		}
	}
}

// What is written only in a thread leaves the room as it was last written in.
func TestCatchUp_AnswerInAThreadOfAQuietRoom_IsRead(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	room := o.visitor("a")
	o.belongs(room)
	asked := ana.Says(room, "first")
	o.gets("first")
	o.halt()
	o.note(func() { o.cursor = time.Now().Add(-time.Hour) }) // the room was last written in a month ago
	ago(0)
	ana.Replies(room, asked, "in the thread")
	o.run()
	o.gets("first", "in the thread")
}

// On old servers, closing leaves the room as it was last written in.
func TestCatchUp_QuietRoomWasClosed_IsTold(t *testing.T) {
	o, ana, ago := past(t)
	o.run()
	room := o.visitor("a")
	o.belongs(room)
	ana.Says(room, "first")
	o.gets("first")
	o.halt()
	o.note(func() { o.cursor = time.Now().Add(-time.Hour) }) // the room was last written in a month ago
	ago(0)
	ana.Closes(room, "")
	o.run()
	o.eventually("the closing is told", func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		return len(o.closed) == 1
	})
}

// Rocket.Chat tells of a failing database as of what it refuses for good: 400, and a text (rocketchat.md 4.0).
func TestCatchUp_DatabaseFailsForAMoment_NothingIsLost(t *testing.T) {
	for name, fault := range map[string]chat.Fault{
		"the list of rooms in the queue": {Route: "GET livechat/rooms", Match: func(r *http.Request, _ []byte) bool { return r.URL.Query().Get("queued") != "" }},
		"a room":                         {Route: "GET chat.syncMessages"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, chat.Config{})
			o.rc.ReemitAfter(0)
			ana := o.rc.AddAgent("ana")
			o.run()
			room := o.visitor("a")
			ana.Takes(room)
			o.belongs(room)
			o.halt()
			ana.Says(room, "missed")
			ana.ReturnsToQueue(room)
			fault.Status, fault.Body, fault.Times = http.StatusBadRequest, `{"success":false,"error":"not primary and secondaryOk=false"}`, 1
			o.rc.Inject(fault)
			o.run()
			o.gets("missed")
		})
	}
}

// What was written long before is not looked for by a later sweep: a room that cannot be read for half a minute must not be given up.
func TestCatchUp_DatabaseFailsForLonger_WhatWasMissedLongAgoIsRead(t *testing.T) {
	o, ana, ago := past(t)
	ago(time.Hour)
	o.run()
	room := o.visitor("a")
	ana.Takes(room)
	o.belongs(room)
	o.halt()
	ana.Says(room, "missed")
	o.note(func() { o.cursor = time.Now().Add(-2 * time.Hour) })
	ago(0)
	o.rc.Inject(chat.Fault{Route: "GET chat.syncMessages", Times: 14, Status: http.StatusBadRequest, Body: `{"success":false,"error":"not primary and secondaryOk=false"}`})
	o.run()
	o.gets("missed")
}

// A bot that loses the right to see rooms while it is connected hears nothing from agents any more, and nothing says so on the stream. The
// session ends, so that the state tells; it begins again when the right is back.
func TestSweep_RightIsTakenAway_SessionEnds(t *testing.T) {
	o := newOffice(t, chat.Config{})
	o.look = 20 * time.Millisecond
	o.run()
	before := o.ready()
	o.rc.Inject(chat.Fault{Route: "GET livechat/rooms", Times: 1, Status: http.StatusForbidden,
		Body: `{"success":false,"error":"User does not have the permissions required for this action [error-unauthorized]"}`})
	o.eventually("a new session", func() bool { return o.ready() > before })
}
