package bridge

import (
	"slices"
	"time"
)

// timed is a lane or a gate that waits for a time.
type timed struct {
	at    time.Time
	index int // in the heap; -1: not there
	lane  *lane
	gate  *gate
}

// dueHeap is ordered by time, earliest first (container/heap).
type dueHeap []*timed

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *dueHeap) Push(x any) {
	t := x.(*timed)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.index = -1
	return t
}

// line is a queue of lanes, first in, first out.
type line struct {
	lanes []*lane
	head  int
}

func (q *line) len() int { return len(q.lanes) - q.head }

func (q *line) push(l *lane) { q.lanes = append(q.lanes, l) }

func (q *line) pushFront(l *lane) {
	if q.head == 0 {
		q.lanes = append([]*lane{nil}, q.lanes...)
		q.head = 1
	}
	q.head--
	q.lanes[q.head] = l
}

func (q *line) pop() *lane {
	l := q.lanes[q.head]
	q.lanes[q.head] = nil
	q.head++
	switch {
	case q.head == len(q.lanes):
		q.lanes, q.head = q.lanes[:0], 0
	case q.head > 64 && q.head*2 > len(q.lanes): // give the used half back
		q.lanes = append(q.lanes[:0:0], q.lanes[q.head:]...)
		q.head = 0
	}
	return l
}

// readyLine is the line for workers. Lanes that waited together at a gate are taken by
// turns with all others, so that nobody stands behind a crowd.
type readyLine struct {
	line
	freed line // from gates
	turn  bool // of those
}

func (q *readyLine) len() int { return q.line.len() + q.freed.len() }

func (q *readyLine) pop() *lane {
	if q.turn = !q.turn && q.freed.len() > 0 || q.line.len() == 0; q.turn {
		return q.freed.pop()
	}
	return q.line.pop()
}

func (q *readyLine) remove(l *lane) bool { return q.line.remove(l) || q.freed.remove(l) }

// remove takes a lane out of the line and reports whether it was in it.
func (q *line) remove(l *lane) bool {
	for i := q.head; i < len(q.lanes); i++ {
		if q.lanes[i] == l {
			q.lanes = slices.Delete(q.lanes, i, i+1)
			return true
		}
	}
	return false
}
