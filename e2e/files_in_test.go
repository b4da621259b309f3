package e2e

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// files are the names of what customers' files are shown as, in order, and the lines
// that stand for others.
func (w *world) files() (all []string) {
	for _, room := range w.rc.Rooms() {
		for _, m := range w.rc.Messages(room.ID) {
			if m.FromVisitor && m.System == "" && !m.Deleted {
				all = append(all, kindText(m))
			}
		}
	}
	return all
}

// contentOf returns what is stored of the only file there is.
func (w *world) contentOf() []byte {
	w.Helper()
	for _, room := range w.rc.Rooms() {
		for _, f := range w.rc.FilesIn(room.ID) {
			return f.Content
		}
	}
	return nil
}

const notShown = "[The customer sent a file that is not shown here (%s). %s It can be seen in the Page inbox of Facebook: (link)]"

func TestFilesIn_AtTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 1 << 10
	heads := map[string]string{"image": "\x89PNG\r\n\x1a\n", "video": "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "audio": "ID3\x03\x00", "file": "%PDF-1.7", "sticker": "GIF89a"}
	names := map[string]string{"image": "a picture", "video": "a video", "audio": "a voice message", "file": "a file", "sticker": "a sticker"}
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.MaxFileSize = limit })
	w.run()
	n := 0
	for kind, head := range heads {
		for _, size := range []int{limit - 1, limit, limit + 1} {
			for _, told := range []int64{0, -1, limit / 2, 2 * limit} { // Content-Length: true, none, too small, too large
				if told != 0 && kind != "file" {
					continue
				}
				n++
				content := append([]byte(head), bytes.Repeat([]byte{'x'}, size-len(head))...)
				p := &kindPlay{world: w, customer: fmt.Sprintf("70010020040%05d", n), page: page}
				address := w.meta.Host(meta.Media{Name: "x.bin", Type: "application/octet-stream", Content: content, Length: told})
				w.meta.CustomerSends(page, p.customer, "", meta.Attachment{Type: kind, URL: address})
				line := fmt.Sprintf(notShown, names[kind], "It is larger than 1 KB.")
				p.eventually("the file is shown, or that it was sent", func() bool { return len(p.seen()) == 1 })
				got, refused := p.seen()[0], strings.Contains(p.seen()[0], "not shown")
				want := size > limit
				switch {
				case told == limit/2: // only what was announced comes
					want = false
				case told == 2*limit: // it is said to be too large
					want = true
				}
				if refused != want || refused && got != "customer: "+line {
					t.Errorf("%s of %d bytes, told %d: agents see %s", kind, size, told, got)
				}
				explained := func() bool { return len(w.meta.CustomerSees(page, p.customer)) > 0 }
				if refused && kind != "sticker" {
					w.eventually("the customer is told why", explained)
				} else if explained() {
					t.Errorf("%s of %d bytes, told %d: the customer was told something", kind, size, told)
				}
			}
		}
	}
}

func TestFilesIn_Rules_AreExplainedToBoth(t *testing.T) {
	t.Parallel()
	pdf := meta.Media{Name: "letter.pdf", Type: "application/pdf", Content: []byte("%PDF-1.7")}
	for name, c := range map[string]struct {
		set     func(*bridge.Settings)
		prepare func(*world)
		media   func(*meta.Media)
		agents  string
		told    string
	}{
		"files are off": {set: func(s *bridge.Settings) { s.RefuseFilesIn = true }, agents: "This page takes no files.", told: "Sorry, we cannot receive files here."},
		"other kinds":   {set: func(s *bridge.Settings) { s.FileTypes = "image/*, .docx, application/pdfx" }, agents: "Files of this kind are not taken.", told: "Sorry, we cannot receive files of this kind: letter.pdf. We can receive: pictures, .docx, pdfx"},
		"too large":     {set: func(s *bridge.Settings) { s.MaxFileSize = 1 << 10 }, media: func(m *meta.Media) { m.Content = append([]byte("%PDF-1.7"), make([]byte, 2<<10)...) }, agents: "It is larger than 1 KB.", told: "Sorry, your file is too large for us: at most 1 KB can be received. Please send a smaller one."},
		"the workspace takes none": {
			prepare: func(w *world) { w.rc.SetSetting("Livechat_fileupload_enabled", false) },
			agents:  "Rocket.Chat takes no files of customers.", told: "Sorry, we cannot receive files here. Please write what it is about.",
		},
		"the workspace takes smaller ones": {
			prepare: func(w *world) { w.rc.SetSetting("FileUpload_MaxFileSize", float64(3)) },
			agents:  "It is larger than Rocket.Chat takes.", told: "Sorry, your file is too large for us. Please send a smaller one.",
		},
		"the workspace takes other kinds": {
			prepare: func(w *world) {
				t.Cleanup(w.rc.Inject(chat.Fault{Route: "POST livechat/upload/:rid", Status: 400, Body: `{"success":false,"reason":"error-invalid-file-type"}`}))
			},
			agents: "Rocket.Chat does not take files of this kind.", told: "Sorry, we cannot receive files of this kind: letter.pdf. Please send it in another form, such as JPEG or PDF.",
		},
		"it cannot be fetched": {
			media:  func(m *meta.Media) { m.Status, m.Unlisted = 404, true },
			agents: "Facebook no longer has it.", told: "Sorry, your file did not reach us. Please send it again.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, pdf := newWorld(t, bypassed), pdf
			if c.set != nil {
				w.setPage(c.set)
			}
			if c.prepare != nil {
				c.prepare(w)
			}
			w.run()
			if c.media != nil {
				c.media(&pdf)
			}
			address := w.meta.Host(pdf)
			w.meta.CustomerSends(page, anna, "Here", meta.Attachment{Type: "file", URL: address}, meta.Attachment{Type: "file", URL: address})
			w.eventually("agents see that there were files", func() bool { return len(w.files()) == 3 })
			if got := w.files(); got[0] != "Here" || !strings.Contains(got[1], c.agents) || !strings.Contains(got[2], c.agents) {
				t.Errorf("agents read %q", got)
			}
			w.eventually("the customer is told once", func() bool { return len(w.received(anna)) == 1 })
			w.settled()
			if got := w.received(anna); len(got) != 1 || !strings.HasPrefix(got[0], c.told) {
				t.Errorf("the customer reads %q", got)
			}
			if c.set != nil && strings.Contains(name, "off") && w.meta.Fetched(address) > 0 {
				t.Error("the file was fetched although files are off")
			}
		})
	}
}

func TestFilesIn_BadServers(t *testing.T) {
	png := []byte("\x89PNG\r\n\x1a\n a picture")
	gone, down, foreign := "Facebook no longer has it.", "It could not be fetched from Facebook.", "It does not come from Facebook."
	shown := "📎 photo-#.png (image/png)"
	for name, c := range map[string]struct {
		media meta.Media
		after func(w *world, address string)
		sees  string // the line, or why there is none
	}{
		"not there for a moment": {media: meta.Media{Content: png, NotReady: 3}, sees: shown},
		"never there":            {media: meta.Media{Content: png, NotReady: 1000}, sees: gone},
		"expired":                {media: meta.Media{Content: png}, after: func(w *world, address string) { w.meta.Expire(address) }, sees: shown},
		"expired, and nobody knows where it is now": {
			media: meta.Media{Content: png, Unlisted: true}, after: func(w *world, address string) { w.meta.Expire(address) }, sees: gone,
		},
		"endless":                         {media: meta.Media{Endless: true}, sees: "It is larger than 1 MB."},
		"endless, and says otherwise":     {media: meta.Media{Size: 2 << 20, Length: -1}, sees: "It is larger than 1 MB."},
		"stalls":                          {media: meta.Media{Size: 100_000, Stall: true, Length: -1}, sees: down},
		"breaks off":                      {media: meta.Media{Size: 100_000, Cut: true}, sees: down},
		"fails":                           {media: meta.Media{Status: 500}, sees: down},
		"throttles":                       {media: meta.Media{Status: 429}, sees: down},
		"slow, but alive":                 {media: meta.Media{Content: append(slices.Clone(png), make([]byte, 5000)...), Drip: 20 * time.Millisecond}, sees: shown},
		"a web page in its place":         {media: meta.Media{Type: "image/png", Content: []byte("<html>sign in</html>")}, sees: gone},
		"leads in a circle":               {media: meta.Media{Redirect: "self"}, sees: foreign},
		"leads to this machine":           {media: meta.Media{Redirect: "http://127.0.0.1:1/x"}, sees: foreign},
		"leads to this machine, by https": {media: meta.Media{Redirect: "https://127.0.0.1/x"}, sees: foreign},
		"leads to the cloud's secrets":    {media: meta.Media{Redirect: "http://169.254.169.254/latest/meta-data"}, sees: foreign},
		"leads to a file on disk":         {media: meta.Media{Redirect: "file:///etc/passwd"}, sees: foreign},
		"leads nowhere":                   {media: meta.Media{Status: 302}, sees: gone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.setPage(func(s *bridge.Settings) { s.MaxFileSize = 1 << 20 })
			w.run()
			if c.media.Type == "" {
				c.media.Type = "image/png"
			}
			address := w.meta.Host(c.media)
			if c.after != nil {
				c.after(w, address)
			}
			w.meta.CustomerSends(page, anna, "", meta.Attachment{Type: "image", URL: address})
			w.meta.CustomerWrites(page, anna, "and this")
			w.eventually("what comes after is shown", func() bool { return slices.Contains(w.files(), "and this") })
			want := c.sees
			if want != shown {
				want = fmt.Sprintf(notShown, "a picture", want)
			}
			if got := w.files(); !slices.Equal(got, []string{want, "and this"}) {
				t.Errorf("agents see %q", got)
			}
		})
	}
}

// A file of which Facebook tells no address is asked for once, and not waited for.
func TestFilesIn_WithoutAnAddress_IsNotWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.FileAgain = patience // as long as the test waits at most
	w.run()
	w.meta.CustomerWrites(page, anna, "Hello")
	w.eventually("it is shown", func() bool { return len(w.files()) == 1 })
	for _, element := range []string{
		`{$D,"message":{"mid":"$1","attachments":[{"type":"image","payload":{}}]}}`, `{$D,"message":{"mid":"$2","attachments":[{"type":"file","payload":"x"}]}}`,
		`{$D,"message":{"mid":"$3","attachments":[{"type":"audio","payload":{"url":"\u200b"}}]}}`, `{$D,"message":{"attachments":[{"type":"video"}]}}`, `{$D,"message":{"mid":"$4","text":"and this"}}`,
	} {
		(&kindPlay{world: w, customer: anna, page: page}).deliver(false, element)
	}
	w.eventually("what comes after is shown", func() bool { return slices.Contains(w.files(), "and this") })
	want := []string{"Hello"}
	for _, kind := range []string{"a picture", "a file", "a voice message", "a video"} {
		want = append(want, fmt.Sprintf(notShown, kind, "Facebook did not tell where it is."))
	}
	if got := w.files(); !slices.Equal(got, append(want, "and this")) {
		t.Errorf("agents see %q", got)
	}
	w.eventually("the customer is told each time", func() bool { return len(w.received(anna)) == 4 })
	if got := w.received(anna); got[0] != "Sorry, your file did not reach us. Please send it again." {
		t.Errorf("the customer reads %q", got)
	}
}

// No address that a webhook tells is believed, whoever signed it.
func TestFilesIn_HostileAddresses_AreNeverAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	for _, address := range []string{
		"https://evilfbcdn.net/x.jpg", "https://fbcdn.net.evil.test/x.jpg", "http://scontent.xx.fbcdn.net/x.jpg", "https://10.0.0.1/x.jpg",
		w.meta.URL() + "@evil.test/x.jpg", "https://user@scontent.fbcdn.net/x.jpg", "https://scontent.fbcdn.net:8443/x.jpg",
		"http://[::ffff:127.0.0.1]/x.jpg", "gopher://fbcdn.net/x", "//fbcdn.net/x.jpg", "x.jpg", "http://%zz/", w.rc.URL() + "/api/v1/info",
	} {
		before := len(w.rc.Calls())
		w.meta.CustomerSends(page, anna, "", meta.Attachment{Type: "image", URL: address})
		w.settled()
		w.eventually("nothing waits for it", func() bool { return w.meta.Waiting() == 0 })
		w.settled()
		all := w.files()
		if len(all) == 0 || all[len(all)-1] != fmt.Sprintf(notShown, "a picture", "It does not come from Facebook.") {
			t.Errorf("%s: agents see %q", address, all)
		}
		for _, call := range w.rc.Calls()[before:] {
			if call.Path == "/api/v1/info" && call.Header.Get("User-Agent") == "Go-http-client/1.1" {
				t.Errorf("%s was asked", address)
			}
		}
	}
	if got := w.received(anna); len(got) != 0 {
		t.Errorf("the customer was told %q", got)
	}
}

func TestFilesIn_Names_AreSafeAndKeepTheirEnding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	n := 0
	for name, want := range map[string]string{
		"..%2F..%2Fetc%2Fpasswd": "passwd", "..%5C..%5Cboot.ini": "boot.ini", "%2e%2e": "file.pdf", "a%00b%0d%0aX: y.pdf": "abX_ y.pdf",
		"invoice%E2%80%AEfdp.exe": "invoicefdp.exe", "%D9%85%D8%B1%D8%AD%D8%A8%D8%A7.pdf": "مرحبا.pdf", ".htaccess": "htaccess",
		strings.Repeat("n", 300) + ".pdf": strings.Repeat("n", 176) + ".pdf", "a%22b.pdf": "a_b.pdf", "%ff%fe.pdf": "pdf", "r%C3%A9sum%C3%A9.pdf": "résumé.pdf",
	} {
		n++
		p := &kindPlay{world: w, customer: fmt.Sprintf("70010020050%05d", n), page: page}
		address := w.meta.Host(meta.Media{Name: name, Type: "application/pdf", Content: []byte("%PDF-1.7")})
		w.meta.CustomerSends(page, p.customer, "", meta.Attachment{Type: "file", URL: address})
		w.eventually("the file is shown", func() bool { return len(p.seen()) == 1 })
		if got := p.seen(); got[0] != "customer: 📎 "+want {
			t.Errorf("%s is shown as %q", name, got)
		}
	}
}

func TestFilesIn_AnswerOfAnUploadIsLost_IsShownOnce(t *testing.T) {
	for name, fault := range map[string]chat.Fault{
		"cut":        {Cut: true},
		"cut half":   {Cut: true, Body: `{"_id":"x","rid":"y"}`},
		"502":        {Status: 502},
		"500":        {Status: 500},
		"not at all": {Hang: true},
	} {
		for _, effect := range []bool{true, false} {
			t.Run(fmt.Sprint(name, effect), func(t *testing.T) {
				t.Parallel()
				w, fault := newWorld(t, bypassed), fault
				w.cfg.Times.UploadTimeout = time.Second
				w.run()
				fault.Route, fault.Effect, fault.Times = "POST livechat/upload/:rid", effect, 2
				clear := w.rc.Inject(fault)
				defer clear()
				one := w.meta.Host(meta.Media{Name: "same.pdf", Type: "application/pdf", Content: []byte("%PDF-1.7 same")})
				w.meta.CustomerSends(page, anna, "Three", // Rocket.Chat tells another size of the picture
					meta.Attachment{Type: "image", URL: w.meta.Host(meta.Media{Type: "image/png", Content: []byte("\x89PNG\r\n\x1a\n with metadata")})},
					meta.Attachment{Type: "file", URL: one}, meta.Attachment{Type: "file", URL: one})
				w.meta.CustomerSends(page, anna, "", meta.Attachment{Type: "file", URL: one}) // the same once more, and meant
				w.eventually("all are shown", func() bool { return len(w.files()) >= 5 })
				w.settled()
				want := []string{"Three", "📎 photo-#.png (image/png)", "📎 same.pdf", "📎 same.pdf", "📎 same.pdf"}
				if got := w.files(); !slices.Equal(got, want) {
					t.Errorf("agents see %q", got)
				}
			})
		}
	}
}

func TestFilesIn_StoppedWhileUploading_IsShownOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.UploadTimeout = 30 * time.Second
	w.run()
	clear := w.rc.Inject(chat.Fault{Route: "POST livechat/upload/:rid", Effect: true, Hang: true, Times: 1})
	defer clear()
	w.cfg.ShutdownGrace = 500 * time.Millisecond
	address := w.meta.Host(meta.Media{Name: "a.pdf", Type: "application/pdf", Content: []byte("%PDF-1.7 same")})
	w.meta.CustomerSends(page, anna, "", meta.Attachment{Type: "file", URL: address}, meta.Attachment{Type: "file", URL: address})
	w.eventually("one is there", func() bool { return len(w.files()) == 1 })
	w.halt()
	w.run()
	w.eventually("both are there", func() bool { return len(w.files()) >= 2 })
	w.settled()
	if got := w.files(); len(got) != 2 {
		t.Errorf("agents see %q", got)
	}
}

// The room is closed after the text, and again after the first file.
func TestFilesIn_RoomIsClosedMeanwhile_TheRestComesInTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "Hello")
	w.settled()
	rid := w.room()
	clear := w.rc.Inject(chat.Fault{Route: "POST livechat/upload/:rid", Times: 1, Effect: true, Status: 502})
	defer clear()
	address := w.meta.Host(meta.Media{Name: "a.pdf", Type: "application/pdf", Content: []byte("%PDF-1.7 same")})
	slow := w.meta.Host(meta.Media{Name: "b.pdf", Type: "application/pdf", Content: []byte("%PDF-1.7 same"), NotReady: 2})
	w.meta.CustomerSends(page, anna, "Two", meta.Attachment{Type: "file", URL: address}, meta.Attachment{Type: "file", URL: slow})
	w.eventually("the first is there", func() bool { return slices.Contains(w.files(), "📎 a.pdf") })
	w.agent.Closes(rid, "bye")
	w.eventually("the second is there", func() bool { return slices.Contains(w.files(), "📎 b.pdf") })
	w.settled()
	if got := w.files(); !slices.Equal(got, []string{"Hello", "Two", "📎 a.pdf", "📎 b.pdf"}) {
		t.Errorf("agents see %q", got)
	}
}

func TestFilesIn_ContentIsTheCustomers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	content := []byte("%PDF-1.7 " + strings.Repeat("0123456789", 100_000))
	w.meta.CustomerSends(page, anna, "", meta.Attachment{Type: "file", URL: w.meta.Host(meta.Media{Name: "a.pdf", Type: "application/pdf", Content: content})})
	w.eventually("it is there", func() bool { return len(w.files()) == 1 })
	if got := w.contentOf(); !bytes.Equal(got, content) {
		t.Errorf("%d bytes arrived, of %d", len(got), len(content))
	}
}
