package ddp

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
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
		{`"name":"Ana"`, `"name":7`}, {`"urls":[]`, `"bot":{"i":"js.SDK"}`}, {`"mentions":[]`, `"mentions":"all"`}, {`"urls":[]`, `"attachments":[{"title":1e999}]`},
		{`"id":"id"`, `"id":7`}, {`"id":"id"`, `"id":{"of":[1]}`},
	} {
		got := decoded(t, strings.Replace(roomFrame, change[0], change[1], 1))
		if len(got) != 1 || got[0].Text != "Hello" || got[0].Kind != wire.CustomerRoom {
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
	f.Add(strings.Replace(roomFrame, `"mentions":[]`, `"bot":{"i":"js.SDK"},"mentions":[{"_id":"u","username":"bo"}],"attachments":[{"title":7,"text":{"text":"x"},"fields":[{"title":"a","value":1}],"attachments":[{"message_link":"http://h/?msg=2"}]}],"file":{"_id":"f","size":"1"},"files":[{"_id":"f","size":1.5}],"blocks":[{"type":"section","text":{"type":"mrkdwn","text":"y"},"elements":[1]}],"location":{"type":"Point","coordinates":[1,2]},"reactions":{":+1:":{"usernames":["ana"]}},"tmid":"t","t":"rm","editedAt":"2026-11-20T10:00:00.000Z"`, 1))
	f.Add(`{"Msg":"changed","fields":{"eventName":"__my_messages__","args":[{"_ID":"\u0041\ud800","msg":"a","msg":"b","u":null,"ts":[1]},{"roomType":null},3]}}`)
	f.Add(`{"msg":"result","id":"1","error":{"error":403,"reason":"no"}}`)
	f.Add(`{"msg":"changed","fields":{"eventName":"__my_messages__","args":[{"ts":"2026"},{"roomType":"l"}]}}`)
	f.Fuzz(func(t *testing.T, s string) {
		d := &Conn{take: Events{Message: func(m wire.Message) error {
			m.FromAgent(bridge.Author{ID: "me", Username: "bridge.bot"}, markup.Reader{})
			return nil
		}}, calls: map[string]chan<- frame{}}
		var p, standard parser
		standard.frame.Fields.Args = [2]any{&standard.message, &standard.where}
		is, as := p.parse([]byte(s)), wire.Tolerable(json.Unmarshal([]byte(s), &standard.frame))
		p.frame.Fields.Args, standard.frame.Fields.Args = [2]any{}, [2]any{} // pointers to what is compared
		if is != as || is && !reflect.DeepEqual(p, standard) {
			t.Errorf("%q is %v, %+v\nand of encoding/json %v, %+v", s, is, p, as, standard)
		}
		if is && p.frame.Msg != "ping" && p.frame.Msg != "nosub" { // the one needs a connection, the other ends it
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
			before, after, _ := bytes.Cut([]byte(s), []byte("Yq2"))
			var frame []byte
			var p parser
			for n := 0; b.Loop(); n++ { // no id comes twice
				frame = append(strconv.AppendInt(append(frame[:0], before...), int64(n), 36), after...)
				p.parse(frame)
			}
		})
	}
}
