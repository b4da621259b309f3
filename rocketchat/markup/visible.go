package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible leaves out of a text what changes the direction of writing, and controls, and
// makes every line break one sign.
func Visible(text string) string {
	if plainASCII(text) {
		return text
	}
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n").Replace(text)
	return strings.Map(func(r rune) rune {
		if r != '\n' && hidden(r) {
			return -1
		}
		return r
	}, text)
}

// plainASCII reports whether all of a text is letters and signs that are seen, and ends of lines.
func plainASCII(text string) bool {
	for i := range len(text) {
		if !seenASCII[text[i]] {
			return false
		}
	}
	return true
}

// seenASCII are the bytes that are not hidden.
var seenASCII = func() (all [256]bool) {
	for c := range utf8.RuneSelf {
		all[c] = !hidden(rune(c))
	}
	return all
}()

// hidden reports whether a sign is not for people to read.
func hidden(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' && r != '\n' && r != '\t' || r == 0x7f
	}
	return unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

// OneLine returns a text as a name is shown: without markup to be interpreted, so as it is,
// but in one line.
func OneLine(text string) string {
	return strings.Join(strings.Fields(Visible(text)), " ")
}
