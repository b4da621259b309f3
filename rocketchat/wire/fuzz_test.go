package wire

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
)

// FuzzMessage reads messages as anybody may write them: none stops the program, none holds
// more files than one message may, and what is the bot's own or a customer's is no agent's.
func FuzzMessage(f *testing.F) {
	for _, m := range []string{
		`{"_id":"1","rid":"r","u":{"_id":"a","username":"ana"},"msg":"hi","ts":{"$date":1763632801000}}`,
		`{"_id":"1","rid":"r","u":{"_id":"a"},"msg":"","attachments":[{"title":"x","title_link":"/file-upload/1/x","type":"file"},{"message_link":"http://h/?msg=2","text":"quoted","attachments":[{}]}]}`,
		`{"_id":"1","rid":"r","u":{"_id":"a"},"msg":"x","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"y"},"accessory":{"type":"button","text":{"text":"z"}}}],"location":{"type":"Point","coordinates":[1,2]}}`,
		`{"_id":"1","rid":"r","t":"livechat-close","u":{"_id":"a"},"token":"t","editedAt":"2026-11-20T10:00:00.000Z"}`,
		`{"_id":1,"rid":[],"u":"x","msg":{},"attachments":{},"files":[{"_id":"f","name":"n","type":"t","size":"1"}]}`,
	} {
		f.Add([]byte(m))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var m Message
		if json.Unmarshal(body, &m) != nil {
			return
		}
		_, _ = m.Deleted("me")
		_ = m.ByPeople("me")
		a, ok := m.FromAgent(bridge.Author{ID: "me", Username: "bridge.bot"}, markup.Reader{})
		if ok && (m.Visitor != "" || m.User.ID == "me") {
			t.Errorf("%s: taken for an agent's", body)
		}
		if len(a.Attachments) > bridge.MostAttached {
			t.Errorf("%d files", len(a.Attachments))
		}
		if utf8.Valid(body) && !utf8.ValidString(a.Text) {
			t.Errorf("%s: says %q", body, a.Text)
		}
	})
}
