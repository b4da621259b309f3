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
func quoted(word string) string {
	word = strings.Map(func(r rune) rune {
		if r == '`' || unicode.IsControl(r) {
			return -1
		}
		return r
	}, word)
	if runes := []rune(word); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return word
}

// nearest returns the one of words that a mistyped word was probably meant to be;
// "" if none is near.
func nearest(word string, words []string) (near string) {
	distance := 3
	for _, one := range words {
		if d := editDistance(strings.ToLower(word), one); d < distance {
			near, distance = one, d
		}
	}
	return near
}

// editDistance counts the letters to add, leave out, change or swap.
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 40 {
		return len(x)
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

func first(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[0]
}
