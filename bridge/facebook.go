package bridge

import (
	"context"
	"time"
)

// Authorizer is Meta as the one at whom people log in and grant us pages. Errors are
// Refusals.
type Authorizer interface {
	// Dialog returns the address of the login dialog; Meta leads the browser back
	// to redirect with a code and the state. It asks for what messages need, and with
	// comments for what these need in addition.
	Dialog(redirect, state string, comments bool) string
	// Exchange turns a code into a grant with a long-lived token. A code works
	// once and only with the redirect of its dialog: else Never, Reason CodeRefused.
	Exchange(ctx context.Context, redirect, code string) (Grant, error)
	// EndGrant takes back everything that a person has granted: all tokens made from
	// it die. Ending what was ended before is harmless.
	EndGrant(ctx context.Context, user string) error
}

// Subscriber is Meta as the one who sends us events: a page's and the app's
// subscription are both needed. Errors are Refusals.
type Subscriber interface {
	// SubscribePage makes Meta send us all events of a page that we need, with or
	// without comments. What else is subscribed stays, unless it is refused.
	SubscribePage(context.Context, Page, FeedWish) error
	// UnsubscribePage ends that.
	UnsubscribePage(context.Context, Page) error
	// PageMissing returns the fields that a page lacks, as read back; all of them
	// if it is not subscribed. FeedField is one of them if the page's settings want comments.
	PageMissing(context.Context, Page) ([]string, error)

	// App returns how the app as a whole is subscribed.
	App(context.Context) (AppSubscription, error)
	// SubscribeApp has Meta send events to callback. Meta calls it at once to
	// verify it, so the webhook must be reachable. What else was subscribed for the same
	// address stays; a subscription that leads elsewhere is replaced.
	SubscribeApp(ctx context.Context, callback string, feed FeedWish) error
}

// TokenInspector is Meta as the one who knows what tokens are good for. Errors are
// Refusals.
type TokenInspector interface {
	// Inspect asks what a page's token is and what it is good for. A dead token is
	// no error.
	Inspect(context.Context, Page) (TokenReport, error)
	// Adopt finds out what a token made by hand is, and returns the page's own; if
	// there is trouble with it, the page cannot be connected with it.
	Adopt(context.Context, PageID, Secret) (Adopted, error)
	// PageName asks for a page's name, and so whether its token works.
	PageName(context.Context, Page) (string, error)
}

// AppSubscription is where Meta sends the app's events.
type AppSubscription struct {
	Callback string   // empty: nowhere
	Active   bool     //
	Missing  []string // fields that messages need and that are not subscribed
	Feed     bool     // FeedField is subscribed
}

// FeedField is what tells of everything that is written on a page and below its posts.
const FeedField = "feed"

// FeedWish says what is to become of FeedField when other fields are subscribed.
type FeedWish uint8

const (
	FeedStays    FeedWish = iota // as it is
	FeedWanted                   // it is subscribed, or the call is refused
	FeedUnwanted                 // it is taken away
)

// FeedIf wants the field, or leaves it as it is.
func FeedIf(wanted bool) FeedWish {
	if wanted {
		return FeedWanted
	}
	return FeedStays
}

// Grant is what somebody at Facebook allowed us.
type Grant struct {
	User    string    // app-scoped id of the person
	Name    string    // of the person
	Token   Secret    // long-lived user token
	Kind    TokenKind // of the pages' tokens that are made from it
	Expires time.Time // zero: never
	Pages   []GrantedPage
	Missing []string // permissions for messages that were not granted
	Feed    []string // likewise, those that comments need in addition
	Ticked  int      // for how many pages; -1: Meta does not say
}

// TokenReport is what Meta says about a page's token.
type TokenReport struct {
	User    string    // at Facebook, whose it is (app-scoped id)
	Expires time.Time // zero: never
	Trouble Trouble   // none: it works for the page and lacks nothing that messages need
	Feed    []string  // permissions that it lacks for comments
}

// Adopted is a token made by hand, as one that works for a page.
type Adopted struct {
	Token Secret
	Kind  TokenKind
	TokenReport
}

// GrantedPage is a page in a grant.
type GrantedPage struct {
	ID      PageID
	Name    string
	Token   Secret   // empty: Meta gave none, so it cannot be connected
	Picture string   // URL, shown to nobody but the one who chooses
	Missing []string // tasks the person lacks on this page
	Lacks   []string // permissions that were not granted for this page
}

// Department is an Omnichannel department.
type Department struct {
	ID   DepartmentID
	Name string
}
