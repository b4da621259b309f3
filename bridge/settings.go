package bridge

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"messenger-bridge/language"
)

// Settings are what an administrator may change for one page. The zero value of
// a field stands for its default.
type Settings struct {
	Name           string       `json:"name,omitempty"`           // shown to agents; empty: the page's own
	Department     DepartmentID `json:"department,omitempty"`     // of new rooms; empty: none
	Welcome        string       `json:"welcome,omitempty"`        // sent when a conversation begins; empty: nothing
	Finished       string       `json:"finished,omitempty"`       // when an agent closes it
	Offline        string       `json:"offline,omitempty"`        // once while nobody is there
	WelcomeAlways  bool         `json:"welcomeAlways,omitempty"`  // for every room, not once a day
	AgentName      AgentName    `json:"agentName,omitempty"`      // what the customer sees of who answers
	RefuseFilesIn  bool         `json:"refuseFilesIn,omitempty"`  // customers' files stay at Facebook
	RefuseFilesOut bool         `json:"refuseFilesOut,omitempty"` // agents' files are not sent
	MaxFileSize    int64        `json:"maxFileSize,omitempty"`    // bytes; 0: DefaultMaxFileSize
	FileTypes      string       `json:"fileTypes,omitempty"`      // media types (image/png, image/*) and name endings (.pdf), in lower case, comma separated; empty: all
	HumanAgent     bool         `json:"humanAgent,omitempty"`     // answer between 24 hours and 7 days
	NewRoomAfter   Duration     `json:"newRoomAfter,omitempty"`   // of silence; 0: never
	TextLimit      int          `json:"textLimit,omitempty"`      // UTF-16 units in one message; 0: DefaultTextLimit
	KeepEdits      bool         `json:"keepEdits,omitempty"`      // an edited answer is not sent again
	Survey         bool         `json:"survey,omitempty"`         // ask the customer when a conversation was closed
	Comments       bool         `json:"comments,omitempty"`       // relay comments on the page's posts
	Receipts       bool         `json:"receipts,omitempty"`       // show delivered and read
	History        bool         `json:"history,omitempty"`        // show the last messages of before the page was connected
	PrivacyURL     string       `json:"privacyURL,omitempty"`     // https; may stand in texts
}

// Duration is a time.Duration that is stored as people write it: 90m.
type Duration time.Duration

// MarshalText writes 1h30m0s.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// AgentName says what a customer sees of who answers.
type AgentName string

const (
	NoAgentName   AgentName = ""
	AgentsName    AgentName = "name"
	AgentUsername AgentName = "username"
)

const (
	// DefaultTextLimit is the longest text Messenger takes in one message.
	DefaultTextLimit = 2000
	// DefaultMaxFileSize is the largest file Messenger takes, in bytes.
	DefaultMaxFileSize = 25 << 20
)

// Limit returns the text limit in force, in UTF-16 units.
func (s Settings) Limit() int {
	if s.TextLimit <= 0 {
		return DefaultTextLimit
	}
	return s.TextLimit
}

// FileLimit returns the largest file that is relayed, in bytes.
func (s Settings) FileLimit() int64 {
	if s.MaxFileSize <= 0 {
		return DefaultMaxFileSize
	}
	return s.MaxFileSize
}

// SettingKind says how a setting is shown and filled in.
type SettingKind string

const (
	LineSetting       SettingKind = "line"       // a short text
	TextSetting       SettingKind = "text"       // a text with line breaks that customers read
	DepartmentSetting SettingKind = "department" // one of the workspace's
	SwitchSetting     SettingKind = "switch"     // on or off
	ChoiceSetting     SettingKind = "choice"     // one of Choices
	AmountSetting     SettingKind = "amount"     // a number, perhaps with a unit: 25 MB, 90 min
)

// Setting is one setting as people meet it, in words, in a form or in a dialog. A
// value is the text that people type; Value and Change translate. Label, Help and
// Group are sentences of language.
type Setting struct {
	Word    string      // as it is typed
	Label   string      // what a form calls it
	Help    string      // what it does
	Group   string      // the heading it stands under; those of one group stand together
	Kind    SettingKind //
	Choices []Choice    // of a ChoiceSetting, the default first
	Longest int         // characters in a value
	Connect bool        // it is also asked for when a page is connected

	get func(Settings) string
	set func(*Settings, string) (mistake language.Phrase)
}

// Choice is one value of a ChoiceSetting.
type Choice struct {
	Word  string // as it is typed
	Label string // a sentence of language
}

// Value returns a setting as people would type it; empty for none.
func (d *Setting) Value(s Settings) string { return d.get(s) }

// Shown is Value as people read it: a department by its name, if it is among those known.
func (d *Setting) Shown(s Settings, known []Department) string {
	value := d.get(s)
	if d.Kind == DepartmentSetting {
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
func (d *Setting) Change(s *Settings, value string, known []Department) (mistake language.Phrase) {
	value = clean(value, d.Kind == TextSetting)
	if n := utf8.RuneCountInString(value); n > d.Longest {
		return language.Later("That has %s characters; at most %s are possible.", number(n), number(d.Longest))
	}
	if strings.EqualFold(value, "none") || strings.EqualFold(value, "default") {
		value = ""
	}
	if d.Kind == DepartmentSetting && value != d.get(*s) { // what is set stays, even if it was deleted
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
func departmentOf(name string, known []Department) (id string, mistake language.Phrase) {
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

// FindSetting returns the setting of a word, nil if there is none.
func FindSetting(word string) *Setting {
	for i := range SettingsTable {
		if strings.EqualFold(SettingsTable[i].Word, word) {
			return &SettingsTable[i]
		}
	}
	return nil
}

// SettingGroups returns the table as forms show it, group by group.
func SettingGroups() (groups [][]*Setting) {
	for i := range SettingsTable {
		d := &SettingsTable[i]
		if i == 0 || d.Group != SettingsTable[i-1].Group {
			groups = append(groups, nil)
		}
		last := len(groups) - 1
		groups[last] = append(groups[last], d)
	}
	return groups
}

// TakeOver takes from filled what is asked for when a page is connected, and leaves
// the rest.
func (s *Settings) TakeOver(filled Settings) {
	for i := range SettingsTable {
		if d := &SettingsTable[i]; d.Connect {
			d.set(s, d.get(filled))
		}
	}
}
