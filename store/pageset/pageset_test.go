package pageset_test

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/store/pageset"
)

// TestSet_IsAsAMap has random changes made, and compares with a plain map after each.
func TestSet_IsAsAMap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	want := map[bridge.PageID]bridge.Page{}
	var set pageset.Set
	var first []*bridge.Page
	for n := range 200 {
		p := &bridge.Page{ID: id(n * 7 % 200), Rev: 1}
		first, want[p.ID] = append(first, p), *p
	}
	set.Load(first)
	for round := range 2000 {
		earlier := set.All()
		before := values(earlier)
		changes := map[bridge.PageID]*bridge.Page{}
		for range 1 + random.IntN(4) {
			p := &bridge.Page{ID: id(random.IntN(400)), Rev: uint64(round)}
			if changes[p.ID], want[p.ID] = p, *p; random.IntN(1000) < 200+600*(round/500%2) { // it grows and shrinks by turns
				changes[p.ID] = nil
				delete(want, p.ID)
			}
		}
		set.Change(changes)
		if !slices.Equal(values(earlier), before) {
			t.Fatalf("round %d: a list that somebody had was changed", round)
		}
		check(t, &set, want)
	}
}

func check(t *testing.T, set *pageset.Set, want map[bridge.PageID]bridge.Page) {
	t.Helper()
	all := slices.Collect(set.All())
	if !slices.IsSortedFunc(all, func(a, b *bridge.Page) int { return cmp.Compare(a.ID, b.ID) }) || len(all) != len(want) {
		t.Fatalf("%d pages for %d, or out of order", len(all), len(want))
	}
	for _, p := range all {
		if one, ok := set.Page(p.ID); !ok || one.Rev != p.Rev || one.Rev != want[p.ID].Rev {
			t.Fatalf("page %s is %d by its id, %d in the list, and should be %d", p.ID, one.Rev, p.Rev, want[p.ID].Rev)
		}
	}
	for n := range 400 {
		if _, ok := set.Page(id(n)); ok != (want[id(n)].ID != "") {
			t.Fatalf("page %s: %v", id(n), ok)
		}
	}
}

func values(pages iter.Seq[*bridge.Page]) (all []string) {
	for p := range pages {
		all = append(all, fmt.Sprint(p.ID, p.Rev))
	}
	return all
}

func id(n int) bridge.PageID { return bridge.PageID(fmt.Sprintf("%03d", n)) }
