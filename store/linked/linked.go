// Package linked holds in memory how conversations are tied to Rocket.Chat that were asked
// for lately.
package linked

import (
	"sync"

	"messenger-bridge/bridge"
)

// most is how many links are held at least, once so many were asked for; twice as many are at
// most.
const most = 1024

// Links are what the file says, for the file is told first: who reads it there says since
// when, and what changed meanwhile is not held.
type Links struct {
	mu         sync.Mutex // guards all below
	changes    uint64     // in the file, so far
	used, less map[string]tie
}

// tie is a link in one piece: its conversation, by which it is found, room, department, message
// of the beginning and visitor.
type tie struct {
	all                               string
	room, department, begins, visitor uint32 // where each begins
}

// nameLen is how long a conversation's name usually is, at most.
const nameLen = 128

func name(room []byte, c bridge.Conversation) []byte {
	room = append(append(room, c.Page...), '/')
	return append(append(append(room, c.Kind...), '/'), c.Customer...)
}

func tied(l bridge.Link) (key string, t tie) {
	var room [2 * nameLen]byte
	all, ends := name(room[:0], l.Conversation), [4]uint32{}
	for i, part := range [...]string{string(l.Room), string(l.Department), string(l.Begin), l.Visitor.Reveal()} {
		ends[i] = uint32(len(all)) // #nosec G115 -- each is some thousand bytes at most
		all = append(all, part...)
	}
	t = tie{string(all), ends[0], ends[1], ends[2], ends[3]}
	return t.all[:t.room], t
}

func (t tie) link(of bridge.Conversation) bridge.Link {
	return bridge.Link{
		Conversation: of, Room: bridge.RoomID(t.all[t.room:t.department]), Department: bridge.DepartmentID(t.all[t.department:t.begins]),
		Begin: bridge.MessageID(t.all[t.begins:t.visitor]), Visitor: bridge.Secret(t.all[t.visitor:]),
	}
}

// Get returns a link, if it is held, and how many changes there were.
func (l *Links) Get(c bridge.Conversation) (link bridge.Link, changes uint64, held bool) {
	var room [nameLen]byte
	key := name(room[:0], c)
	l.mu.Lock()
	defer l.mu.Unlock()
	t, held := l.used[string(key)]
	if !held {
		if t, held = l.less[string(key)]; held {
			l.hold(t.all[:t.room], t)
		}
	}
	if held {
		link = t.link(c)
	}
	return link, l.changes, held
}

// Read holds what was read from the file, unless something changed there since so many changes.
func (l *Links) Read(link bridge.Link, changes uint64) {
	key, t := tied(link)
	l.mu.Lock()
	defer l.mu.Unlock()
	if changes == l.changes {
		l.hold(key, t)
	}
}

// Saved holds what is in the file from now on.
func (l *Links) Saved(link bridge.Link) {
	key, t := tied(link)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	l.hold(key, t)
}

// Erased lets go of what is no longer in the file.
func (l *Links) Erased(c bridge.Conversation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	key := c.String()
	delete(l.used, key)
	delete(l.less, key)
}

// Clear lets go of everything, because the store is closed.
func (l *Links) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used, l.less = nil, nil
}

// hold expects the lock to be held.
func (l *Links) hold(key string, t tie) {
	if l.used == nil || len(l.used) >= most {
		l.less, l.used = l.used, map[string]tie{}
	}
	l.used[key] = t
}
