package queue

import "slices"

// line is lanes in a row, first in, first out.
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

// popFirst takes the first lane of which something is true; if it is of none, the first.
func (q *line) popFirst(is func(*lane) bool) *lane {
	at := slices.IndexFunc(q.all(), is)
	if at <= 0 {
		return q.pop()
	}
	l := q.all()[at]
	q.lanes = slices.Delete(q.lanes, q.head+at, q.head+at+1)
	return l
}

// all returns the lanes in order.
func (q *line) all() []*lane { return q.lanes[q.head:] }

// remove takes a lane out of the line and reports whether it was in it.
func (q *line) remove(l *lane) bool {
	at := slices.Index(q.all(), l)
	if at >= 0 {
		q.lanes = slices.Delete(q.lanes, q.head+at, q.head+at+1)
	}
	return at >= 0
}

// readyLine is the line for workers. Lanes that waited together at a gate are taken by
// turns with all others, so that nobody stands behind a crowd.
type readyLine struct {
	line
	released line // from gates
	turn     bool // of those
}

func (q *readyLine) len() int { return q.line.len() + q.released.len() }

func (q *readyLine) pop() *lane {
	if q.turn = !q.turn && q.released.len() > 0 || q.line.len() == 0; q.turn {
		return q.released.pop()
	}
	return q.line.pop()
}

func (q *readyLine) remove(l *lane) bool { return q.line.remove(l) || q.released.remove(l) }
