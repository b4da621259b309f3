package chat_test

import (
	"net/url"
	"testing"

	"messenger-bridge/sandbox/chat"
)

func TestRocketChat_RemoveVisitor_TakesRoomsAndMessages_NotWhileARoomIsOpen(t *testing.T) {
	w := startRC(t, chat.Config{})
	ana := w.AddAgent("ana")
	rid, other := w.openRoom("tok", "Jane"), w.openRoom("else", "Joe")
	id := w.writes("tok", rid, "hello")
	remove := func() rcAnswer { return w.call(false, "DELETE livechat/visitor/tok", nil) }
	if a := remove(); a.status != 400 || a.text("errorType") != "visitor-has-open-rooms" {
		t.Errorf("with an open room: %s", a.raw)
	}
	ana.Closes(rid, "bye")
	if a := remove(); a.status != 200 || a.text("visitor", "_id") == "" {
		t.Errorf("without: %s", a.raw)
	}
	if a := remove(); a.status != 400 || a.text("errorType") != "invalid-token" {
		t.Errorf("again: %s", a.raw)
	}
	if _, found := w.Room(rid); found || len(w.Visitors()) != 1 {
		t.Errorf("room found %v, visitors %v", found, w.Visitors())
	}
	if a := w.call(true, "GET chat.getMessage", url.Values{"msgId": {id}}); a.status == 200 {
		t.Errorf("the message is there: %s", a.raw)
	}
	w.writes("else", other, "still here")
	w.noProblems()
}
