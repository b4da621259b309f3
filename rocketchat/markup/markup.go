// Package markup turns the markup of Rocket.Chat into plain text, and emoji names into
// emojis and back.
package markup

import (
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

// Plain is Reader.Plain of somebody who reads English and lives by UTC.
func Plain(msg string) string { return Reader{}.Plain(msg) }

// A Reader turns markup into text for those who see no markup.
type Reader struct {
	Clock Clock // in whose language and zone times are said; nil: English and UTC
}

// Plain turns Rocket.Chat's message markup into text. Emphasis, code, headings, spoilers
// and formulas lose their marks, a link becomes its text and "(address)", an emoji's short
// name becomes the emoji, a timestamp a date and a time. What precedes quotes and list items
// stays, and so do mentions, emoticons and unknown names.
//
// Marks are what @rocket.chat/message-parser takes for marks, but * and ~ as well
// as _ only at the borders of words: 2*3*4, 5 * 3, (*) and ^_^ stay. A mark that is
// left over troubles a reader less than a sign that is lost. Where its tree says something
// else, conformance/testdata/plain.tsv says why.
//
// The result is valid UTF-8. It takes linear time.
func (r Reader) Plain(msg string) string {
	msg = strings.ToValidUTF8(msg, string(utf8.RuneError))
	if strings.ContainsAny(msg, begins) {
		msg = r.unmarked(msg)
	}
	return strings.ReplaceAll(msg, joiner, "") // of a customer's words that were copied
}

// begins are the signs with which all begins that Plain changes.
const begins = "\\|`[<:@#*_~"

// unmarked is Plain, signs or not.
func (r Reader) unmarked(msg string) string {
	msg = WithoutQuotes(msg)
	b := blocks{reader: r, lines: strings.Split(msg, "\n"), noFormula: !strings.Contains(msg, `\]`)}
	for len(b.lines) > 0 {
		b.next()
	}
	return strings.Join(b.out, "\n")
}

// LeadingQuote is the link by which a message quotes another.
var LeadingQuote = regexp.MustCompile(`^\[ \]\([^)\s]*\) `)

// quotation is what a message says before the words of whoever posts it.
var quotation = regexp.MustCompile(`^(?:>[^\n]*(?:\n|$))+`)

// Instead puts other words in the place of those of a message, behind the link by which it
// quotes another, and behind the quotation with which it begins: nobody has written that
// (bridge.Cite). Words that are a quotation themselves take the place of that one.
func Instead(before, text string) string {
	link := LeadingQuote.FindString(before)
	ours := quotation.FindString(strings.TrimPrefix(before[len(link):], "\n"))
	if ours != "" && !strings.HasPrefix(text, ">") {
		text = strings.TrimSuffix(ours, "\n") + "\n" + text
	}
	return BehindQuote(link, text)
}

// BehindQuote puts a text behind the link of a quote, "" if there is none. A quotation begins
// a line.
func BehindQuote(link, text string) string {
	if link != "" && strings.HasPrefix(text, ">") {
		return link + "\n" + text
	}
	return link + text
}
