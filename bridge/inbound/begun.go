package inbound

import (
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// begun counts how often showing an event was begun and did not end.
type begun struct {
	started time.Time // when this run began

	mu    sync.Mutex // guards times
	times map[bridge.Seq]int
}

// begin notes that showing an event begins, and returns how often that was so before;
// what an earlier run left counts as begun.
func (b *begun) begin(d bridge.Delivery) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, known := b.times[d.Seq]
	if !known && d.Accepted.Before(b.started) {
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
}
