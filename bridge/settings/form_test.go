package settings

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

// wordsOf returns the words of settings, sorted as they are shown.
func wordsOf(all []*Setting) string {
	var list []string
	for _, d := range all {
		list = append(list, d.Word)
	}
	return strings.Join(list, " ")
}

// TestApply is one form that was made of seen, while the settings became now.
func TestApply(t *testing.T) {
	seen := bridge.Settings{Name: "Bakery", Welcome: "Hello", TextLimit: 900}
	theirs := bridge.Settings{Name: "Bakery", Welcome: "Good day", TextLimit: 900}
	for name, c := range map[string]struct {
		now      bridge.Settings
		typed    map[string]string // what the person changed
		saved    bool
		want     bridge.Settings // the outcome's
		mistakes string
		theirs   string
		clashes  string
	}{
		"nothing changed": {now: seen, saved: true, want: seen},
		"one changed": {now: seen, typed: map[string]string{"name": "Shop"}, saved: true,
			want: bridge.Settings{Name: "Shop", Welcome: "Hello", TextLimit: 900}},
		"others changed another": {now: theirs, typed: map[string]string{"name": "Shop"}, saved: true, theirs: "welcome",
			want: bridge.Settings{Name: "Shop", Welcome: "Good day", TextLimit: 900}},
		"both changed the same": {now: theirs, typed: map[string]string{"welcome": "Hi"}, clashes: "welcome",
			want: bridge.Settings{Name: "Bakery", Welcome: "Hi", TextLimit: 900}},
		"both changed it alike": {now: theirs, typed: map[string]string{"welcome": "Good day"}, saved: true, want: theirs},
		"a mistake": {now: seen, typed: map[string]string{"text-limit": "7", "name": "Shop"}, mistakes: "text-limit",
			want: bridge.Settings{Name: "Shop", Welcome: "Hello", TextLimit: 900}},
		"a mistake where others changed": {now: theirs, typed: map[string]string{"welcome": "{what}"}, mistakes: "welcome",
			want: theirs},
	} {
		t.Run(name, func(t *testing.T) {
			f := Filled{Seen: Seen(seen), Typed: map[string]string{}}
			for i := range Table {
				f.Typed[Table[i].Word] = Table[i].Value(seen)
			}
			maps.Copy(f.Typed, c.typed)
			out, err := f.Apply(c.now, departments)
			if err != nil || out.Saved != c.saved || out.Settings != c.want {
				t.Errorf("saved %v (%v): %+v", out.Saved, err, out.Settings)
			}
			var mistakes []string
			for word := range out.Mistakes {
				mistakes = append(mistakes, word)
			}
			if got := strings.Join(mistakes, " "); got != c.mistakes {
				t.Errorf("mistakes in %q, want %q", got, c.mistakes)
			}
			if wordsOf(out.Theirs) != c.theirs || wordsOf(out.Clashes) != c.clashes {
				t.Errorf("theirs %q, clashes %q", wordsOf(out.Theirs), wordsOf(out.Clashes))
			}
		})
	}
}

func TestApply_WhatIsNotInTheForm_StaysAsItIs(t *testing.T) {
	now := bridge.Settings{Name: "Bakery", Welcome: "Hello"}
	out, err := Filled{Seen: Seen(now), Typed: map[string]string{"name": ""}}.Apply(now, nil)
	if err != nil || !out.Saved || out.Settings != (bridge.Settings{Welcome: "Hello"}) {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := (Filled{Seen: "name.00", Typed: map[string]string{"welcome": "x"}}).Apply(now, nil); !errors.Is(err, bridge.ErrForged) {
		t.Error("a form that does not say what it showed is taken:", err)
	}
}

func TestSeen_ShowsNoSetting(t *testing.T) {
	s := bridge.Settings{Name: "secretname", Welcome: "secretwelcome"}
	if seen := Seen(s); strings.Contains(seen, "secret") || seen == Seen(bridge.Settings{}) {
		t.Error(seen)
	}
}
