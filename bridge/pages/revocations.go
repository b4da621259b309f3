package pages

import (
	"context"
	"errors"

	"messenger-bridge/bridge"
)

// revocations are what is kept of disconnected pages until Facebook has taken back what
// it had granted.
type revocations struct {
	*registry
	bridge.Revocations
}

// keep stores what has to be taken back of a page that somebody disconnects, if
// anything has.
func (r *revocations) keep(ctx context.Context, p bridge.Page, by string) error {
	if p.Token == "" {
		return nil
	}
	return r.SaveRevocation(ctx, p.Revocation(by, r.now()))
}

// of returns what is kept of a page.
func (r *revocations) of(id bridge.PageID) (bridge.Revocation, bool) {
	for _, one := range r.all() {
		if one.Page == id {
			return one, true
		}
	}
	return bridge.Revocation{}, false
}

// all returns what is kept, as far as it can be read.
func (r *revocations) all() []bridge.Revocation {
	all, err := r.Revocations.Revocations()
	if err != nil {
		r.log.Warn("revocations could not be read", "err", err)
	}
	return all
}

// connectedAgain reports whether the page got another token since.
func (r *revocations) connectedAgain(one bridge.Revocation) bool {
	page, err := r.pages.Page(one.Page)
	return err == nil && page.Token != "" && page.Rev != one.Rev
}

// needed reports whether a page is connected by what a person allowed.
func (r *revocations) needed(grant string) bool {
	return bridge.AnyPage(r.pages, func(p *bridge.Page) bool { return p.Grant == grant && p.Token != "" })
}

// open reports whether Facebook has still to be told something.
func (r *revocations) open(one bridge.Revocation) bool {
	return !r.connectedAgain(one) || one.Grant != "" && !r.needed(one.Grant)
}

// keepGrant keeps revocations from ending what a person has just allowed anew.
func (r *revocations) keepGrant(ctx context.Context, user string) error {
	return r.change(ctx, user, func(one bridge.Revocation) error {
		one.Grant, one.Anew = "", true
		return r.SaveRevocation(ctx, one)
	})
}

// erase forgets what has to be taken back of a person's grant.
func (r *revocations) erase(ctx context.Context, user string) error {
	return r.change(ctx, user, func(one bridge.Revocation) error { return r.EraseRevocation(ctx, one.Page) })
}

// change calls how for each revocation of a grant, with its page locked.
func (r *revocations) change(ctx context.Context, user string, how func(bridge.Revocation) error) error {
	all, err := r.Revocations.Revocations()
	for _, one := range all {
		if user == "" || one.Grant != user {
			continue
		}
		unlock := r.lock(one.Page)
		if one, found := r.of(one.Page); found {
			err = errors.Join(err, how(one))
		}
		unlock()
	}
	return err
}
