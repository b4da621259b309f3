package pages

import (
	"slices"
	"sync"
)

// mostUntold bounds how many announcements wait until they can be written down.
const mostUntold = 1000

// untold are announcements that could not be written down, oldest first. They are held in
// memory: a restart forgets them.
type untold struct {
	mu  sync.Mutex // guards all
	all []announcement
}

// announcement is what everybody is told once, under its key.
type announcement struct{ key, text string }

// add keeps an announcement, once.
func (u *untold) add(a announcement) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.all) < mostUntold && !slices.ContainsFunc(u.all, func(b announcement) bool { return a.key == b.key }) {
		u.all = append(u.all, a)
	}
}

// take returns all of them, and keeps none.
func (u *untold) take() []announcement {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := u.all
	u.all = nil
	return all
}
