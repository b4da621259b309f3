package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// TestDeleted_ShownByAnAttemptThatDoesNotKnow_IsTakenAway: what a customer wrote, or a file of theirs, is in the
// room, but its answer was lost; the customer deletes it before it is tried again.
func TestDeleted_ShownByAnAttemptThatDoesNotKnow_IsTakenAway(t *testing.T) {
	const secret = "my password is 1234"
	for name, c := range map[string]struct {
		file, killed bool
	}{"a text": {}, "a text, and the program is killed": {killed: true}, "a file": {file: true}, "a file, and the program is killed": {true, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			var p *process
			if c.killed {
				p = w.startProcess()
			} else {
				w.run()
			}
			w.meta.CustomerWrites(page, anna, "before")
			w.eventually("the room", func() bool { return roomOf(w, "before") != "" })
			room := roomOf(w, "before")
			route := "POST livechat/message"
			if c.file {
				route = "POST livechat/upload/:rid"
			}
			fine := w.rc.Inject(chat.Fault{Route: route, Effect: true, Status: 502, Match: func(_ *http.Request, body []byte) bool {
				return strings.Contains(string(body), secret)
			}})
			var mid string
			if c.file {
				mid = w.meta.CustomerSends(page, anna, "", meta.Attachment{Type: "image", URL: w.meta.Host(meta.Media{Name: "x.png", Type: "image/png", Content: []byte("\x89PNG\r\n\x1a\n" + secret)})})
			} else {
				mid = w.meta.CustomerWrites(page, anna, secret)
			}
			stands := func() bool {
				return slices.ContainsFunc(w.rc.Messages(room), func(m chat.Message) bool {
					return !m.Deleted && m.FromVisitor && (strings.Contains(m.Text, secret) || len(m.Attachments) > 0)
				})
			}
			w.eventually("it stands there", stands)
			w.meta.Send(deleted(anna, mid))
			w.eventually("Meta is rid of it", func() bool { return w.meta.Waiting() == 0 })
			if c.killed {
				p.kill()
				fine()
				w.startProcess()
			} else {
				fine()
			}
			w.eventually("agents read that it is deleted", func() bool { // killed after it was removed, nobody knows that it was there
				return slices.ContainsFunc(roomTexts(w, room), func(text string) bool {
					return text == "The customer has deleted a message." || c.killed && text == "The customer sent a message and deleted it before it could be shown."
				})
			})
			w.settled()
			if texts := strings.Join(roomTexts(w, room), "\n"); strings.Contains(texts, "could not be removed") {
				t.Errorf("agents read %q", texts)
			}
			if stands() {
				t.Errorf("agents still see it: %+v", w.rc.Messages(room))
			}
		})
	}
}
