package chat_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"messenger-bridge/sandbox/chat"
)

func TestRocketChat_ConversationOnTheStream(t *testing.T) {
	w := startRC(t, chat.Config{})
	ana := w.AddAgent("ana")
	s := w.listening()
	rid := w.openRoom("tok", "Jane")

	for _, want := range []string{"livechat-started", "command", "uj"} {
		h := s.hears(func(heard) bool { return true })
		if h.doc["t"] != want || h.doc["rid"] != rid {
			t.Fatalf("got %v, want system message %s", h.doc, want)
		}
	}
	w.writes("tok", rid, "hello")
	h := s.hearsText("hello")
	if h.doc["token"] != "tok" || h.info["roomType"] != "l" || h.info["roomParticipant"] != false {
		t.Errorf("visitor's message came as %v %v", h.doc, h.info)
	}
	id := ana.Says(rid, "good day")
	h = s.hearsText("good day")
	if h.doc["_id"] != id || h.doc["token"] != nil || stamp(h.doc["ts"]) == 0 {
		t.Errorf("agent's message came as %v", h.doc)
	}
	again := s.hearsText("good day")
	if again.doc["_id"] != id || stamp(again.doc["_updatedAt"]) <= stamp(h.doc["_updatedAt"]) || again.doc["editedAt"] != nil {
		t.Errorf("second emission is %v", again.doc)
	}
	ana.Edits(id, "good evening")
	if h = s.hearsText("good evening"); h.doc["_id"] != id || h.doc["editedAt"] == nil {
		t.Errorf("edit came as %v", h.doc)
	}
	ana.Closes(rid, "bye")
	if h = s.hearsText("bye"); h.doc["t"] != "livechat-close" {
		t.Errorf("close came as %v", h.doc)
	}
	if got := w.CustomerTexts(rid); !slices.Equal(got, []string{"hello"}) {
		t.Errorf("agents see %v", got)
	}
	var last time.Time
	for _, msg := range w.Messages(rid) {
		if !msg.At.After(last) {
			t.Errorf("ts of %q does not increase", msg.Text)
		}
		last = msg.At
	}
	w.noProblems()
}

func TestRocketChat_AccessDecidesDelivery(t *testing.T) {
	w := startRC(t, chat.Config{})
	ana := w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	group := w.AddGroup("secret", "ana")
	dm := w.DirectRoom("ana", w.Bot())
	s := w.listening()

	w.UserSays("ana", group, "not for the bot")
	w.UserSays("ana", dm, "a word")
	h := s.hears(func(heard) bool { return true })
	if h.text() != "a word" || h.info["roomType"] != "d" || h.info["roomParticipant"] != true || h.info["roomName"] != nil {
		t.Errorf("direct message came as %v %v", h.doc, h.info)
	}
	w.UserSays("ana", "general", "to all")
	if h = s.hearsText("to all"); h.info["roomType"] != "c" || h.info["roomName"] != "general" {
		t.Errorf("channel message came as %v", h.info)
	}
	w.SetRoles(w.Bot(), "user", "bot")
	ana.Says(rid, "for managers only")
	w.SetRoles(w.Bot(), "user", "bot", "livechat-manager")
	ana.Says(rid, "again for you")
	h = s.hears(func(h heard) bool { return h.info["roomType"] == "l" })
	if h.text() != "again for you" {
		t.Errorf("heard %q without view-livechat-rooms", h.text())
	}
	w.noProblems()
}

func TestRocketChat_NothingIsReplayed(t *testing.T) {
	w := startRC(t, chat.Config{})
	ana := w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	s := w.listening()
	before := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	w.DropSockets()
	s.ended()
	if n := w.Subscribed(); n != 0 {
		t.Fatalf("%d subscribed after the drop", n)
	}
	missed := ana.Says(rid, "missed")
	s = w.listening()
	ana.Says(rid, "live")
	if h := s.hears(func(h heard) bool { return stamp(h.doc["_updatedAt"]) == stamp(h.doc["ts"]) }); h.text() != "live" {
		t.Errorf("heard %q first", h.text())
	}
	a := w.must("GET chat.syncMessages?roomId="+rid+"&lastUpdate="+before, nil)
	found := false
	for _, d := range a.at("result", "updated").([]any) {
		found = found || d.(m)["_id"] == missed
	}
	if !found {
		t.Error("chat.syncMessages does not tell what was missed")
	}
}

func TestRocketChat_Login(t *testing.T) {
	sum := sha256.Sum256([]byte("secret"))
	right := m{"user": m{"username": "bridge.bot"}, "password": m{"digest": hex.EncodeToString(sum[:]), "algorithm": "sha-256"}}
	for name, c := range map[string]struct {
		params any
		totp   string
		code   any
	}{
		"password":      {params: right},
		"wrong digest":  {params: m{"user": m{"username": "bridge.bot"}, "password": m{"digest": "00", "algorithm": "sha-256"}}, code: 403.0},
		"nobody":        {params: m{"user": m{"username": "x"}, "password": m{"digest": "00", "algorithm": "sha-256"}}, code: 403.0},
		"unknown token": {params: m{"resume": "x"}, code: 403.0},
		"totp missing":  {params: right, totp: "123", code: "totp-required"},
		"totp wrong":    {params: m{"totp": m{"login": right, "code": "9"}}, totp: "123", code: "totp-invalid"},
		"totp":          {params: m{"totp": m{"login": right, "code": "123"}}, totp: "123"},
	} {
		t.Run(name, func(t *testing.T) {
			w := startRC(t, chat.Config{})
			w.RequireTOTP(w.Bot(), c.totp)
			s := w.connected()
			s.send(m{"msg": "method", "id": "7", "method": "login", "params": []any{c.params}})
			f := s.expect("result")
			e, _ := f["error"].(m)
			if e["error"] != c.code {
				t.Fatalf("error %v, want %v", e, c.code)
			}
			if c.code != nil {
				return
			}
			r := f["result"].(m)
			if r["id"] != w.user || r["type"] != "password" || stamp(r["tokenExpires"]) == 0 {
				t.Errorf("result %v", r)
			}
			w.noProblems()
		})
	}
}

func TestRocketChat_DDPFrames(t *testing.T) {
	w := startRC(t, chat.Config{})
	s := w.dial()
	if f := s.next(func(m) bool { return true }); f["server_id"] != "0" {
		t.Errorf("first frame %v", f)
	}
	s.send(m{"msg": "sub", "id": "1", "name": "x"})
	if f := s.expect("error"); f["reason"] != "Must connect first" {
		t.Errorf("before connect: %v", f)
	}
	s.send(m{"msg": "connect", "version": "1", "support": []string{"1"}})
	s.expect("connected")
	s.send(m{"msg": "ping", "id": "p"})
	if f := s.expect("pong"); f["id"] != "p" {
		t.Errorf("pong %v", f)
	}
	s.send(m{"msg": "method", "id": 1, "method": "login", "params": []any{}})
	if f := s.expect("error"); f["reason"] != "Malformed method invocation" {
		t.Errorf("number as id: %v", f)
	}
	s.send(m{"msg": "method", "id": "2", "method": "nope", "params": []any{}})
	if f := s.expect("result"); f["error"].(m)["error"] != 404.0 {
		t.Errorf("unknown method: %v", f)
	}
	s.send(m{"msg": "sub", "id": "a", "name": "stream-room-messages", "params": []any{"nowhere", false}})
	if f := s.expect("nosub"); f["error"].(m)["error"] != "not-allowed" {
		t.Errorf("unknown room: %v", f)
	}
	s.send(m{"msg": "sub", "id": "b", "name": "nope", "params": []any{"x"}})
	if f := s.expect("nosub"); f["error"].(m)["error"] != 404.0 {
		t.Errorf("unknown stream: %v", f)
	}
	s.send(m{"msg": "sub", "id": "c", "name": "stream-room-messages", "params": []any{"__my_messages__", false}})
	s.expect("ready")
	s.send(m{"msg": "unsub", "id": "c"})
	if f := s.expect("nosub"); f["id"] != "c" || f["error"] != nil {
		t.Errorf("unsub: %v", f)
	}
	if len(w.Problems()) != 2 {
		t.Errorf("problems: %q", w.Problems())
	}
	s = w.dial()
	s.send(m{"msg": "connect", "version": "9", "support": []string{"9"}})
	s.expect("failed")
	s.ended()
}

func TestRocketChat_VisitorSubscription(t *testing.T) {
	w := startRC(t, chat.Config{})
	ana := w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	s := w.connected()
	sub := func(id, token string) {
		options := m{"useCollection": false, "args": []any{m{"token": token, "visitorToken": token}}}
		s.send(m{"msg": "sub", "id": id, "name": "stream-room-messages", "params": []any{rid, options}})
	}
	sub("foreign", "other")
	s.expect("nosub")
	sub("own", "tok")
	s.expect("ready")
	ana.Closes(rid, "bye")
	s.hearsText("bye")
	sub("late", "tok")
	s.expect("nosub")
}

func TestRocketChat_RemovedMemberIsDroppedSilently(t *testing.T) {
	w := startRC(t, chat.Config{})
	ana, ben := w.AddAgent("ana"), w.AddAgent("ben")
	ben.GoesOffline()
	rid := w.openRoom("tok", "Jane")
	_, token := w.PersonalAccessToken("ana")
	s := w.connected()
	s.send(m{"msg": "method", "id": "1", "method": "login", "params": []any{m{"resume": token}}})
	s.expect("result")
	s.send(m{"msg": "sub", "id": "s", "name": "stream-room-messages", "params": []any{rid, false}})
	s.expect("ready")
	ana.Says(rid, "mine")
	s.hearsText("mine")
	ben.GoesOnline()
	ana.Transfers(rid, ben)
	ben.Says(rid, "now mine")
	s.send(m{"msg": "ping", "id": "end"})
	s.next(func(f m) bool {
		if h, ok := asHeard(f); ok && h.text() == "now mine" {
			t.Error("still hears the room")
		}
		return f["msg"] == "pong"
	})
	if r, _ := w.Room(rid); r.ServedBy != "ben" {
		t.Errorf("served by %q", r.ServedBy)
	}
}

func TestRocketChat_DDPLimiter(t *testing.T) {
	w := startRC(t, chat.Config{})
	s := w.connected()
	for range 40 {
		s.send(m{"msg": "sub", "id": "x", "name": "stream-room-messages", "params": []any{"nowhere", false}})
		if f := s.expect("nosub"); f["error"].(m)["error"] != "not-allowed" {
			t.Fatalf("%v", f)
		}
	}
	s.send(m{"msg": "sub", "id": "x", "name": "stream-room-messages", "params": []any{"nowhere", false}})
	if f := s.expect("nosub"); f["error"].(m)["error"] != "too-many-requests" {
		t.Errorf("41st: %v", f)
	}
}

func TestRocketChat_EventFaults(t *testing.T) {
	w := startRC(t, chat.Config{})
	w.ReemitAfter(0)
	ana := w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	s := w.listening()
	next := func() string { t.Helper(); return s.hears(func(heard) bool { return true }).text() }

	w.LoseEvents(1)
	ana.Says(rid, "lost")
	ana.Says(rid, "a")
	if got := next(); got != "a" {
		t.Errorf("lose: %q", got)
	}
	w.RepeatEvents(true)
	ana.Says(rid, "b")
	if a, b := next(), next(); a != "b" || b != "b" {
		t.Errorf("repeat: %q %q", a, b)
	}
	w.RepeatEvents(false)
	w.ReorderEvents(true)
	ana.Says(rid, "c")
	ana.Says(rid, "d")
	if a, b := next(), next(); a != "d" || b != "c" {
		t.Errorf("reorder: %q %q", a, b)
	}
	ana.Says(rid, "alone")
	if got := next(); got != "alone" {
		t.Errorf("reorder, no partner: %q", got)
	}
	w.ReorderEvents(false)
	w.DelayEvents(5 * time.Millisecond)
	for _, text := range []string{"e", "f", "g"} {
		ana.Says(rid, text)
	}
	for _, want := range []string{"e", "f", "g"} {
		if got := next(); got != want {
			t.Errorf("delay: %q, want %q", got, want)
		}
	}
	w.DelayEvents(0)
	w.SetSetting("Hide_System_Messages", []string{"livechat-close"})
	ana.Closes(rid, "bye")
	w.UserSays("ana", "GENERAL", "h")
	if got := next(); got != "h" {
		t.Errorf("hidden: %q", got)
	}
}

func TestRocketChat_SocketFaults(t *testing.T) {
	t.Run("heartbeat", func(t *testing.T) {
		w := startRC(t, chat.Config{Pings: chat.Pings{Every: 20 * time.Millisecond, Timeout: 20 * time.Millisecond}})
		s := w.connected()
		s.expect("ping")
		s.ended()
	})
	t.Run("close code", func(t *testing.T) {
		w := startRC(t, chat.Config{})
		s := w.listening()
		code := make(chan int, 1)
		s.conn.SetCloseHandler(func(c int, _ string) error { code <- c; return nil })
		w.DropSocketsWith(websocket.CloseTryAgainLater)
		s.ended()
		if c := <-code; c != 1013 {
			t.Errorf("code %d", c)
		}
	})
	t.Run("mute", func(t *testing.T) {
		w := startRC(t, chat.Config{})
		w.ReemitAfter(0)
		w.AddUser(chat.User{Username: "ana"})
		s := w.listening()
		w.MuteSockets(true)
		w.UserSays("ana", "GENERAL", "unheard")
		other := w.listening()
		w.UserSays("ana", "GENERAL", "b")
		other.hearsText("b")
		w.MuteSockets(false)
		w.UserSays("ana", "GENERAL", "c")
		if got := s.hears(func(heard) bool { return true }).text(); got != "c" {
			t.Errorf("heard %q", got)
		}
	})
	t.Run("ignored pings", func(t *testing.T) {
		w := startRC(t, chat.Config{})
		s := w.connected()
		w.IgnorePings(true)
		s.send(m{"msg": "ping", "id": "1"})
		s.send(m{"msg": "method", "id": "2", "method": "nope"})
		s.next(func(f m) bool {
			if f["msg"] == "pong" {
				t.Error("ping was answered")
			}
			return f["msg"] == "result"
		})
	})
	t.Run("revoked token", func(t *testing.T) {
		w := startRC(t, chat.Config{})
		s := w.listening()
		w.RevokeToken(w.Bot())
		s.ended()
		s = w.connected()
		s.send(m{"msg": "method", "id": "1", "method": "login", "params": []any{m{"resume": w.token}}})
		if f := s.expect("result"); f["error"].(m)["error"] != 403.0 {
			t.Errorf("%v", f)
		}
		if a := w.call(true, "GET me", nil); a.status != 401 {
			t.Errorf("me: %d", a.status)
		}
	})
}

func TestRocketChat_DownAndUp(t *testing.T) {
	w := startRC(t, chat.Config{})
	w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	s := w.listening()
	at := w.URL()
	w.Down()
	s.ended()
	if a := w.call(true, "GET me", nil); a.err == nil {
		t.Fatalf("answered %d while down", a.status)
	}
	if err := w.Up(); err != nil {
		t.Fatal(err)
	}
	if w.URL() != at {
		t.Errorf("moved from %s to %s", at, w.URL())
	}
	w.writes("tok", rid, "still here")
	w.listening()
}
