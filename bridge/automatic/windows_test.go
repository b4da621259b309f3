package automatic

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
)

func TestNoteDue(t *testing.T) {
	const day = bridge.PlainWindow
	for _, test := range []struct {
		name  string
		told  bridge.WindowNote
		age   time.Duration // of what opened the window; negative: it was never opened
		note  bridge.WindowNote
		kind  bridge.NoticeKind
		again time.Duration // so long after it was opened; 0: never
	}{
		{"never opened", bridge.WindowOpen, -1, bridge.WindowOpen, "", 0},
		{"just opened", bridge.WindowOpen, 0, bridge.WindowOpen, "", day - warnBefore},
		{"just before it is time", bridge.WindowOpen, day - warnBefore - 1, bridge.WindowOpen, "", day - warnBefore},
		{"an hour is left", bridge.WindowOpen, day - warnBefore, bridge.WindowEnding, bridge.WindowEndsSoon, day},
		{"an hour is left, and that was told", bridge.WindowEnding, day - warnBefore, bridge.WindowEnding, "", day},
		{"a moment is left, and nobody was told", bridge.WindowOpen, day - 1, bridge.WindowEnding, bridge.WindowEndsSoon, day},
		{"it has ended", bridge.WindowEnding, day, bridge.WindowEnded, bridge.WindowHasEnded, 0},
		{"it has ended, and nobody was warned", bridge.WindowOpen, day, bridge.WindowEnded, bridge.WindowHasEnded, 0},
		{"it ended long ago, and that was told", bridge.WindowEnded, 2 * day, bridge.WindowEnded, "", 0},
		{"told, and the clock was set back since", bridge.WindowEnding, time.Hour, bridge.WindowEnding, "", day - warnBefore},
	} {
		w := bridge.Window{Told: test.told}
		if test.age >= 0 {
			w.Heard = noon.Add(-test.age)
		}
		note, kind, again := noteDue(w, noon)
		want := time.Time{}
		if test.again > 0 {
			want = w.Heard.Add(test.again)
		}
		if note != test.note || kind != test.kind || !again.Equal(want) {
			t.Errorf("%s: told %q by %q, again %s; want %q, %q, %s", test.name, note, kind, again, test.note, test.kind, want)
		}
	}
}

// heard is a message of a customer's, now.
func heard(c bridge.Conversation, now time.Time) bridge.Incoming {
	return bridge.Incoming{Conversation: c, Kind: bridge.TextEvent, At: now, Key: "m/1"}
}

// TestWindows_Run_TellsAgentsInTime lets two days pass, in which a customer writes now
// and then, and agents are told when that is.
func TestWindows_Run_TellsAgentsInTime(t *testing.T) {
	for _, test := range []struct {
		name   string
		writes []time.Duration // so long after the beginning; the first at once
		change func(*world)
		during func(w *world, after time.Duration) // every hour
		told   string                              // what, after how many hours
	}{
		{name: "once", writes: []time.Duration{0}, told: "window-ending@23 window-ended@24"},
		{name: "again before the warning", writes: []time.Duration{0, 20 * time.Hour}, told: "window-ending@43 window-ended@44"},
		{name: "again after the warning", writes: []time.Duration{0, 23*time.Hour + time.Minute}, told: "window-ending@23 window-ending@46 window-ended@47"},
		{name: "again after the end", writes: []time.Duration{0, 25 * time.Hour}, told: "window-ending@23 window-ended@24 window-ending@48 window-ended@49"},
		{name: "no room is open", writes: []time.Duration{0}, change: func(w *world) { w.open = "" }},
		{name: "the page is off", writes: []time.Duration{0}, change: func(w *world) { w.pages[0].State = bridge.PageOff }},
		{name: "rooms cannot be asked for, for a while", writes: []time.Duration{0}, change: func(w *world) { w.broken = errors.New("disk") },
			during: func(w *world, after time.Duration) {
				if after >= 25*time.Hour {
					w.mend()
				}
			}, told: "window-ended@25"},
		{name: "in public", writes: nil, change: func(w *world) {
			w.windows.CustomerActive([]bridge.Incoming{heard(commenter, time.Now())})
		}},
		{name: "of a page that is not ours", writes: nil, change: func(w *world) {
			w.windows.CustomerActive([]bridge.Incoming{heard(bridge.Conversation{Page: "2", Customer: "7", Kind: bridge.Messages}, time.Now())})
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.clock = time.Now
			if test.change != nil {
				test.change(w)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { defer close(ended); w.windows.Run(ctx) }()
			began := time.Now()
			for _, after := range test.writes {
				time.AfterFunc(after, func() { w.windows.CustomerActive([]bridge.Incoming{heard(anna, time.Now())}) })
			}
			for hour := range 49 {
				if synctest.Wait(); test.during != nil {
					test.during(w, time.Duration(hour)*time.Hour)
				}
				time.Sleep(time.Hour)
			}
			synctest.Wait()
			stop()
			<-ended
			var told []string
			for _, n := range w.told.Notices() {
				told = append(told, fmt.Sprintf("%s@%d", n.Kind, int(n.At.Sub(began)/time.Hour)))
			}
			if got := strings.Join(told, " "); got != test.told {
				t.Errorf("%s: told %q, want %q", test.name, got, test.told)
			}
		})
	}
}

// TestWindows_AfterARestart_GoOn: what an earlier run has told is not told again, and what
// it should have told is, unless that is long ago.
func TestWindows_AfterARestart_GoOn(t *testing.T) {
	for _, test := range []struct {
		name  string
		of    bridge.Conversation
		age   time.Duration
		told  bridge.WindowNote
		wants string
	}{
		{"nothing was due", anna, time.Hour, bridge.WindowOpen, ""},
		{"a warning was due", anna, 23 * time.Hour, bridge.WindowOpen, "window-ending"},
		{"a warning was told", anna, 23 * time.Hour, bridge.WindowEnding, ""},
		{"its end was due", anna, 24*time.Hour + 59*time.Minute, bridge.WindowEnding, "window-ended"},
		{"its end was told", anna, 24*time.Hour + 59*time.Minute, bridge.WindowEnded, ""},
		{"its end is long ago", anna, 25 * time.Hour, bridge.WindowEnding, ""},
		{"a comment", commenter, 23 * time.Hour, bridge.WindowOpen, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.clock = time.Now
			w.states.ChangeState(test.of, func(s *bridge.ConversationState) {
				s.Window = bridge.Window{Heard: time.Now().Add(-test.age), Told: test.told}
			})
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { defer close(ended); w.windows.Run(ctx) }()
			synctest.Wait()
			stop()
			<-ended
			var told string
			for _, n := range w.told.Notices() {
				told += string(n.Kind)
			}
			if told != test.wants {
				t.Errorf("%s: told %q, want %q", test.name, told, test.wants)
			}
		})
	}
}

// TestWindows_Tell_SaysUntilWhen: with the human tag, people may answer for longer.
func TestWindows_Tell_SaysUntilWhen(t *testing.T) {
	for _, human := range []bool{false, true} {
		w := newWorld(t)
		w.pages[0].Settings.HumanAgent = human
		w.heard(noon.Add(-23 * time.Hour))
		w.windows.check(t.Context(), anna)
		told := w.told.Notices()
		if len(told) != 1 || told[0].Room != "room" || !told[0].Until.Equal(noon.Add(time.Hour)) || human != told[0].Later.Equal(noon.Add(-23*time.Hour).Add(bridge.HumanWindow)) {
			t.Errorf("human tag %v: told %+v", human, told)
		}
	}
}
