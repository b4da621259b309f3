// Package placeholders fills in what a page's texts leave open until they are sent:
// {customer}, {agent} and so on, or {agent|our team} with a word for where it is not known.
package placeholders

import (
	"slices"
	"strings"
)

// Values are what stands in the places of a text. What is not known is empty.
type Values struct {
	Customer   string // name
	Agent      string // name of the person who closed the conversation
	Page       string // name
	Department string // name
	Privacy    string // address of the privacy notice
}

// names are what stands between braces.
var names = []string{"customer", "agent", "page", "department", "privacy"}

// Names returns the placeholders as they are typed, {customer} first.
func Names() (typed []string) {
	for _, name := range names {
		typed = append(typed, "{"+name+"}")
	}
	return typed
}

// In reports whether a placeholder, as it is typed, stands in a text.
func In(text, typed string) bool {
	pieces, _ := parse(text)
	return slices.ContainsFunc(pieces, func(p piece) bool { return p.open && "{"+p.text+"}" == typed })
}

// Fill returns a text with its placeholders replaced: by what is known, else by the word
// behind the bar. Where there is neither, the sentence is closed over the gap: "Thank you,
// {customer}!" becomes "Thank you!".
func (v Values) Fill(text string) (filled string) {
	pieces, _ := parse(text)
	begins := false // a sentence, which has lost its first word
	for i := range pieces {
		said, known := pieces[i].text, false
		if pieces[i].open {
			if said = v.of(pieces[i].text); said == "" {
				said = pieces[i].word
			} else {
				known = true
			}
			if said == "" {
				next, more := behind(pieces, i)
				filled, begins = join(filled, next, more)
				continue
			}
		}
		if begins && !known {
			said = raised(said)
		}
		filled, begins = filled+said, begins && said == ""
	}
	return strings.TrimSpace(filled)
}

// of returns the value of a placeholder on one line.
func (v Values) of(name string) string {
	value := []string{v.Customer, v.Agent, v.Page, v.Department, v.Privacy}[slices.Index(names, name)]
	return strings.Join(strings.Fields(value), " ")
}
