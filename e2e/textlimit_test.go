package e2e

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"messenger-bridge/bridge"
)

// TestContradiction_TextLimits_EachIsKept pins what the comparable systems do not agree
// on: 1600 (Zoho), 1986 (Usedesk) and Meta's own 2000 characters. Each can be set, and
// what reaches the customer is the whole text, in parts that are no longer, counted as
// Meta counts: in UTF-16.
func TestContradiction_TextLimits_EachIsKept(t *testing.T) {
	t.Parallel()
	text := strings.TrimSpace(strings.Repeat("wörter 👩‍👩‍👧 ", 500))
	for _, limit := range []int{1600, 1986, 2000} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.setPage(func(s *bridge.Settings) { s.TextLimit = limit })
			w.run()
			w.meta.CustomerWrites(page, anna, "Tell me everything")
			w.agent.Says(w.room(), text)
			w.eventually("the whole text arrives", func() bool { return strings.Join(w.received(anna), " ") == text })
			w.settled()
			longest := 0
			for _, part := range w.received(anna) {
				longest = max(longest, len(utf16.Encode([]rune(part))))
			}
			if longest > limit || longest < limit-20 {
				t.Errorf("the longest part has %d characters", longest)
			}
		})
	}
}
