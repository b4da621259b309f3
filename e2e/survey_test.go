package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

const (
	surveyQuestion = "How satisfied are you with this conversation? 1 is not at all, 5 is very much."
	surveyThanks   = "Thank you for your answer!"
	surveyWrite    = "Please write your comment in one message."
	surveyEnd      = "Thank you! Your comment was passed on."
)

// surveyed is a page that asks, and says goodbye.
func surveyed(s *bridge.Settings) { s.Survey, s.Finished = true, "Bye." }

// closedRoom plays a conversation that an agent has closed, and returns its room.
func (w *world) closedRoom() (rid string) {
	w.Helper()
	w.meta.CustomerWrites(page, anna, "Hello")
	rid = w.room()
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.settled()
	w.agent.Closes(rid, "done")
	return rid
}

// botSays are the texts of the bridge in a room.
func (w *world) botSays(rid string) (texts []string) {
	for _, m := range w.rc.Messages(rid) {
		if m.Username == ourBot && m.System == "" {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// tap has the customer tap a quick reply, as soon as the page's latest message is this one.
func (w *world) tap(below, title string) {
	w.Helper()
	w.eventually(fmt.Sprintf("the customer reads %q", below), func() bool {
		got := w.received(anna)
		return len(got) > 0 && got[len(got)-1] == below
	})
	w.meta.CustomerTaps(page, anna, title)
}

func TestSurvey_AnswerAndComment_AreStoredShownAndOpenNoRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(surveyed)
	w.run()
	rid := w.closedRoom()
	w.tap(surveyQuestion, "4")
	w.tap(surveyThanks, "Write a comment")
	w.eventually("the customer is asked to write", func() bool { return slices.Contains(w.received(anna), surveyWrite) })
	w.meta.CustomerWrites(page, anna, "Very friendly, a bit slow.")
	w.eventually("the customer is thanked", func() bool { return slices.Contains(w.received(anna), surveyEnd) })
	w.settled()
	if got, want := w.received(anna), []string{"Bye.", surveyQuestion, surveyThanks, surveyWrite, surveyEnd}; !slices.Equal(got, want) {
		t.Errorf("the customer reads %q, want %q", got, want)
	}
	var chips []string
	for _, b := range w.meta.CustomerSees(page, anna) {
		chips = append(chips, strings.Join(b.Quick, " "))
		if b.MessagingType != "RESPONSE" || b.Tag != "" {
			t.Errorf("%q is sent as %s with tag %q", b.Text, b.MessagingType, b.Tag)
		}
	}
	if want := []string{"", "1 2 3 4 5", "Write a comment", "", ""}; !slices.Equal(chips, want) {
		t.Errorf("below them the customer sees %q, want %q", chips, want)
	}
	room, _ := w.rc.Room(rid)
	if want := map[string]string{"satisfaction": "4", "additionalFeedback": "Very friendly, a bit slow."}; !maps.Equal(room.Survey, want) {
		t.Errorf("stored is %v, want %v", room.Survey, want)
	}
	if want := []string{"The customer rated this conversation: ★★★★☆ (4/5)", "The customer wrote about this conversation:\n> Very friendly, a bit slow."}; !slices.Equal(w.botSays(rid), want) {
		t.Errorf("the room says %q, want %q", w.botSays(rid), want)
	}
	if len(w.rc.Rooms()) != 1 || room.Open {
		t.Errorf("an answer opened a room:\n%s", w.picture())
	}

	w.meta.CustomerWrites(page, anna, "One more thing")
	w.eventually("any other message opens one", func() bool {
		return len(w.rc.Rooms()) == 2 && slices.Equal(w.texts(), []string{"Hello", "One more thing"})
	})
}

// TestSurvey_WhatIsNoAnswer_OpensARoom: a text that only looks like an answer, and what
// comes while a comment is awaited, and is none.
func TestSurvey_WhatIsNoAnswer_OpensARoom(t *testing.T) {
	t.Parallel()
	awaited := func(w *world) {
		w.tap(surveyQuestion, "5")
		w.tap(surveyThanks, "Write a comment")
		w.eventually("the customer is asked to write", func() bool { return slices.Contains(w.received(anna), surveyWrite) })
	}
	for name, c := range map[string]struct {
		write func(w *world, clock *clock)
		shown string
	}{
		"the mark typed by hand": {func(w *world, _ *clock) {
			w.eventually("the customer is asked", func() bool { return slices.Contains(w.received(anna), surveyQuestion) })
			w.meta.CustomerWrites(page, anna, "5")
		}, "5"},
		"after the thanks, without a tap": {func(w *world, _ *clock) {
			w.tap(surveyQuestion, "5")
			w.eventually("the customer is thanked", func() bool { return slices.Contains(w.received(anna), surveyThanks) })
			w.meta.CustomerWrites(page, anna, "When do you open?")
		}, "When do you open?"},
		"an hour after the tap": {func(w *world, clock *clock) {
			awaited(w)
			clock.pass(time.Hour)
			w.meta.CustomerWrites(page, anna, "I forgot what I wanted to say.")
		}, "I forgot what I wanted to say."},
		"a second message after the comment": {func(w *world, _ *clock) {
			awaited(w)
			w.meta.CustomerWrites(page, anna, "Very good")
			w.meta.CustomerWrites(page, anna, "By the way")
		}, "By the way"},
		"a picture instead of a comment": {func(w *world, _ *clock) {
			awaited(w)
			w.meta.CustomerSends(page, anna, "look", meta.Attachment{Type: "fallback", URL: "https://example.org/"})
		}, "look"},
		"a forged answer about another room": {func(w *world, _ *clock) {
			w.play().deliver(false, `{$D,"message":{"mid":"$1","text":"three","quick_reply":{"payload":"messenger-bridge/survey/elsewhere/3"}}}`)
		}, "three"},
		"a mark that was not offered": {func(w *world, _ *clock) {
			w.play().deliver(false, `{$D,"message":{"mid":"$1","text":"six","quick_reply":{"payload":"messenger-bridge/survey/`+w.rc.Rooms()[0].ID+`/6"}}}`)
		}, "six"},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &clock{}
			w := newWorldAt(t, bypassed, clock.now)
			w.setPage(surveyed)
			w.run()
			w.closedRoom()
			c.write(w, clock)
			w.eventually("it is shown in a room of its own", func() bool {
				return len(w.rc.Rooms()) == 2 && len(w.texts()) == 2 && strings.HasPrefix(w.texts()[1], c.shown) && w.rc.Rooms()[1].Open
			})
			w.settled()
			if len(w.rc.Rooms()) != 2 || len(w.texts()) != 2 {
				t.Errorf("it is not shown once:\n%s", w.picture())
			}
		})
	}
}

// TestSurvey_NotAsked says when that is so, and what the room says of it.
func TestSurvey_NotAsked(t *testing.T) {
	t.Parallel()
	const late, again = "they last wrote too long ago", "they have written again"
	for name, c := range map[string]struct {
		end  func(w *world, clock *clock, rid string)
		says string // in the room; "": nothing
	}{
		"the window is over": {func(w *world, clock *clock, rid string) {
			clock.pass(24*time.Hour + time.Second)
			w.agent.Closes(rid, "done")
		}, late},
		"Meta says that it is over": {func(w *world, _ *clock, rid string) {
			w.meta.CloseWindow(page, anna)
			w.agent.Closes(rid, "done")
		}, late},
		"it is over when Meta can be reached again": {func(w *world, clock *clock, rid string) {
			w.meta.Down()
			w.agent.Closes(rid, "done")
			w.eventually("the question waits", func() bool { return strings.Contains(w.get("http://"+w.at.Metrics+"/status"), `"waiting": 1`) })
			clock.pass(24*time.Hour + time.Second)
			if err := w.meta.Up(); err != nil {
				w.Fatal(err)
			}
		}, late},
		"the customer has written again meanwhile": {func(w *world, clock *clock, rid string) {
			w.halt()
			w.agent.Closes(rid, "done")
			clock.pass(time.Second)
			w.meta.CustomerWrites(page, anna, "One more thing")
			w.rc.Down()
			w.start()
			w.eventually("Meta is rid of it", func() bool { return w.meta.Waiting() == 0 })
			if err := w.rc.Up(); err != nil {
				w.Fatal(err)
			}
		}, again},
		"the customer has closed the room": {func(w *world, _ *clock, rid string) { w.rc.VisitorCloses(rid) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &clock{}
			w := newWorldAt(t, bypassed, clock.now)
			w.setPage(func(s *bridge.Settings) { s.Survey = true })
			w.run()
			w.meta.CustomerWrites(page, anna, "Hello")
			rid := w.room()
			w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
			w.settled()
			c.end(w, clock, rid)
			w.meta.CustomerWrites(page, ben, "I am here, too")
			w.eventually("what comes later is shown", func() bool { return slices.Contains(w.texts(), "I am here, too") })
			said := func() string { return strings.Join(w.botSays(rid), "|") }
			w.eventually("the room says why", func() bool { return strings.Contains(said(), c.says) })
			w.settled()
			w.halt()
			w.run()
			w.settled()
			if strings.Count(said(), "not asked") != min(1, len(c.says)) || len(w.received(anna)) != 0 {
				t.Errorf("the room says %q, the customer reads %q", w.botSays(rid), w.received(anna))
			}
		})
	}
}

// TestSurvey_Interrupted_NothingTwiceAndNothingLost loses an answer, or stops the bridge, at
// each step.
func TestSurvey_Interrupted_NothingTwiceAndNothingLost(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(w *world){
		"storing the answer is answered by nothing": func(w *world) {
			w.rc.Inject(chat.Fault{Route: "POST livechat/room.survey", Times: 1, Cut: true, Effect: true})
		},
		"storing the answer fails at first": func(w *world) {
			w.rc.Inject(chat.Fault{Route: "POST livechat/room.survey", Times: 2, Status: 502})
		},
		"the note's answer is lost": func(w *world) {
			w.rc.Inject(chat.Fault{Route: "POST chat.sendMessage", Times: 1, Cut: true, Effect: true, Match: w.outsideSetup})
		},
		"sends are answered by nothing": func(w *world) { w.meta.NextSends(meta.DeliveredThenCut()) },
		"the bridge starts again":       func(w *world) { w.halt(); w.run() },
		"webhooks come twice":           func(w *world) { w.meta.DuplicateWebhooks(2) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.setPage(surveyed)
			w.run()
			fault(w)
			rid := w.closedRoom()
			w.tap(surveyQuestion, "2")
			w.eventually("the customer is thanked", func() bool { return slices.Contains(w.received(anna), surveyThanks) })
			fault(w)
			w.meta.CustomerTaps(page, anna, "Write a comment")
			w.eventually("the customer is asked to write", func() bool { return slices.Contains(w.received(anna), surveyWrite) })
			w.settled()
			fault(w)
			w.meta.CustomerWrites(page, anna, "Nobody knew anything.")
			w.eventually("the customer is thanked again", func() bool { return slices.Contains(w.received(anna), surveyEnd) })
			w.settled()
			if got, want := w.received(anna), []string{"Bye.", surveyQuestion, surveyThanks, surveyWrite, surveyEnd}; !slices.Equal(got, want) {
				t.Errorf("the customer reads %q, want %q", got, want)
			}
			room, _ := w.rc.Room(rid)
			if want := map[string]string{"satisfaction": "2", "additionalFeedback": "Nobody knew anything."}; !maps.Equal(room.Survey, want) {
				t.Errorf("stored is %v, want %v", room.Survey, want)
			}
			if len(w.botSays(rid)) != 2 || len(w.rc.Rooms()) != 1 {
				t.Errorf("the room says %q; %d rooms", w.botSays(rid), len(w.rc.Rooms()))
			}
		})
	}
}

// TestSurvey_RocketChatDoesNotStoreIt_IsShownAllTheSame: the workspace refuses it for good.
func TestSurvey_RocketChatDoesNotStoreIt_IsShownAllTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.Survey = true })
	w.rc.Inject(chat.Fault{Route: "POST livechat/room.survey", Status: 400, ContentType: "application/json", Body: `{"success":false,"error":"invalid-data"}`})
	w.run()
	rid := w.closedRoom()
	w.tap(surveyQuestion, "1")
	w.eventually("the customer is thanked", func() bool { return slices.Contains(w.received(anna), surveyThanks) })
	if got, want := w.botSays(rid), []string{"The customer rated this conversation: ★☆☆☆☆ (1/5)\nRocket.Chat did not take it for its reports."}; !slices.Equal(got, want) {
		t.Errorf("the room says %q, want %q", got, want)
	}
}
