package messenger

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/pace"
)

// shown is a message as the Conversations API shows it, seconds after received.
func shown(mid string, seconds int, from, text string) string {
	return fmt.Sprintf(`{"id":%q,"created_time":%q,"from":{"id":%q},"message":%q}`,
		mid, received.Add(time.Duration(seconds)*time.Second).Format(threadTime), from, text)
}

func thread(paging string, messages ...string) string {
	return `{"data":[{"participants":{"data":[{"id":"7001002003004005"},{"id":"100200300400500"}]},"messages":{"data":[` +
		strings.Join(messages, ",") + `],"paging":{"cursors":{}` + paging + `}}}]}`
}

// filled are n messages of the customer, newest first, the last at a time.
func filled(n, last int) (messages []string) {
	for i := range n {
		messages = append(messages, shown(fmt.Sprint("m_c", i), last+n-1-i, string(customer), "Hello"))
	}
	return messages
}

func TestLook_Threads(t *testing.T) {
	page := string(thePage)
	for _, c := range []struct {
		name     string
		body     string
		like     []bridge.Mid
		complete bool
	}{
		{"nothing there", `{"data":[]}`, nil, false}, // what the customer wrote stands in it: Meta does not show it
		{"empty thread", thread(""), nil, false},
		{"found", thread("", shown("m_1", 5, page, "Hello, Anna")), []bridge.Mid{"m_1"}, true},
		{"found, mids with odd characters", thread("", shown("m_a/b+c=="+strings.Repeat("x", 180), 5, page, "Hello, Anna")), []bridge.Mid{bridge.Mid("m_a/b+c==" + strings.Repeat("x", 180))}, true},
		{"twice, oldest first", thread("", shown("m_2", 9, page, "Hello, Anna"), shown("m_x", 7, page, "other"), shown("m_1", 5, page, "Hello, Anna")), []bridge.Mid{"m_1", "m_2"}, true},
		{"white space", thread("", shown("m_1", 5, page, " Hello,\r\n  Anna\n")), []bridge.Mid{"m_1"}, true},
		{"the customer says the same", thread("", shown("m_1", 5, string(customer), "Hello, Anna")), nil, true},
		{"same second as since", thread("", shown("m_1", -1, page, "Hello, Anna")), []bridge.Mid{"m_1"}, true},
		{"before since", thread("", shown("m_1", -2, page, "Hello, Anna")), nil, true},
		{"20, older ones among them", thread("", filled(20, -5)...), nil, true},
		{"20, all newer", thread("", filled(20, 1)...), nil, false},
		{"20, all newer, found", thread("", append(filled(19, 2), shown("m_1", 1, page, "Hello, Anna"))...), []bridge.Mid{"m_1"}, false},
		{"fewer, but there are more", thread(`,"next":"https://x"`, filled(3, 1)...), nil, false},
		{"19, all newer", thread("", filled(19, 1)...), nil, true},
		{"no id", thread("", `{"created_time":"2026-11-20T10:00:05+0000"}`), nil, false},
		{"no details before since", thread("", `{"id":"m_1","created_time":"2026-11-20T09:00:05+0000"}`), nil, true},
		{"no time", thread("", `{"id":"m_1","from":{"id":"`+page+`"},"message":"Hello, Anna"}`), nil, false},
		{"a thread without messages", `{"data":[{"id":"t_1"}]}`, nil, false},
		{"somebody else's thread", strings.Replace(thread("", shown("m_1", 5, page, "Hello, Anna")), "7001002003004005", "7001002003004006", 1), nil, false},
	} {
		client, _ := graph(t, answering(200, c.body))
		seen, err := client.Look(t.Context(), connected, customer, bridge.Search{Forms: []bridge.Part{{Text: "Hello, Anna"}}, Since: received.Add(700 * time.Millisecond)})
		if err != nil || !slices.Equal(seen.Like, c.like) || (seen.Complete && !seen.Obscure) != c.complete {
			t.Errorf("%s: %+v, %v", c.name, seen, err)
		}
	}
}

// TestLook_OtherClock has Meta's clock three minutes behind ours: a message of now
// looks old to us, and is the one we look for.
func TestLook_OtherClock(t *testing.T) {
	meta := received.Add(-3 * time.Minute)
	client, _ := graph(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", meta.Format(http.TimeFormat))
		_, _ = io.WriteString(w, thread("", `{"id":"m_1","created_time":"`+meta.Format(threadTime)+`","from":{"id":"100200300400500"},"message":"Hello, Anna"}`))
	})
	seen, err := client.Look(t.Context(), connected, customer, bridge.Search{Forms: []bridge.Part{{Text: "Hello, Anna"}}, Since: received})
	if err != nil || !slices.Equal(seen.Like, []bridge.Mid{"m_1"}) {
		t.Errorf("%+v, %v", seen, err)
	}
}

func TestLook_Request(t *testing.T) {
	c, _ := graph(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Method != "GET" || r.URL.Path != "/v26.0/100200300400500/conversations" || q.Get("platform") != "messenger" ||
			q.Get("user_id") != string(customer) || !strings.Contains(q.Get("fields"), "messages.limit(100){id,created_time,from,message,attachments{mime_type,name,size}}") {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		answering(200, `{"data":[]}`)(w, r)
	})
	if _, err := c.Look(t.Context(), connected, customer, bridge.Search{Forms: []bridge.Part{{Text: "x"}}, Since: received}); err != nil {
		t.Error(err)
	}
}

// TestLook_ReadsOn_UntilTheTimeIsReached reads a thread of 320 messages, of which Meta shows
// the words of the 20 newest only.
func TestLook_ReadsOn_UntilTheTimeIsReached(t *testing.T) {
	const first, all = 20, 320
	page := string(thePage)
	message := func(n int) string { // one a second, the newest last; every tenth is the page's
		at, id := received.Add(time.Duration(n-all)*time.Second).Format(threadTime), fmt.Sprint("m_", n)
		switch {
		case n <= all-first:
			return fmt.Sprintf(`{"id":%q,"created_time":%q}`, id, at)
		case n%10 == 0:
			return fmt.Sprintf(`{"id":%q,"created_time":%q,"from":{"id":%q},"message":"no. %d"}`, id, at, page, n)
		}
		return fmt.Sprintf(`{"id":%q,"created_time":%q,"from":{"id":%q},"message":"hi"}`, id, at, customer)
	}
	part := func(from, n int) (list string, paging string) {
		var messages []string
		for i := from; i > max(from-n, 0); i-- {
			messages = append(messages, message(i))
		}
		if from-n > 0 {
			paging = fmt.Sprintf(`{"cursors":{"after":"%d"},"next":"https://x"}`, from-n)
		} else {
			paging = `{"cursors":{}}`
		}
		return "[" + strings.Join(messages, ",") + "]", paging
	}
	var reads int
	serve := func(w http.ResponseWriter, r *http.Request) {
		reads++
		q := r.URL.Query()
		if strings.HasSuffix(r.URL.Path, "/conversations") {
			list, paging := part(all, first)
			_, _ = io.WriteString(w, `{"data":[{"id":"t_7","participants":{"data":[{"id":"7001002003004005"}]},"messages":{"data":`+list+`,"paging":`+paging+`}}]}`)
			return
		}
		after, err := strconv.Atoi(q.Get("after"))
		if r.URL.Path != "/v26.0/t_7/messages" || err != nil || q.Get("limit") != "100" || !strings.Contains(q.Get("fields"), "created_time") {
			t.Errorf("%s?%s", r.URL.Path, r.URL.RawQuery)
		}
		list, paging := part(after, 100)
		_, _ = io.WriteString(w, `{"data":`+list+`,"paging":`+paging+`}`)
	}
	for _, c := range []struct {
		name               string
		since              time.Duration // before the newest
		reads, bare, shown int
		complete           bool
	}{
		{"within the first page", 10 * time.Second, 1, 0, 2, true},
		{"two pages back", 110 * time.Second, 2, 92, 94, true},
		{"from its beginning", time.Hour, 4, 300, 302, true},
	} {
		reads = 0
		client, _ := graph(t, serve)
		client.sleep = func(context.Context, time.Duration) error { return nil }
		client.pacer = pace.New(time.Now, time.Microsecond)
		seen, err := client.Look(t.Context(), connected, customer, bridge.Search{Forms: []bridge.Part{{Text: "x"}}, Since: received.Add(-c.since)})
		if err != nil || reads != c.reads || len(seen.Bare) != c.bare || len(seen.Shown) != c.shown || seen.Complete != c.complete || seen.Obscure ||
			!slices.IsSortedFunc(seen.Bare, func(a, b bridge.Mid) int { return number(a) - number(b) }) {
			t.Errorf("%s: %d reads, %d without words, %d shown, complete %v, %v", c.name, reads, len(seen.Bare), len(seen.Shown), seen.Complete, err)
		}
	}
	endless := func(w http.ResponseWriter, r *http.Request) {
		reads++
		list := `[` + message(all) + `],"paging":{"cursors":{"after":"1"},"next":"https://x"}}`
		if strings.HasSuffix(r.URL.Path, "/conversations") {
			list = `[{"id":"t_7","messages":{"data":` + list + `}]}`
		}
		_, _ = io.WriteString(w, `{"data":`+list)
	}
	reads = 0
	client, _ := graph(t, endless)
	client.pacer = pace.New(time.Now, time.Microsecond)
	seen, err := client.Look(t.Context(), connected, customer, bridge.Search{Forms: []bridge.Part{{Text: "x"}}, Since: received.Add(-time.Hour)})
	if err != nil || seen.Complete || reads != lookPages {
		t.Errorf("a thread without end: %d reads, %+v, %v", reads, seen, err)
	}
}

func number(mid bridge.Mid) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(string(mid), "m_"))
	return n
}

func TestLook_Refusals(t *testing.T) {
	for _, c := range []struct {
		name    string
		status  int
		body    string
		verdict bridge.Verdict
		reason  bridge.Reason
		gate    bool
	}{
		{"reduce the amount of data", 500, string(graphBody(1, 0, "")), bridge.Again, bridge.MetaError, false},
		{"HTML", 502, "<html>", bridge.Again, bridge.MetaError, false},
		{"HTML with 200", 200, "<html>", bridge.Again, bridge.MetaError, false},
		{"no list", 200, "{}", bridge.Again, bridge.MetaError, false},
		{"token", 400, string(graphBody(190, 463, "")), bridge.Again, bridge.PageLost, true},
		{"reading not permitted", 403, string(graphBody(200, 0, "")), bridge.Again, bridge.PageLost, false},
		{"wrong parameter", 400, string(graphBody(100, 0, "")), bridge.Never, bridge.Unexplained, false},
	} {
		client, _ := graph(t, answering(c.status, c.body))
		_, err := client.Look(t.Context(), connected, customer, bridge.Search{Forms: []bridge.Part{{Text: "x"}}, Since: received})
		if r := bridge.RefusalOf(err); err == nil || r.Verdict != c.verdict || r.Reason != c.reason || (r.Gate != "") != c.gate {
			t.Errorf("%s: %v, gate %q", c.name, err, r.Gate)
		}
	}
	for _, code := range [][2]int{{9000001, 0}, {100, 9000001}} {
		client, _ := graph(t, answering(400, string(graphBody(code[0], code[1], ""))))
		if seen, err := client.Look(t.Context(), connected, customer, bridge.Search{Forms: []bridge.Part{{Text: "x"}}, Since: received}); err != nil || seen.Complete || seen.Like != nil {
			t.Errorf("deleted: %+v, %v", seen, err)
		}
	}
}

func TestLook_TooOften_GivesTheWorkerBack(t *testing.T) {
	c, _ := graph(t, answering(200, `{"data":[]}`))
	c.sleep = func(context.Context, time.Duration) error { return nil }
	refused := 0
	for range 6 {
		if _, err := c.Look(t.Context(), connected, customer, bridge.Search{Forms: []bridge.Part{{Text: "x"}}, Since: received}); err != nil {
			refused++
			if r := bridge.RefusalOf(err); r.Verdict != bridge.Again || r.Reason != bridge.RateLimited || r.After <= 0 || r.Gate != "" {
				t.Error(err)
			}
		}
	}
	if refused != 4 {
		t.Errorf("%d of 6 refused", refused)
	}
}

// TestThreads_FileWithoutAnAddress_KeepsItsPlace: it is asked for by that, and by what stands there the agent is told.
func TestThreads_FileWithoutAnAddress_KeepsItsPlace(t *testing.T) {
	var m wireThreadMessage
	if err := json.Unmarshal([]byte(`{"id":"m_1","attachments":{"data":[{"mime_type":"image/jpeg"},{"mime_type":"application/pdf","file_url":"https://cdn/b.pdf"}]}}`), &m); err != nil {
		t.Fatal(err)
	}
	if all := m.attachments(); len(all) != 2 || all[0].URL != "" || all[1].URL != "https://cdn/b.pdf" {
		t.Errorf("read as %+v", all)
	}
}

// TestThreads_Card_IsReadByItsWords, and never as a file, which the customer would be asked to send again.
func TestThreads_Card_IsReadByItsWords(t *testing.T) {
	const words = `{"title":"A shoe","subtitle":"Size 42","media_url":"https://cdn/x.png","cta":{"title":"Buy it","url":"https://shop.test/1","type":"web_url"}}`
	for _, c := range []struct{ name, told, want string }{
		{"with words", `{"id":"1","generic_template":` + words + `}`, "template|A shoe|Size 42\nBuy it|"},
		{"with elements", `{"generic_template":{"elements":[{"title":"A shoe"},{"title":"A sock"}]}}`, "template|A shoe||, template|A sock||"},
		{"without a word", `{"id":"1"}`, "template|||"},
		{"with null", `{"id":"1","name":"x","generic_template":null}`, "template|||"},
		{"with a picture", `{"mime_type":"image/png","image_data":{"url":"https://cdn/x.png"},"generic_template":` + words + `}`,
			"image|||https://cdn/x.png, template|A shoe|Size 42\nBuy it|"},
		{"a file without a kind", `{"id":"1","file_url":"https://cdn/x"}`, "file|||https://cdn/x"},
		{"a file without kind and address", `{"id":"1","size":81234,"generic_template":null}`, "file|||"},
	} {
		var m wireThreadMessage
		if err := json.Unmarshal([]byte(`{"id":"m_1","attachments":{"data":[`+c.told+`]}}`), &m); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range m.attachments() {
			got = append(got, strings.Join([]string{a.Kind, a.Title, a.Text, a.URL}, "|"))
		}
		if all := strings.Join(got, ", "); all != c.want {
			t.Errorf("%s: read as %q, want %q", c.name, all, c.want)
		}
	}
}

// TestFileLink_BesideACard_CountsFilesOnly, as whoever asks does.
func TestFileLink_BesideACard_CountsFilesOnly(t *testing.T) {
	client, _ := graph(t, answering(200, `{"attachments":{"data":[{"id":"1"},{"mime_type":"image/png"},{"mime_type":"image/png","image_data":{"url":"https://cdn/b.png"}}]}}`))
	for n, want := range []string{"", "https://cdn/b.png", ""} {
		if got, err := client.FileLink(t.Context(), connected, "m_1", n); err != nil || got != want {
			t.Errorf("file %d is at %q, want %q, %v", n, got, want, err)
		}
	}
}

// TestLook_CardWithoutWords_LeavesOpenWhatItIs: it may be the buttons that were sent.
func TestLook_CardWithoutWords_LeavesOpenWhatItIs(t *testing.T) {
	card := fmt.Sprintf(`{"id":"m_1","created_time":%q,"from":{"id":%q},"message":"","attachments":{"data":[{"id":"1"}]}}`, received.Add(5*time.Second).Format(threadTime), thePage)
	client, _ := graph(t, answering(200, thread("", card)))
	seen, err := client.Look(t.Context(), connected, customer, bridge.Search{Forms: []bridge.Part{{Text: "Shall we call?", Buttons: []bridge.Button{{Title: "Yes"}}}}, Since: received})
	if err != nil || len(seen.Like) > 0 || !seen.Obscure {
		t.Errorf("%+v, %v", seen, err)
	}
}

// TestFileLink_Refusals: what says nothing about the file passes, and holds up nobody else.
func TestFileLink_Refusals(t *testing.T) {
	for _, c := range []struct {
		name    string
		status  int
		body    string
		verdict bridge.Verdict
		reason  bridge.Reason
	}{
		{"the app's limit", 400, string(graphBody(4, 0, "")), bridge.Again, bridge.MetaError},
		{"the page's limit", 400, string(graphBody(32, 0, "")), bridge.Again, bridge.MetaError},
		{"a limit before Meta", 429, "slow down", bridge.Again, bridge.MetaError},
		{"the token is dead", 400, string(graphBody(190, 463, "")), bridge.Again, bridge.FileGone},
		{"a permission is missing", 403, string(graphBody(200, 0, "")), bridge.Again, bridge.FileGone},
		{"Meta fails", 500, string(graphBody(2, 0, "")), bridge.Again, bridge.MetaError},
		{"HTML", 502, "<html>", bridge.Again, bridge.MetaError},
		{"it is not there", 400, string(graphBody(100, 33, "")), bridge.Again, bridge.FileGone},
		{"a number that nobody listed", 400, string(graphBody(4711, 0, "")), bridge.Again, bridge.FileGone},
		{"it is deleted", 400, string(graphBody(deletedCode, 0, "")), bridge.Never, bridge.FileGone},
	} {
		client, _ := graph(t, answering(c.status, c.body))
		_, err := client.FileLink(t.Context(), connected, "m_1", 0)
		if r := bridge.RefusalOf(err); err == nil || r.Verdict != c.verdict || r.Reason != c.reason || r.Gate != "" {
			t.Errorf("%s: %v, %s, gate %q", c.name, err, r.Reason, r.Gate)
		}
		if c.name != "the app's limit" {
			continue
		}
		_, err = client.FileLink(t.Context(), connected, "m_1", 0) // which is not asked: the limit is known
		if r := bridge.RefusalOf(err); r.Verdict != bridge.Again || r.Reason != bridge.MetaError || r.Gate != "" {
			t.Errorf("%s, again: %v, %s, gate %q", c.name, err, r.Reason, r.Gate)
		}
	}
}
