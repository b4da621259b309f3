package web

import (
	"net/url"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/settings"
	"messenger-bridge/language"
)

// field is one setting as a form shows it; its Kind decides how.
type field struct {
	*settings.Setting
	ID      string // of the element
	Name    string // in the form
	About   string // ids of what describes it
	Value   string // as it was typed, or as it is
	Own     string // what counts where the value is empty
	Problem language.Phrase
	Focus   bool
	Preview []settings.Preview
	Options []option // of a list to choose from; nil: it is typed
}

// option is one entry of a list.
type option struct {
	Value, Text string
	Chosen      bool
}

// Written tells whether a text is not empty.
func (f *field) Written() bool { return f.Kind == settings.TextKind && f.Value != "" }

// maker makes the fields of one page's settings.
type maker struct {
	say         *language.Speaker
	id, prefix  string // begin the ids of elements and the names of fields
	page        bridge.Page
	departments []bridge.Department // nil: they could not be read
	typed       map[string]string   // by word, in the place of what is set
	mistakes    map[string]language.Phrase
}

func (m maker) field(d *settings.Setting) *field {
	f := &field{Setting: d, ID: m.id + d.Word, Name: m.prefix + d.Word, Value: d.Value(m.page.Settings), Problem: m.mistakes[d.Word]}
	if typed, there := m.typed[d.Word]; there {
		f.Value = typed
	}
	if d.Word == "name" {
		f.Own = m.page.Name
	}
	f.About = f.ID + "-help"
	if d.Kind == settings.TextKind {
		f.About += " " + m.id + "blanks"
	}
	if f.Problem != "" {
		f.About = f.ID + "-problem " + f.About
	}
	if f.Problem == "" {
		f.Preview = m.preview(d)
	}
	switch {
	case d.Kind == settings.ChoiceKind:
		for _, c := range d.Choices {
			f.Options = append(f.Options, option{Value: c.Word, Text: m.say.Say(c.Label)})
		}
	case d.Kind == settings.DepartmentKind && m.departments != nil:
		f.Options = m.list(d)
	}
	for i := range f.Options {
		f.Options[i].Chosen = f.Options[i].Value == f.Value
	}
	return f
}

// preview is how customers read a text, with everything else as it is in the form.
func (m maker) preview(d *settings.Setting) []settings.Preview {
	if d.Kind != settings.TextKind {
		return nil
	}
	page := m.page
	for word, typed := range m.typed {
		settings.Find(word).Change(&page.Settings, typed, m.departments) // with a mistake, it stays
	}
	return d.Preview(page, settings.DepartmentName(page.Settings, m.departments), m.say)
}

// list is the departments to choose from, with the one that is set even if it was
// deleted.
func (m maker) list(d *settings.Setting) []option {
	all := []option{{Text: m.say.Say("No department")}}
	set := d.Value(m.page.Settings)
	known := set == ""
	for _, one := range m.departments {
		known = known || string(one.ID) == set
		all = append(all, option{Value: string(one.ID), Text: one.Name})
	}
	if !known {
		all = append(all, option{Value: set, Text: m.say.Say("%s (not in the list any more)", set)})
	}
	return all
}

// typed returns what a form says of each setting, by word. The fields' names begin
// with prefix. A switch sends "off" before it sends "on".
func typed(form url.Values, prefix string) map[string]string {
	values := map[string]string{}
	for i := range settings.Table {
		word := settings.Table[i].Word
		if sent := form[prefix+word]; len(sent) > 0 {
			values[word] = strings.ReplaceAll(sent[len(sent)-1], "\r\n", "\n")
		}
	}
	return values
}

// wrong returns the fields with a problem, and gives the first of them the focus.
func wrong(fields []*field) (all []*field) {
	for _, f := range fields {
		if f.Problem != "" {
			all = append(all, f)
		}
	}
	if len(all) > 0 {
		all[0].Focus = true
	}
	return all
}
