// Package markup turns the markup of Rocket.Chat into plain text, and emoji names into
// emojis and back.
package markup

import (
	_ "embed"
	"regexp"
	"strings"
	"unicode/utf8"
)

// A message that quotes others begins with a link to each (rocketchat.md, section 3).
var quoteLinks = regexp.MustCompile(`^(?:\s*\[\s*\]\([^\s()]+[?&]msg=[^\s()]+\))+\s*`)

// WithoutQuotes leaves out the links by which a message quotes others. It costs
// nothing where there are none: it is asked of every message in every room.
func WithoutQuotes(msg string) string {
	if !strings.Contains(msg, "](") {
		return msg
	}
	return quoteLinks.ReplaceAllString(msg, "")
}

// Plain turns Rocket.Chat's message markup into text for those who see no
// markup. Emphasis, code and headings lose their marks, a link becomes its text
// and "(address)", an emoji's short name becomes the emoji. What precedes quotes
// and list items stays, and so do mentions, emoticons, formulas and unknown names.
//
// Marks are what @rocket.chat/message-parser takes for marks, but * and ~ as well
// as _ only at the borders of words: 2*3*4, 5 * 3, (*) and ^_^ stay. A mark that is
// left over troubles a reader less than a sign that is lost.
//
// The result is valid UTF-8. It takes linear time.
func Plain(msg string) string {
	msg = strings.ToValidUTF8(msg, string(utf8.RuneError))
	msg = WithoutQuotes(msg)
	var out []string
	for lines := strings.Split(msg, "\n"); len(lines) > 0; {
		if end := fenceEnd(lines); end > 0 {
			out = append(out, lines[1:end]...)
			lines[end] = lines[end][len(fence):]
			lines = lines[end:]
			if strings.TrimSpace(lines[0]) == "" {
				lines = lines[1:]
			}
			continue
		}
		out = append(out, plainInline(withoutHeading(lines[0]), true))
		lines = lines[1:]
	}
	return strings.ReplaceAll(strings.Join(out, "\n"), joiner, "") // of a customer's words that were copied
}

const fence = "```"

var fenceBegin = regexp.MustCompile("^```[a-zA-Z0-9 _.-]*\r?$")

// fenceEnd returns the index of the line that ends the code block which begins
// with the first line; 0 if none does.
func fenceEnd(lines []string) int {
	if !strings.HasPrefix(lines[0], fence) || !fenceBegin.MatchString(lines[0]) {
		return 0
	}
	for i := 1; i < len(lines); i++ {
		if strings.HasPrefix(lines[i], fence) {
			if i == 1 {
				return 0 // nothing in between is no block
			}
			return i
		}
	}
	return 0
}

func withoutHeading(line string) string {
	text := strings.TrimLeft(line, "#")
	if level := len(line) - len(text); level < 1 || level > 4 {
		return line
	}
	if heading := strings.TrimLeft(text, " \t"); heading != text && strings.TrimSpace(heading) != "" {
		return heading
	}
	return line
}
