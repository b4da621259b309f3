package web

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"messenger-bridge/bridge"
)

// Fields of a form that make up a page's settings. pages.html has their labels.
const (
	fieldName       = "name"
	fieldDepartment = "department"
	fieldWelcome    = "welcome"
	fieldFinished   = "finished"
	fieldOffline    = "offline"
)

var fieldKinds = []string{fieldName, fieldDepartment, fieldWelcome, fieldFinished, fieldOffline}

// longest is how many characters fit into a field.
var longest = map[string]int{fieldName: 80, fieldDepartment: 64, fieldWelcome: 2000, fieldFinished: 2000, fieldOffline: 2000}

// setting returns where a field's value is kept.
func setting(s *bridge.Settings, kind string) *string {
	switch kind {
	case fieldName:
		return &s.Name
	case fieldDepartment:
		return (*string)(&s.Department)
	case fieldWelcome:
		return &s.Welcome
	case fieldFinished:
		return &s.Finished
	}
	return &s.Offline
}

// readSettings returns base with what was filled in; what the form does not show
// stays as it is. The fields' names begin with prefix.
func readSettings(form url.Values, prefix string, base bridge.Settings) bridge.Settings {
	for _, kind := range fieldKinds {
		*setting(&base, kind) = clean(form.Get(prefix+kind), longest[kind] > 100)
	}
	return base
}

// clean takes from a value what browsers and strangers add: other line ends,
// control characters, broken UTF-8, space around it.
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

// field is one field as it is shown.
type field struct {
	Kind    string
	ID      string // of the element
	Name    string // in the form
	Hint    string // id of what describes it; empty: nothing does
	Value   string
	Problem string // "long" or "odd"; empty: none
	Length  int    // of the value
	Longest int
	Focus   bool
}

// fields are those of one page's settings.
type fields struct {
	PageName    string // the page's own, which stands where no name is filled in
	Name        field
	Department  field
	Texts       []field
	Departments []bridge.Department
	Stray       string // department that is set and not among Departments
}

// newFields shows settings; with check, also what is wrong with them.
func newFields(id, prefix, pageName string, s bridge.Settings, departments []bridge.Department, check bool) fields {
	show := func(kind string) field {
		f := field{Kind: kind, ID: id + kind, Name: prefix + kind, Value: *setting(&s, kind), Longest: longest[kind]}
		switch {
		case longest[kind] > 100:
			f.Hint = id + "texts-hint"
		case kind == fieldName, len(departments) == 0:
			f.Hint = f.ID + "-hint"
		}
		f.Length = utf8.RuneCountInString(f.Value)
		if check {
			f.Problem = problem(f)
		}
		return f
	}
	all := fields{
		PageName: pageName, Name: show(fieldName), Department: show(fieldDepartment),
		Texts: []field{show(fieldWelcome), show(fieldFinished), show(fieldOffline)}, Departments: departments,
	}
	known := s.Department == ""
	for _, d := range departments {
		known = known || d.ID == s.Department
	}
	if !known {
		all.Stray = string(s.Department)
	}
	return all
}

func problem(f field) string {
	switch {
	case f.Length > f.Longest:
		return "long"
	case f.Kind == fieldDepartment && strings.ContainsFunc(f.Value, unicode.IsSpace):
		return "odd" // a name and not an id
	}
	return ""
}

// all returns the fields in the order in which they are shown.
func (f *fields) all() []*field {
	list := []*field{&f.Department, &f.Name}
	for i := range f.Texts {
		list = append(list, &f.Texts[i])
	}
	return list
}

// Wrong returns the fields that have a problem.
func (f *fields) Wrong() (wrong []*field) {
	for _, one := range f.all() {
		if one.Problem != "" {
			wrong = append(wrong, one)
		}
	}
	return wrong
}

// Written counts the texts that are not empty.
func (f *fields) Written() (n int) {
	for _, t := range f.Texts {
		if t.Value != "" {
			n++
		}
	}
	return n
}
