// Package pageset holds the connected pages in memory.
package pageset

import (
	"cmp"
	"slices"
	"sync"

	"messenger-bridge/bridge"
)

// Set is pages, each by its id and all in order of the ids. Pages in it are never changed,
// only replaced. Changing one costs a pointer for each of the others.
type Set struct {
	mu   sync.RWMutex // guards all below
	byID map[bridge.PageID]*bridge.Page
	list []*bridge.Page // never changed, only replaced
}

// Load fills the set, which was empty.
func (s *Set) Load(pages []*bridge.Page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.byID = pages, make(map[bridge.PageID]*bridge.Page, len(pages))
	slices.SortFunc(s.list, func(a, b *bridge.Page) int { return cmp.Compare(a.ID, b.ID) })
	for _, p := range s.list {
		s.byID[p.ID] = p
	}
}

// Page returns a page; false if it is not in the set.
func (s *Set) Page(id bridge.PageID) (bridge.Page, bool) {
	s.mu.RLock()
	p := s.byID[id]
	s.mu.RUnlock()
	if p == nil {
		return bridge.Page{}, false
	}
	return *p, true
}

// All returns the pages in order. Neither they nor the list may be changed.
func (s *Set) All() []*bridge.Page {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.list
}

// Change replaces pages, and takes out those that are nil, all at once.
func (s *Set) Change(changes map[bridge.PageID]*bridge.Page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := append(make([]*bridge.Page, 0, len(s.list)+len(changes)), s.list...)
	for id, page := range changes {
		at, found := slices.BinarySearchFunc(list, id, func(p *bridge.Page, id bridge.PageID) int { return cmp.Compare(p.ID, id) })
		switch {
		case page == nil && found:
			list = slices.Delete(list, at, at+1)
			delete(s.byID, id)
		case page == nil:
		case found:
			list[at], s.byID[id] = page, page
		default:
			list = slices.Insert(list, at, page)
			s.byID[id] = page
		}
	}
	s.list = list
}
