package store

import (
	"bytes"
	"encoding/binary"
	"maps"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/receipt"
)

// How long a mark may wait for a commit that is made anyway.
const (
	lazyDone    = 50 * time.Millisecond // done marks
	lazyHistory = time.Second
	lazyCursor  = 5 * time.Second
	lazyRetry   = time.Second // all of them, after a commit that failed
)

// lazyMarks need not be durable at once: a crash before costs a repeat that its
// target recognises, or more to catch up. They ride with the next commit.
type lazyMarks struct {
	flush chan struct{} // set by Open, never changed

	mu        sync.Mutex // guards all below
	closed    bool
	pending   lazySet
	spare     []doneMark               // as long as it was, to be used again
	due       time.Time                // when timer asks for a commit; zero: it does not
	timer     *time.Timer              //
	leaving   map[place]struct{}       // concluded, perhaps not yet in the file
	said      map[string][]byte        // receipts of those, as they will be stored
	histories map[place]bridge.History // perhaps not yet in the file
	cursors   map[string]time.Time     // as saved, perhaps not yet in the file
}

func newLazyMarks(flush chan struct{}) lazyMarks {
	return lazyMarks{flush: flush, leaving: map[place]struct{}{}, said: map[string][]byte{}, histories: map[place]bridge.History{}}
}

// place is where an entry is.
type place struct {
	queue byte
	seq   bridge.Seq
}

// lazySet is what one commit takes along.
type lazySet struct {
	done      []doneMark
	histories map[place]bridge.History
	cursors   map[string]time.Time
	states    map[string]newState
}

type doneMark struct {
	q    *Queue
	seq  bridge.Seq
	said []receipt.Pair // receipts
}

func (l lazySet) empty() bool {
	return len(l.done) == 0 && len(l.histories) == 0 && len(l.cursors) == 0 && len(l.states) == 0
}

// apply writes it with a group of ops, once those have looked who look. Cursors come first, so that one that an op drops stays so.
func (l lazySet) apply(g *group, ops []*op) {
	for _, o := range ops {
		if o.looks {
			o.apply(g)
		}
	}
	for name, at := range l.cursors {
		b := g.Bucket(bucketCursors)
		if at.IsZero() {
			g.Drop(b, []byte(name))
			continue
		}
		g.Put(b, []byte(name), binary.BigEndian.AppendUint64(nil, layout.Nanos(at)))
	}
	for _, o := range ops {
		if !o.looks {
			o.apply(g)
		}
	}
	for _, d := range l.done {
		g.conclude(d.q, d.seq, d.said)
	}
	g.postpone(l.histories)
	saveStates(g, l.states)
}

// merge adds what is newer.
func (l *lazySet) merge(newer lazySet) {
	l.done = append(l.done, newer.done...)
	l.histories = merged(l.histories, newer.histories)
	l.cursors = merged(l.cursors, newer.cursors)
}

func merged[K comparable, V any](older, newer map[K]V) map[K]V {
	if older == nil {
		return newer
	}
	maps.Copy(older, newer)
	return older
}

// conclude marks an entry done.
func (l *lazyMarks) conclude(d doneMark) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	at := place{d.q.number, d.seq}
	if _, twice := l.leaving[at]; twice {
		return nil
	}
	l.leaving[at] = struct{}{}
	for _, p := range d.said {
		l.said[string(p.Key)] = p.Value
	}
	if l.pending.done == nil {
		l.pending.done, l.spare = l.spare, nil
	}
	l.pending.done = append(l.pending.done, d)
	l.within(lazyDone)
	return nil
}

// postpone notes what became of an attempt.
func (l *lazyMarks) postpone(at place, h bridge.History) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if l.pending.histories == nil {
		l.pending.histories = map[place]bridge.History{}
	}
	l.pending.histories[at], l.histories[at] = h, h
	l.within(lazyHistory)
}

// receipt returns what a key of a receipt will be, if that is not in the file yet.
func (l *lazyMarks) receipt(key []byte) (value []byte, waits bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	value, waits = l.said[string(key)]
	return value, waits
}

// of reports whether an entry was marked done, in the file or not, and returns its
// history if that is not in the file yet.
func (l *lazyMarks) of(at place) (left bool, h bridge.History, postponed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, left = l.leaving[at]
	h, postponed = l.histories[at]
	return left, h, postponed
}

func (l *lazyMarks) saveCursor(name string, at time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	if l.pending.cursors == nil {
		l.pending.cursors = map[string]time.Time{}
	}
	l.pending.cursors[name] = at
	if l.cursors[name] = at; at.IsZero() {
		delete(l.cursors, name)
	}
	l.within(lazyCursor)
	return nil
}

func (l *lazyMarks) cursor(name string) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cursors[name]
}

func (l *lazyMarks) dropCursor(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.cursors, name)
	delete(l.pending.cursors, name)
}

// take hands what is pending to a commit; the last one closes.
func (l *lazyMarks) take(last bool) lazySet {
	l.mu.Lock()
	defer l.mu.Unlock()
	set := l.pending
	l.pending, l.due, l.closed = lazySet{}, time.Time{}, l.closed || last
	if l.timer != nil {
		l.timer.Stop()
	}
	return set
}

// settle ends what take began. What is not durable will be tried again.
func (l *lazyMarks) settle(set lazySet, durable bool) {
	if set.empty() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if durable {
		l.settled(set)
		return
	}
	set.merge(l.pending)
	set.states = nil // which stateMemory keeps
	l.pending = set
	if !l.closed {
		l.within(lazyRetry)
	}
}

// settled lets go of what is in the file, but for what was changed since.
func (l *lazyMarks) settled(set lazySet) {
	for _, d := range set.done {
		delete(l.leaving, place{d.q.number, d.seq})
		for _, p := range d.said {
			if bytes.Equal(l.said[string(p.Key)], p.Value) {
				delete(l.said, string(p.Key))
			}
		}
	}
	if clear(set.done); cap(set.done) <= groupOps {
		l.spare = set.done[:0]
	}
	for at, h := range set.histories {
		if l.histories[at] == h {
			delete(l.histories, at)
		}
	}
}

// wake has a commit made in that time, should none come by itself.
func (l *lazyMarks) wake(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.within(d)
	}
}

// within has a commit made in that time, should none come by itself. It expects
// the lock to be held.
func (l *lazyMarks) within(d time.Duration) {
	due := time.Now().Add(d)
	if !l.due.IsZero() && !due.Before(l.due) {
		return
	}
	l.due = due
	if l.timer == nil {
		l.timer = time.AfterFunc(d, func() {
			select {
			case l.flush <- struct{}{}:
			default:
			}
		})
		return
	}
	l.timer.Reset(d)
}
