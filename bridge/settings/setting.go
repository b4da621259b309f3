// Package settings is what administrators may change for one page: a table that says how
// each setting is typed, shown and checked, and forms that two people may fill in at
// the same time. The values themselves are bridge.Settings.
package settings

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// Kind says how a setting is shown and filled in.
type Kind string

const (
	LineKind       Kind = "line"       // a short text
	TextKind       Kind = "text"       // a text with line breaks that customers read
	DepartmentKind Kind = "department" // one of the workspace's
	SwitchKind     Kind = "switch"     // on or off
	ChoiceKind     Kind = "choice"     // one of Choices
	AmountKind     Kind = "amount"     // a number, perhaps with a unit: 25 MB, 90 min
)

// Setting is one setting as people meet it, in words, in a form or in a dialog. A
// value is the text that people type; Value and Change translate. Label, Help and
// Group are sentences of language.
type Setting struct {
	Word    string   // as it is typed
	Label   string   // what a form calls it
	Help    string   // what it does
	Group   string   // the heading it stands under; those of one group stand together
	Kind    Kind     //
	Choices []Choice // of a ChoiceKind, the default first
	Longest int      // characters in a value
	Connect bool     // it is also asked for when a page is connected

	ofAgent bool // a text that knows an agent's name
	get     func(bridge.Settings) string
	set     func(*bridge.Settings, string) (mistake language.Phrase)
}

// Choice is one value of a ChoiceKind.
type Choice struct {
	Word  string // as it is typed
	Label string // a sentence of language
}

// Value returns a setting as people would type it; empty for none.
func (d *Setting) Value(s bridge.Settings) string { return d.get(s) }

// Shown is Value as people read it: a department by its name, if it is among those known.
func (d *Setting) Shown(s bridge.Settings, known []bridge.Department) string {
	value := d.get(s)
	if d.Kind == DepartmentKind {
		for _, one := range known {
			if string(one.ID) == value {
				return one.Name
			}
		}
	}
	return value
}

// Change puts a value that people typed into s; or says what is wrong with it, and
// changes nothing. "none" and "default" bring back the default. A department is
// named by its name or id; known are all there are, nil if they could not be asked
// for: then the id is believed.
func (d *Setting) Change(s *bridge.Settings, value string, known []bridge.Department) (mistake language.Phrase) {
	value = clean(value, d.Kind == TextKind)
	if strings.EqualFold(value, "none") || strings.EqualFold(value, "default") {
		value = ""
	}
	if n := utf8.RuneCountInString(value); n > d.Longest {
		return language.Later("That has %s characters; at most %s are possible.", number(n), number(d.Longest))
	}
	if d.Kind == DepartmentKind && value != d.get(*s) { // what is set stays, even if it was deleted
		if value, mistake = departmentOf(value, known); mistake != "" {
			return mistake
		}
	}
	changed := *s
	if mistake = d.set(&changed, value); mistake == "" {
		*s = changed
	}
	return mistake
}

// clean takes from a value what programs and strangers add: other line ends, control
// characters, broken UTF-8, space around it. Without lines, it becomes one.
func clean(value string, lines bool) string {
	value = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(value, "\uFFFD"))
	value = strings.Map(func(c rune) rune {
		switch {
		case c == '\n' && lines, c == '\t' && lines:
			return c
		case c == '\n', c == '\t':
			return ' '
		case unicode.IsControl(c):
			return -1
		}
		return c
	}, value)
	return strings.TrimSpace(value)
}

// departmentOf returns the id of what a person calls a department.
func departmentOf(name string, known []bridge.Department) (id string, mistake language.Phrase) {
	if name == "" {
		return "", ""
	}
	if known == nil {
		if strings.ContainsFunc(name, unicode.IsSpace) {
			return "", language.Later("The workspace's departments cannot be read at the moment. Give the id of one, or try again later.")
		}
		return name, ""
	}
	var names []string
	for _, d := range known {
		if string(d.ID) == name {
			return name, ""
		}
	}
	for _, d := range known {
		if strings.EqualFold(d.Name, name) {
			return string(d.ID), ""
		}
		names = append(names, d.Name)
	}
	if len(names) == 0 {
		return "", language.Later("There are no departments in this workspace.")
	}
	return "", language.Later("There is no department “%s”. There are: %s.", name, strings.Join(names, ", "))
}

// Find returns the setting of a word, nil if there is none.
func Find(word string) *Setting {
	for i := range Table {
		if strings.EqualFold(Table[i].Word, word) {
			return &Table[i]
		}
	}
	return nil
}

// Groups returns the table as forms show it, group by group.
func Groups() (groups [][]*Setting) {
	for i := range Table {
		d := &Table[i]
		if i == 0 || d.Group != Table[i-1].Group {
			groups = append(groups, nil)
		}
		last := len(groups) - 1
		groups[last] = append(groups[last], d)
	}
	return groups
}
