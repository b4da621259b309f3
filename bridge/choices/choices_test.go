package choices

import (
	"slices"
	"strings"
	"testing"
)

func TestQuickReplies(t *testing.T) {
	thirteen := ""
	for i := range 13 {
		thirteen += "[" + strings.Repeat("x", i+1) + "] "
	}
	for _, test := range []struct {
		text, rest string
		titles     []string
	}{
		{"Well?\n[Yes] [No]", "Well?", []string{"Yes", "No"}},
		{"Well?\n[Yes]\n  [No] ", "Well?", []string{"Yes", "No"}},
		{"Well? 😀\n[👍] [👎]", "Well? 😀", []string{"👍", "👎"}},
		{"Pick one.\n\n[Tea] [Coffee]", "Pick one.", []string{"Tea", "Coffee"}},
		{"Well?\n[12345678901234567890] [2 days]", "Well?", []string{"12345678901234567890", "2 days"}},
		{"We quote prices in\n[EUR] [USD]", "", nil},
		{"We quote prices in:\n[EUR] [USD]", "", nil},
		{"See the law [1] and [2].\n[1] [2]", "", nil},
		{"Is it law?\n\n[1] [2]", "", nil},
		{"Well?\n\n[Call me]", "", nil},
		{"Well?\n[123456789012345678901]", "", nil},
		{"Well?\n[1234567890123456789😀]", "", nil}, // 21 units
		{"Well?\n[Yes] [Yes]", "", nil},
		{"Well?\n[Yes]\n[Yes]", "", nil},
		{"Well?\n[ ]", "", nil},
		{"[Yes] [No]", "", nil},
		{"Well? [Yes]", "", nil},
		{"Well?\n[Yes] or [No]", "", nil},
		{"Well?\n[Yes]\nSay something", "", nil},
		{"Well?\n" + thirteen + "[y]", "", nil},
	} {
		if test.titles == nil {
			test.rest = test.text
		}
		rest, titles := QuickReplies(test.text)
		if rest != test.rest || !slices.Equal(titles, test.titles) {
			t.Errorf("%q: %q with %q", test.text, rest, titles)
		}
	}
	if _, titles := QuickReplies("Well?\n" + thirteen); len(titles) != 13 {
		t.Errorf("of 13 choices: %q", titles)
	}
}
