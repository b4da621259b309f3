package ddp

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
	"messenger-bridge/rocketchat/wire"
)

const roomFrame = `{"msg":"changed","collection":"stream-room-messages","id":"id","fields":{"eventName":"__my_messages__","args":[
 {"_id":"Yq2","rid":"vJ4","msg":"Hello","ts":{"$date":1763632801000},"u":{"_id":"agent1","username":"ana","name":"Ana"},"_updatedAt":{"$date":1763632801020},"urls":[],"mentions":[],"channels":[],"md":[{"type":"PARAGRAPH","value":[{"type":"PLAIN_TEXT","value":"Hello"}]}]},
 {"roomParticipant":false,"roomType":"l"}]}}`

// decoded runs frames through a connection as it reads them and returns what it
// hands on.
func decoded(tb testing.TB, frames ...string) (messages []wire.Message) {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for _, f := range frames {
			if conn.WriteMessage(websocket.TextMessage, []byte(f)) != nil {
				return
			}
		}
	}))
	defer server.Close()
	d, err := Dial(tb.Context(), server.URL, 5*time.Second, Events{Message: func(m wire.Message) error {
		messages = append(messages, m)
		return nil
	}})
	if err != nil {
		tb.Fatal(err)
	}
	defer d.HangUp()
	_ = d.Read() // ends with the connection
	return messages
}

func TestFrames_LongerThanMayBe_EndNothing(t *testing.T) {
	long := strings.Replace(roomFrame, "Hello", strings.Repeat("x", maxFrame), 1)
	if got := decoded(t, long, roomFrame); len(got) != 1 || got[0].Text != "Hello" {
		t.Errorf("%d messages are heard", len(got))
	}
}

func TestFrames_OddOnes_LoseNoMessage(t *testing.T) {
	odd := []string{
		`{"server_id":"0"}`, `not JSON`, `[]`, `null`, `{}`, `{"msg":5}`,
		`{"msg":"added","collection":"users","id":"u","fields":{"username":"x","args":"none"}}`,
		`{"msg":"result","id":"77","result":{}}`, `{"msg":"ready","subs":["1"]}`,
		`{"msg":"changed","collection":"stream-room-messages","fields":{"eventName":"__my_messages__","args":[]}}`,
		`{"msg":"changed","fields":{"eventName":"__my_messages__","args":[null,{"roomType":"l"},1,2,3]}}`,
		strings.Replace(roomFrame, `"roomType":"l"`, `"roomType":"c"`, 1),
	}
	got := decoded(t, append(odd, roomFrame)...)
	last := got[len(got)-1]
	if last.ID != "Yq2" || last.Text != "Hello" || last.At.UnixMilli() != 1763632801000 || last.User.Username != "ana" {
		t.Errorf("decoded %+v", last)
	}
}

func TestFrames_FieldOfAnotherType_MessageIsKept(t *testing.T) {
	for _, change := range [][2]string{
		{`"urls":[]`, `"attachments":"none"`}, {`{"$date":1763632801000}`, `"soon"`}, {`{"$date":1763632801000}`, `5`},
		{`"name":"Ana"`, `"name":7`}, {`"urls":[]`, `"bot":{"i":"js.SDK"}`},
		{`"id":"id"`, `"id":7`}, {`"id":"id"`, `"id":{"of":[1]}`},
	} {
		got := decoded(t, strings.Replace(roomFrame, change[0], change[1], 1))
		if len(got) != 1 || got[0].Text != "Hello" {
			t.Errorf("%v: decoded %+v", change, got)
		}
	}
}

func TestFrames_SubscriptionEnds_ConnectionEnds(t *testing.T) {
	d := &Conn{calls: map[string]chan<- frame{}}
	if err := d.handle(frame{Msg: "nosub", ID: "3"}, wire.Message{}, where{}, nil); err == nil {
		t.Error("nobody notices that the subscription is over")
	}
	refused := make(chan frame, 1)
	d.calls["4"] = refused
	if err := d.handle(frame{Msg: "nosub", ID: "4"}, wire.Message{}, where{}, nil); err != nil || len(refused) != 1 {
		t.Errorf("a refused subscription is answered with %v", err)
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(roomFrame)
	f.Add(`{"msg":"result","id":"1","error":{"error":403,"reason":"no"}}`)
	f.Add(`{"msg":"changed","fields":{"eventName":"__my_messages__","args":[{"ts":"2026"},{"roomType":"l"}]}}`)
	f.Fuzz(func(t *testing.T, s string) {
		d := &Conn{take: Events{Message: func(m wire.Message) error {
			m.FromAgent(bridge.Author{ID: "me", Username: "bridge.bot"}, markup.Reader{})
			return nil
		}}, calls: map[string]chan<- frame{}}
		var p parser
		if p.parse([]byte(s)) && p.frame.Msg != "ping" && p.frame.Msg != "nosub" { // the one needs a connection, the other ends it
			if err := d.handle(p.frame, p.message, p.where, nil); err != nil {
				t.Error(err)
			}
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	ignored := strings.Replace(roomFrame, `"roomType":"l"`, `"roomType":"c"`, 1)
	for name, s := range map[string]string{"room": roomFrame, "ignored": ignored} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var p parser
			for b.Loop() {
				p.parse([]byte(s))
			}
		})
	}
}
