package inbound

import (
	"sync"

	"messenger-bridge/bridge"
)

// begun counts how often showing an event was begun and did not end.
type begun struct {
	earlier bridge.Seq // the newest that an earlier run left; set before anything is shown

	mu    sync.Mutex // guards all below
	times map[bridge.Seq]int
	given map[bridge.Seq]bridge.Shown // what stands in the place of what was given up, until that is stored
}

// begin notes that showing an event begins, and returns how often that was so before;
// what an earlier run left counts as begun. Times tell nothing: a clock may be set back meanwhile.
func (b *begun) begin(d bridge.Delivery) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, known := b.times[d.Seq]
	if !known && d.Seq <= b.earlier {
		n = 1
	}
	b.times[d.Seq] = n + 1
	return n
}

// end notes that an event does not wait any more.
func (b *begun) end(seq bridge.Seq) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.times, seq)
	delete(b.given, seq)
}

// giveUp notes what was shown of an event of which something was given up. Agents and the customer
// are told so; that it could not be stored must not change it.
func (b *begun) giveUp(seq bridge.Seq, shown bridge.Shown) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.given[seq] = shown
}

// givenUp returns what giveUp noted, if it did.
func (b *begun) givenUp(seq bridge.Seq) (shown bridge.Shown, was bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	shown, was = b.given[seq]
	return shown, was
}
