package textcut

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Says reports whether words stand in a text: not as a piece of longer words. A text
// says nothing, and says it everywhere.
func Says(text, words string) bool {
	words = strings.TrimSpace(words)
	if words == "" {
		return true
	}
	first, _ := utf8.DecodeRuneInString(words)
	last, _ := utf8.DecodeLastRuneInString(words)
	for from := 0; ; {
		i := strings.Index(text[from:], words)
		if i < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:from+i])
		after, _ := utf8.DecodeRuneInString(text[from+i+len(words):])
		if !(inWord(before) && inWord(first)) && !(inWord(last) && inWord(after)) {
			return true
		}
		_, size := utf8.DecodeRuneInString(text[from+i:])
		from += i + size
	}
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
