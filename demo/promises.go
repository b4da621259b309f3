package demo

import (
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/sandbox/chat"
)

// Numbers of the promises, as people read them.
const (
	nothingLost = 1 + iota
	nothingTwice
	inOrder
	keptForAll
	agentKnows
	oneRoom
	deadIsLoud
)

// promised are the promises in their order.
var promised = []string{
	"Nothing is lost", "Nothing twice", "In order", "Kept while somebody is away", "The agent knows", "One open room", "A dead page is loud",
}

// How a promise stands, once it was put to the test.
const (
	promiseTried  = "tried" // it was put to the test, and the outcome is not clear yet
	promiseKept   = "kept"
	promiseBroken = "broken"
)

// promises are ticked off when they were put to the test, and what people wrote on both sides
// proves that they were kept.
type promises struct {
	*stage
	ledger   *ledger
	troubles *troubles

	mu    sync.Mutex // guards the fields below
	state map[int]string
	since map[int]time.Time // when it was put to the test
	told  bool              // a message of Tom's has borne a mark
}

func newPromises(s *stage, l *ledger, t *troubles) *promises {
	return &promises{stage: s, ledger: l, troubles: t, state: map[int]string{}, since: map[int]time.Time{}}
}

// tried puts promises to the test.
func (p *promises) tried(numbers []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range numbers {
		p.state[n], p.since[n] = promiseTried, time.Now()
	}
}

// settles is how long something may take that no queue knows of, such as a stream that is behind.
const settles = 20 * time.Second

// look decides those whose outcome is clear.
func (p *promises) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = p.told || p.marked()
	for n, state := range p.state {
		switch {
		case state != promiseTried || !p.quiet():
		case p.holds(n):
			p.state[n] = promiseKept
			p.changed.strike()
		case time.Since(p.since[n]) > settles:
			p.state[n] = promiseBroken
			p.changed.strike()
		}
	}
}

// quiet reports whether nothing is under way.
func (p *promises) quiet() bool { return p.idle() && p.meta.Waiting() == 0 }

// holds reports whether nothing contradicts a promise.
func (p *promises) holds(n int) bool {
	switch n {
	case nothingLost, keptForAll:
		return p.ledger.every(pair.complete)
	case nothingTwice:
		return p.ledger.every(pair.complete) && p.ledger.every(pair.once)
	case inOrder:
		return p.ledger.every(pair.inOrder)
	case agentKnows:
		return p.told
	case oneRoom:
		return p.oneRoomEach() && p.ledger.every(pair.complete)
	case deadIsLoud:
		return p.announcedOnce()
	}
	return false
}

// marked reports whether a message of Tom's bears a mark that says it has not arrived.
func (p *promises) marked() bool {
	return slices.ContainsFunc(p.rc.Rooms(), func(r chat.Room) bool {
		return slices.ContainsFunc(p.rc.Messages(r.ID), func(m chat.Message) bool {
			return m.Username == agentName && (m.Reactions[":warning:"] != nil || m.Reactions[":hourglass:"] != nil)
		})
	})
}

func (p *promises) oneRoomEach() bool {
	open := map[customer]int{}
	for _, r := range p.rc.Rooms() {
		if r.Open && !p.isComments(r) {
			open[p.customerOf(r)]++
		}
	}
	return open[customers[0]] <= 1 && open[customers[1]] <= 1
}

// announcedOnce reports whether the setup channel has heard exactly once that the page is dead.
func (p *promises) announcedOnce() bool {
	died, times := p.troubles.now().died, 0
	for _, m := range p.rc.Messages(p.rc.RoomID(setupChannel)) {
		if m.Username == p.rc.Bot() && m.At.After(died) && strings.Contains(m.Text, pageName) && strings.Contains(m.Text, "is not running any more") {
			times++
		}
	}
	return times == 1
}

// viewPromise is a promise in the strip.
type viewPromise struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
	State  string `json:"state"`
}

// view is the strip.
func (p *promises) view() (strip []viewPromise) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, text := range promised {
		strip = append(strip, viewPromise{i + 1, text, p.state[i+1]})
	}
	return strip
}

// allKept reports whether every promise was put to the test and kept.
func (p *promises) allKept() bool {
	return !slices.ContainsFunc(p.view(), func(one viewPromise) bool { return one.State != promiseKept })
}

// decided reports whether no outcome is open.
func (p *promises) decided() bool {
	return !slices.ContainsFunc(p.view(), func(one viewPromise) bool { return one.State == promiseTried })
}
