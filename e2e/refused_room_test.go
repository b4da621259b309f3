package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// TestRefused_OneCustomersRoom_WaitsAndIsTold: what is refused before there is a room has no
// place for a line. Its customer waits, administrators read which call it is, others go on, and
// all comes once and in order when it is over.
func TestRefused_OneCustomersRoom_WaitsAndIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		route, call string
		answer      answerOf
	}{
		"the room, by an app":                 {"GET livechat/room", "GET livechat/room", coded("error-app-prevented")},
		"the room, by a broken record":        {"GET livechat/room", "GET livechat/room", webPage(500)},
		"the registration, by its fields":     {"POST livechat/visitor", "POST livechat/visitor", coded("error-invalid-custom-field-value")},
		"the registration, by a firewall":     {"POST livechat/visitor", "POST livechat/visitor", webPage(403)},
		"the registration, without an answer": {"POST livechat/visitor", "POST livechat/visitor", answerOf{cut: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.run()
			f := c.answer.fault()
			first := "" // the visitor who is refused: the first who comes
			f.Route, f.Match = c.route, func(r *http.Request, body []byte) bool {
				token := r.URL.Query().Get("token")
				if _, rest, found := strings.Cut(string(body), `"token":"`); found {
					token, _, _ = strings.Cut(rest, `"`)
				}
				if first == "" {
					first = token
				}
				return token == first
			}
			lift := w.rc.Inject(f)
			w.meta.CustomerWrites(page, anna, "one")
			w.eventually("it is refused", func() bool { return w.rc.CountCalls(c.route) > 0 })
			w.meta.CustomerWrites(page, anna, "two")
			w.meta.CustomerWrites(page, ben, "I am somebody else")
			w.eventually("somebody else has a room", func() bool { return roomOf(w, "I am somebody else") != "" })
			cause := "`" + c.call + ": " + c.answer.short() + "`"
			setup := func() string {
				return strings.Join(roomTexts(w, w.rc.RoomID("omnichannel-facebook-setup")), "\n")
			}
			w.eventually("the setup channel names the call", func() bool { return strings.Contains(setup(), "Rocket.Chat refuses "+cause) })
			lift()
			w.settled()
			if room := roomOf(w, "one"); room == "" || strings.Join(roomTexts(w, room), "|") != "one|two" {
				t.Errorf("agents see %q", roomTexts(w, room))
			}
			if seen := w.lookAround(); len(seen.failed) > 0 || len(seen.counts) > 0 {
				t.Errorf("given up: %v, %v", seen.failed, seen.counts)
			}
			w.eventually("the setup channel says that it is over", func() bool { return strings.Contains(setup(), "no longer refuses "+cause) })
		})
	}
}
