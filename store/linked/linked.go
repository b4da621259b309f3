// Package linked holds in memory how conversations are tied to Rocket.Chat that were asked
// for lately.
package linked

import (
	"sync"

	"messenger-bridge/bridge"
)

// most is how many links are held at least, once so many were asked for; twice as many are at
// most.
const most = 2048

// Links are what the file says, for the file is told first: who reads it there says since
// when, and what changed meanwhile is not held.
type Links struct {
	mu         sync.Mutex // guards all below
	changes    uint64     // in the file, so far
	used, less map[bridge.Conversation]bridge.Link
}

// Get returns a link, if it is held, and how many changes there were.
func (l *Links) Get(c bridge.Conversation) (link bridge.Link, changes uint64, held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if link, held = l.used[c]; held {
		return link, l.changes, true
	}
	if link, held = l.less[c]; held {
		l.hold(link)
	}
	return link, l.changes, held
}

// Read holds what was read from the file, unless something changed there since so many changes.
func (l *Links) Read(link bridge.Link, changes uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if changes == l.changes {
		l.hold(link)
	}
}

// Saved holds what is in the file from now on.
func (l *Links) Saved(link bridge.Link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	l.hold(link)
}

// Erased lets go of what is no longer in the file.
func (l *Links) Erased(c bridge.Conversation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	delete(l.used, c)
	delete(l.less, c)
}

// Clear lets go of everything, because the store is closed.
func (l *Links) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used, l.less = nil, nil
}

// hold expects the lock to be held.
func (l *Links) hold(link bridge.Link) {
	if l.used == nil || len(l.used) >= most {
		l.less, l.used = l.used, map[bridge.Conversation]bridge.Link{}
	}
	l.used[link.Conversation] = link
}
