package bridge

import (
	"errors"
	"time"
)

// ClocksDiffer is by how much our clock and Meta's may differ after the adapter has
// corrected what it knows.
const ClocksDiffer = 10 * time.Second

// AcceptsEvents reports whether a page's messages are ours to take: not those of one that
// was disconnected, which Facebook could perhaps not be told yet.
func AcceptsEvents(pages Pages, id PageID) bool {
	page, err := pages.Page(id)
	return err == nil && page.Why.Kind != Disconnected
}

// StoreRefusal is the refusal of an attempt because our own store failed; nil for nil.
func StoreRefusal(err error) error {
	if err == nil {
		return nil
	}
	return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
}

// AckedOrRetry is nil for a delivery that is concluded already, else a refusal.
func AckedOrRetry(err error) error {
	if errors.Is(err, ErrConcluded) {
		return nil
	}
	return StoreRefusal(err)
}
