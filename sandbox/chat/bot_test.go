package chat_test

import (
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
)

func TestRocketChat_BotMessages(t *testing.T) {
	w := startRC(t, chat.Config{})
	ana := w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	asked := w.writes("tok", rid, "where is it?")

	quote := "[ ](" + w.URL() + "/live/" + rid + "?msg=" + asked + ") not delivered"
	body := m{"message": m{"_id": "own1", "rid": rid, "msg": quote}}
	w.must("POST chat.sendMessage", body)
	if a := w.call(true, "POST chat.sendMessage", body); a.status != 400 || !strings.Contains(a.text("error"), "'starred'") {
		t.Errorf("repeated: %d %s", a.status, a.raw)
	}
	for _, nothing := range []string{"", " \n"} {
		if a := w.call(true, "POST chat.sendMessage", m{"message": m{"rid": rid, "msg": nothing}}); a.text("error") != "Message cannot be empty [error-invalid-message]" {
			t.Errorf("a blank message is answered %d %s", a.status, a.raw)
		}
	}
	w.must("POST chat.react", m{"messageId": asked, "emoji": ":warning:", "shouldReact": true})
	w.must("POST chat.react", m{"messageId": asked, "emoji": ":warning:", "shouldReact": true})
	msgs := w.Messages(rid)
	own := slices.IndexFunc(msgs, func(m chat.Message) bool { return m.ID == "own1" })
	if own < 0 || msgs[own].Quoted != asked || msgs[own].Attachments[0]["text"] != "where is it?" {
		t.Fatalf("quote: %+v", msgs)
	}
	at := slices.IndexFunc(msgs, func(m chat.Message) bool { return m.ID == asked })
	if got := msgs[at].Reactions[":warning:"]; !slices.Equal(got, []string{w.Bot()}) {
		t.Errorf("reactions %v", msgs[at].Reactions)
	}
	w.must("POST chat.react", m{"messageId": asked, "emoji": "warning", "shouldReact": false})
	w.must("POST chat.update", m{"roomId": rid, "msgId": "own1", "text": "delivered"})
	if got := w.must("GET chat.getMessage?msgId=own1", nil); got.text("message", "msg") != "delivered" || got.text("message", "editedAt") == "" {
		t.Errorf("%s", got.raw)
	}
	reply := ana.Replies(rid, asked, "in the thread")
	msgs = w.Messages(rid)
	if msgs[len(msgs)-1].ID != reply || msgs[len(msgs)-1].ThreadID != asked || len(msgs[at].Reactions) != 0 {
		t.Errorf("%+v", msgs)
	}
	ana.Quotes(rid, asked, "this one")
	if msgs = w.Messages(rid); msgs[len(msgs)-1].Quoted != asked {
		t.Errorf("%+v", msgs[len(msgs)-1])
	}
	w.noProblems()

	w.SetRoles(w.Bot(), "user", "bot")
	if a := w.call(true, "POST chat.sendMessage", m{"message": m{"rid": rid, "msg": "x"}}); a.text("errorType") != "error-not-allowed" {
		t.Errorf("sending without access: %s", a.raw)
	}
	if a := w.call(true, "POST chat.react", m{"messageId": asked, "emoji": ":x:"}); a.text("errorType") != "not-authorized" {
		t.Errorf("reacting without access: %s", a.raw)
	}
}

func TestRocketChat_DirectAndGroups(t *testing.T) {
	w := startRC(t, chat.Config{})
	boss := w.AddUser(chat.User{Username: "boss", Roles: []string{"user", "livechat-manager"}})
	ana := w.AddAgent("ana")
	w.must("POST chat.postMessage", m{"channel": "@boss", "text": "psst"})
	room := w.must("POST im.create", m{"username": "boss"}).text("room", "_id")
	w.must("POST chat.sendMessage", m{"message": m{"rid": room, "msg": "again"}})
	var told []string
	for _, d := range w.DirectMessages("boss") {
		told = append(told, d.Text)
	}
	if !slices.Equal(told, []string{"psst", "again"}) {
		t.Errorf("boss was told %q", told)
	}
	gid := w.must("POST groups.create", m{"name": "setup", "members": []string{"boss"}}).text("group", "_id")
	w.must("POST groups.invite", m{"roomId": gid, "userId": ana.ID})
	if got := w.MembersOf("setup"); !slices.Equal(got, []string{"ana", "boss", w.Bot()}) {
		t.Errorf("members %v", got)
	}
	w.must("POST groups.kick", m{"roomId": gid, "userId": ana.ID})
	if a := w.must("GET groups.members?roomId="+gid, nil); a.at("total") != 2.0 {
		t.Errorf("%s", a.raw)
	}
	if a := w.must("GET rooms.info?roomName=setup", nil); a.text("room", "_id") != gid || a.text("room", "t") != "p" {
		t.Errorf("%s", a.raw)
	}
	if a := w.must("GET livechat/users/manager/"+boss.ID, nil); a.text("user", "username") != "boss" {
		t.Errorf("%s", a.raw)
	}
	if a := w.must("GET livechat/users/manager/"+ana.ID, nil); a.at("user") != nil {
		t.Errorf("%s", a.raw)
	}
	if a := w.must("GET livechat/users/agent", nil); a.at("total") != 1.0 {
		t.Errorf("%s", a.raw)
	}
	if a := w.must("GET users.info?userId="+boss.ID, nil); a.text("user", "username") != "boss" || a.at("user", "roles") != nil {
		t.Errorf("%s", a.raw)
	}
	w.SetPermission("view-full-other-user-info", "admin", "bot")
	if a := w.must("GET users.info?username=boss", nil); a.at("user", "roles") == nil {
		t.Errorf("%s", a.raw)
	}
	w.noProblems()
}

func TestRocketChat_RoomsOfTheBot(t *testing.T) {
	var later atomic.Int64
	w := startRC(t, chat.Config{Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) }})
	w.AddUser(chat.User{Username: "boss"})
	w.AddAgent("ana")
	mine := w.DirectRoom("boss", w.Bot())
	crowd := w.DirectRoom("boss", w.Bot(), "ana")
	if crowd == mine || w.DirectRoom("ana", "boss", w.Bot()) != crowd || w.DirectRoom(w.Bot(), "boss") != mine {
		t.Errorf("direct rooms %q and %q", mine, crowd)
	}
	other := w.AddGroup("other", "boss")
	gid := w.must("POST groups.create", m{"name": "setup", "extraData": m{"topic": "first", "broadcast": false, "encrypted": false}}).text("group", "_id")
	listed := func(query string) (ids []string) {
		t.Helper()
		a := w.must("GET rooms.get"+query, nil)
		for _, r := range a.at("update").([]any) {
			ids = append(ids, r.(m)["_id"].(string))
		}
		return ids
	}
	if got := listed(""); !slices.Equal(got, []string{mine, crowd, gid}) {
		t.Errorf("rooms %q", got)
	}
	since := w.must("GET rooms.info?roomId="+gid, nil).text("room", "_updatedAt")
	later.Store(int64(time.Second)) // not in the same millisecond
	w.UserSays("boss", mine, "hello")
	w.UserSays("boss", other, "hello")
	if got := listed("?updatedSince=" + since); !slices.Equal(got, []string{mine}) {
		t.Errorf("rooms %q since %s", got, since)
	}
	if a := w.call(true, "GET rooms.get?updatedSince=soon", nil); a.text("errorType") != "error-updatedSince-param-invalid" {
		t.Errorf("%s", a.raw)
	}
	if a := w.must("GET rooms.info?roomId="+crowd, nil); len(a.at("room", "uids").([]any)) != 3 || len(a.at("room", "usernames").([]any)) != 3 {
		t.Errorf("%s", a.raw)
	}
	w.must("POST groups.setTopic", m{"roomId": gid, "topic": "second"})
	if a := w.must("GET rooms.info?roomName=setup", nil); a.text("room", "topic") != "second" {
		t.Errorf("%s", a.raw)
	}
	w.Joins(other, w.Bot())
	for route, args := range map[string]any{
		"POST groups.setTopic": m{"roomId": other, "topic": "mine"},
		"POST groups.invite":   m{"roomId": other, "userIds": []string{w.Agent("ana").ID}},
	} {
		if a := w.call(true, route, args); a.status != 400 || !strings.Contains(a.raw, "not-allowed") {
			t.Errorf("%s in a group of others: %s", route, a.raw)
		}
	}
	w.Archive(gid)
	if a := w.call(true, "POST chat.sendMessage", m{"message": m{"rid": gid, "msg": "x"}}); a.text("errorType") != "room_is_archived" {
		t.Errorf("%s", a.raw)
	}
	w.noProblems()
}

func TestRocketChat_LinkPreviews(t *testing.T) {
	w := startRC(t, chat.Config{})
	gid := w.must("POST groups.create", m{"name": "setup"}).text("group", "_id")
	const wanted, other = "https://a.example.org/1", "https://b.example.org/2"
	for id, body := range map[string]m{
		"all":  {},
		"none": {"previewUrls": []string{}},
		"one":  {"previewUrls": []string{wanted}},
	} {
		body["message"] = m{"_id": id, "rid": gid, "msg": wanted + " " + other + " " + w.URL() + "/group/setup"}
		w.must("POST chat.sendMessage", body)
		w.waitFor("the links are looked at", func() bool {
			a := w.call(true, "GET chat.getMessage?msgId="+id, nil)
			urls, _ := a.at("message", "urls").([]any)
			return len(urls) == 3
		})
		urls := w.must("GET chat.getMessage?msgId="+id, nil).at("message", "urls").([]any)
		for i, ignored := range map[string][]bool{"all": {false, false, false}, "none": {true, true, false}, "one": {false, true, false}}[id] {
			if got := urls[i].(m)["ignoreParse"] == true; got != ignored {
				t.Errorf("%s: preview of %v left out: %v", id, urls[i], got)
			}
		}
	}
	w.noProblems()
}

func TestRocketChat_SlashText(t *testing.T) {
	w := startRC(t, chat.Config{})
	ana := w.AddAgent("ana")
	if id := ana.Says("general", "/facebook help"); id != "" {
		t.Error("an unknown command was posted")
	}
	if id := ana.SaysRaw("general", "/facebook help"); id == "" {
		t.Error("SaysRaw posted nothing")
	}
	w.SetSetting("Message_AllowUnrecognizedSlashCommand", true)
	if a := w.must("GET settings.public?_id=Message_AllowUnrecognizedSlashCommand", nil); !strings.Contains(a.raw, `"value":true`) {
		t.Errorf("%s", a.raw)
	}
	if id := ana.Says("general", "/facebook help"); id == "" {
		t.Error("not posted although allowed")
	}
	w.AddSlashCommand("facebook")
	if id := ana.Says("general", "/facebook help"); id != "" {
		t.Error("a known command was posted")
	}
	if a := w.must("GET commands.list", nil); !strings.Contains(a.raw, `"facebook"`) {
		t.Errorf("%s", a.raw)
	}
	w.noProblems()
}

func TestRocketChat_VisitorRegistration(t *testing.T) {
	w := startRC(t, chat.Config{LimiterOff: true})
	w.AddAgent("ana")
	register := func(v m) string { return w.must("POST livechat/visitor", m{"visitor": v}).text("visitor", "token") }
	rid := w.openRoom("a", "Jane")
	if got := register(m{"token": "a", "name": "Jane Doe", "phone": "1", "email": "j@example.org"}); got != "a" {
		t.Errorf("same token: %q", got)
	}
	if r, _ := w.Room(rid); r.VisitorName != "Jane Doe" {
		t.Errorf("room is called %q", r.VisitorName)
	}
	if got := register(m{"token": "b", "phone": "1"}); got != "a" {
		t.Errorf("same phone: %q", got)
	}
	if got := register(m{"token": "c", "email": "j@example.org"}); got != "c" {
		t.Errorf("same e-mail: %q", got)
	}
	if n := len(w.Visitors()); n != 1 {
		t.Errorf("%d visitors", n)
	}
	if a := w.call(false, "GET livechat/visitor/a", nil); a.status != 400 {
		t.Errorf("old token still works: %s", a.raw)
	}
	if a := w.must("GET livechat/visitor/c/room", nil); len(a.at("rooms").([]any)) != 1 {
		t.Errorf("%s", a.raw)
	}
}

func TestRocketChat_Deletions(t *testing.T) {
	w := startRC(t, chat.Config{})
	ana := w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	s := w.listening()
	id := ana.Says(rid, "oops")
	w.SetSetting("Message_ShowDeletedStatus", true)
	ana.Deletes(id)
	if h := s.hears(func(h heard) bool { return h.doc["t"] == "rm" }); h.doc["_id"] != id || h.text() != "" {
		t.Errorf("%v", h.doc)
	}
	w.SetSetting("Message_ShowDeletedStatus", false)
	s.send(m{"msg": "sub", "id": "d", "name": "stream-notify-room", "params": []any{rid + "/deleteMessage", false}})
	s.expect("ready")
	id = ana.Says(rid, "oops again")
	ana.Deletes(id)
	f := s.next(func(f m) bool { return f["collection"] == "stream-notify-room" })
	if got := f["fields"].(m)["args"].([]any)[0].(m)["_id"]; got != id {
		t.Errorf("%v", f)
	}
	if a := w.call(true, "GET livechat/message/"+id, url.Values{"token": {"tok"}, "rid": {rid}}); a.text("error") != "invalid-message" {
		t.Errorf("%s", a.raw)
	}
}

func TestRocketChat_RoomMoments(t *testing.T) {
	w := startRC(t, chat.Config{})
	ana := w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	ana.Holds(rid)
	w.writes("tok", rid, "still there?")
	if r, _ := w.Room(rid); r.OnHold {
		t.Error("the visitor's message did not resume the chat")
	}
	w.must("POST livechat/room.saveInfo", m{
		"guestData": m{"_id": w.Visitors()[0].ID}, "roomData": m{"_id": rid, "topic": "Facebook", "tags": []string{"page"}, "livechatData": m{"psid": "1"}},
	})
	if r, _ := w.Room(rid); r.Topic != "Facebook" || !slices.Equal(r.Tags, []string{"page"}) || r.CustomFields["psid"] != "1" || r.SavedInfo == nil {
		t.Errorf("%+v", r)
	}
	w.LandInNewRoom(rid)
	a := w.must("POST livechat/message", m{"token": "tok", "rid": rid, "msg": "landed"})
	if got := a.text("message", "rid"); got == rid || len(w.Rooms()) != 2 {
		t.Errorf("landed in %q", got)
	}
	rid = a.text("message", "rid")
	w.must("POST livechat/room.closeByUser", m{"rid": rid, "comment": "done"})
	r, _ := w.Room(rid)
	if r.Open || r.ClosedBy != w.Bot() || r.Closer != "user" || r.Comment != "done" {
		t.Errorf("%+v", r)
	}
	if a := w.call(true, "POST livechat/room.closeByUser", m{"rid": rid, "comment": "done"}); a.text("error") != "error-room-already-closed" {
		t.Errorf("%s", a.raw)
	}
	rid = w.openRoom("tok", "Jane")
	w.CloseByInactivity(rid)
	if r, _ := w.Room(rid); r.Open || r.ClosedBy != "ana" {
		t.Errorf("%+v", r)
	}
	rid = w.openRoom("tok", "Jane")
	w.VisitorCloses(rid)
	if r, _ := w.Room(rid); r.Open || r.Closer != "visitor" {
		t.Errorf("%+v", r)
	}
	w.noProblems()
}
