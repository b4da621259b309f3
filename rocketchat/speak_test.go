package rocketchat

import (
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func TestFitting_LongTexts(t *testing.T) {
	for name, text := range map[string]string{
		"one line":   strings.Repeat("a", 9000),
		"lines":      strings.Repeat("a line of a list\n", 500),
		"two bytes":  strings.Repeat("ä", 6000),
		"two units":  strings.Repeat("😀", 3000),
		"not UTF-8":  strings.Repeat("\xff", 6000),
		"just right": strings.Repeat("ä", 5000),
		"too much":   strings.Repeat("ä", 5001),
	} {
		const note = "\n_(The rest does not fit into one message.)_"
		got := Speaker{&Client{}}.fitting(text)
		if n := len(utf16.Encode([]rune(got))); n > 5000 || n < 3900 {
			t.Errorf("%s: %d characters", name, n)
		}
		whole := name == "just right"
		if whole != (got == text) || !whole && !strings.HasSuffix(got, note) || utf8.ValidString(text) != utf8.ValidString(got) {
			t.Errorf("%s: ends with %q", name, got[len(got)-80:])
		}
		if head := strings.TrimSuffix(got, note); !strings.HasPrefix(text, head) || name == "lines" && !strings.HasSuffix(head, "list") {
			t.Errorf("%s: cut at %q", name, head[len(head)-20:])
		}
	}
}
