// Package pause waits, and says how long to wait after failures.
package pause

import (
	"context"
	"time"
)

// For waits for d, or returns why ctx ended if that comes first.
func For(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// Backoff is how pauses grow while something keeps failing.
type Backoff struct {
	First time.Duration // after the first failure; it doubles with each more
	Most  time.Duration
}

// After returns the pause after a failure, before which there were so many in a row.
func (b Backoff) After(failures int) time.Duration {
	wait := b.First
	for ; failures > 0 && 0 < wait && wait < b.Most; failures-- {
		wait *= 2
	}
	return min(wait, b.Most)
}

// Spread moves a pause by up to a fifth either way, so that not everybody comes back
// at once. by is from 0 to 1, as of rand.Float64.
func Spread(wait time.Duration, by float64) time.Duration {
	return wait + time.Duration((by-0.5)*0.4*float64(wait))
}
