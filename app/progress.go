package app

import (
	"log/slog"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// progress remembers, over restarts, what has happened at all, and lets the set-up
// look when something has for the first time.
type progress struct {
	*late
	store *store.Store
	log   *slog.Logger
}

// reached reports whether the moment of this name is known.
func (p *progress) reached(cursor string) bool {
	at, err := p.store.Cursor(cursor)
	return err == nil && !at.IsZero()
}

// reach stores that the moment of this name is now.
func (p *progress) reach(cursor string) {
	if err := p.store.SaveCursor(cursor, time.Now()); err != nil {
		p.log.Warn("progress of the set-up not stored", "err", err)
	}
}

// HandshakeSeen is the name of the cursor that says when Meta last verified the
// webhook.
const HandshakeSeen = "webhook verified"

func (p *progress) handshake() {
	if err := p.store.SaveCursor(HandshakeSeen, time.Now()); err != nil {
		p.log.Warn("the webhook's verification could not be remembered", "err", err)
	}
	p.log.Info("Meta has verified the webhook")
	p.setup.Look()
}

func (p *progress) verified() bool { return p.reached(HandshakeSeen) }

// firstTime is the name of the cursor that says when something was first delivered.
func firstTime(d bridge.Direction) string { return "first delivered " + string(d) }

// delivered returns what notes that something was delivered.
func (p *progress) delivered() func(direction bridge.Direction) {
	var known sync.Map
	return func(direction bridge.Direction) {
		if _, again := known.LoadOrStore(direction, true); again {
			return
		}
		if at, err := p.store.Cursor(firstTime(direction)); err == nil && at.IsZero() {
			p.reach(firstTime(direction))
			p.setup.Look()
		}
	}
}
