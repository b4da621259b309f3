package automatic

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
)

// TestRoomOpened_WelcomesOnceADayOrOncePerRoom is which of several new rooms, each so many
// hours after noon, bring a welcome.
func TestRoomOpened_WelcomesOnceADayOrOncePerRoom(t *testing.T) {
	type room struct {
		id    bridge.RoomID
		hours float64
	}
	for _, test := range []struct {
		name   string
		always bool
		rooms  []room
		want   string // rooms that bring one
		change func(*world)
	}{
		{"the first", false, []room{{"a", 0}}, "a", nil},
		{"the same room again", false, []room{{"a", 0}, {"a", 0.1}}, "a", nil},
		{"another on the same day", false, []room{{"a", 0}, {"b", 5}}, "a", nil},
		{"another after midnight", false, []room{{"a", 0}, {"b", 13}}, "a", nil},
		{"another a day later", false, []room{{"a", 0}, {"b", 24}}, "a b", nil},
		{"three days", false, []room{{"a", 0}, {"b", 25}, {"c", 40}, {"d", 50}}, "a b d", nil},
		{"for each room", true, []room{{"a", 0}, {"b", 0.1}, {"b", 0.2}}, "a b", nil},
		{"nobody remembers the last", false, []room{{"a", 0}, {"b", 5}}, "a", func(w *world) { w.states.ForgetState(anna) }},
		{"none is wanted", false, []room{{"a", 0}}, "", func(w *world) { w.pages[0].Settings.Welcome = "" }},
		{"the page is off", true, []room{{"a", 0}}, "", func(w *world) { w.pages[0].State = bridge.PageOff }},
		{"the page is gone", true, []room{{"a", 0}}, "", func(w *world) { w.pages[0].ID = "2" }},
		{"the window has ended", true, []room{{"a", 0}}, "", func(w *world) { w.heard(noon.Add(-bridge.PlainWindow)) }},
	} {
		w := newWorld(t)
		w.pages[0].Settings.Welcome, w.pages[0].Settings.WelcomeAlways = "Hello from {page}!", test.always
		var got []string
		for _, r := range test.rooms {
			if test.change != nil {
				test.change(w)
			}
			w.now = noon.Add(time.Duration(r.hours * float64(time.Hour)))
			before := len(w.sent())
			if err := w.texts.RoomOpened(t.Context(), anna, r.id); err != nil {
				t.Fatal(err)
			}
			if len(w.sent()) > before {
				got = append(got, string(r.id))
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: welcomed in %q, want %q", test.name, got, test.want)
		}
		for _, out := range w.sent() {
			if out.Parts[0].Text != "Hello from Shop!" || !out.Automatic {
				t.Errorf("%s: the customer reads %q", test.name, out.Parts[0].Text)
			}
		}
	}
}

// TestRoomOpened_NotStored_IsWelcomedTheNextTime: nobody counts as welcomed who was not.
func TestRoomOpened_NotStored_IsWelcomedTheNextTime(t *testing.T) {
	w := newWorld(t)
	w.pages[0].Settings.Welcome = "Hello!"
	w.outbox.Break("Append", 1)
	if err := w.texts.RoomOpened(t.Context(), anna, "a"); !errors.Is(err, bridgetest.ErrDisk) || w.said() != "" {
		t.Errorf("the customer reads %q: %v", w.said(), err)
	}
	if err := w.texts.RoomOpened(t.Context(), anna, "a"); err != nil || w.said() != "Hello!" {
		t.Errorf("the customer reads %q: %v", w.said(), err)
	}
}

func TestNobodyThere_IsSaidOncePerEvent_AndNotForLong(t *testing.T) {
	w := newWorld(t)
	w.pages[0].Settings.Offline = "Nobody is here."
	in := heard(anna, noon)
	other := in
	other.Key = "m/2"
	for _, one := range []bridge.Incoming{in, in, other} {
		if err := w.texts.NobodyThere(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	sent := w.sent()
	if w.said() != "Nobody is here. | Nobody is here." || !sent[0].Until.Equal(noon.Add(offlineWithin)) {
		t.Errorf("the customer reads %q until %s", w.said(), sent[0].Until)
	}
}

// TestUnattended_IsAnnouncedOnceADay, with the names of what it is about.
func TestUnattended_IsAnnouncedOnceADay(t *testing.T) {
	w := newWorld(t)
	w.pages[0].Settings.Department = "d1"
	w.texts.Names = Names{
		Department: func(_ context.Context, d bridge.DepartmentID) string { return "Sales" },
		RoomLink:   func(r bridge.RoomID) string { return "<https://chat/live/" + string(r) + ">" },
	}
	for _, room := range []bridge.RoomID{"a", "a", "b"} {
		if err := w.texts.Unattended(t.Context(), heard(anna, noon), room); err != nil {
			t.Fatal(err)
		}
	}
	told := w.told.Notices()
	if len(told) != 1 || !strings.Contains(told[0].Text, "(department Sales)") || !strings.Contains(told[0].Text, "<https://chat/live/a> belongs to nobody") {
		t.Fatalf("told %+v", told)
	}
	w.now = noon.Add(24 * time.Hour)
	if err := w.texts.Unattended(t.Context(), heard(anna, noon), "c"); err != nil || len(w.told.Notices()) != 2 {
		t.Errorf("the next day %d are told: %v", len(w.told.Notices()), err)
	}
}

// TestUnverified_IsAnnouncedOnceADay, with the room.
func TestUnverified_IsAnnouncedOnceADay(t *testing.T) {
	w := newWorld(t)
	for _, room := range []bridge.RoomID{"a", "b"} {
		if err := w.texts.Unverified(t.Context(), room); err != nil {
			t.Fatal(err)
		}
	}
	if told := w.told.Notices(); len(told) != 1 || !strings.Contains(told[0].Text, "the new room a:") {
		t.Fatalf("told %+v", told)
	}
	w.now = noon.Add(24 * time.Hour)
	if err := w.texts.Unverified(t.Context(), "c"); err != nil || len(w.told.Notices()) != 2 {
		t.Errorf("the next day %d are told: %v", len(w.told.Notices()), err)
	}
}

// TestFromClosing_SaysGoodbyeAndAsks is what a customer reads after a room was closed.
func TestFromClosing_SaysGoodbyeAndAsks(t *testing.T) {
	bot := bridge.Author{ID: "b", Username: "bot", Name: "Bot", Bot: true}
	for _, test := range []struct {
		name    string
		closing bridge.Closing
		change  func(*world)
		said    string
		told    string
	}{
		{name: "by an agent", closing: bridge.Closing{By: bo}, said: "Goodbye, says Bo. | How satisfied are you"},
		{name: "by a bot", closing: bridge.Closing{By: bot}, said: "Goodbye, says. | How satisfied are you"},
		{name: "by the customer", closing: bridge.Closing{ByCustomer: true}},
		{name: "of nobody's room", closing: bridge.Closing{Room: "gone", By: bo}},
		{name: "of a comment's room", closing: bridge.Closing{Room: "below", By: bo}},
		{name: "the page is off", closing: bridge.Closing{By: bo}, change: func(w *world) { w.pages[0].State = bridge.PageOff }},
		{name: "the window has ended", closing: bridge.Closing{By: bo}, change: func(w *world) { w.heard(noon.Add(-bridge.PlainWindow)) },
			told: "survey-skipped/survey/room window-closed"},
		{name: "the customer wrote again", closing: bridge.Closing{By: bo}, change: func(w *world) { w.heard(noon.Add(time.Second)) },
			said: "Goodbye, says Bo.", told: "survey-skipped/survey/room wrote-again"},
	} {
		w := newWorld(t)
		w.pages[0].Settings.Finished, w.pages[0].Settings.AgentName, w.pages[0].Settings.Survey = "Goodbye, says {agent}.", bridge.AgentsName, true
		if test.change != nil {
			test.change(w)
		}
		if test.closing.Room == "" {
			test.closing.Room = "room"
		}
		test.closing.At = noon
		for range 2 { // it comes twice
			if err := w.texts.FromClosing(t.Context(), test.closing); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.said(); !strings.HasPrefix(got, test.said) || test.said == "" && got != "" || strings.Count(got, "|") != strings.Count(test.said, "|") || w.notices() != test.told {
			t.Errorf("%s: the customer reads %q, agents %q", test.name, got, w.notices())
		}
	}
}

// TestFromClosing_AsksForNamesOnlyOnce_AndOnlyForThoseInTheText: whatever a closing waits for, all rooms' answers wait for.
func TestFromClosing_AsksForNamesOnlyOnce_AndOnlyForThoseInTheText(t *testing.T) {
	for text, want := range map[string]struct{ asked, said string }{
		"Goodbye.":                              {"", "Goodbye."},
		"Goodbye, says {agent}.":                {"agent", "Goodbye, says Bo."},
		"Goodbye from {department|us}.":         {"department", "Goodbye from Sales."},
		"{Agent|We} of {department} say {bye}.": {"agent department", "Bo of Sales say {bye}."},
	} {
		w := newWorld(t)
		w.pages[0].Settings.Finished, w.pages[0].Settings.Department = text, "d1"
		var asked []string
		w.texts.Names = Names{
			Agent:      func(_ context.Context, a bridge.Author) bridge.Author { asked = append(asked, "agent"); return bo },
			Department: func(context.Context, bridge.DepartmentID) string { asked = append(asked, "department"); return "Sales" },
		}
		for range 2 { // a sweep sees it again
			if err := w.texts.FromClosing(t.Context(), bridge.Closing{Room: "room", At: noon, By: bridge.Author{ID: "u", Username: "bo"}}); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(asked, " "); got != want.asked || w.said() != want.said {
			t.Errorf("%s: asked for %q, said %q", text, got, w.said())
		}
	}
}

// TestFromClosing_WhoeverIsAskedHangs_TheTextGoesWithoutTheNames soon.
func TestFromClosing_WhoeverIsAskedHangs_TheTextGoesWithoutTheNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.pages[0].Settings.Finished, w.pages[0].Settings.Department = "Goodbye from {agent|us} and {department|all others}.", "d1"
		w.texts.Names = Names{
			Agent:      func(ctx context.Context, a bridge.Author) bridge.Author { <-ctx.Done(); return a },
			Department: func(ctx context.Context, _ bridge.DepartmentID) string { <-ctx.Done(); return "" },
		}
		began := time.Now()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute) // of the bubble
		defer stop()
		if err := w.texts.FromClosing(ctx, bridge.Closing{Room: "room", At: noon, By: bridge.Author{ID: "u"}}); err != nil {
			t.Fatal(err)
		}
		if w.said() != "Goodbye from us and all others." || time.Since(began) > 4*time.Second {
			t.Errorf("after %v the customer reads %q", time.Since(began), w.said())
		}
	})
}
