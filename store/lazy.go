package store

import (
	"bytes"
	"encoding/binary"
	"maps"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// How long a mark may wait for a commit that is made anyway.
const (
	lazyDone   = 50 * time.Millisecond // done marks
	lazyCursor = 5 * time.Second
	lazyRetry  = time.Second // all of them, after a commit that failed
)

// lazyMarks need not be durable at once: a crash before costs a repeat that its
// target recognises, or more to catch up. They ride with the next commit.
type lazyMarks struct {
	flush chan struct{} // set by Open, never changed

	mu      sync.Mutex // guards all below
	closed  bool
	pending lazySet
	due     time.Time            // when timer asks for a commit; zero: it does not
	timer   *time.Timer          //
	leaving map[place]struct{}   // concluded, perhaps not yet in the file
	said    map[string][]byte    // receipts of those, as they will be stored
	cursors map[string]time.Time // as saved, perhaps not yet in the file
}

// place is where an entry is.
type place struct {
	queue byte
	seq   bridge.Seq
}

// lazySet is what one commit takes along.
type lazySet struct {
	done    []doneMark
	cursors map[string]time.Time
	talks   map[string]newTalk
}

type doneMark struct {
	q        *Queue
	seq      bridge.Seq
	receipts []bridge.Receipt
}

func (l lazySet) empty() bool { return len(l.done) == 0 && len(l.cursors) == 0 && len(l.talks) == 0 }

func (l lazySet) apply(g *group) {
	for _, d := range l.done {
		g.conclude(d.q, d.seq, d.receipts)
	}
	for name, at := range l.cursors {
		b := g.bucket(bucketCursors)
		if at.IsZero() {
			g.drop(b, []byte(name))
			continue
		}
		g.put(b, []byte(name), binary.BigEndian.AppendUint64(nil, nanos(at)))
	}
	g.saveTalks(l.talks)
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
	for key, value := range pairs(d.receipts) {
		l.said[string(key)] = value
	}
	l.pending.done = append(l.pending.done, d)
	l.within(lazyDone)
	return nil
}

// receipt returns what a key of a receipt will be, if that is not in the file yet.
func (l *lazyMarks) receipt(key []byte) (value []byte, waits bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	value, waits = l.said[string(key)]
	return value, waits
}

// left reports whether an entry was marked done, in the file or not.
func (l *lazyMarks) left(at place) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, is := l.leaving[at]
	return is
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

// take hands what is pending to a commit.
func (l *lazyMarks) take() lazySet {
	l.mu.Lock()
	defer l.mu.Unlock()
	set := l.pending
	l.pending, l.due = lazySet{}, time.Time{}
	if l.timer != nil {
		l.timer.Stop()
	}
	return set
}

// close hands over the last, and takes no more.
func (l *lazyMarks) close() lazySet {
	set := l.take()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	set.done = append(set.done, l.pending.done...)
	if l.pending.cursors != nil {
		set.cursors = l.pending.cursors
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
		for _, d := range set.done {
			delete(l.leaving, place{d.q.number, d.seq})
			for key, value := range pairs(d.receipts) {
				if bytes.Equal(l.said[string(key)], value) { // else somebody said more since
					delete(l.said, string(key))
				}
			}
		}
		return
	}
	l.pending.done = append(set.done, l.pending.done...)
	if set.cursors != nil {
		maps.Copy(set.cursors, l.pending.cursors) // the newer win
		l.pending.cursors = set.cursors
	}
	if !l.closed {
		l.within(lazyRetry)
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
