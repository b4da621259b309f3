package bridge

import (
	"strconv"
	"time"
)

// Settings are what an administrator may change for one page. The zero value of
// a field stands for its default.
type Settings struct {
	Name            string       `json:"name,omitempty"`            // shown to agents; empty: the page's own
	Department      DepartmentID `json:"department,omitempty"`      // of new rooms; empty: none
	Welcome         string       `json:"welcome,omitempty"`         // sent when a conversation begins; empty: nothing
	Finished        string       `json:"finished,omitempty"`        // when an agent closes it
	Offline         string       `json:"offline,omitempty"`         // once while nobody is there
	WelcomeAlways   bool         `json:"welcomeAlways,omitempty"`   // for every room, not once a day
	AgentName       AgentName    `json:"agentName,omitempty"`       // what the customer sees of who answers
	RefuseFilesIn   bool         `json:"refuseFilesIn,omitempty"`   // customers' files stay at Facebook
	RefuseFilesOut  bool         `json:"refuseFilesOut,omitempty"`  // agents' files are not sent
	MaxFileSize     int64        `json:"maxFileSize,omitempty"`     // bytes; 0: DefaultMaxFileSize
	FileTypes       string       `json:"fileTypes,omitempty"`       // media types (image/png, image/*) and name endings (.pdf), in lower case, comma separated; empty: all
	HumanAgent      bool         `json:"humanAgent,omitempty"`      // answer between 24 hours and 7 days
	NewRoomAfter    Duration     `json:"newRoomAfter,omitempty"`    // of silence; 0: never
	TextLimit       int          `json:"textLimit,omitempty"`       // UTF-16 units in one message; 0: DefaultTextLimit
	KeepEdits       bool         `json:"keepEdits,omitempty"`       // an edited answer is not sent again
	ThreadsInternal bool         `json:"threadsInternal,omitempty"` // answers in threads are not sent
	MentionsSend    bool         `json:"mentionsSend,omitempty"`    // what begins with a colleague's name is sent
	Survey          bool         `json:"survey,omitempty"`          // ask the customer when a conversation was closed
	Comments        bool         `json:"comments,omitempty"`        // relay comments on the page's posts
	Receipts        bool         `json:"receipts,omitempty"`        // show delivered and read
	History         bool         `json:"history,omitempty"`         // show the last messages of before the page was connected
	PrivacyURL      string       `json:"privacyURL,omitempty"`      // https; may stand in texts
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

// SizeText returns a number of bytes as people read it: 25 MB, 300 KB.
func SizeText(n int64) string {
	if n%(1<<20) != 0 {
		return strconv.FormatInt(n>>10, 10) + " KB"
	}
	return strconv.FormatInt(n>>20, 10) + " MB"
}

// SettingsForm is what a form of a page's settings shows.
type SettingsForm struct {
	Page        Page
	Departments []Department // nil: they could not be read
}
