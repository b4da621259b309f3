// Package fresh holds what was stored a moment ago, as it will be asked for next.
package fresh

import (
	"sync"

	"messenger-bridge/bridge"
)

// most bounds the bytes of bodies that Entries hold.
const most = 4 << 20

// Entries need not be read and unsealed for the first attempt. The file is what counts:
// whatever changes an entry there takes it out of here, and everything is handed out once.
// K is where an entry is.
type Entries[K comparable] struct {
	mu    sync.Mutex // guards all below
	at    map[K]bridge.Delivery
	bytes int
}

// Add keeps an entry that is durable, if there is room.
func (f *Entries[K]) Add(at K, d bridge.Delivery) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.bytes+len(d.Body) > most {
		return
	}
	if f.at == nil {
		f.at = map[K]bridge.Delivery{}
	}
	f.at[at] = d
	f.bytes += len(d.Body)
}

// Take hands an entry out; false if it is not here.
func (f *Entries[K]) Take(at K) (d bridge.Delivery, is bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d, is = f.at[at]; is {
		f.bytes -= len(d.Body)
		delete(f.at, at)
	}
	return d, is
}

// Clear lets go of everything, because the store is closed.
func (f *Entries[K]) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at, f.bytes = nil, 0
}
