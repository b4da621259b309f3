package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

var refusedFor = regexp.MustCompile(`messenger_bridge_refused_seconds\{call="([^"]+)",everybody="true"\} ([0-9.e+]+)`)

// refusedSeconds returns for how long a call is refused for everybody, 0 if it is not.
func (w *world) refusedSeconds(call string) float64 {
	for _, m := range refusedFor.FindAllStringSubmatch(w.get("http://"+w.at.Metrics+"/metrics"), -1) {
		if call == "" || m[1] == call {
			n, _ := strconv.ParseFloat(m[2], 64)
			return n
		}
	}
	return 0
}

// An hour, as the program feels it: it tries for 45 s what is refused of one customer, and
// waits 250 ms before it tries again first, 30 s in the end. A test keeps these ratios.
const (
	hourInPatiences = 80
	testPatience    = 50 * time.Millisecond
	testFirstRetry  = time.Millisecond // a little more than that of 250 ms: each try costs a slow machine something
)

// TestRefused_EverythingForAnHour_WaitsAndArrives: a workspace that refuses everything for an
// hour, however it does that, gets everything once and in order when it works again, and
// nothing was given up.
func TestRefused_EverythingForAnHour_WaitsAndArrives(t *testing.T) {
	answer := func(a answerOf) func(*world) func() {
		return func(w *world) func() { return w.rc.Inject(chat.Fault{Status: a.status, Body: a.body, Cut: a.cut}) }
	}
	for name, strike := range map[string]func(*world) (lift func()){
		"a firewall": answer(webPage(403)), "a size limit": answer(webPage(413)), "an app": answer(coded("error-app-prevented")), "a broken server": answer(webPage(500)),
		"a login page": answer(webPage(200)), "cut connections": answer(answerOf{cut: true}), "maintenance": answer(webPage(503)),
		"no session": func(w *world) func() { // a session that ends and cannot be made again, by the method's error
			lift := w.rc.Inject(chat.Fault{Status: 401, Body: `{"status":"error","message":"You must be logged in to do this."}`})
			w.rc.RefuseSubscriptions(1 << 30)
			w.rc.DropSockets()
			return func() { w.rc.RefuseSubscriptions(0); lift() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.cfg.Times.Patience, w.cfg.Times.FirstRetry = testPatience, testFirstRetry
			w.run()
			customer := func(n int) string { return fmt.Sprintf("70020040040%05d", n) }
			for n := range 4 {
				w.meta.CustomerWrites(page, customer(n), "before "+customer(n))
			}
			for n := range 4 {
				w.eventually("a room", func() bool { return roomOf(w, "before "+customer(n)) != "" })
			}
			lift, began := strike(w), time.Now()
			for n := range 4 {
				w.meta.CustomerWrites(page, customer(n), "during "+customer(n))
				w.meta.CustomerSends(page, customer(n), "", meta.Attachment{Type: "image", URL: w.meta.Host(meta.Media{Name: "x.png", Type: "image/png", Content: []byte("\x89PNG\r\n\x1a\n" + customer(n))})})
				w.meta.PageInboxWrites(page, customer(n), "echo "+customer(n))
				w.meta.CustomerWrites(page, customer(n), "after "+customer(n))
			}
			w.eventually("it is refused for an hour", func() bool { return time.Since(began) > hourInPatiences*testPatience })
			lift()
			w.settled()
			for n := range 4 {
				room := roomOf(w, "before "+customer(n))
				got := strings.Join(roomTexts(w, room), "|")
				want := fmt.Sprintf("before %[1]s|during %[1]s||Answered in the Page inbox of Facebook:\n> echo %[1]s|after %[1]s", customer(n))
				if name == "a size limit" { // then a text may come in parts
					got, want = strings.ReplaceAll(got, "|", ""), strings.ReplaceAll(want, "|", "")
				}
				if got != want || len(w.rc.FilesIn(room)) != 1 {
					t.Errorf("agents see %q and %d files, want %q", got, len(w.rc.FilesIn(room)), want)
				}
				if got := w.received(customer(n)); len(got) != 1 {
					t.Errorf("the customer reads %q", got)
				}
			}
			if seen := w.lookAround(); len(seen.failed) > 0 || len(seen.counts) > 0 {
				t.Errorf("given up: %v, %v", seen.failed, seen.counts)
			}
		})
	}
}

// TestRefused_OneCallOfEverybody_IsToldUntilItIsOver: what is refused for everybody waits,
// stands in the setup channel, in status, doctor and metrics with call, status and code, and
// goes on when it is over.
func TestRefused_OneCallOfEverybody_IsToldUntilItIsOver(t *testing.T) {
	for name, c := range map[string]struct {
		route, call string
		answer      answerOf
		remedy      string
	}{
		"texts":    {"POST livechat/message", "POST livechat/message", webPage(406), "firewall"},
		"rooms":    {"GET livechat/room", "GET livechat/room", coded("error-app-prevented"), "Administration, Apps"},
		"visitors": {"POST livechat/visitor", "POST livechat/visitor", coded("error-invalid-custom-field-value"), "custom field"},
		"files":    {"POST livechat/upload/:rid", "POST livechat/upload", webPage(500), "log of Rocket.Chat"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.run()
			clear := w.rc.Inject(chat.Fault{Route: c.route, Status: c.answer.status, Body: c.answer.body})
			for n := range 3 {
				customer := fmt.Sprintf("70020050040%05d", n)
				w.meta.CustomerSends(page, customer, "", meta.Attachment{Type: "image", URL: w.meta.Host(meta.Media{Name: "x.png", Type: "image/png", Content: []byte("\x89PNG\r\n\x1a\n" + customer)})})
				w.meta.CustomerWrites(page, customer, "words "+customer)
			}
			setup := func() string {
				return strings.Join(roomTexts(w, w.rc.RoomID("omnichannel-facebook-setup")), "\n")
			}
			if name == "texts" { // a picture alone is taken
				w.eventually("the pictures are there", func() bool { return len(w.rc.Rooms()) >= 3 })
			}
			shown := c.call + ": " + c.answer.short()
			w.eventually("the setup channel says what is refused for everybody, and what to do", func() bool {
				return strings.Contains(setup(), "Rocket.Chat refuses `"+shown+"`, for everybody.") && strings.Contains(setup(), c.remedy)
			})
			if w.refusedSeconds(c.call) == 0 {
				t.Error("the metrics do not say so")
			}
			status := w.get("http://" + w.at.Metrics + "/status")
			if !strings.Contains(status, `"call": "`+c.call+`"`) || !strings.Contains(status, `"everybody": true`) {
				t.Errorf("the status does not say so: %s", status)
			}
			_, out, _ := runCommand(t, w.environ, "doctor", "--json")
			if !strings.Contains(out, "refuses of everybody: "+shown) {
				t.Errorf("the doctor does not say so: %s", out)
			}
			clear()
			w.settled()
			w.eventually("the setup channel says that it is over", func() bool {
				return strings.Contains(setup(), "no longer refuses `"+shown+"`") && !strings.Contains(setup(), "for everybody.")
			})
			for n := range 3 {
				customer := fmt.Sprintf("70020050040%05d", n)
				room := roomOf(w, "words "+customer)
				if room == "" || len(w.rc.FilesIn(room)) != 1 || strings.Contains(strings.Join(roomTexts(w, room), ""), "not shown") {
					t.Errorf("customer %s: agents see %q and %d files", customer, roomTexts(w, room), len(w.rc.FilesIn(room)))
				}
			}
			if list := w.failedJSON(); strings.Contains(list, `"id"`) {
				t.Errorf("given up: %s", list)
			}
		})
	}
}
