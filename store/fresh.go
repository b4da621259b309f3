package store

import (
	"sync"

	"messenger-bridge/bridge"
)

// freshBytes bounds the bodies that freshEntries hold.
const freshBytes = 4 << 20

// freshEntries are what was stored a moment ago, as it will be asked for next: it need not
// be read and unsealed for the first attempt. The file is what counts: whatever changes an
// entry there takes it out of here, and everything is handed out once.
type freshEntries struct {
	mu    sync.Mutex // guards all below
	at    map[place]bridge.Delivery
	bytes int
}

// add keeps an entry that is durable, if there is room.
func (f *freshEntries) add(at place, d bridge.Delivery) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.bytes+len(d.Body) > freshBytes {
		return
	}
	if f.at == nil {
		f.at = map[place]bridge.Delivery{}
	}
	f.at[at] = d
	f.bytes += len(d.Body)
}

// take hands an entry out; false if it is not here.
func (f *freshEntries) take(at place) (d bridge.Delivery, is bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d, is = f.at[at]; is {
		f.bytes -= len(d.Body)
		delete(f.at, at)
	}
	return d, is
}

// clear lets go of everything, because the store is closed.
func (f *freshEntries) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at, f.bytes = nil, 0
}
