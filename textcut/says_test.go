package textcut

import "testing"

func TestSays(t *testing.T) {
	for _, c := range []struct {
		text, words string
		want        bool
	}{
		{"See https://ex.test/a", "https://ex.test/a", true}, {"Which size?", "S", false}, {"Which Size S?", "S", true}, {"Yesterday", "Yes", false},
		{"Yes", "Yes", true}, {"oh, Yes!", "Yes", true}, {"", "Yes", false}, {"x", "", true}, {"x", " \n", true}, {"🙂🙂", "🙂", true}, {"aa a", "a", true},
		{"50 EUR", "0 EUR", false}, {"übung ung", "ung", true}, {"übung", "bung", false},
	} {
		if got := Says(c.text, c.words); got != c.want {
			t.Errorf("%q says %q: %v", c.text, c.words, got)
		}
	}
}
