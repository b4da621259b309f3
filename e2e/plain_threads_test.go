package e2e

import (
	"slices"
	"strings"
	"testing"

	"messenger-bridge/sandbox/meta"
)

// TestBackfill_StickersLinksAndCards_AreShownOnce_OrTheRestIs: a version of the API that does not have some fields refuses to
// tell of messages at all, unless it is not asked for them.
func TestBackfill_StickersLinksAndCards_AreShownOnce_OrTheRestIs(t *testing.T) {
	t.Parallel()
	for name, plain := range map[string]bool{"told": false, "refused": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.meta.Tweak(func(q *meta.Quirks) { q.PlainMessages = plain })
			sticker := w.meta.Host(meta.Media{Name: "like.png", Type: "image/png", Content: []byte("\x89PNG\r\n\x1a\n")})
			w.run()
			w.meta.CustomerWrites(page, anna, "c 0")
			rid := w.room()
			w.eventually("the first is shown", func() bool { return len(w.texts()) == 1 })
			w.unheard(func() {
				w.meta.CustomerSends(page, anna, "", meta.Attachment{Type: "sticker", URL: sticker})
				w.meta.CustomerSends(page, anna, "look", meta.Attachment{Type: "share", URL: "https://shop.example/lamp"})
				w.meta.CustomerSends(page, anna, "", meta.Attachment{Type: "template", Card: "A shoe"})
				w.meta.CustomerWrites(page, anna, "c 1")
			})
			w.run()
			w.eventually("what was missed is shown", func() bool { return slices.Contains(w.textsOf("c"), "c 1") })
			w.settled()
			pictures, links, cards := 0, 0, 0
			for _, m := range w.rc.Messages(rid) {
				if len(m.Attachments) > 0 {
					pictures++
				}
				if strings.Contains(m.Text, "https://shop.example/lamp") {
					links++
				}
				if !plain && m.Text == "A shoe\nSize 42\nBuy it" || plain && strings.Contains(m.Text, "The customer sent something that cannot be shown here") {
					cards++
				}
			}
			if want := 1; pictures != want || cards != want || !plain && links != want {
				t.Errorf("%d pictures, %d links, %d cards; agents read %q", pictures, links, cards, w.texts())
			}
			if told := w.received(anna); len(told) > 0 { // that a file did not arrive
				t.Errorf("the customer is told %q", told)
			}
		})
	}
}
