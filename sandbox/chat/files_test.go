package chat_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"messenger-bridge/sandbox/chat"
)

// upload sends a form as a visitor; fields come before the file.
func (w *rcWorkspace) upload(token, rid, name, kind, content string, fields ...string) (status int, body string) {
	w.t.Helper()
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	for i := 0; i < len(fields); i += 2 {
		m.WriteField(fields[i], fields[i+1])
	}
	part, _ := m.CreatePart(map[string][]string{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="file"; filename=%q`, name)}, "Content-Type": {kind},
	})
	io.WriteString(part, content)
	m.Close()
	req, _ := http.NewRequest("POST", w.URL()+"/api/v1/livechat/upload/"+rid, &form)
	req.Header.Set("Content-Type", m.FormDataContentType())
	req.Header.Set("X-Visitor-Token", token)
	return w.fetch(req)
}

func (w *rcWorkspace) fetch(req *http.Request) (status int, body string) {
	w.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	all, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(all)
}

func (w *rcWorkspace) download(link string, query url.Values) (status int, body string) {
	w.t.Helper()
	req, _ := http.NewRequest("GET", w.URL()+link+"?"+query.Encode(), nil)
	return w.fetch(req)
}

func TestRocketChat_Upload(t *testing.T) {
	for _, profile := range []chat.Profile{chat.V8, chat.V7} {
		w := startRC(t, chat.Config{Profile: profile, LimiterOff: true})
		ana := w.AddAgent("ana")
		rid := w.openRoom("tok", "Jane")
		w.SetSetting("FileUpload_MaxFileSize", float64(5))
		status, body := w.upload("tok", rid, "../a b.txt", "text/plain", "12345", "msg", "see")
		if status != 200 || !strings.Contains(body, `"newRoom":false`) || strings.Contains(body, `"message":`) {
			t.Errorf("%d %s", status, body)
		}
		all := w.Messages(rid)
		last := all[len(all)-1]
		if last.Text != "see" || !last.FromVisitor || last.Attachments[0]["title"] != "../a b.txt" {
			t.Errorf("agents see %+v", last)
		}
		link := last.Attachments[0]["title_link"].(string)
		if f, ok := w.FileAt(link); !ok || string(f.Content) != "12345" || f.Size != 5 || f.Type != "text/plain" {
			t.Errorf("stored %+v", f)
		}
		history := w.must("GET livechat/messages.history/"+rid, url.Values{"token": {"tok"}})
		if !strings.Contains(string(history.raw), `"size":5`) || !strings.Contains(string(history.raw), "publicFilePath") {
			t.Errorf("history: %s", history.raw)
		}
		for what, c := range map[string]struct {
			token, kind, content string
			fields               []string
			status               int
			text                 string
		}{
			"unknown token": {"other", "text/plain", "x", nil, 403, `"error":"unauthorized"`},
			"too large":     {"tok", "text/plain", "123456", nil, 400, map[chat.Profile]string{chat.V8: "[error-file-too-large]", chat.V7: `"reason":"error-size-not-allowed"`}[profile]},
			"refused type":  {"tok", "image/svg+xml", "x", nil, 400, `"reason":"error-type-not-allowed"`},
		} {
			if status, body := w.upload(c.token, rid, "x", c.kind, c.content, c.fields...); status != c.status || !strings.Contains(body, c.text) {
				t.Errorf("%s: %d %s", what, status, body)
			}
		}
		w.SetSetting("Livechat_fileupload_enabled", false)
		if status, body := w.upload("tok", rid, "x", "text/plain", "x"); status != 400 || !strings.Contains(body, "error-file-upload-disabled") {
			t.Errorf("switched off: %d %s", status, body)
		}
		w.SetSetting("Livechat_fileupload_enabled", true)
		ana.Closes(rid, "bye")
		if status, _ := w.upload("tok", rid, "x", "text/plain", "x"); status != 403 {
			t.Errorf("closed room: %d", status)
		}
		w.noProblems()
	}
}

func TestRocketChat_Download(t *testing.T) {
	w := startRC(t, chat.Config{LimiterOff: true})
	ana := w.AddAgent("ana")
	rid := w.openRoom("tok", "Jane")
	id := ana.Uploads(rid, "look", chat.File{Name: "cat.png", Type: "image/png", Content: []byte("a cat")})[0]
	all := w.Messages(rid)
	last := all[len(all)-1]
	if last.ID != id || last.Text != "look" {
		t.Fatalf("agents see %+v", last)
	}
	link, thumb := last.Attachments[0]["title_link"].(string), last.Attachments[0]["image_url"].(string)
	if link == thumb {
		t.Error("the picture has no thumbnail")
	}
	visitor := url.Values{"rc_room_type": {"l"}, "rc_rid": {rid}, "rc_token": {"tok"}}
	want := func(what string, query url.Values, status int, content string) {
		t.Helper()
		if got, body := w.download(link, query); got != status || body != content {
			t.Errorf("%s: %d %q", what, got, body)
		}
	}
	want("a stranger", nil, 403, "")
	want("a wrong token", url.Values{"rc_room_type": {"l"}, "rc_rid": {rid}, "rc_token": {"x"}}, 403, "")
	want("the visitor", visitor, 200, "a cat")
	w.StoreElsewhere(true)
	want("the visitor, by a redirect", visitor, 200, "a cat")
	ana.Closes(rid, "bye")
	want("the visitor, after the room was closed", visitor, 200, "a cat")
	w.FilesOfOpenRoomsOnly(true)
	want("the visitor of an old version", visitor, 403, "")
	w.Inject(chat.Fault{Route: "GET file-upload/:id/:name", Status: 500, Times: 1})
	if status, _ := w.download(link, visitor); status != 500 {
		t.Errorf("a fault: %d", status)
	}
	if status, _ := w.download("/file-upload/nothing/x", visitor); status != 404 {
		t.Errorf("no such file: %d", status)
	}
	w.noProblems()
}
