package chat_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
)

func TestRocketChat_RepeatedMessageID(t *testing.T) {
	for _, c := range []struct {
		profile chat.Profile
		status  int
	}{{chat.V8, 200}, {chat.V7, 400}} {
		t.Run(fmt.Sprint(c.status), func(t *testing.T) {
			w := startRC(t, chat.Config{Profile: c.profile, LimiterOff: true})
			w.AddAgent("ana")
			rid := w.openRoom("tok", "Jane")
			body := m{"token": "tok", "rid": rid, "msg": "once", "_id": "fb1"}
			if got := w.must("POST livechat/message", body).text("message", "_id"); got != "fb1" {
				t.Errorf("_id %q", got)
			}
			body["msg"] = "twice"
			a := w.call(true, "POST livechat/message", body)
			if a.status != c.status {
				t.Fatalf("%d %s", a.status, a.raw)
			}
			if c.status == 200 && a.text("message", "msg") != "once" {
				t.Errorf("repeated: %s", a.raw)
			}
			if c.status == 400 && a.text("error") != "Cannot convert undefined or null to object" {
				t.Errorf("repeated: %s", a.raw)
			}
			if got := w.CustomerTexts(rid); len(got) != 1 || got[0] != "once" {
				t.Errorf("agents see %q", got)
			}
		})
	}
}

func TestRocketChat_Refusals(t *testing.T) {
	w := startRC(t, chat.Config{LimiterOff: true})
	ana := w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	w.must("POST livechat/visitor", m{"visitor": m{"token": "other"}})
	closed := w.openRoom("gone", "Joe")
	ana.Closes(closed, "bye")
	for _, c := range []struct {
		what, route string
		args        any
		status      int
		text        string
		asBot       bool
	}{
		{"unknown token", "POST livechat/message", m{"token": "x", "rid": rid, "msg": ""}, 400, "invalid-token", false},
		{"foreign room", "POST livechat/message", m{"token": "other", "rid": rid, "msg": ""}, 400, "invalid-room", false},
		{"closed room", "POST livechat/message", m{"token": "gone", "rid": closed, "msg": ""}, 400, "room-closed", false},
		{"survey of a foreign room", "POST livechat/room.survey", m{"token": "other", "rid": rid, "data": []any{m{"name": "satisfaction", "value": "5"}}}, 400, "invalid-room", false},
		{"survey without a mark", "POST livechat/room.survey", m{"token": "gone", "rid": closed, "data": []any{m{"name": "satisfaction", "value": "6"}}}, 400, "invalid-data", false},
		{"missing key", "POST livechat/message", m{"token": "tok", "rid": rid}, 400, "must have required property 'msg'", false},
		{"unknown key", "POST livechat/message", m{"token": "tok", "rid": rid, "msg": "", "ts": 1}, 400, "must NOT have additional properties", false},
		{"closed rid", "GET livechat/room", url.Values{"token": {"gone"}, "rid": {closed}}, 400, "invalid-room", false},
		{"query key", "GET livechat/room", url.Values{"token": {"gone"}, "department": {"x"}}, 400, "Match error: Unknown key in field department", false},
		{"no login", "GET livechat/rooms", nil, 401, "You must be logged in to do this.", false},
		{"unknown department", "POST livechat/visitor", m{"visitor": m{"token": "n", "department": "x"}}, 400, "error-invalid-department", false},
		{"empty token", "POST livechat/visitor", m{"visitor": m{"token": ""}}, 400, "Token cannot be empty [error-invalid-token]", false},
		{"unknown visitor", "GET livechat/visitor/x", nil, 400, "[invalid-token]", false},
		{"no comment", "POST livechat/room.closeByUser", m{"rid": rid}, 400, "error-comment-is-required", true},
		{"duplicate channel", "POST channels.create", m{"name": "general"}, 400, "[error-duplicate-channel-name]", true},
		{"bad emoji", "POST chat.react", m{"messageId": w.Messages(rid)[0].ID, "emoji": ":No Way:"}, 400, "[error-not-allowed]", true},
	} {
		t.Run(c.what, func(t *testing.T) {
			a := w.call(c.asBot, c.route, c.args)
			if a.status != c.status || !strings.Contains(a.text("error"), c.text) || a.at("success") != false {
				t.Errorf("%d %s", a.status, a.raw)
			}
		})
	}
	w.SetRoles(w.Bot(), "user", "bot")
	if a := w.call(true, "GET livechat/rooms", nil); a.status != 403 {
		t.Errorf("without permission: %d %s", a.status, a.raw)
	}
}

func TestRocketChat_RoomOpening(t *testing.T) {
	open := func(w *rcWorkspace) rcAnswer {
		w.must("POST livechat/visitor", m{"visitor": m{"token": "tok", "name": "Jane"}})
		return w.call(true, "GET livechat/room", url.Values{"token": {"tok"}})
	}
	t.Run("served", func(t *testing.T) {
		w := startRC(t, chat.Config{})
		w.AddAgent("ana")
		a := open(w)
		if a.at("newRoom") != true || a.text("room", "servedBy", "username") != "ana" {
			t.Errorf("%s", a.raw)
		}
		if b := open(w); b.at("newRoom") != false || b.text("room", "_id") != a.text("room", "_id") {
			t.Errorf("second: %s", b.raw)
		}
	})
	t.Run("nobody", func(t *testing.T) {
		w := startRC(t, chat.Config{})
		w.AddAgent("ana").GoesOffline()
		if a := open(w); a.status != 400 || a.text("errorType") != "no-agent-online" || a.text("error") != "Sorry, no online agents [no-agent-online]" {
			t.Errorf("%s", a.raw)
		}
		if a := w.must("GET livechat/config", nil); a.at("config", "online") != false {
			t.Errorf("config: %s", a.raw)
		}
		w.SetSetting("Livechat_accept_chats_with_no_agents", true)
		if a := open(w); a.status != 200 || a.at("room", "servedBy") != nil {
			t.Errorf("%s", a.raw)
		}
	})
	t.Run("presence", func(t *testing.T) {
		for profile, status := range map[chat.Profile]int{chat.V8: 400, chat.V7: 200} {
			w := startRC(t, chat.Config{Profile: profile})
			w.AddAgent("ana").LosesPresence()
			if a := open(w); a.status != status {
				t.Errorf("profile %v: %s", profile, a.raw)
			}
		}
	})
	t.Run("queue", func(t *testing.T) {
		w := startRC(t, chat.Config{})
		w.SetSetting("Livechat_Routing_Method", "Manual_Selection")
		ana := w.AddAgent("ana")
		rid := open(w).text("room", "_id")
		if r, _ := w.Room(rid); !r.Queued || r.ServedBy != "" {
			t.Errorf("%+v", r)
		}
		ana.Takes(rid)
		if r, _ := w.Room(rid); r.Queued || r.ServedBy != "ana" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("department", func(t *testing.T) {
		w := startRC(t, chat.Config{})
		w.AddAgent("ana")
		ben := w.AddAgent("ben")
		dep := w.AddDepartment("sales", "ben")
		w.must("POST livechat/visitor", m{"visitor": m{"token": "tok", "department": "sales"}})
		a := open(w)
		if a.text("room", "departmentId") != dep || a.text("room", "servedBy", "username") != "ben" {
			t.Errorf("%s", a.raw)
		}
		ben.Closes(a.text("room", "_id"), "bye")
		ben.GoesOffline()
		if a := open(w); a.text("errorType") != "no-agent-online" {
			t.Errorf("%s", a.raw)
		}
		if a := w.must("GET livechat/config?department="+dep, nil); a.at("config", "online") != false {
			t.Errorf("config: %s", a.raw)
		}
	})
	t.Run("blocked and disabled", func(t *testing.T) {
		w := startRC(t, chat.Config{})
		w.AddAgent("ana")
		rid := w.openRoom("tok", "Jane")
		w.BlockVisitor("tok", true)
		if a := w.call(true, "POST livechat/message", m{"token": "tok", "rid": rid, "msg": "x"}); a.text("error") != "error-contact-channel-blocked" {
			t.Errorf("%s", a.raw)
		}
		w.SetSetting("Livechat_enabled", false)
		if a := w.call(true, "POST livechat/message", m{"token": "tok", "rid": rid, "msg": "x"}); a.text("error") != "[error-omnichannel-is-disabled]" {
			t.Errorf("%s", a.raw)
		}
	})
}

func TestRocketChat_ParallelRooms(t *testing.T) {
	for profile, want := range map[chat.Profile]int{chat.V8: 1, chat.V7: 2} {
		w := startRC(t, chat.Config{Profile: profile})
		w.AddAgent("ana")
		w.must("POST livechat/visitor", m{"visitor": m{"token": "tok"}})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { w.callCtx(t.Context(), true, "GET livechat/room", url.Values{"token": {"tok"}}) })
		}
		wg.Wait()
		if got := len(w.Rooms()); got != want {
			t.Errorf("profile %v: %d rooms, want %d", profile, got, want)
		}
	}
}

func TestRocketChat_CatchUp(t *testing.T) {
	w := startRC(t, chat.Config{})
	w.ReemitAfter(0)
	ana := w.AddAgent("ana")
	var rids []string
	for i := range 3 {
		rids = append(rids, w.openRoom(fmt.Sprint("tok", i), fmt.Sprint("Jane ", i)))
	}
	for i := range 5 {
		w.writes("tok0", rids[0], fmt.Sprint("text ", i))
	}
	ana.Closes(rids[2], "bye")

	a := w.must("GET livechat/rooms", url.Values{"open": {"true"}, "sort": {`{"lm":-1}`}, "count": {"1"}})
	rooms := a.at("rooms").([]any)
	if a.at("total") != 2.0 || a.at("count") != 1.0 || rooms[0].(m)["_id"] != rids[0] {
		t.Errorf("first page: %s", a.raw)
	}
	a = w.must("GET livechat/rooms", url.Values{"open": {"true"}, "sort": {`{"lm":-1}`}, "count": {"1"}, "offset": {"1"}})
	if rooms = a.at("rooms").([]any); rooms[0].(m)["_id"] != rids[1] {
		t.Errorf("second page: %s", a.raw)
	}
	a = w.must("GET livechat/rooms", url.Values{"open": {"false"}, "closedAt": {`{"start":"2020-01-01T00:00:00.000Z"}`}})
	if rooms = a.at("rooms").([]any); len(rooms) != 1 || rooms[0].(m)["closingMessage"] != "bye" {
		t.Errorf("closed: %s", a.raw)
	}

	seen := w.Messages(rids[0])
	mark := seen[len(seen)-1].Updated.Format("2006-01-02T15:04:05.000Z")
	lm, _ := w.Room(rids[0])
	ana.Says(rids[1], "elsewhere")
	deleted := ana.Says(rids[0], "y")
	first := seen[len(seen)-5].ID
	ana.Edits(first, "text 0, edited")
	ana.Deletes(deleted)
	a = w.must("GET chat.syncMessages", url.Values{"roomId": {rids[0]}, "lastUpdate": {mark}})
	updated, gone := a.at("result", "updated").([]any), a.at("result", "deleted").([]any)
	if len(updated) != 1 || updated[0].(m)["_id"] != first || len(gone) != 1 || gone[0].(m)["_id"] != deleted {
		t.Errorf("sync: %s", a.raw)
	}
	if now, _ := w.Room(rids[0]); !now.LastMessage.After(lm.LastMessage) {
		t.Error("lm did not move with a new message")
	}

	history := "GET livechat/messages.history/" + rids[0]
	a = w.must(history, url.Values{"token": {"tok0"}, "limit": {"2"}})
	page := a.at("messages").([]any)
	if len(page) != 2 || page[0].(m)["msg"] != "text 4" {
		t.Fatalf("history: %s", a.raw)
	}
	a = w.must(history, url.Values{"token": {"tok0"}, "limit": {"2"}, "end": {page[1].(m)["ts"].(string)}})
	if page = a.at("messages").([]any); page[0].(m)["msg"] != "text 2" {
		t.Errorf("history before: %s", a.raw)
	}
	w.noProblems()
}

func TestRocketChat_Faults(t *testing.T) {
	const route = "POST livechat/message"
	for _, c := range []struct {
		what   string
		fault  chat.Fault
		status int // 0 = no answer
		stored bool
	}{
		{"refused before", chat.Fault{Status: 502}, 502, false},
		{"refused after", chat.Fault{Status: 502, Effect: true}, 502, true},
		{"cut before", chat.Fault{Cut: true}, 0, false},
		{"cut after, in the body", chat.Fault{Cut: true, Effect: true, Body: `{"success":true}`}, 0, true},
		{"hang before", chat.Fault{Hang: true}, 0, false},
		{"hang after", chat.Fault{Hang: true, Effect: true}, 0, true},
		{"delayed", chat.Fault{Delay: time.Millisecond}, 200, true},
		{"other route", chat.Fault{Route: "GET me", Status: 500}, 200, true},
		{"no match", chat.Fault{Status: 500, Match: func(*http.Request, []byte) bool { return false }}, 200, true},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := startRC(t, chat.Config{})
			w.AddAgent("ana")
			rid := w.openRoom("tok", "Jane")
			if c.fault.Route == "" {
				c.fault.Route = route
			}
			c.fault.Times = 1
			clear := w.Inject(c.fault)
			defer clear()
			patience := rcPatience
			if c.fault.Hang {
				patience = 50 * time.Millisecond
			}
			ctx, stop := context.WithTimeout(t.Context(), patience)
			defer stop()
			body := m{"token": "tok", "rid": rid, "msg": "x", "_id": "fb1"}
			a := w.callCtx(ctx, true, route, body)
			if c.status == 0 && a.err == nil || c.status != 0 && a.status != c.status {
				t.Fatalf("answer %d %s %v", a.status, a.raw, a.err)
			}
			if c.status == 502 && !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
				t.Errorf("type %q", a.header.Get("Content-Type"))
			}
			if got := len(w.CustomerTexts(rid)) == 1; got != c.stored {
				t.Errorf("stored %v", got)
			}
			w.must(route, body)
			if got := w.CustomerTexts(rid); len(got) != 1 {
				t.Errorf("after the retry agents see %q", got)
			}
			w.noProblems()
		})
	}
}

func TestRocketChat_Hang(t *testing.T) {
	w := startRC(t, chat.Config{})
	s := w.connected()
	w.Hang(true)
	s.send(m{"msg": "ping"})
	answer := make(chan rcAnswer, 1)
	go func() { answer <- w.callCtx(t.Context(), true, "GET me", nil) }()
	w.waitFor("call arrived", func() bool { return w.CountCalls("GET me") == 1 })
	select {
	case a := <-answer:
		t.Errorf("answered %d", a.status)
	default:
	}
	w.Hang(false)
	if a := <-answer; a.status != 200 {
		t.Errorf("afterwards: %d %v", a.status, a.err)
	}
	s.expect("pong")
}

func TestRocketChat_NotesImpossibleUse(t *testing.T) {
	w := startRC(t, chat.Config{})
	w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	w.Inject(chat.Fault{Route: "POST livechat/message", Delay: 30 * time.Millisecond})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			w.callCtx(t.Context(), true, "POST livechat/message", m{"token": "tok", "rid": rid, "msg": "x"})
		})
	}
	wg.Wait()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL()+"/api/v1/livechat/visitor", strings.NewReader(`{"visitor":{}}`))
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 400 {
		t.Errorf("without content type: %d", res.StatusCode)
	}
	all := strings.Join(w.Problems(), "\n")
	for _, want := range []string{"two overlapping", "Content-Type"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q not noted in:\n%s", want, all)
		}
	}
}
