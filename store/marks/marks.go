// Package marks holds what need not be durable at once: that entries are done, what became of attempts, how far something was
// read. A crash before costs a repeat that its target recognises, or more to catch up.
package marks

import (
	"bytes"
	"maps"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store/receipt"
)

// How long a mark may wait for a commit that is made anyway.
const (
	ForDone    = 50 * time.Millisecond
	ForHistory = time.Second
	ForCursor  = 5 * time.Second
	ForRetry   = time.Second // all of them, after a commit that failed
)

const spared = 512 // marks for which room is kept

// Place is where an entry is.
type Place struct {
	Queue byte // its number
	Seq   bridge.Seq
}

// Done says that an entry is, with what its receipts are stored as.
type Done struct {
	Place
	Said []receipt.Pair
}

// Set is what one commit takes along.
type Set struct {
	Done      []Done
	Histories map[Place]bridge.History
	Cursors   map[string]time.Time // zero: the cursor goes
}

// Empty reports whether there is nothing to take along.
func (s Set) Empty() bool { return len(s.Done) == 0 && len(s.Histories) == 0 && len(s.Cursors) == 0 }

// merge adds what is newer.
func (s *Set) merge(newer Set) {
	s.Done = append(s.Done, newer.Done...)
	s.Histories = merged(s.Histories, newer.Histories)
	s.Cursors = merged(s.Cursors, newer.Cursors)
}

func merged[K comparable, V any](older, newer map[K]V) map[K]V {
	if older == nil {
		return newer
	}
	maps.Copy(older, newer)
	return older
}

// Marks ride with the next commit. Their methods are safe for concurrent use.
type Marks struct {
	flush chan<- struct{} // takes a token when they have waited long enough; set by New, never changed

	mu        sync.Mutex // guards all below
	closed    bool
	pending   Set
	spare     []Done                   // as long as it was, to be used again
	due       time.Time                // when timer asks for a commit; zero: it does not
	timer     *time.Timer              //
	leaving   map[Place]struct{}       // concluded, perhaps not durable yet
	said      map[string][]byte        // receipts of those, as they will be stored
	histories map[Place]bridge.History // perhaps not durable yet
	cursors   map[string]time.Time     // as saved, perhaps not durable yet
}

// New returns no marks. flush, which has room for one token, gets one when a commit is to be made.
func New(flush chan<- struct{}) *Marks {
	return &Marks{flush: flush, leaving: map[Place]struct{}{}, said: map[string][]byte{}, histories: map[Place]bridge.History{}, cursors: map[string]time.Time{}}
}

// Conclude marks an entry done; false if nothing more is taken.
func (m *Marks) Conclude(d Done) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	if _, twice := m.leaving[d.Place]; twice {
		return true
	}
	m.leaving[d.Place] = struct{}{}
	for _, p := range d.Said {
		m.said[string(p.Key)] = p.Value
	}
	if m.pending.Done == nil {
		m.pending.Done, m.spare = m.spare, nil
	}
	m.pending.Done = append(m.pending.Done, d)
	m.within(ForDone)
	return true
}

// Postpone notes what became of an attempt.
func (m *Marks) Postpone(at Place, h bridge.History) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	if m.pending.Histories == nil {
		m.pending.Histories = map[Place]bridge.History{}
	}
	m.pending.Histories[at], m.histories[at] = h, h
	m.within(ForHistory)
}

// Receipt returns what a key of a receipt will be, if that is not durable yet.
func (m *Marks) Receipt(key []byte) (value []byte, waits bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, waits = m.said[string(key)]
	return value, waits
}

// Receipts counts those.
func (m *Marks) Receipts() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.said)
}

// Of reports whether an entry was marked done, durably or not, and returns its history if that is not durable yet.
func (m *Marks) Of(at Place) (left bool, h bridge.History, postponed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, left = m.leaving[at]
	h, postponed = m.histories[at]
	return left, h, postponed
}

// SaveCursor notes how far something was read; false if nothing more is taken.
func (m *Marks) SaveCursor(name string, at time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	if m.pending.Cursors == nil {
		m.pending.Cursors = map[string]time.Time{}
	}
	m.pending.Cursors[name] = at
	if m.cursors[name] = at; at.IsZero() {
		delete(m.cursors, name)
	}
	m.within(ForCursor)
	return true
}

// LoadCursor takes over a cursor that is durable.
func (m *Marks) LoadCursor(name string, at time.Time) { m.cursors[name] = at }

// Cursor returns how far something was read; zero if that was never saved.
func (m *Marks) Cursor(name string) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursors[name]
}

// CursorsUnder returns the names that begin so.
func (m *Marks) CursorsUnder(prefix string) (names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range m.cursors {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}

// DropCursor lets go of a cursor that was deleted.
func (m *Marks) DropCursor(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.cursors, name)
	delete(m.pending.Cursors, name)
}

// Take hands what is pending to a commit; the last one closes.
func (m *Marks) Take(last bool) Set {
	m.mu.Lock()
	defer m.mu.Unlock()
	set := m.pending
	m.pending, m.due, m.closed = Set{}, time.Time{}, m.closed || last
	if m.timer != nil {
		m.timer.Stop()
	}
	return set
}

// Settle ends what Take began. What is not durable will be tried again.
func (m *Marks) Settle(set Set, durable bool) {
	if set.Empty() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if durable {
		m.settled(set)
		return
	}
	set.merge(m.pending)
	m.pending = set
	if !m.closed {
		m.within(ForRetry)
	}
}

// settled lets go of what is durable, but for what was changed since.
func (m *Marks) settled(set Set) {
	for _, d := range set.Done {
		delete(m.leaving, d.Place)
		for _, p := range d.Said {
			if bytes.Equal(m.said[string(p.Key)], p.Value) {
				delete(m.said, string(p.Key))
			}
		}
	}
	if clear(set.Done); cap(set.Done) <= spared {
		m.spare = set.Done[:0]
	}
	for at, h := range set.Histories {
		if m.histories[at] == h {
			delete(m.histories, at)
		}
	}
}

// Wake has a commit made in that time, should none come by itself.
func (m *Marks) Wake(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.within(d)
	}
}

// within does so. It expects the lock to be held.
func (m *Marks) within(d time.Duration) {
	due := time.Now().Add(d)
	if !m.due.IsZero() && !due.Before(m.due) {
		return
	}
	m.due = due
	if m.timer == nil {
		m.timer = time.AfterFunc(d, func() {
			select {
			case m.flush <- struct{}{}:
			default:
			}
		})
		return
	}
	m.timer.Reset(d)
}
