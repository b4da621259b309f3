package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
)

// TestRefused_TooLarge_TakenAfterAPart_StaysInParts: a text is too long for the workspace, a part of it is
// shown, and then the workspace takes long texts, too. The whole text does not stand beside its parts, nor are
// these cut anew because it is late by now.
func TestRefused_TooLarge_TakenAfterAPart_StaysInParts(t *testing.T) {
	for name, c := range map[string]struct {
		trouble chat.Fault    // what meets the second part
		killed  bool          // the program, while it does
		late    time.Duration // by how much what is tried again is later
	}{
		"it does not answer for a moment": {chat.Fault{Status: 502, Times: 1}, false, 0},
		"the program is killed":           {chat.Fault{Hang: true}, true, 0},
		"it is late by then":              {chat.Fault{Status: 502, Times: 1}, false, 10 * time.Minute},
	} {
		for _, kind := range []string{"customer", "page"} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				clock := &clock{}
				w := newWorldAt(t, bypassed, clock.now)
				var p *process
				if c.killed {
					p = w.startProcess()
				} else {
					w.run()
				}
				w.meta.CustomerWrites(page, anna, "before")
				w.eventually("the room", func() bool { return roomOf(w, "before") != "" })
				room := roomOf(w, "before")
				var words []string
				for n := range 200 {
					words = append(words, fmt.Sprintf("word%03d", n))
				}
				text := strings.Join(words, " ")
				trouble := c.trouble // of its own: both kinds run at once
				trouble.Route = map[string]string{"customer": "POST livechat/message", "page": "POST chat.sendMessage"}[kind]
				var long atomic.Bool
				w.rc.Inject(chat.Fault{Route: trouble.Route, Status: 413, Match: func(_ *http.Request, body []byte) bool {
					return !long.Load() && strings.Contains(string(body), words[0]) && strings.Contains(string(body), words[199])
				}})
				trouble.Match = func(_ *http.Request, body []byte) bool {
					second := strings.Contains(string(body), words[199]) && !strings.Contains(string(body), words[0])
					if second && long.CompareAndSwap(false, true) {
						clock.pass(c.late)
					}
					return second
				}
				fine := w.rc.Inject(trouble)
				if kind == "customer" {
					w.meta.CustomerWrites(page, anna, text)
				} else {
					w.meta.PageInboxWrites(page, anna, text)
				}
				if c.killed {
					w.eventually("the second part is tried", long.Load)
					p.kill()
					fine()
					w.startProcess()
				}
				w.meta.CustomerWrites(page, anna, "after")
				w.eventually("what came after is there", func() bool {
					return slices.ContainsFunc(roomTexts(w, room), func(text string) bool { return strings.HasSuffix(text, "after") }) // late, its date stands before it
				})
				shown := strings.Join(roomTexts(w, room), " ")
				for _, word := range words {
					if n := strings.Count(shown, word); n != 1 {
						t.Fatalf("agents read %q %d times: %q", word, n, roomTexts(w, room))
					}
				}
			})
		}
	}
}

// TestRefused_TooLarge_RoomClosedAfterAPart_AllIsInTheNextRoom: an agent closes the room while a part of a
// text that is too long waits. The customer's next room has all of it.
func TestRefused_TooLarge_RoomClosedAfterAPart_AllIsInTheNextRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "before")
	w.eventually("the room", func() bool { return roomOf(w, "before") != "" })
	room := roomOf(w, "before")
	var words []string
	for n := range 200 {
		words = append(words, fmt.Sprintf("word%03d", n))
	}
	has := func(body []byte, n int) bool { return strings.Contains(string(body), words[n]) }
	w.rc.Inject(chat.Fault{Route: "POST livechat/message", Status: 413, Match: func(_ *http.Request, body []byte) bool { return has(body, 0) && has(body, 199) }})
	var tried atomic.Bool
	fine := w.rc.Inject(chat.Fault{Route: "POST livechat/message", Status: 502, Match: func(_ *http.Request, body []byte) bool {
		second := has(body, 199) && !has(body, 0)
		if second {
			tried.Store(true)
		}
		return second
	}})
	w.meta.CustomerWrites(page, anna, strings.Join(words, " "))
	w.eventually("the second part is tried", tried.Load)
	w.agent.Closes(room, "")
	fine()
	w.meta.CustomerWrites(page, anna, "after")
	w.eventually("what came after is there", func() bool { return roomOf(w, "after") != "" })
	next := roomOf(w, "after")
	shown := strings.Join(roomTexts(w, next), " ")
	for _, word := range words {
		if n := strings.Count(shown, word); n != 1 || next == room {
			t.Fatalf("agents read %q %d times in the next room: %q", word, n, roomTexts(w, next))
		}
	}
}
