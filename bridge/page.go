package bridge

import (
	"errors"
	"time"

	"messenger-bridge/language"
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
	PageHeld        PageState = "restricted"          // Meta refuses what it sends; its events come
)

// stateNames are the states as people read them.
var stateNames = map[PageState]string{
	PageRunning:     language.Sentence("Running"),
	PageConnecting:  language.Sentence("Connecting"),
	PageOff:         language.Sentence("Off"),
	PageNeedsAuth:   language.Sentence("Needs authorisation"),
	PageUnsubscribe: language.Sentence("Not subscribed"),
	PageHeld:        language.Sentence("Restricted by Facebook"),
}

// In returns the state in a speaker's language.
func (s PageState) In(say *language.Speaker) string {
	if name := stateNames[s]; name != "" {
		return say.Say(name)
	}
	return string(s)
}

// TokenKind says what kind of token a page has; empty: nobody has asked Meta yet.
type TokenKind string

const (
	PersonToken TokenKind = "person"      // made when somebody logged in at Facebook
	SystemToken TokenKind = "system user" // made from the token of a business's system user
	PageToken   TokenKind = "page"        // the page's own, made by hand; of whom is not known
)

// Page is a connected Facebook page.
type Page struct {
	ID        PageID
	Name      string
	Token     Secret    // page access token; empty while none is known
	TokenKind TokenKind //
	Expires   time.Time // when the token ends; zero: never, or not known (TokenKind empty)
	Checked   time.Time // when Meta was last asked what the token is good for
	State     PageState //
	Why       Trouble   // beside the state; none when running
	Settings  Settings
	Feed      Feed
	Since     time.Time // connected
	By        UserID    // who connected it, in Rocket.Chat; empty: an operator
	ByName    string    // that person's username at the time
	Grant     string    // who granted it, at Facebook (app-scoped id); empty: a token made by hand
	Granted   time.Time // when that was; zero: not known
	Rev       uint64    // of the stored record; SavePage refuses an outdated one
}

// Feed is how what others write on a page and below its posts comes to us. It is apart from
// the page's state: whatever is wrong with it, messages come and go.
type Feed struct {
	On    bool    `json:"on,omitempty"`    // Meta was told to send it, and not yet to stop
	Lacks string  `json:"lacks,omitempty"` // permissions for it that the page's token has not got, when last inspected
	Why   Trouble `json:"why,omitzero"`    // why comments do not come or cannot be answered, although they are wanted
}

// WantComments reports whether one of some pages wants comments.
func WantComments(pages Pages) bool {
	return AnyPage(pages, func(p *Page) bool { return p.Settings.Comments })
}

// DisplayName is what agents are shown as the page's name.
func (p Page) DisplayName() string {
	if p.Settings.Name != "" {
		return p.Settings.Name
	}
	return p.Name
}

// PlainName is the page's name within sentences that may have markup of ours around it.
func (p Page) PlainName() string { return PlainWords(p.DisplayName()) }

// Doubted reports whether somebody other than the bridge has changed what was stored of the
// page: nothing of it is shown or sent until a person has set it up again.
func (p Page) Doubted() bool { return p.Why.Kind == StoreChanged }

// Silenced reports whether nothing is meant to come from the page: it was switched off,
// or disconnected.
func (p Page) Silenced() bool { return p.State == PageOff || p.Token == "" }

// Unwanted reports whether somebody here wants nothing to come from the page: switched it off,
// or disconnected it. Without access it may be silent although it is wanted.
func (p Page) Unwanted() bool { return p.State == PageOff || p.Why.Kind == Disconnected }

// ReceivesEvents reports whether Meta sends the events of a page in this state; it does
// so also for one whose answers it holds back.
func (p Page) ReceivesEvents() bool { return p.State == PageRunning || p.State == PageHeld }
