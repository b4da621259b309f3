// Package pageset holds the connected pages in memory.
package pageset

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sync"

	"messenger-bridge/bridge"
)

// Set is pages, each by its id and all in order of the ids. Pages in it are never changed,
// only replaced. Changing one costs a pointer for some of the others.
type Set struct {
	mu     sync.RWMutex // guards all below
	byID   map[bridge.PageID]*bridge.Page
	chunks []chunk // never changed, only replaced; none is empty
}

// chunk is some pages in order; never changed, only replaced.
type chunk []*bridge.Page

// chunkLen is how many pages a chunk has at most.
const chunkLen = 128

// Load fills the set, which was empty.
func (s *Set) Load(pages []*bridge.Page) {
	changes := make(map[bridge.PageID]*bridge.Page, len(pages))
	for _, p := range pages {
		changes[p.ID] = p
	}
	s.Change(changes)
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

// All returns the pages as they are now, in order. They must not be changed.
func (s *Set) All() iter.Seq[*bridge.Page] {
	s.mu.RLock()
	defer s.mu.RUnlock()
	chunks := s.chunks
	return func(yield func(*bridge.Page) bool) {
		for _, c := range chunks {
			for _, p := range c {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// Len returns how many pages there are.
func (s *Set) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.byID)
}

// Change replaces pages, and takes out those that are nil, all at once.
func (s *Set) Change(changes map[bridge.PageID]*bridge.Page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = make(map[bridge.PageID]*bridge.Page, len(changes))
	}
	chunks := slices.Clone(s.chunks)
	for _, id := range slices.Sorted(maps.Keys(changes)) {
		page := changes[id]
		if page == nil {
			delete(s.byID, id)
		} else {
			s.byID[id] = page
		}
		chunks = changed(chunks, id, page)
	}
	s.chunks = chunks
}

// changed replaces a page, adds it, or takes it out if it is nil.
func changed(chunks []chunk, id bridge.PageID, page *bridge.Page) []chunk {
	if len(chunks) == 0 {
		chunks = []chunk{{}}
	}
	in, found := slices.BinarySearchFunc(chunks, id, func(c chunk, id bridge.PageID) int {
		if len(c) == 0 {
			return 0 // the only one
		}
		return cmp.Compare(c[0].ID, id)
	})
	if !found {
		in = max(in-1, 0) // the last one that begins before it
	}
	c := slices.Clone(chunks[in])
	at, found := slices.BinarySearchFunc(c, id, func(p *bridge.Page, id bridge.PageID) int { return cmp.Compare(p.ID, id) })
	switch {
	case found && page == nil:
		c = slices.Delete(c, at, at+1)
	case found:
		c[at] = page
	case page != nil:
		c = slices.Insert(c, at, page)
	}
	switch {
	case len(c) == 0:
		return slices.Delete(chunks, in, in+1)
	case len(c) > chunkLen:
		chunks[in] = c[: len(c)/2 : len(c)/2]
		return slices.Insert(chunks, in+1, c[len(c)/2:])
	}
	chunks[in] = c
	return chunks
}
