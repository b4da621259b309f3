package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// TestRefused_TextThatIsThere_NoLineTakesItsPlace: a text may be shown although the answer to
// that was lost. If the workspace refuses it for good from then on, it stands there all the
// same: no line says otherwise, and it is not listed.
func TestRefused_TextThatIsThere_NoLineTakesItsPlace(t *testing.T) {
	const customer = "7002003007000001"
	for name, a := range map[string]answerOf{"a firewall": webPage(403), "an app": coded("error-app-prevented"), "a broken server": webPage(500)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.run()
			w.meta.CustomerWrites(page, customer, "before")
			w.eventually("a room", func() bool { return roomOf(w, "before") != "" })
			room := roomOf(w, "before")
			match := func(_ *http.Request, body []byte) bool { return bytes.Contains(body, []byte("the text")) }
			w.rc.Inject(chat.Fault{Route: "POST livechat/message", Times: 1, Effect: true, Cut: true, Match: match})
			w.rc.Inject(chat.Fault{Route: "POST livechat/message", Status: a.status, Body: a.body, Match: match})
			w.meta.CustomerWrites(page, customer, "the text")
			w.meta.CustomerWrites(page, customer, "after")
			stop := others(w)
			w.eventually("what came after", func() bool { return strings.Contains(strings.Join(roomTexts(w, room), "|"), "after") })
			stop()
			w.settled()
			if got := strings.Join(roomTexts(w, room), "|"); got != "before|the text|after" {
				t.Errorf("agents see %q", got)
			}
			if list := w.failedJSON(); strings.Contains(list, `"id"`) {
				t.Errorf("listed: %s", list)
			}
		})
	}
}

// TestRefused_FileTakenAfterAll_TheLineGoes: the line in its place is there, but its answer was
// lost; before it is said again, the workspace takes the file. Then no line says otherwise.
func TestRefused_FileTakenAfterAll_TheLineGoes(t *testing.T) {
	t.Parallel()
	const customer = "7002003007000003"
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, customer, "before")
	w.eventually("a room", func() bool { return roomOf(w, "before") != "" })
	room := roomOf(w, "before")
	match := func(_ *http.Request, body []byte) bool { return bytes.Contains(body, []byte("is not shown here")) }
	w.rc.Inject(chat.Fault{Route: "POST livechat/message", Effect: true, Cut: true, Match: match})
	refused := coded("error-app-prevented")
	taken := w.rc.Inject(chat.Fault{Route: "POST livechat/upload/:rid", Status: refused.status, Body: refused.body})
	w.meta.CustomerSends(page, customer, "", meta.Attachment{Type: "file", URL: w.meta.Host(meta.Media{Name: "a.pdf", Type: "application/pdf", Content: []byte("%PDF-1.7 a")})})
	w.meta.CustomerWrites(page, customer, "after")
	line := func() bool { return strings.Contains(strings.Join(roomTexts(w, room), "|"), "is not shown here") }
	w.eventually("the line", line)
	taken()
	w.eventually("what came after", func() bool { return strings.Contains(strings.Join(roomTexts(w, room), "|"), "after") })
	w.settled()
	if n := len(w.rc.FilesIn(room)); n != 1 || line() {
		t.Errorf("%d files are there, and agents read %q", n, roomTexts(w, room))
	}
}

// TestRefused_TriedAgainInVain_IsAttachedOnce: what is tried again and refused again is there
// once, as the line and the file that stand for it, and is listed again.
func TestRefused_TriedAgainInVain_IsAttachedOnce(t *testing.T) {
	t.Parallel()
	const customer = "7002003007000002"
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, customer, "before")
	w.eventually("a room", func() bool { return roomOf(w, "before") != "" })
	room := roomOf(w, "before")
	w.rc.Inject(chat.Fault{Route: "POST livechat/message", Status: 403, Match: func(_ *http.Request, body []byte) bool { return bytes.Contains(body, []byte("the text")) }})
	w.meta.CustomerWrites(page, customer, "the text")
	listed := func() bool { return strings.Contains(w.failedJSON(), `"id"`) }
	w.eventually("it is listed", listed)
	w.settled()
	if code, out, errs := runCommand(t, w.environ, "retry", "--all", page, "--database", w.cfg.Store.Database); code != 0 {
		t.Fatalf("retry: code %d: %s%s", code, out, errs)
	}
	w.eventually("it is listed again", listed)
	w.settled()
	if n := len(w.rc.FilesIn(room)); n != 1 {
		t.Errorf("it is attached %d times", n)
	}
	if n := strings.Count(strings.Join(roomTexts(w, room), "|"), "does not take"); n != 1 {
		t.Errorf("%d lines stand for it", n)
	}
}

// TestRefused_NoteThatIsThere_IsNotSaidElsewhere: the same of what the bot says.
func TestRefused_NoteThatIsThere_IsNotSaidElsewhere(t *testing.T) {
	const customer = "7002003007000003"
	for name, a := range map[string]answerOf{"a firewall": webPage(403), "an app": coded("error-app-prevented"), "a broken server": webPage(500)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.run()
			w.meta.CustomerWrites(page, customer, "before")
			w.eventually("a room", func() bool { return roomOf(w, "before") != "" })
			room := roomOf(w, "before")
			w.rc.Inject(chat.Fault{Route: "POST chat.sendMessage", Times: 1, Effect: true, Cut: true,
				Match: func(_ *http.Request, body []byte) bool { return bytes.Contains(body, []byte("the note")) }})
			w.rc.Inject(chat.Fault{Route: "POST chat.sendMessage", Status: a.status, Body: a.body})
			w.meta.PageInboxWrites(page, customer, "the note")
			w.meta.CustomerWrites(page, customer, "after")
			w.eventually("what came after", func() bool { return strings.Contains(strings.Join(roomTexts(w, room), "|"), "after") })
			w.settled()
			n := 0
			for _, m := range append(w.rc.Messages(room), w.rc.DirectMessages("ana")...) {
				if strings.HasSuffix(m.Text, "the note") {
					n++
				}
			}
			if list := w.failedJSON(); n != 1 || strings.Contains(list, `"id"`) {
				t.Errorf("it is said %d times: %q; listed: %s", n, roomTexts(w, room), list)
			}
		})
	}
}

// TestRefused_TakenButNeverSaid_IsThereOnce: the workspace takes something each time, and never
// says so. It stands there once; no line says otherwise, nothing is said in other words, and
// nothing is listed.
func TestRefused_TakenButNeverSaid_IsThereOnce(t *testing.T) {
	for name, a := range map[string]answerOf{"cut": {cut: true}, "half an answer": {status: 200, body: `{"success":true,"mess`}, "a web page": webPage(200), "a gateway's error": webPage(502),
		"no gzip": {status: 200, body: "no gzip", zipped: true}, "hanging": {hang: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			if a.hang {
				w.cfg.Times.RestTimeout = time.Second
			}
			w.run()
			items := []*refusedItem{{kind: "text"}, {kind: "picture"}, {kind: "echo"}, {kind: "location"}}
			for n, i := range items {
				i.answer, i.customer = a, fmt.Sprintf("70020030080%05d", n)
				w.meta.CustomerWrites(page, i.customer, "before "+i.mark())
				w.eventually("a room", func() bool { i.room = roomOf(w, "before "+i.mark()); return i.room != "" })
				i.spoil(w, true)
				i.happens(w)
				w.meta.CustomerWrites(page, i.customer, "after "+i.customer)
			}
			stop := others(w)
			for _, i := range items {
				w.eventually(i.kind+": what came after", func() bool { return strings.Contains(strings.Join(roomTexts(w, i.room), "|"), "after ") })
			}
			stop() // and of what others did, an edit of what was deleted before may wait
			for _, i := range items {
				texts := strings.Join(roomTexts(w, i.room), "|")
				if files := len(w.rc.FilesIn(i.room)); strings.Contains(texts, "does not take") || strings.Count(texts, i.mark()) > 2 || i.kind == "picture" && files != 1 {
					t.Errorf("%s: agents see %q and %d files", i.kind, texts, files)
				}
			}
			if list := w.failedJSON(); strings.Contains(list, `"id"`) {
				t.Errorf("listed: %s", list)
			}
		})
	}
}
