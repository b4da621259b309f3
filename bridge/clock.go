package bridge

import "time"

// ClocksDiffer is by how much our clock and Meta's may differ after the adapter has
// corrected what it knows.
const ClocksDiffer = 10 * time.Second

// AcceptsEvents reports whether a page's messages are ours to take: not those of one that
// was disconnected, which Facebook could perhaps not be told yet.
func AcceptsEvents(pages Pages, id PageID) bool {
	page, err := pages.Page(id)
	return err == nil && page.Why.Kind != Disconnected
}

// Later returns the later of two times.
func Later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
