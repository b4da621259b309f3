package commands

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cutWord returns the first word of a text and what is behind it, line breaks and
// all. Words in quotes of any kind may hold blanks.
func cutWord(text string) (word, rest string) {
	text = strings.TrimSpace(text)
	if quote, end := quotes(text); end > 0 {
		return text[len(quote):end], strings.TrimSpace(text[end+len(closing[quote]):])
	}
	if i := strings.IndexFunc(text, unicode.IsSpace); i >= 0 {
		return text[:i], strings.TrimSpace(text[i:])
	}
	return text, ""
}

// closing are the marks that end what a mark begins. Phones type the curved ones
// by themselves.
var closing = map[string]string{`"`: `"`, "'": "'", "“": "”", "„": "“", "«": "»", "‘": "’"}

// quotes returns the opening mark of a text and where its closing one stands; 0 if
// the text does not begin with a quoted word.
func quotes(text string) (mark string, end int) {
	for open, end := range closing {
		if !strings.HasPrefix(text, open) {
			continue
		}
		if i := strings.Index(text[len(open):], end); i >= 0 {
			return open, len(open) + i
		}
	}
	return "", 0
}

// value returns a text without the quotes in which it stands as a whole. Quotes
// inside it stay: "say "hi" to us" is one text, "one" and "two" are not.
func value(text string) string {
	text = strings.TrimSpace(text)
	for open, end := range closing {
		inside, begins := strings.CutPrefix(text, open)
		inside, ends := strings.CutSuffix(inside, end)
		if !begins || !ends {
			continue
		}
		if first := strings.Index(inside, end); first < 0 || opens(inside[:first], open != end && strings.Contains(inside[:first], open)) {
			return inside
		}
	}
	return text
}

// opens tells whether a quote behind a text begins something rather than ends it.
func opens(before string, nested bool) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	return nested || before == "" || unicode.IsSpace(last)
}

// quoted makes a word safe to show in backquotes, and short.
func quoted(word string) string { return within(word, 40) }

// within makes a word safe to show in backquotes, and no longer than so many signs.
func within(word string, most int) string {
	word = strings.Map(func(r rune) rune {
		if r == '`' || unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, word)
	if runes := []rune(word); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return word
}

func first(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[0]
}
