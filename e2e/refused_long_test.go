package e2e

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"messenger-bridge/sandbox/chat"
)

// TestRefused_TooLarge_TakenUnanswered_IsShownOnce puts a proxy before the workspace that takes less
// after a call whose answer was lost: what is there already is not shown again in parts.
func TestRefused_TooLarge_TakenUnanswered_IsShownOnce(t *testing.T) {
	t.Parallel()
	ascii, wide := strings.Repeat("abcqefghi ", 110), strings.Repeat("äöüßéèêñç ", 110)
	for name, c := range map[string]struct {
		lost  func(body string) bool // takes effect, and the answer is cut off, once
		limit int                    // bytes of a message; afterwards
		first int                    // bytes of a message; before
		parts int
	}{
		"the whole text":   {lost: func(s string) bool { return len(s) > 3000 }, first: 1 << 20, limit: 1500, parts: 1},
		"its second part":  {lost: func(s string) bool { return !strings.Contains(s, "abc") }, first: 2600, limit: 1000},
		"wide letters":     {lost: func(string) bool { return false }, first: 1500, limit: 1500},
		"hardly any bytes": {lost: func(string) bool { return false }, first: 400, limit: 400},
	} {
		for _, kind := range []string{"customer", "page"} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, bypassed)
				w.cfg.Times.Patience, w.cfg.Times.FirstRetry = testPatience, testFirstRetry
				w.run()
				w.meta.CustomerWrites(page, anna, "before")
				w.eventually("the room", func() bool { return roomOf(w, "before") != "" })
				room := roomOf(w, "before")
				route := map[string]string{"customer": "POST livechat/message", "page": "POST chat.sendMessage"}[kind]
				var mu sync.Mutex
				limit, lost := c.first, false
				ours := func(body []byte) bool {
					return strings.Contains(string(body), "abcqef") || strings.Contains(string(body), "äöü")
				}
				w.rc.Inject(chat.Fault{Route: route, Cut: true, Effect: true, Match: func(_ *http.Request, body []byte) bool {
					mu.Lock()
					defer mu.Unlock()
					if lost || !ours(body) || len(body) > limit || !c.lost(string(body)) {
						return false
					}
					lost, limit = true, c.limit
					return true
				}})
				w.rc.Inject(chat.Fault{Route: route, Status: 413, Match: func(_ *http.Request, body []byte) bool {
					mu.Lock()
					defer mu.Unlock()
					return ours(body) && len(body) > limit
				}})
				text := ascii + wide
				if kind == "customer" {
					w.meta.CustomerWrites(page, anna, text)
				} else {
					w.meta.PageInboxWrites(page, anna, text)
				}
				w.meta.CustomerWrites(page, anna, "after")
				w.eventually("what came after is there", func() bool { return slices.Contains(roomTexts(w, room), "after") })
				w.settled()
				var shown []string
				for _, m := range w.rc.Messages(room) {
					if m.System == "" && !m.Deleted && strings.ContainsAny(m.Text, "qßñ") {
						shown = append(shown, m.Text)
					}
				}
				if n := strings.Count(strings.Join(shown, ""), "q"); n != strings.Count(text, "q") {
					t.Errorf("agents read %d of %d in %d parts", n, strings.Count(text, "q"), len(shown))
				}
				if n := strings.Count(strings.Join(shown, ""), "ß"); n != strings.Count(text, "ß") {
					t.Errorf("agents read %d of %d wide letters in %d parts", n, strings.Count(text, "ß"), len(shown))
				}
				if c.parts > 0 && len(shown) != c.parts {
					t.Errorf("it is shown in %d parts", len(shown))
				}
			})
		}
	}
}
