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
