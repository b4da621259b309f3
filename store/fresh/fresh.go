// Package fresh holds what was stored a moment ago, as it will be asked for next.
package fresh

import (
	"sync"
	"unsafe"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
)

// most bounds the bytes that Entries hold; a table that had room for more than
// few is let go when it is empty.
const (
	most = 4 << 20
	few  = 512
)

// Entries need not be read and unsealed for the first attempt. The file is what counts:
// whatever changes an entry there takes it out of here, and everything is handed out once.
// K is where an entry is.
type Entries[K comparable] struct {
	mu    sync.Mutex // guards all below
	at    map[K]stored
	bytes int
	crowd bool // more than few were here since the table was made
}

// stored is what somebody handed in, and when that was accepted, as the file has it.
type stored struct {
	*bridge.Entry
	accepted uint64
}

// Add keeps an entry that is durable, if there is room. It is not to be changed afterwards. Of one that
// was handed in with others, a copy is kept, which does not hold those.
func (f *Entries[K]) Add(at K, e *bridge.Entry, withOthers bool, accepted uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.bytes+sizeOf(e) > most {
		return
	}
	if withOthers {
		e = alone(e)
	}
	if f.at == nil {
		f.at = map[K]stored{}
	}
	f.at[at] = stored{e, accepted}
	f.bytes += sizeOf(e)
	f.crowd = f.crowd || len(f.at) > few
}

func alone(e *bridge.Entry) *bridge.Entry {
	entry := *e
	if e.Event != nil {
		event := *e.Event
		entry.Event = &event
	}
	return &entry
}

// sizeOf is about how much memory an entry takes: what its event or answer says is there twice.
func sizeOf(e *bridge.Entry) int {
	if e.Event == nil && e.Answer == nil {
		return len(e.Body)
	}
	return 2*len(e.Body) + int(unsafe.Sizeof(*e.Event))
}

// Take hands an entry out, as it would be read; false if it is not here.
func (f *Entries[K]) Take(at K) (d bridge.Delivery, is bool) {
	e, is := f.take(at)
	if !is {
		return d, false
	}
	return bridge.Delivery{Lane: e.Lane, Accepted: layout.Time(e.accepted), Progress: layout.Written(e.Progress), Body: e.Body, Event: e.Event, Answer: e.Answer}, true
}

func (f *Entries[K]) take(at K) (e stored, is bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e, is = f.at[at]; !is {
		return e, false
	}
	f.bytes -= sizeOf(e.Entry)
	if delete(f.at, at); len(f.at) == 0 && f.crowd {
		f.at, f.crowd = nil, false
	}
	return e, true
}

// Forget lets go of an entry that changes in the file.
func (f *Entries[K]) Forget(at K) { f.take(at) }

// Clear lets go of everything, because the store is closed.
func (f *Entries[K]) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at, f.bytes = nil, 0
}
