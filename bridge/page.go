package bridge

import (
	"errors"
	"time"
)

// ErrNoPage says that a page is not connected here.
var ErrNoPage = errors.New("no such page")

// PageState is what people see of a page's connection.
type PageState string

const (
	PageRunning     PageState = "running"
	PageConnecting  PageState = "connecting"          // stored, not yet verified
	PageOff         PageState = "off"                 // switched off by a person
	PageNeedsAuth   PageState = "needs authorisation" // its token is dead
	PageUnsubscribe PageState = "not subscribed"      // Meta does not send us its events
)

// Page is a connected Facebook page.
type Page struct {
	ID       PageID
	Name     string
	Token    Secret    // page access token; empty while none is known
	State    PageState //
	Why      string    // a plain sentence beside the state; empty when running
	Settings Settings
	Since    time.Time // connected
	By       UserID    // who connected it, in Rocket.Chat; empty: an operator
	Grant    string    // who granted it, at Facebook (app-scoped id); empty: a token made by hand
	Rev      uint64    // of the stored record; SavePage refuses an outdated one
}

// Settings are what an administrator may change for one page. The zero value of
// a field stands for its default.
type Settings struct {
	Name       string       `json:"name,omitempty"`       // shown to agents; empty: the page's own
	Department DepartmentID `json:"department,omitempty"` // of new rooms; empty: none
	TextLimit  int          `json:"textLimit,omitempty"`  // UTF-16 units in one message; 0: DefaultTextLimit
	Welcome    string       `json:"welcome,omitempty"`    // sent when a conversation begins; empty: nothing
	Finished   string       `json:"finished,omitempty"`   // when an agent closes it
	Offline    string       `json:"offline,omitempty"`    // once while nobody is there
}

// InForms takes over from filled what the browser's forms show, and leaves the rest.
func (s *Settings) InForms(filled Settings) {
	s.Name, s.Department = filled.Name, filled.Department
	s.Welcome, s.Finished, s.Offline = filled.Welcome, filled.Finished, filled.Offline
}

// DefaultTextLimit is the longest text Messenger takes in one message.
const DefaultTextLimit = 2000

// Limit returns the text limit in force.
func (s Settings) Limit() int {
	if s.TextLimit <= 0 {
		return DefaultTextLimit
	}
	return s.TextLimit
}

// DisplayName is what agents are shown as the page's name.
func (p Page) DisplayName() string {
	if p.Settings.Name != "" {
		return p.Settings.Name
	}
	return p.Name
}
