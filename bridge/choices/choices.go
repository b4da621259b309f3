// Package choices tells which of what an agent or a bot writes Messenger shows as something to press: quick replies, and
// the buttons of a card.
package choices

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"messenger-bridge/bridge"
	"messenger-bridge/textcut"
)

// What Messenger takes at most (messenger.md 3.5, 3.7). Lengths are in UTF-16 units,
// the strictest reading.
const (
	mostQuickReplies = 13
	mostButtons      = 3
	longestTitle     = 20
	longestPayload   = 1000
)

var (
	quickLine  = regexp.MustCompile(`^(?:\s*\[[^\[\]\n]+\])+\s*$`)
	quickTitle = regexp.MustCompile(`\[([^\[\]\n]+)\]`)
)

// QuickReplies takes the choices off the end of a text that ends like
//
//	Shall we call you?
//	[Yes] [No] [Tomorrow]
//
// The line leaves the text, and choices vanish with the next message. So they are meant only
// where nothing else can be: two or more, with words in them, below a question or an empty
// line. If Messenger does not take them, the text stays as it is (docs/decisions/037-choices.md).
func QuickReplies(text string) (rest string, titles []string) {
	text = strings.TrimSpace(text)
	lines := strings.Split(text, "\n")
	n := len(lines)
	for n > 0 && quickLine.MatchString(lines[n-1]) {
		line, fit := quickTitles(lines[n-1], titles)
		if !fit {
			return text, nil
		}
		titles = append(line, titles...)
		n--
	}
	rest = strings.TrimSpace(strings.Join(lines[:n], "\n"))
	if rest == "" || len(titles) < 2 || len(titles) > mostQuickReplies || !meant(lines[:n], titles) {
		return text, nil
	}
	return rest, titles
}

// meant reports whether bracketed words below some lines are choices, and not words.
func meant(above, titles []string) bool {
	if !slices.ContainsFunc(titles, func(t string) bool { return strings.ContainsFunc(t, wordsOrEmoji) }) {
		return false // [1] [2] are footnotes
	}
	last := strings.TrimSpace(above[len(above)-1])
	end := strings.LastIndexFunc(last, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	return last == "" || strings.ContainsAny(last[end+1:], "?？؟")
}

func wordsOrEmoji(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsSymbol(r) && r > unicode.MaxLatin1
}

// quickTitles returns the choices in a line; false if Messenger does not take one of them.
func quickTitles(text string, below []string) (line []string, fit bool) {
	for _, hit := range quickTitle.FindAllStringSubmatch(text, -1) {
		title := strings.TrimSpace(hit[1])
		if title == "" || textcut.Units(title) > longestTitle || slices.Contains(below, title) || slices.Contains(line, title) {
			return nil, false
		}
		line = append(line, title)
	}
	return line, true
}

// ButtonsFit reports whether Messenger takes buttons below a text.
func ButtonsFit(buttons []bridge.Button) bool {
	return len(buttons) <= mostButtons && !slices.ContainsFunc(buttons, func(b bridge.Button) bool { return !buttonFits(b) })
}

// buttonFits reports whether Messenger takes a button: it opens an address on the web, or
// answers with a payload.
func buttonFits(b bridge.Button) bool {
	if b.Title == "" || textcut.Units(b.Title) > longestTitle || textcut.Units(b.Payload) > longestPayload {
		return false
	}
	if b.URL == "" {
		return b.Payload != ""
	}
	u, err := url.Parse(b.URL)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// ButtonsAsText writes buttons as lines of a text.
func ButtonsAsText(buttons []bridge.Button) string {
	var lines []string
	for _, b := range buttons {
		lines = append(lines, strings.TrimSpace(strings.Trim(b.Title+": "+b.URL, ": ")))
	}
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return line == "" }), "\n")
}
