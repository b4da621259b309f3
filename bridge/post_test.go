package bridge_test

import (
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

func TestPlainWords_NothingCountsAsMarkup(t *testing.T) {
	for name, want := range map[string]string{
		"Anna's Shop":               "Anna's Shop",
		"*Shop* _one_\n@all":        "Shop one all",
		"[Shop](https://evil.test)": "Shop (https://evil.test)",
		"Shop\u202e `x` <b>":        "Shop x b",
	} {
		if got := bridge.PlainWords(name); got != want {
			t.Errorf("PlainWords(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestCite_EachLineIsMarked_AndMarksOfOthersAreNot(t *testing.T) {
	const m = bridge.CiteMark
	if got := bridge.Cite("a\n" + m + "b\n"); got != m+"a\n"+m+"b\n"+m {
		t.Errorf("got %q", got)
	}
	if got := bridge.Spoken("a\n" + m[:2] + m + m[2:] + "b"); strings.Contains(got, m) {
		t.Errorf("what is left around a mark is one: %q", got)
	}
	if got := bridge.Spoken(m + "a" + m + "\n" + m + "b"); got != "a\nb" {
		t.Errorf("got %q", got)
	}
}
