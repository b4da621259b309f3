package proof

import (
	"log/slog"
	"strconv"
	"sync"
)

// mostPlaces bounds which places are known to have been told.
const mostPlaces = 1000

// Changes are the records that somebody else than the bridge has changed, as far as they
// were met since the start, or within a day before it. Each place is logged once.
type Changes struct {
	log *slog.Logger
	met chan struct{} // holds one token when there are some that nobody has been told of

	mu     sync.Mutex // guards all below
	places map[Place]struct{}
	count  int
}

// NewChanges returns none.
func NewChanges(log *slog.Logger) *Changes {
	return &Changes{log: log, met: make(chan struct{}, 1), places: map[Place]struct{}{}}
}

// Add notes one. It does not block.
func (c *Changes) Add(at Place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.places[at]; known || len(c.places) >= mostPlaces {
		return
	}
	c.places[at] = struct{}{}
	c.count++
	c.log.Error("a record of the store was changed by somebody else than the bridge, and is not believed",
		"bucket", at.Bucket, "key", strconv.QuoteToASCII(at.Key))
	c.meet()
}

// Known adds some that were set aside, and logged, by an earlier run.
func (c *Changes) Known(n int) {
	if n == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count += n
	c.log.Error("records of the store that were changed by somebody else than the bridge were set aside within a day", "records", n)
	c.meet()
}

// meet leaves a token. The caller holds the lock.
func (c *Changes) meet() {
	select {
	case c.met <- struct{}{}:
	default:
	}
}

// Met holds a token when there are some that nobody has been told of.
func (c *Changes) Met() <-chan struct{} { return c.met }

// Count is how many there are.
func (c *Changes) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}
