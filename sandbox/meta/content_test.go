package meta_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"messenger-bridge/sandbox/meta"
)

// upload sends files, each of this type and content, as one message.
func (g graph) upload(kind, name, mediaType string, contents ...[]byte) reply {
	g.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	form.WriteField("recipient", `{"id":"`+customer+`"}`)
	form.WriteField("messaging_type", "RESPONSE")
	form.WriteField("message", `{"metadata":"token 1","attachment":{"type":"`+kind+`","payload":{}}}`)
	for _, content := range contents {
		part, _ := form.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {fmt.Sprintf(`form-data; name="filedata"; filename=%q`, name)}, "Content-Type": {mediaType},
		})
		part.Write(content)
	}
	form.Close()
	req, err := http.NewRequest(http.MethodPost, g.m.URL()+"/v26.0/"+pageID+"/messages?appsecret_proof="+g.m.Proof(g.token), &body)
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	req.Header.Set("Content-Type", form.FormDataContentType())
	return readReply(http.DefaultClient.Do(req))
}

var png = []byte("\x89PNG\r\n\x1a\n and more")

func TestMessengerSend_Files(t *testing.T) {
	envelope := func(m *meta.Messenger, g graph) int { // what a form adds to the content
		lo, hi := 0, 2000
		for lo < hi {
			mid := (lo + hi) / 2
			if g.upload("file", "a.pdf", "application/pdf", make([]byte, 25<<20-mid)).status == 200 {
				hi = mid
			} else {
				lo = mid + 1
			}
		}
		return lo
	}
	tests := []struct {
		name, kind, file, media string
		contents                [][]byte
		code, sub               int
	}{
		{"image", "image", "a.png", "image/png", [][]byte{png}, 0, 0},
		{"image that is text", "image", "a.png", "image/png", [][]byte{[]byte("hello")}, 100, 2018047},
		{"webp", "image", "a.webp", "image/webp", [][]byte{[]byte("RIFF")}, 100, 2018047},
		{"document", "file", "a.pdf", "application/pdf", [][]byte{[]byte("%PDF-1.7")}, 0, 0},
		{"mp3", "audio", "a.mp3", "audio/mpeg", [][]byte{[]byte("ID3\x03")}, 0, 0},
		{"ogg as audio", "audio", "a.ogg", "audio/ogg", [][]byte{[]byte("OggS")}, 100, 2018047},
		{"ogg as file", "file", "a.ogg", "audio/ogg", [][]byte{[]byte("OggS")}, 0, 0},
		{"video", "video", "a.mp4", "video/mp4", [][]byte{[]byte("\x00\x00\x00\x18ftypmp42")}, 0, 0},
		{"no file", "file", "", "", nil, 100, 2018005},
		{"two files", "file", "a.txt", "text/plain", [][]byte{{'a'}, {'b'}}, 100, 2018005},
		{"empty file", "file", "a.txt", "text/plain", [][]byte{{}}, 100, 2018047},
		{"unknown type", "sticker", "a.png", "image/png", [][]byte{png}, 100, 0},
		{"too big", "file", "a.pdf", "application/pdf", [][]byte{make([]byte, 25<<20)}, 100, 2018109},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, g, _ := startMessenger(t, meta.Config{})
			r := g.upload(tt.kind, tt.file, tt.media, tt.contents...)
			if r.code != tt.code || r.sub != tt.sub {
				t.Fatalf("got %d %d/%d: %s", r.status, r.code, r.sub, r.body)
			}
			if tt.code != 0 {
				if len(sees(m)) != 0 {
					t.Error("delivered")
				}
				return
			}
			sum := sha256.Sum256(tt.contents[0])
			want := meta.SentFile{Type: tt.kind, Name: tt.file, ContentType: tt.media, Size: int64(len(tt.contents[0])), SHA256: hex.EncodeToString(sum[:])}
			if got := m.CustomerSees(pageID, customer); len(got) != 1 || got[0].File != want {
				t.Errorf("customer sees %+v", got)
			}
			noProblems(t, m)
		})
	}
	t.Run("the limit counts the whole body", func(t *testing.T) {
		m, g, _ := startMessenger(t, meta.Config{})
		if n := envelope(m, g); n < 100 || n > 1900 {
			t.Errorf("a form adds %d bytes", n)
		}
	})
}

func TestMessengerSend_ButtonsAndQuickReplies(t *testing.T) {
	button := func(text string, buttons ...string) string {
		return `{"attachment":{"type":"template","payload":{"template_type":"button","text":"` + text + `","buttons":[` + strings.Join(buttons, ",") + `]}}}`
	}
	quick := func(n int, title, payload string) string {
		one := `{"content_type":"text","title":"` + title + `","payload":"` + payload + `"}`
		return `{"text":"x","quick_replies":[` + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + `]}`
	}
	yes, link := `{"type":"postback","title":"Yes","payload":"YES"}`, `{"type":"web_url","title":"Shop","url":"https://shop.ex.test/"}`
	tests := []struct {
		name, message string
		code, sub     int
	}{
		{"buttons", button("Which?", yes, link), 0, 0},
		{"three", button("Which?", yes, link, yes), 0, 0},
		{"four", button("Which?", yes, link, yes, yes), 105, 0},
		{"none", button("Which?"), 194, 0},
		{"text of 640", button(strings.Repeat("x", 640), yes), 0, 0},
		{"text of 641", button(strings.Repeat("x", 641), yes), 100, 0},
		{"no title", button("x", `{"type":"postback","payload":"YES"}`), 100, 2018053},
		{"title of 21", button("x", `{"type":"postback","title":"`+strings.Repeat("x", 21)+`","payload":"YES"}`), 100, 0},
		{"no payload", button("x", `{"type":"postback","title":"Yes"}`), 100, 2018040},
		{"no address", button("x", `{"type":"web_url","title":"Yes"}`), 100, 2018041},
		{"text and attachment", `{"text":"x","attachment":{"type":"image"}}`, 100, 0},
		{"13 quick replies", quick(13, strings.Repeat("x", 20), strings.Repeat("p", 1000)), 0, 0},
		{"14 quick replies", quick(14, "x", "p"), 105, 0},
		{"no quick reply", quick(0, "", ""), 194, 0},
		{"quick reply of 21", quick(1, strings.Repeat("x", 21), "p"), 100, 0},
		{"quick reply without payload", quick(1, "x", ""), 100, 0},
		{"payload of 1001", quick(1, "x", strings.Repeat("p", 1001)), 100, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, g, _ := startMessenger(t, meta.Config{})
			r := g.post(`{"recipient":{"id":"` + customer + `"},"messaging_type":"RESPONSE","message":` + tt.message + `}`)
			if r.code != tt.code || r.sub != tt.sub {
				t.Errorf("got %d %d/%d: %s", r.status, r.code, r.sub, r.body)
			}
			got := m.CustomerSees(pageID, customer)
			if (len(got) == 1) != (tt.code == 0) || len(got) == 1 && len(got[0].Buttons)+len(got[0].Quick) == 0 {
				t.Errorf("customer sees %+v", got)
			}
		})
	}
}

func TestMessengerSend_Personas(t *testing.T) {
	m, g, _ := startMessenger(t, meta.Config{})
	picture := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/svg" {
			w.Write([]byte("<svg/>"))
			return
		}
		w.Write(png)
	}))
	defer picture.Close()
	create := func(name, path string) reply {
		return g.do(http.MethodPost, "/v26.0/"+pageID+"/personas", nil, `{"name":"`+name+`","profile_picture_url":"`+picture.URL+path+`"}`)
	}
	if r := create("Ana", "/svg"); r.code != 100 {
		t.Errorf("a picture that is none: %s", r.body)
	}
	if r := create(strings.Repeat("x", 51), "/png"); r.code != 100 {
		t.Errorf("a name of 51: %s", r.body)
	}
	r := create("Ana", "/png")
	id, _ := r.json["id"].(string)
	if r.status != 200 || id == "" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if r := g.get("/v26.0/" + pageID + "/personas"); !strings.Contains(r.body, `"name":"Ana"`) {
		t.Errorf("list %s", r.body)
	}
	send := func(id string) reply {
		return g.post(`{"recipient":{"id":"` + customer + `"},"messaging_type":"RESPONSE","persona_id":"` + id + `","message":{"text":"x"}}`)
	}
	if r := send("1"); r.code != 100 {
		t.Errorf("unknown persona: %s", r.body)
	}
	if r := send(id); r.status != 200 {
		t.Errorf("%s", r.body)
	}
	if r := g.do(http.MethodDelete, "/v26.0/"+id, nil, ""); r.status != 200 || len(m.Personas(pageID)) != 0 {
		t.Errorf("delete %s", r.body)
	}
	if r := send(id); r.code != 100 {
		t.Errorf("deleted persona: %s", r.body)
	}
	if got := m.CustomerSees(pageID, customer); len(got) != 1 || got[0].Persona != "Ana" {
		t.Errorf("customer sees %+v", got)
	}
}

func TestMessengerSend_PageReacts(t *testing.T) {
	m, g, hook := startMessenger(t, meta.Config{})
	mid := m.CustomerWrites(pageID, customer, "Thanks")
	act := func(body string) reply {
		return g.post(`{"recipient":{"id":"` + customer + `"},` + body + `}`)
	}
	if r := act(`"sender_action":"react","payload":{"message_id":"m_none","reaction":"❤"}`); r.code != 100 {
		t.Errorf("unknown message: %s", r.body)
	}
	if r := act(`"sender_action":"react","payload":{"message_id":"` + mid + `"}`); r.code != 100 {
		t.Errorf("no reaction: %s", r.body)
	}
	reaction := func() string { return m.Thread(pageID, customer)[1].PageReaction }
	if r := act(`"sender_action":"react","payload":{"message_id":"` + mid + `","reaction":"❤"}`); r.status != 200 || reaction() != "❤" {
		t.Errorf("%s, customer sees %q", r.body, reaction())
	}
	flush(t, m)
	if all := strings.Join(hook.got(), ""); !strings.Contains(all, `"sender":{"id":"`+pageID+`"}`) || !strings.Contains(all, `"reaction":"love"`) {
		t.Errorf("webhooks %s", all)
	}
	if r := act(`"sender_action":"unreact","payload":{"message_id":"` + mid + `"}`); r.status != 200 || reaction() != "" {
		t.Errorf("%s, customer sees %q", r.body, reaction())
	}
}
