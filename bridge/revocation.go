package bridge

import (
	"context"
	"time"
)

// Revocation is what is kept of a page that was disconnected until Facebook has
// taken back what it had granted. It serves nothing else.
type Revocation struct {
	Page  PageID
	Name  string    // of the page, as people knew it
	Token Secret    // of the page: ends its subscription
	Grant string    // whose permissions end as well; empty: other pages are left, or the token was made by hand
	Anew  bool      // the permissions were given anew since, so they stay
	By    string    // who disconnected it, in Rocket.Chat
	Rev   uint64    // of the page when that was decided
	Since time.Time // when it was disconnected
}

// Revocation returns what has to be kept of a page that somebody disconnects.
func (p Page) Revocation(by string, now time.Time) Revocation {
	return Revocation{Page: p.ID, Name: p.DisplayName(), Token: p.Token, Grant: p.Grant, By: by, Rev: p.Rev, Since: now}
}

// Revocations remembers them, sealed.
type Revocations interface {
	// SaveRevocation stores one, in place of an earlier one of its page.
	SaveRevocation(context.Context, Revocation) error
	// Revocations returns all, by page.
	Revocations() ([]Revocation, error)
	// EraseRevocation forgets the one of a page, if there is one.
	EraseRevocation(context.Context, PageID) error
}
