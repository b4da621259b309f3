package store

import (
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
}

type doneMark struct {
	q        *Queue
	seq      bridge.Seq
	receipts []bridge.Receipt
}

func (l lazySet) empty() bool { return len(l.done) == 0 && len(l.cursors) == 0 }

func (l lazySet) apply(g *group) {
	for _, d := range l.done {
		g.conclude(d.q, d.seq, d.receipts)
	}
	for name, at := range l.cursors {
		g.put(g.bucket(bucketCursors), []byte(name), binary.BigEndian.AppendUint64(nil, nanos(at)))
	}
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
	l.pending.done = append(l.pending.done, d)
	l.within(lazyDone)
	return nil
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
	l.cursors[name], l.pending.cursors[name] = at, at
	l.within(lazyCursor)
	return nil
}

func (l *lazyMarks) cursor(name string) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cursors[name]
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
