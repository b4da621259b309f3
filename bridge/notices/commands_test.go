package notices

import (
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// TestCommands_AreCarriedOutAndAnswered is what comes of one command, so long after it
// was typed.
func TestCommands_AreCarriedOutAndAnswered(t *testing.T) {
	link := bridge.Reply{Text: "open this", Private: true}
	list := bridge.Reply{Text: "two pages", Shortcuts: []bridge.Shortcut{{Label: "Help", Types: "/facebook help"}}}
	for _, test := range []struct {
		name    string
		age     time.Duration
		setup   bool
		trusted bool // typed where nobody else is
		reply   bridge.Reply
		handled bool
		answer  string        // how it begins; empty: there is none
		room    bridge.RoomID // empty: by direct message
	}{
		{name: "in a direct message", trusted: true, reply: list, handled: true, answer: "two pages"},
		{name: "in a room of others", reply: list, handled: true, answer: "two pages"},
		{name: "in the setup channel", setup: true, reply: list, handled: true, answer: "two pages", room: "setup"},
		{name: "a one-time link", reply: link, handled: true, answer: "open this"},
		{name: "a one-time link for the setup channel", setup: true, reply: link, handled: true, answer: "open this"},
		{name: "nothing to say", setup: true, handled: true},
		{name: "just in time", age: tooLate - 1, reply: list, handled: true, answer: "two pages"},
		{name: "too late", age: tooLate, reply: list, answer: "That came too late"},
		{name: "too late in the setup channel", age: time.Hour, setup: true, reply: link, answer: "That came too late", room: "setup"},
	} {
		w := newWorld(t)
		w.handle = func(bridge.Command) (bridge.Reply, error) { return test.reply, nil }
		c := bridge.Command{ID: "cmd", From: bo, Room: "setup", Setup: test.setup, Trusted: test.trusted, Words: "pages", At: noon}
		for range 2 { // Rocket.Chat tells of it twice
			if err := w.FromPeople(t.Context(), []bridge.Command{c}); err != nil {
				t.Fatal(err)
			}
		}
		w.now = noon.Add(test.age)
		if err := w.deliver(); err != nil || len(w.store.Seqs()) != 0 {
			t.Errorf("%s: %d wait: %v", test.name, len(w.store.Seqs()), err)
		}
		if carried := slices.Equal(w.handled, []string{"pages"}); carried != test.handled || !carried && len(w.handled) > 0 {
			t.Errorf("%s: carried out %q", test.name, w.handled)
		}
		if test.answer == "" {
			if len(w.told) > 0 {
				t.Errorf("%s: answered %+v", test.name, w.told)
			}
			continue
		}
		if marked := len(w.told) == 2 && w.told[1].Kind == bridge.AnsweredAside && w.told[1].Room == "setup" && w.told[1].Message == "cmd"; marked != (test.room == "" && !test.trusted) {
			t.Errorf("%s: answered %+v", test.name, w.told)
		}
		if len(w.told) == 0 || !strings.HasPrefix(w.told[0].Text, test.answer) || w.told[0].Room != test.room || w.told[0].To != bo || w.told[0].Message != "cmd" {
			t.Errorf("%s: answered %+v", test.name, w.told)
			continue
		}
		if test.answer == list.Text && !slices.Equal(w.told[0].Shortcuts, list.Shortcuts) {
			t.Errorf("%s: the shortcuts are %v", test.name, w.told[0].Shortcuts)
		}
	}
}

// TestCommands_Fail_AreCarriedOutAgain: neither what is worth repeating nor a full disk
// leaves a command without its answer.
func TestCommands_Fail_AreCarriedOutAgain(t *testing.T) {
	for name, fail := range map[string]func(*world){
		"Facebook is away": func(w *world) {
			handle := w.handle
			w.handle = func(bridge.Command) (bridge.Reply, error) {
				w.handle = handle
				return bridge.Reply{}, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown}
			}
		},
		"the answer is not stored": func(w *world) { w.store.Break("Append", 1) },
		"its end is not stored":    func(w *world) { w.store.Break("Conclude", 1) },
	} {
		w := newWorld(t)
		w.handle = func(bridge.Command) (bridge.Reply, error) { return bridge.Reply{Text: "done"}, nil }
		if err := w.FromPeople(t.Context(), []bridge.Command{{ID: "cmd", From: bo, Words: "subscribe", At: noon}}); err != nil {
			t.Fatal(err)
		}
		fail(w)
		if err := w.Deliver(t.Context(), 1); err == nil || bridge.RefusalOf(err).Verdict != bridge.Again {
			t.Errorf("%s: %v", name, err)
		}
		if err := w.deliver(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(w.handled) != 2 || len(w.told) != 1 || w.told[0].Text != "done" || len(w.store.Seqs()) != 0 {
			t.Errorf("%s: carried out %d times, answered %+v", name, len(w.handled), w.told)
		}
	}
}

// TestCommands_RefusedForGood_IsSaid: whoever has typed it, waits for an answer.
func TestCommands_RefusedForGood_IsSaid(t *testing.T) {
	w := newWorld(t)
	w.handle = func(bridge.Command) (bridge.Reply, error) {
		return bridge.Reply{}, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.FileRefused}
	}
	if err := w.FromPeople(t.Context(), []bridge.Command{{ID: "cmd", From: bo, Words: "block", At: noon}}); err != nil {
		t.Fatal(err)
	}
	if err := w.deliver(); err != nil || len(w.told) != 1 || !strings.HasPrefix(w.told[0].Text, "That did not work.") || len(w.store.Seqs()) != 0 {
		t.Errorf("answered %+v: %v", w.told, err)
	}
}

// TestCommands_Change_IsAnnouncedUnlessAllReadIt: once, whatever repeats the command.
func TestCommands_Change_IsAnnouncedUnlessAllReadIt(t *testing.T) {
	for _, setup := range []bool{false, true} {
		w := newWorld(t)
		w.handle = func(bridge.Command) (bridge.Reply, error) {
			return bridge.Reply{Text: "done", Changed: "bo has changed it"}, nil
		}
		c := bridge.Command{ID: "cmd", From: bo, Room: "r", Setup: setup, Trusted: true, Words: "edit", At: noon}
		for range 2 {
			if err := w.FromPeople(t.Context(), []bridge.Command{c}); err != nil {
				t.Fatal(err)
			}
			if err := w.deliver(); err != nil {
				t.Fatal(err)
			}
		}
		var said int
		for _, n := range w.told {
			if n.Kind == bridge.Announcement && n.Text == "bo has changed it" {
				said++
			}
		}
		if want := map[bool]int{false: 1, true: 0}[setup]; said != want {
			t.Errorf("typed in the setup channel: %v; announced %d times: %+v", setup, said, w.told)
		}
	}
}
