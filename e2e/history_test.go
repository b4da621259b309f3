package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// before plays a conversation of which no webhook tells, longer than what is shown.
func (w *world) before() {
	w.meta.DropWebhooks(true)
	for n := range 25 {
		w.meta.CustomerWrites(page, anna, fmt.Sprint("old question ", n))
	}
	w.meta.PageInboxWrites(page, anna, "old answer")
	w.meta.CustomerSends(page, anna, "", meta.Attachment{Type: "image", URL: w.meta.Host(meta.Media{Name: "a.jpg", Type: "image/jpeg", Content: []byte("\xff\xd8\xff\xe0")})})
	w.meta.DropWebhooks(false)
}

// folded are the notes of the bridge in a room that are folded.
func (w *world) folded(rid string) (all []string) {
	for _, m := range w.rc.Messages(rid) {
		for _, a := range m.Attachments {
			if m.Username == ourBot && a["collapsed"] == true {
				all = append(all, fmt.Sprint(a["title"], "\n", a["text"]))
			}
		}
	}
	return all
}

// TestHistory_FirstRoom_ShowsWhatWasSaidBefore_Once: what Meta shows of the thread, its
// latest 20 messages with the new one, as one folded note, in the customer's first room only.
func TestHistory_FirstRoom_ShowsWhatWasSaidBefore_Once(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(w *world){
		"nothing goes wrong": func(*world) {},
		"the note's answer is lost": func(w *world) {
			w.rc.Inject(chat.Fault{Route: "POST chat.sendMessage", Times: 1, Cut: true, Effect: true, Match: w.outsideSetup})
		},
		"the message's answer is lost": func(w *world) {
			w.rc.Inject(chat.Fault{Route: "POST livechat/message", Times: 2, Cut: true, Effect: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &clock{}
			w := newWorldAt(t, bypassed, clock.now)
			w.setPage(func(s *bridge.Settings) { s.History = true })
			w.before()
			clock.pass(2 * time.Minute)
			w.run()
			fault(w)
			w.meta.CustomerWrites(page, anna, "I am back")
			rid := w.room()
			w.eventually("message and note are shown", func() bool {
				return slices.Equal(w.texts(), []string{"I am back"}) && len(w.folded(rid)) == 1
			})
			w.settled()
			lines := strings.Split(w.folded(rid)[0], "\n")
			if len(lines) != 20 || lines[0] != "What was said before, at Facebook" {
				t.Fatalf("%d lines: %q", len(lines), lines)
			}
			for i, want := range []string{"Customer 4005: old question 8", "Customer 4005: old question 9"} {
				if !strings.HasSuffix(lines[1+i], want) {
					t.Errorf("line %d is %q, want …%q", 1+i, lines[1+i], want)
				}
			}
			for i, want := range []string{"Shop: old answer", "Customer 4005: 📎 a picture"} {
				if !strings.HasSuffix(lines[18+i], want) {
					t.Errorf("line %d is %q, want …%q", 18+i, lines[18+i], want)
				}
			}
			w.agent.Closes(rid, "")
			w.meta.CustomerWrites(page, anna, "And again")
			w.eventually("a second room is open", func() bool { return len(w.rc.Rooms()) == 2 && len(w.texts()) == 2 })
			w.settled()
			if len(w.folded(rid)) != 1 || len(w.folded(w.rc.Rooms()[1].ID)) != 0 {
				t.Errorf("history in the rooms: %q, %q", w.folded(rid), w.folded(w.rc.Rooms()[1].ID))
			}
		})
	}
}

// TestHistory_NotWantedOrNotThere_ShowsTheMessageOnly: switched off, a customer who is new,
// and threads that cannot be read.
func TestHistory_NotWantedOrNotThere_ShowsTheMessageOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		on    bool
		begin func(w *world)
	}{
		"off":                  {false, (*world).before},
		"a new customer":       {true, func(*world) {}},
		"threads are not read": {true, func(w *world) { w.before(); w.meta.FailReads(100, meta.ReduceData()) }},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &clock{}
			w := newWorldAt(t, bypassed, clock.now)
			w.setPage(func(s *bridge.Settings) { s.History = c.on })
			c.begin(w)
			clock.pass(2 * time.Minute)
			w.run()
			w.meta.CustomerWrites(page, anna, "Hello")
			rid := w.room()
			w.eventually("the message is shown", func() bool { return slices.Equal(w.texts(), []string{"Hello"}) })
			w.settled()
			if got := w.folded(rid); len(got) != 0 {
				t.Errorf("history: %q", got)
			}
			w.agent.Says(rid, "Hello, too")
			w.eventually("answers go out", func() bool { return slices.Contains(w.received(anna), "Hello, too") })
		})
	}
}
