package chat_test

import (
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
)

func TestRocketChat_LoginRunsSubscriptionsAgain(t *testing.T) {
	w := startRC(t, chat.Config{})
	ana := w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	s := w.connected()
	s.send(m{"msg": "sub", "id": "s1", "name": "stream-room-messages", "params": []any{"__my_messages__", false}})
	s.expect("ready")
	ana.Says(rid, "nobody is logged in")
	if n := w.Subscribed(); n != 0 {
		t.Errorf("%d subscribed without login", n)
	}
	s.send(m{"msg": "method", "id": "1", "method": "login", "params": []any{m{"resume": w.token}}})
	s.expect("result")
	w.ReemitAfter(0)
	ana.Says(rid, "now")
	s.hearsText("now")
	s.send(m{"msg": "method", "id": "2", "method": "logout", "params": []any{}})
	s.expect("result")
	w.waitFor("logged out", func() bool { return w.Connections() == 0 })
}

func TestRocketChat_RefusedSubscriptions(t *testing.T) {
	w := startRC(t, chat.Config{})
	w.RefuseSubscriptions(1)
	s := w.connected()
	for _, want := range []string{"nosub", "ready"} {
		s.send(m{"msg": "sub", "id": "s1", "name": "stream-room-messages", "params": []any{"__my_messages__", false}})
		s.expect(want)
	}
}

func TestRocketChat_Typing(t *testing.T) {
	w := startRC(t, chat.Config{})
	ana := w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	a, b := w.listening(), w.listening()
	for _, s := range []*rcSocket{a, b} {
		s.send(m{"msg": "sub", "id": "t", "name": "stream-notify-room", "params": []any{rid + "/user-activity", false}})
		s.expect("ready")
	}
	typing := func(s *rcSocket) any {
		f := s.next(func(f m) bool { return f["collection"] == "stream-notify-room" })
		return f["fields"].(m)["args"].([]any)[0]
	}
	write := func(token string) {
		a.send(m{"msg": "method", "id": "w" + token, "method": "stream-notify-room", "params": []any{
			rid + "/user-activity", "guest-1", []string{"user-typing"}, m{"token": token},
		}})
		a.expect("result")
	}
	write("wrong")
	write("tok")
	if got := typing(b); got != "guest-1" {
		t.Errorf("the other connection heard %v", got)
	}
	ana.Types(rid)
	if got := typing(a); got != "ana" {
		t.Errorf("the writer heard %v, its own writing is not for it", got)
	}
	if got := typing(b); got != "ana" {
		t.Errorf("the other connection heard %v, the refused write is for nobody", got)
	}
}

func TestRocketChat_RoomsThatRefuse(t *testing.T) {
	w := startRC(t, chat.Config{})
	ana := w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	send := func() rcAnswer {
		return w.call(true, "POST chat.sendMessage", m{"message": m{"rid": rid, "msg": "x"}})
	}
	w.SetReadOnly(rid, true)
	if a := send(); a.status != 400 {
		t.Errorf("read-only: %s", a.raw)
	}
	w.SetReadOnly(rid, false)
	ana.Closes(rid, "bye")
	if a := send(); a.status != 200 {
		t.Errorf("closed: %s", a.raw)
	}
	w.RefuseInClosedRooms(true)
	if a := send(); a.status != 400 {
		t.Errorf("closed and refusing: %s", a.raw)
	}
	w.SetRoles(w.Bot(), "user", "livechat-manager")
	if a := w.call(true, "POST chat.postMessage", m{"channel": "#general", "text": "x", "alias": "Jane"}); a.text("error") != "Not enough permission" {
		t.Errorf("alias: %s", a.raw)
	}
	w.SetSetting("Message_MaxAllowedSize", 3)
	if a := w.call(true, "POST chat.postMessage", m{"channel": "#general", "text": "four"}); a.text("error") != "error-message-size-exceeded" {
		t.Errorf("size: %s", a.raw)
	}
}

func TestRocketChat_BelowAPath(t *testing.T) {
	w := startRC(t, chat.Config{Path: "/chat/", Bot: chat.Bot{Username: "bot", Password: "s3cret"}})
	a := w.call(false, "POST login", m{"user": "bot", "password": "s3cret"})
	if a.status != 200 || a.text("data", "userId") != w.user || a.text("data", "authToken") == "" {
		t.Fatalf("login: %d %s", a.status, a.raw)
	}
	if a = w.must("GET me", nil); a.text("username") != "bot" {
		t.Errorf("me: %s", a.raw)
	}
	if a = w.call(false, "POST login", m{"user": "bot", "password": "wrong"}); a.status != 401 {
		t.Errorf("wrong password: %d %s", a.status, a.raw)
	}
	w.listening()
}

func TestRocketChat_HangKeepsSockets(t *testing.T) {
	w := startRC(t, chat.Config{Pings: chat.Pings{Every: 10 * time.Millisecond, Timeout: 200 * time.Millisecond}})
	s := w.connected()
	s.expect("ping")
	w.Hang(true)
	s.send(m{"msg": "ping", "id": "late"})
	w.Hang(false)
	if f := s.expect("pong"); f["id"] != "late" {
		t.Errorf("%v", f)
	}
}
