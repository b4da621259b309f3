package bridge

import (
	"context"
	"time"
)

// Authority is Meta as the one who grants pages and sends their events. Errors
// are Refusals.
type Authority interface {
	// Dialog returns the address of the login dialog; Meta leads the browser back
	// to redirect with a code and the state.
	Dialog(redirect, state string) string
	// Exchange turns a code into a grant with a long-lived token. A code works
	// once and only with the redirect of its dialog: else Never, Reason CodeRefused.
	Exchange(ctx context.Context, redirect, code string) (Grant, error)

	// SubscribePage makes Meta send us all events of a page that we need.
	SubscribePage(context.Context, Page) error
	// UnsubscribePage ends that.
	UnsubscribePage(context.Context, Page) error
	// PageMissing returns the fields that a page lacks, as read back; all of them
	// if it is not subscribed.
	PageMissing(context.Context, Page) ([]string, error)

	// App returns how the app as a whole is subscribed; both levels are needed.
	App(context.Context) (AppSubscription, error)
	// SubscribeApp has Meta send events to callback. Meta calls it at once to
	// verify it, so the webhook must be reachable. It replaces what was there.
	SubscribeApp(ctx context.Context, callback string) error

	// PageName asks for a page's name, and so whether its token works.
	PageName(context.Context, Page) (string, error)
}

// AppSubscription is where Meta sends the app's events.
type AppSubscription struct {
	Callback string   // empty: nowhere
	Active   bool     //
	Missing  []string // fields we need that are not subscribed
}

// Grant is what somebody at Facebook allowed us.
type Grant struct {
	User    string    // app-scoped id of the person
	Name    string    // of the person
	Token   Secret    // long-lived user token
	Expires time.Time // zero: never
	Pages   []GrantedPage
	Missing []string // permissions that were asked for and not granted
}

// GrantedPage is a page in a grant.
type GrantedPage struct {
	ID      PageID
	Name    string
	Token   Secret   // empty: Meta gave none, so it cannot be connected
	Picture string   // URL, shown to nobody but the one who chooses
	Missing []string // tasks the person lacks on this page
}

// Department is an Omnichannel department.
type Department struct {
	ID   DepartmentID
	Name string
}
