package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// TestPages_AtAStart_EveryPageIsLookedAtSoon has Meta drop the subscription of a hundred
// pages while the bridge is down, and starts it with the times operators have.
func TestPages_AtAStart_EveryPageIsLookedAtSoon(t *testing.T) {
	for name, kind := range map[string]bridge.TokenKind{"nothing is known to be wrong": bridge.PageToken, "all are in doubt": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.cfg.Times.WatchEvery, w.cfg.Times.FirstStep = 0, 0
			const many = 100
			var ids []string
			w.inStore(func(s *store.Store) error {
				for i := range many {
					id := fmt.Sprintf("2001002003%05d", i)
					ids = append(ids, id)
					token := w.meta.AddPage(id, fmt.Sprintf("Shop %d", i))
					w.meta.SubscribePage(id)
					if err := s.SavePage(t.Context(), bridge.Page{ID: bridge.PageID(id), Name: fmt.Sprintf("Shop %d", i), Token: bridge.Secret(token),
						TokenKind: kind, Checked: time.Now(), State: bridge.PageRunning, Since: time.Now()}); err != nil {
						return err
					}
				}
				return nil
			})
			start := time.Now()
			w.start()
			w.eventually("every page is subscribed again", func() bool {
				return !slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(w.meta.Subscribed(id), "messages") })
			})
			took := time.Since(start)
			t.Logf("%d pages took %v", many, took)
			// The plan, within 15 s, is held by bridge/pages with a clock of its own; here a busy machine
			// may take longer, but not the five minutes in which pages are looked at later on.
			if took > time.Minute {
				t.Errorf("%d pages took %v", many, took)
			}
			second, busiest := map[int]int{}, 0
			for _, call := range w.meta.Calls() {
				if call.Method == "GET" && strings.Contains(call.Path, "subscribed_apps") {
					second[int(call.At.Sub(start)/time.Second)]++
				}
			}
			for _, n := range second {
				busiest = max(busiest, n)
			}
			if busiest > many { // three for each page, before and after it was subscribed, and a machine that stood still catches up
				t.Errorf("%d reads in one second: %v", busiest, second)
			}
			w.eventually("the setup channel hears of the last one", func() bool { return strings.Count(w.announced(), "was subscribed again") == many })
			w.meta.CustomerWrites(ids[many-1], anna, "still there?")
			w.eventually("it works", func() bool { return slices.Contains(w.texts(), "still there?") })
		})
	}
}
