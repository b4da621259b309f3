// Package pages connects Facebook pages and looks after what makes a connection: a token,
// the subscription of page and app, a webhook that Meta can reach. Each task has its
// own type:
//
//   - Login takes an administrator through Facebook's dialog and connects pages.
//   - Connections switches pages on and off and finds out how they are.
//   - Watch checks every page from time to time and says when one stops working.
//   - Editor changes pages' settings.
//   - Revoker disconnects pages and takes back what Facebook was allowed.
//   - Eraser erases what is stored because a person logged in.
package pages

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/backfill"
	"messenger-bridge/language"
)

// Config is what the Parts are made of.
type Config struct {
	Facebook  Facebook
	Store     Store
	Gaps      *backfill.Gaps // may be nil
	Times     Times
	PublicURL string      // how browsers and Meta reach us
	Verified  func() bool // Meta has called our webhook's handshake
	Workspace Workspace
	Tell      Tell
	Changed   func(bridge.PageID) // what waits for a page can be tried again
	Now       func() time.Time
	Say       *language.Speaker
	Log       *slog.Logger
}

// Facebook is the ways in which Meta is asked and told about pages.
type Facebook struct {
	Login         bridge.Authorizer
	Subscriptions bridge.Subscriber
	Tokens        bridge.TokenInspector
	Version       bridge.APIVersion // of the calls that all these make
}

// Store is what is remembered.
type Store struct {
	Pages       bridge.PageStore
	Tickets     bridge.Tickets
	Revocations bridge.Revocations
}

// Workspace is what Rocket.Chat is asked.
type Workspace struct {
	Departments Departments // for the tick boxes and forms
	May         May         // looked at when a link is used
}

// Times are how long things take; zero stands for the default behind each.
type Times struct {
	CheckEvery  time.Duration // every page is checked; 5 min
	FirstStep   time.Duration // at most between two pages at a start; 120 ms
	AppCheckFor time.Duration // a good answer about the app's subscription counts; 4 min
	RevokeFor   time.Duration // Facebook is told again that a page was disconnected; 24 h
	RevokeFirst time.Duration // the first pause of these; 30 s
}

// Tell is how people hear of things.
type Tell struct {
	Announce Announce
	TypeFor  TypeFor
}

// Announce tells the setup channel something, once per key.
type Announce func(ctx context.Context, key, text string) error

// TypeFor has a command carried out as if somebody had typed it to the bot, and answered by
// direct message.
type TypeFor func(ctx context.Context, by bridge.Author, words string) error

// Departments returns the departments of the workspace.
type Departments func(context.Context) ([]bridge.Department, error)

// list returns the departments; nil only if they could not be read.
func (d Departments) list(ctx context.Context) ([]bridge.Department, error) {
	all, err := d(ctx)
	if err != nil {
		return nil, err
	}
	return append([]bridge.Department{}, all...), nil
}

// Parts are what connects pages and looks after them, by task.
type Parts struct {
	Login       *Login
	Connections *Connections
	Watch       *Watch
	Editor      *Editor
	Revoker     *Revoker
	Eraser      *Eraser
}

// New returns parts that know each other and do nothing by themselves until they run.
func New(c Config) *Parts {
	if c.Now == nil {
		c.Now = time.Now
	}
	public := strings.TrimRight(c.PublicURL, "/")
	reg := &registry{
		pages: c.Store.Pages, gaps: c.Gaps, changed: c.Changed, tell: c.Tell.Announce, now: c.Now, say: c.Say, log: c.Log,
		locks: newLocks(),
	}
	tickets := &tickets{Tickets: c.Store.Tickets, now: c.Now}
	rights := rights{c.Workspace.May, c.Log}
	kept := &revocations{registry: reg, Revocations: c.Store.Revocations}
	app := &app{
		registry: reg, facebook: c.Facebook.Subscriptions, webhook: public + webhookPath, verified: c.Verified,
		checkFor: cmp.Or(c.Times.AppCheckFor, appCheckFor), version: c.Facebook.Version,
	}
	connections := &Connections{
		registry: reg, facebook: c.Facebook.Subscriptions, app: app,
		tokens: &tokens{registry: reg, facebook: c.Facebook.Tokens, refusals: newRefusals()},
		feeds:  &feeds{registry: reg, facebook: c.Facebook.Subscriptions, tokens: c.Facebook.Tokens, app: app},
	}
	return &Parts{
		Login: &Login{
			registry: reg, rights: rights, tickets: tickets, facebook: c.Facebook.Login, connections: connections, revocations: kept,
			departments: c.Workspace.Departments, publicURL: public,
		},
		Connections: connections,
		Watch:       newWatch(connections, cmp.Or(c.Times.CheckEvery, checkEvery), cmp.Or(c.Times.FirstStep, firstStep)),
		Editor:      &Editor{registry: reg, rights: rights, connections: connections, typeFor: c.Tell.TypeFor, tickets: tickets, departments: c.Workspace.Departments, publicURL: public},
		Revoker: &Revoker{
			registry: reg, kept: kept, login: c.Facebook.Login, subscriptions: c.Facebook.Subscriptions,
			tryFor: cmp.Or(c.Times.RevokeFor, revokeFor), first: cmp.Or(c.Times.RevokeFirst, revokeFirst), pending: make(chan struct{}, 1),
		},
		Eraser: &Eraser{registry: reg, tickets: tickets, revocations: kept, publicURL: public},
	}
}
