package e2e

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// bypassed is the workspace the manual recommends: the newest version, and a bot
// whom the limiter lets pass.
var bypassed = chat.Config{}

func TestRelay_CustomerAsksAgentAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "Where is my order? secret-text")
	rid := w.room()
	w.eventually("the agent reads it", func() bool { return len(w.texts()) == 1 })
	w.agent.Says(rid, "It is on its *way* :slight_smile: secret-text")
	w.eventually("the customer reads it", func() bool { return len(w.received(anna)) == 1 })
	if got := w.received(anna)[0]; got != "It is on its way 🙂 secret-text" {
		t.Errorf("the customer reads %q", got)
	}
	bubble := w.meta.CustomerSees(page, anna)[0]
	if bubble.MessagingType != "RESPONSE" || bubble.Metadata == "" {
		t.Errorf("sent as %q with metadata %q", bubble.MessagingType, bubble.Metadata)
	}
	if room := w.rc.Rooms()[0]; room.VisitorName != "Customer 4005" {
		t.Errorf("the customer is called %q", room.VisitorName)
	}
	w.settled()
	if len(w.texts()) != 1 {
		t.Errorf("the agent sees the echo of the answer: %q", w.texts())
	}
}

func TestRelay_LongAnswer_ArrivesInPartsInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "Tell me everything")
	rid := w.room()
	words := strings.Repeat("word ", 900) // 4,500 characters
	w.agent.Says(rid, strings.TrimSpace(words))
	w.agent.Says(rid, "That is all.")
	w.eventually("all parts arrive", func() bool { return len(w.received(anna)) == 4 })
	got := w.received(anna)
	if joined := strings.Join(got[:3], " "); joined != strings.TrimSpace(words) || got[3] != "That is all." {
		t.Errorf("the customer reads %q", got)
	}
}

func TestRelay_SameMessageAgainAndAgain_IsShownOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	at := time.Now()
	event := w.meta.TextEvent(page, anna, "m_same", "Hello", at)
	body := w.meta.Body(event)
	answers := make(chan int, 3)
	for range 3 {
		go func() {
			status, err := w.meta.Post(t.Context(), body, meta.PostOptions{})
			if err != nil {
				t.Error(err)
			}
			answers <- status
		}()
	}
	for range 3 {
		if status := <-answers; status != 200 {
			t.Errorf("answered %d", status)
		}
	}
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.halt()
	w.run()
	standby := event
	standby.Standby = true
	for _, again := range []meta.Event{event, standby} {
		if status, err := w.meta.Post(t.Context(), w.meta.Body(again), meta.PostOptions{}); status != 200 || err != nil {
			t.Errorf("answered %d, %v", status, err)
		}
	}
	w.meta.CustomerWrites(page, anna, "Anybody there?") // comes after, so nothing can still be under way
	w.eventually("the next one is shown", func() bool { return len(w.texts()) == 2 })
	if got := w.texts(); !reflect.DeepEqual(got, []string{"Hello", "Anybody there?"}) {
		t.Errorf("agents read %q", got)
	}
}

func TestRelay_BatchOfMixedItems_LosesNoneOfTheMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	at := time.Now()
	var events []meta.Event
	want := 0
	for i := range 50 {
		switch i % 5 {
		case 0, 1:
			events = append(events, w.meta.TextEvent(page, anna, fmt.Sprintf("m_%d", i), fmt.Sprintf("text %d", i), at))
			want++
		case 2:
			events = append(events, w.meta.ReadEvent(page, anna, at, at))
		case 3:
			events = append(events, w.meta.UnknownEvent(page, anna, at))
		case 4:
			events = append(events, w.meta.TextEvent("999", anna, fmt.Sprintf("m_%d", i), "for a page nobody connected", at))
		}
	}
	if status, err := w.meta.Post(t.Context(), w.meta.Body(events...), meta.PostOptions{}); status != 200 || err != nil {
		t.Fatalf("answered %d, %v", status, err)
	}
	w.settled()
	var texts, others []string
	for _, text := range w.texts() {
		if strings.HasPrefix(text, "text ") {
			texts = append(texts, text)
		} else {
			others = append(others, text)
		}
	}
	if len(texts) != want || !slices.IsSortedFunc(texts, func(a, b string) int { return number(a) - number(b) }) {
		t.Errorf("agents read %q", texts)
	}
	if len(others) > 0 {
		t.Errorf("besides, agents read %q", others)
	}
	// Count in = count out: every item is accepted or ignored for a reason.
	counts := w.metricsOf("messenger_bridge_accepted_total", "messenger_bridge_ignored_total", "messenger_bridge_repeated_total")
	if counts != 50 {
		t.Errorf("%v of 50 items are accounted for", counts)
	}
}

// number returns the number at the end of a text.
func number(s string) (n int) {
	fmt.Sscanf(s[strings.LastIndex(s, " ")+1:], "%d", &n)
	return n
}

// metricsOf adds up the values of metrics by name.
func (w *world) metricsOf(names ...string) (sum float64) {
	for line := range strings.Lines(w.get("http://" + w.at.Metrics + "/metrics")) {
		for _, name := range names {
			if strings.HasPrefix(line, name+"{") || strings.HasPrefix(line, name+" ") {
				var v float64
				fmt.Sscan(line[strings.LastIndex(strings.TrimSpace(line), " ")+1:], &v)
				sum += v
			}
		}
	}
	return sum
}

func TestRooms_ManyFirstMessagesAtOnce_MakeOneRoom(t *testing.T) {
	t.Parallel()
	for name, profile := range map[string]chat.Profile{"8.x": chat.V8, "7.x": chat.V7} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, chat.Config{Profile: profile, LimiterOff: true})
			w.run()
			at := time.Now()
			answers := make(chan int, 50)
			for i := range 50 {
				go func() {
					status, _ := w.meta.Post(t.Context(), w.meta.Body(w.meta.TextEvent(page, anna, fmt.Sprintf("m_%d", i), fmt.Sprintf("first %d", i), at)), meta.PostOptions{})
					answers <- status
				}()
			}
			for range 50 {
				if status := <-answers; status != 200 {
					t.Errorf("answered %d", status)
				}
			}
			w.eventually("all are shown", func() bool { return len(w.texts()) == 50 })
			if rooms, visitors := len(w.rc.Rooms()), len(w.rc.Visitors()); rooms != 1 || visitors != 1 {
				t.Errorf("%d rooms, %d visitors", rooms, visitors)
			}
		})
	}
}

func TestRooms_ClosedRoom_LeadsToExactlyOneNewOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "one")
	first := w.room()
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.agent.Closes(first, "done")
	for i := range 10 {
		w.meta.CustomerWrites(page, anna, fmt.Sprintf("after %d", i))
	}
	w.eventually("all are shown", func() bool { return len(w.texts()) == 11 })
	rooms := w.rc.Rooms()
	if len(rooms) != 2 || rooms[0].Open || !rooms[1].Open {
		t.Fatalf("rooms are %+v", rooms)
	}
	w.agent.Says(rooms[1].ID, "Welcome back")
	w.eventually("the answer arrives", func() bool { return len(w.received(anna)) == 1 })
}

func TestRooms_NobodyOnline_MessagesWaitAndComeInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.agent.GoesOffline()
	w.run()
	for i := range 3 {
		w.meta.CustomerWrites(page, anna, fmt.Sprintf("hello %d", i))
		w.meta.CustomerWrites(page, ben, fmt.Sprintf("good day %d", i))
	}
	flush(t, w)
	w.eventually("a room was asked for", func() bool { return w.rc.CountCalls("GET livechat/room") > 0 })
	w.halt()
	w.run()
	w.eventually("the bridge looks whether somebody is there", func() bool { return w.rc.CountCalls("GET livechat/config") > 2 })
	if len(w.rc.Rooms()) != 0 {
		t.Fatal("a room without an agent")
	}
	w.agent.GoesOnline()
	w.eventually("all are shown", func() bool { return len(w.texts()) == 6 })
	if len(w.rc.Rooms()) != 2 {
		t.Errorf("%d rooms for two customers", len(w.rc.Rooms()))
	}
	for _, room := range w.rc.Rooms() {
		if got := w.rc.CustomerTexts(room.ID); !slices.IsSortedFunc(got, func(a, b string) int { return number(a) - number(b) }) || len(got) != 3 {
			t.Errorf("a room reads %q", got)
		}
	}
}

func flush(t *testing.T, w *world) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := w.meta.Flush(ctx); err != nil {
		t.Fatal("webhooks were not taken:", err)
	}
}

func TestRelay_CommandTypedInACustomersRoom_NeverReachesTheCustomer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.rc.SetSetting("Message_AllowUnrecognizedSlashCommand", true)
	w.run()
	w.meta.CustomerWrites(page, anna, "hi")
	rid := w.room()
	for _, text := range []string{"/facebook authorize", "/typo", "!facebook help"} {
		w.agent.Says(rid, text)
	}
	w.agent.Says(rid, "Hello")
	w.eventually("the answer arrives and the author is told", func() bool {
		return len(w.received(anna)) == 1 && len(w.rc.DirectMessages("ana")) == 3
	})
	if got := w.received(anna); got[0] != "Hello" {
		t.Errorf("the customer reads %q", got)
	}
}

func TestRelay_WhatIsNotMeantForTheCustomer_StaysInTheRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "hi")
	rid := w.room()
	w.rc.AddUser(chat.User{Username: "bob", Roles: []string{"user"}})
	channel := w.rc.AddChannel("lobby", "bob", "ana")
	w.rc.UserSays("bob", channel, "not about a customer")
	id := w.agent.Says(rid, "Hello")
	w.agent.Reacts(id, ":thumbsup:")
	w.agent.Says(rid, "Bye")
	w.eventually("both answers arrive", func() bool { return len(w.received(anna)) >= 2 })
	w.settled()
	if got := w.received(anna); !reflect.DeepEqual(got, []string{"Hello", "Bye"}) {
		t.Errorf("the customer reads %q", got)
	}
}
