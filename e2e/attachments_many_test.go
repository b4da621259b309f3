package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// TestAttack10_TenThousandAttachments_AreBounded_AndTold: what one message holds is fetched
// and shown up to a bound, what is beyond is said, and what comes after it is not held up.
func TestAttack10_TenThousandAttachments_AreBounded_AndTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	address := w.meta.Host(meta.Media{Name: "p.png", Content: picture.Content, Type: picture.Type})
	many := slices.Repeat([]meta.Attachment{{Type: "image", URL: address}}, 10_000)
	w.meta.CustomerSends(page, anna, "look", many...)
	w.meta.CustomerWrites(page, anna, "and?")
	w.eventually("what comes after it is shown", func() bool { return slices.Contains(w.texts(), "and?") })
	shown := 0
	for _, f := range w.files() {
		if strings.Contains(f, "photo") {
			shown++
		}
	}
	if told := strings.Join(w.texts(), "\n"); shown != 49 || !strings.Contains(told, "Much more is attached than can be shown here (9,951)") {
		t.Errorf("%d files are shown; agents read %q", shown, told)
	}

	var files []chat.File
	for n := range 60 {
		f := picture
		f.Name = fmt.Sprintf("p%d.png", n)
		files = append(files, f)
	}
	rid := w.room()
	id := w.agent.UploadsTogether(rid, "all of it", files...)
	w.agent.Says(rid, "done")
	w.eventually("what comes after it arrives", func() bool { return slices.Contains(w.received(anna), "done") })
	sent := 0
	for _, b := range w.meta.CustomerSees(page, anna) {
		if strings.HasPrefix(b.File.Name, "p") && b.File.Name != "p.png" {
			sent++
		}
	}
	if sent != 50 || !slices.Contains(w.received(anna), "all of it") {
		t.Errorf("%d files are sent; the customer has %q", sent, w.received(anna))
	}
	w.eventually("the agent is told", func() bool {
		told := w.notices(rid, id)
		return len(told) == 1 && strings.Contains(told[0], "Sent without 10 of its files: one message may hold 50")
	})
}
