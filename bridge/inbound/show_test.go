package inbound

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/outbound"
)

func again(reason bridge.Reason) error {
	return &bridge.Refusal{Verdict: bridge.Again, Reason: reason, Gate: bridge.GateWorkspace}
}

func never(reason bridge.Reason) error {
	return &bridge.Refusal{Verdict: bridge.Never, Reason: reason}
}

// TestDeliver_SaysWhatFollows is what becomes of one message, and what customer and
// administrators read of it, by what Rocket.Chat makes of it.
func TestDeliver_SaysWhatFollows(t *testing.T) {
	opened, unattended, unverified := bridge.NewRoom{ID: "room"}, bridge.NewRoom{ID: "room", Unattended: true}, bridge.NewRoom{ID: "room", Unverified: true}
	for _, test := range []struct {
		name      string
		opens     bridge.NewRoom
		shown     bridge.Shown
		err       error
		refused   bridge.Reason // it stays; empty: it does not
		failed    bridge.Reason // it was given up
		said      string        // to the customer
		announced string        // in the setup channel
	}{
		{name: "shown"},
		{name: "shown in a new room", opens: opened, said: "Welcome!"},
		{name: "in a new room that nobody serves", opens: unattended, said: "Nobody is here., Welcome!", announced: "unattended//2026-05-04"},
		{name: "in a new room that no agent sees", opens: unverified, said: "Welcome!", announced: "unverified/2026-05-04"},
		{name: "a room was opened, and then it failed", opens: opened, err: again(bridge.WorkspaceDown), refused: bridge.WorkspaceDown, said: "Welcome!"},
		{name: "a room that nobody serves, and then it failed", opens: unattended, err: again(bridge.WorkspaceDown), refused: bridge.WorkspaceDown,
			said: "Nobody is here., Welcome!", announced: "unattended//2026-05-04"},
		{name: "a room was opened, and it is refused for good", opens: opened, err: never(bridge.TooLong), failed: bridge.TooLong, said: "Welcome!"},
		{name: "files were left out", shown: bridge.Shown{Refused: []string{"a.exe is not taken.", "b.exe is not taken."}}, said: `a.exe is not taken.\nb.exe is not taken.`},
		{name: "nobody is there", shown: bridge.Shown{Waits: true}, err: again(bridge.NoAgent), refused: bridge.NoAgent, said: "Nobody is here."},
		{name: "Omnichannel is off", shown: bridge.Shown{Waits: true}, err: again(bridge.OmnichannelOff), refused: bridge.OmnichannelOff, said: "Nobody is here."},
		{name: "nobody is there, and it waits for something else", err: again(bridge.NoAgent), refused: bridge.NoAgent},
		{name: "Rocket.Chat is away", err: again(bridge.WorkspaceDown), refused: bridge.WorkspaceDown},
		{name: "nobody knows", err: fmt.Errorf("cut"), refused: bridge.Unclear},
		{name: "refused for good", err: never(bridge.WorkspaceError), failed: bridge.WorkspaceError},
		{name: "blocked in Rocket.Chat", err: never(bridge.ContactBlocked), failed: bridge.ContactBlocked, announced: "contact-blocked/1/m/7"},
	} {
		w := newWorld(t)
		w.pages[0].Settings.Welcome, w.pages[0].Settings.Offline = "Welcome!", "Nobody is here."
		w.opens, w.show = test.opens, func(bridge.Incoming) (bridge.Shown, error) { return test.shown, test.err }
		w.comes(text("m"))
		for range 2 { // again says nothing twice
			r := w.try()
			if (r == nil) != (test.refused == "") || r != nil && (r.Verdict != bridge.Again || r.Reason != test.refused) {
				t.Errorf("%s: refused with %+v, want %q", test.name, r, test.refused)
			}
			if test.refused == "" {
				break
			}
		}
		var failed bridge.Reason
		for _, f := range w.inbox.Failures() {
			failed = f.Reason
		}
		if failed != test.failed || w.said() != test.said || w.announced() != test.announced {
			t.Errorf("%s: failed %q, the customer reads %q, the setup channel %q", test.name, failed, w.said(), w.announced())
		}
		if waits := len(w.inbox.Seqs()) > 0; waits != (test.refused != "") {
			t.Errorf("%s: waits: %v", test.name, waits)
		}
	}
}

func TestDeliver_BlockedContact_IsAnnouncedOnce(t *testing.T) {
	w := newWorld(t)
	w.show = func(bridge.Incoming) (bridge.Shown, error) { return bridge.Shown{}, never(bridge.ContactBlocked) }
	w.comes(text("m"), text("n"))
	w.try()
	w.try()
	told := w.told.Notices()
	if len(told) != 1 || !strings.Contains(told[0].Text, "*Shop*: the customer `7` is blocked") || !strings.Contains(told[0].Text, "`/facebook block 1 7`") {
		t.Errorf("told %+v", told)
	}
	if failed := w.inbox.Failures(); len(failed) != 2 {
		t.Errorf("kept apart: %d", len(failed))
	}
}

// TestDeliver_WhatFollowsIsNotStored_IsTriedAgain: an event is only concluded when all that
// follows from it is stored.
func TestDeliver_WhatFollowsIsNotStored_IsTriedAgain(t *testing.T) {
	opened := bridge.NewRoom{ID: "room"}
	for name, what := range map[string]struct {
		opens bridge.NewRoom
		shown bridge.Shown
	}{
		"the welcome":          {opens: opened},
		"what was not taken":   {shown: bridge.Shown{Refused: []string{"a.exe is not taken."}}},
		"the welcome, and all": {opens: opened, shown: bridge.Shown{Refused: []string{"a.exe is not taken."}, Receipt: shownIn("room", "m")}},
	} {
		w := newWorld(t)
		w.pages[0].Settings.Welcome = "Welcome!"
		w.opens, w.show = what.opens, func(bridge.Incoming) (bridge.Shown, error) { return what.shown, nil }
		w.comes(text("m"))
		w.outbox.Break("Append", 1)
		if r := w.try(); r == nil || r.Verdict != bridge.Again || r.Reason != bridge.StoreFailed || len(w.inbox.Seqs()) != 1 {
			t.Errorf("%s: %+v", name, r)
		}
		if r := w.try(); r != nil || w.said() == "" || len(w.inbox.Seqs()) != 0 {
			t.Errorf("%s: refused with %+v, the customer reads %q", name, r, w.said())
		}
	}
}

// TestDeliver_CountsHowOftenShowingWasBegun: whoever shows an event must know whether an
// earlier attempt may have done a part of it.
func TestDeliver_CountsHowOftenShowingWasBegun(t *testing.T) {
	away := again(bridge.WorkspaceDown)
	for _, test := range []struct {
		name    string
		ends    []error // of the attempts; nil: shown
		breaks  string  // what of the store fails, once
		restart bool    // after the first attempt
		want    string  // how often it was begun before, as each attempt is told
	}{
		{name: "at once", ends: []error{nil}, want: "[0]"},
		{name: "at the third attempt", ends: []error{away, away, nil}, want: "[0 1 2]"},
		{name: "after a restart", ends: []error{away, nil}, restart: true, want: "[0 1]"},
		{name: "after a restart, twice", ends: []error{away, away, nil}, restart: true, want: "[0 1 2]"},
		{name: "its end was not stored", ends: []error{nil, nil}, breaks: "Conclude", want: "[0 1]"},
		{name: "that it failed was not stored", ends: []error{never(bridge.TooLong), never(bridge.TooLong)}, breaks: "Fail", want: "[0 1]"},
	} {
		w := newWorld(t)
		attempts := test.ends
		w.show = func(bridge.Incoming) (bridge.Shown, error) {
			err := attempts[0]
			attempts = attempts[1:]
			return bridge.Shown{}, err
		}
		w.comes(text("m"))
		if test.breaks != "" {
			w.inbox.Break(test.breaks, 1)
		}
		for i := range test.ends {
			w.now = w.now.Add(time.Second)
			if test.restart && i == 1 {
				w.start()
			}
			w.try()
		}
		var got []int
		for _, in := range w.shown {
			got = append(got, in.Tries)
		}
		if fmt.Sprint(got) != test.want || len(w.inbox.Seqs()) > 0 {
			t.Errorf("%s: %v, want %s; %d wait", test.name, got, test.want, len(w.inbox.Seqs()))
		}
		if n := len(w.Inbound.begun.times); n > 0 {
			t.Errorf("%s: %d are remembered although nothing waits", test.name, n)
		}
	}
}

// TestDeliver_GivenUp_StaysSoUntilItIsStored has the disk fail after agents and customer were told that
// a file is not shown; meanwhile the workspace would take it.
func TestDeliver_GivenUp_StaysSoUntilItIsStored(t *testing.T) {
	w := newWorld(t)
	w.show = func(bridge.Incoming) (bridge.Shown, error) {
		if len(w.shown) > 1 {
			return bridge.Shown{}, nil
		}
		return bridge.Shown{Left: &bridge.Response{Route: "POST livechat/upload", Status: 413}, Refused: []string{"Sorry"}}, nil
	}
	w.comes(text("m"))
	w.inbox.Break("Fail", 1)
	if r := w.try(); r == nil {
		t.Error("it was stored")
	}
	if r := w.try(); r != nil || len(w.shown) != 1 || len(w.inbox.Seqs()) > 0 || len(w.inbox.Failures()) != 1 || strings.Count(w.said(), "Sorry") != 1 {
		t.Errorf("refused with %+v, shown %d times, %d wait, %d failed, the customer reads %q", r, len(w.shown), len(w.inbox.Seqs()), len(w.inbox.Failures()), w.said())
	}
	if n := len(w.Inbound.begun.times) + len(w.Inbound.begun.given); n > 0 {
		t.Errorf("%d are remembered although nothing waits", n)
	}
}

// TestDeliver_BegunInParts_GoesOnInParts, also if a person has it tried again after it was given up.
func TestDeliver_BegunInParts_GoesOnInParts(t *testing.T) {
	w := newWorld(t)
	verdict := bridge.Again
	w.show = func(bridge.Incoming) (bridge.Shown, error) {
		return bridge.Shown{}, &bridge.Refusal{Verdict: verdict, Reason: bridge.WorkspaceError}
	}
	w.comes(text("m"))
	w.inParts = true
	w.try()
	verdict = bridge.Never
	w.try()
	if w.shown[0].InParts || !w.shown[1].InParts {
		t.Errorf("in parts at first: %v, then: %v", w.shown[0].InParts, w.shown[1].InParts)
	}
	if failed := w.inbox.Failures(); len(failed) != 1 || failed[0].Progress.Part != 1 {
		t.Errorf("given up: %+v", failed)
	}
}

// TestDeliver_New_IsWhatCannotHaveBeenShown: only of that the store is not asked as what it
// is shown.
func TestDeliver_New_IsWhatCannotHaveBeenShown(t *testing.T) {
	for name, test := range map[string]struct {
		before func(*world, *bridge.Incoming)
		after  func(*world)
		want   bool
	}{
		"it has just come": {want: true},
		"it was tried":     {after: func(w *world) { w.try() }},
		"a run before":     {after: func(w *world) { w.now = w.now.Add(time.Second); w.start() }},
		"it is of days ago, when what came is not remembered": {before: func(_ *world, in *bridge.Incoming) { in.At = noon.AddDate(0, 0, -4) }},
		"it was given up": {after: func(w *world) {
			w.show = func(bridge.Incoming) (bridge.Shown, error) { return bridge.Shown{}, never(bridge.TooLong) }
			w.try()
			e, err := outbound.Retry(w.inbox.Failures()[0], false)
			if err == nil {
				err = w.Lanes.PutBack(w.t.Context(), []bridge.Entry{e})
			}
			if err != nil {
				w.t.Fatal(err)
			}
		}},
	} {
		w := newWorld(t)
		w.show = func(bridge.Incoming) (bridge.Shown, error) { return bridge.Shown{}, again(bridge.WorkspaceDown) }
		in := text("m")
		if test.before != nil {
			test.before(w, &in)
		}
		w.comes(in)
		if test.after != nil {
			test.after(w)
		}
		w.try()
		if got := w.shown[len(w.shown)-1]; got.New != test.want || got.Text != "m" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestDeliver_OutdatedMeanwhile_IsNotRemembered: an event that need not be shown any more
// leaves nothing in memory.
func TestDeliver_OutdatedMeanwhile_IsNotRemembered(t *testing.T) {
	w := newWorld(t)
	w.receipts.All = append(w.receipts.All, shownIn("room", "m"))
	edit := func(n int) bridge.Incoming {
		in := about(bridge.EditEvent, "m")
		in.Text = "edited"
		in.Edit, in.Key = n, bridge.EditKey("m", n)
		return in
	}
	w.show = func(bridge.Incoming) (bridge.Shown, error) { return bridge.Shown{}, again(bridge.WorkspaceDown) }
	w.comes(edit(1))
	w.try()
	w.comes(edit(2))
	if r := w.try(); r != nil || len(w.inbox.Seqs()) != 1 || len(w.Inbound.begun.times) > 0 {
		t.Errorf("refused with %+v, %d wait, %d remembered", r, len(w.inbox.Seqs()), len(w.Inbound.begun.times))
	}
}

func TestDeliver_AfterASilence_WantsANewRoom(t *testing.T) {
	hour := bridge.Duration(time.Hour)
	for _, test := range []struct {
		name    string
		after   bridge.Duration // the page's setting
		silence time.Duration   // 0: nobody has said anything yet
		in      bridge.Incoming
		want    bool
	}{
		{"long ago", hour, 2 * time.Hour, text("m"), true},
		{"just now", hour, time.Hour, text("m"), false},
		{"for the first time", hour, 0, text("m"), false},
		{"not wanted", 0, 100 * time.Hour, text("m"), false},
		{"an echo, long ago", hour, 2 * time.Hour, about(bridge.EchoEvent, "m"), false},
	} {
		w := newWorld(t)
		w.pages[0].Settings.NewRoomAfter = test.after
		if test.silence > 0 {
			w.states.ChangeState(anna, func(s *bridge.ConversationState) { s.Silence.Since = noon.Add(-test.silence) })
		}
		w.comes(test.in)
		w.try()
		if got := w.shown[0].ForceNewRoom; got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
		heard := test.after > 0 && test.in.Opens()
		if since := w.states.State(anna).Silence.Since; heard != since.Equal(noon) {
			t.Errorf("%s: silence since %s", test.name, since)
		}
	}
}

// TestDeliver_Comments_SetWhomAnswersGoTo: what quotes no comment answers the newest that
// is shown.
func TestDeliver_Comments_SetWhomAnswersGoTo(t *testing.T) {
	comment := func(mid bridge.Mid, after time.Duration) bridge.Incoming {
		return bridge.Incoming{Conversation: commenter, Kind: bridge.TextEvent, Mid: mid, At: noon.Add(after), Key: bridge.MessageKey(mid), Comment: &bridge.Comment{}}
	}
	w := newWorld(t)
	fails := true
	w.show = func(bridge.Incoming) (bridge.Shown, error) {
		if fails {
			return bridge.Shown{}, again(bridge.WorkspaceDown)
		}
		return bridge.Shown{}, nil
	}
	target := func() bridge.Mid { return w.states.State(commenter).Reply.Comment }
	w.comes(comment("a", 0), comment("b", 2), comment("late", 1))
	if w.try(); target() != "a" {
		t.Errorf("before the very first is shown, answers go to %q", target())
	}
	fails = false
	for _, want := range []bridge.Mid{"a", "b", "b"} {
		if w.try(); target() != want {
			t.Errorf("answers go to %q, want %q", target(), want)
		}
	}
	w.inbox.See("1/deletion/gone")
	w.comes(comment("gone", 3))
	if w.try(); target() != "b" {
		t.Errorf("answers go to %q, which was deleted", target())
	}
}

func TestDeliver_SurveyAnswer_SaysNothingOfTheConversation(t *testing.T) {
	w := newWorld(t)
	w.pages[0].Settings.NewRoomAfter = bridge.Duration(time.Hour)
	w.states.ChangeState(anna, func(s *bridge.ConversationState) { s.Silence.Since = noon.Add(-5 * time.Hour) })
	tap := text("m")
	tap.Tap = &bridge.Tap{Quick: true, Payload: "messenger-bridge/survey/room/4"}
	w.comes(tap)
	if r := w.try(); r != nil {
		t.Fatal(r)
	}
	in := w.shown[0]
	if in.Survey == nil || in.Survey.Rating != 4 || in.ForceNewRoom || w.said() != "Thank you for your answer!" {
		t.Errorf("shown as %+v of %+v, the customer reads %q", in, in.Survey, w.said())
	}
	if since := w.states.State(anna).Silence.Since; !since.Equal(noon.Add(-5 * time.Hour)) {
		t.Errorf("silence since %s", since)
	}
}

func TestDeliver_Unreadable_HoldsUpNobody(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Lanes.Append(t.Context(), []bridge.Entry{{Lane: anna.Lane(), Key: "broken", Body: []byte("{")}}, nil); err != nil {
		t.Fatal(err)
	}
	if r := w.try(); r != nil || len(w.inbox.Failures()) != 1 {
		t.Errorf("refused with %+v, %d set aside", r, len(w.inbox.Failures()))
	}
	if err := w.Inbound.Deliver(t.Context(), 1); err != nil {
		t.Errorf("concluded before: %v", err)
	}
}

// TestDeliver_RestartWithAClockThatIsBehind_CountsAsBegun: what an earlier run began counts as begun, also when this one began with a clock that is behind.
func TestDeliver_RestartWithAClockThatIsBehind_CountsAsBegun(t *testing.T) {
	w := newWorld(t)
	w.show = func(bridge.Incoming) (bridge.Shown, error) { return bridge.Shown{}, again(bridge.WorkspaceDown) }
	w.comes(text("m"))
	w.try() // a file of it is uploaded, and then the machine loses its power
	w.now = w.now.Add(-time.Hour)
	w.start()
	w.try()
	if got := w.shown[len(w.shown)-1].Tries; got != 1 {
		t.Errorf("begun %d times before", got)
	}
}
