package meta_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

const (
	pageID   = "100200300400500"
	customer = "7001002003004005"
)

// receiver is a webhook that keeps what it gets.
type receiver struct {
	*httptest.Server
	verify string

	mu     sync.Mutex
	bodies [][]byte
	heads  []http.Header
	answer func(n int, body []byte) int // nil = 200
	quote  bool                         // break the challenge
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{verify: meta.DefaultVerifyToken}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) serve(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodGet {
		q := req.URL.Query()
		if q.Get("hub.mode") != "subscribe" || q.Get("hub.verify_token") != r.verify {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.quote {
			fmt.Fprintf(w, "%q", q.Get("hub.challenge"))
			return
		}
		io.WriteString(w, q.Get("hub.challenge"))
		return
	}
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	r.bodies, r.heads = append(r.bodies, body), append(r.heads, req.Header.Clone())
	n, answer := len(r.bodies), r.answer
	r.mu.Unlock()
	if answer != nil {
		w.WriteHeader(answer(n, body))
	}
}

func (r *receiver) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, b := range r.bodies {
		all = append(all, string(b))
	}
	return all
}

// clock is a time that tests move.
type metaClock struct {
	mu sync.Mutex
	at time.Time
}

func newMetaClock() *metaClock { return &metaClock{at: time.UnixMilli(1790000000123)} }

func (c *metaClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *metaClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// graph is a client that makes no mistakes unless told.
type graph struct {
	t     *testing.T
	m     *meta.Messenger
	token string
}

type reply struct {
	status int
	header http.Header
	body   string
	json   map[string]any
	code   int
	sub    int
	err    error
}

func (g graph) do(method, path string, params url.Values, body string) reply {
	g.t.Helper()
	if params == nil {
		params = url.Values{}
	}
	if !params.Has("appsecret_proof") {
		params.Set("appsecret_proof", g.m.Proof(g.token))
	}
	req, err := http.NewRequestWithContext(g.t.Context(), method, g.m.URL()+path+"?"+params.Encode(), strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if g.token != "" {
		req.Header.Set("Authorization", "Bearer "+g.token)
	}
	return readReply(http.DefaultClient.Do(req))
}

func readReply(res *http.Response, err error) reply {
	if err != nil {
		return reply{err: err}
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	r := reply{status: res.StatusCode, header: res.Header, body: string(raw), err: err}
	_ = json.Unmarshal(raw, &r.json)
	if e, ok := r.json["error"].(map[string]any); ok {
		code, _ := e["code"].(float64)
		sub, _ := e["error_subcode"].(float64)
		r.code, r.sub = int(code), int(sub)
	}
	return r
}

func (g graph) get(path string, params ...string) reply {
	g.t.Helper()
	v := url.Values{}
	for i := 0; i < len(params); i += 2 {
		v.Set(params[i], params[i+1])
	}
	return g.do(http.MethodGet, path, v, "")
}

func (g graph) send(text string, more ...string) reply {
	g.t.Helper()
	quoted, _ := json.Marshal(text)
	extra := strings.Join(append([]string{""}, more...), ",")
	return g.post(fmt.Sprintf(`{"recipient":{"id":%q},"messaging_type":"RESPONSE","message":{"text":%s,"metadata":"token %d"}%s}`,
		customer, quoted, len(text), extra))
}

func (g graph) post(body string) reply {
	g.t.Helper()
	return g.do(http.MethodPost, "/v26.0/"+pageID+"/messages", nil, body)
}

// startMessenger starts a simulator with one page, one customer who wrote, and a receiver.
func startMessenger(t *testing.T, cfg meta.Config) (*meta.Messenger, graph, *receiver) {
	t.Helper()
	if cfg.Retries == nil {
		cfg.Retries = []time.Duration{time.Millisecond}
	}
	m, err := meta.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	token := m.AddPage(pageID, "Shop")
	m.WritesUnnoticed(pageID, customer, "Hello")
	hook := newReceiver(t)
	m.SetWebhook(hook.URL)
	return m, graph{t, m, token}, hook
}

func flush(t *testing.T, m *meta.Messenger) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := m.Flush(ctx); err != nil {
		t.Fatalf("flush: %v", err)
	}
}

func sees(m *meta.Messenger) []string {
	var texts []string
	for _, b := range m.CustomerSees(pageID, customer) {
		texts = append(texts, b.Text)
	}
	return texts
}

func wantSees(t *testing.T, m *meta.Messenger, want ...string) {
	t.Helper()
	if got := sees(m); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("the customer sees %q, want %q", got, want)
	}
}

func noProblems(t *testing.T, m *meta.Messenger) {
	t.Helper()
	if problems := m.Problems(); len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
}

// The vector of messenger.md 1.3.
func TestMessengerBody_IsSignedAsOnTheWire(t *testing.T) {
	clock := newMetaClock()
	m, _, hook := startMessenger(t, meta.Config{Now: clock.now})
	ev := m.TextEvent(pageID, customer, "m_AAAA1111", "café 😀 م http://ex.test/a", time.UnixMilli(1790000000001))

	const body = `{"object":"page","entry":[{"id":"100200300400500","time":1790000000123,"messaging":[{"sender":{"id":"7001002003004005"},"recipient":{"id":"100200300400500"},"timestamp":1790000000001,"message":{"mid":"m_AAAA1111","text":"caf\u00e9 \ud83d\ude00 \u0645 http:\/\/ex.test\/a"}}]}]}`
	if got := string(m.Body(ev)); got != body {
		t.Fatalf("body\n%s\nwant\n%s", got, body)
	}
	const sha256 = "sha256=b24d782b7bb77572e52ad44e284d605fcf484f41e08d55a730dd95e6cb95330f"
	if got := m.Sign([]byte(body)); got != sha256 {
		t.Errorf("signature %s", got)
	}
	m.Send(ev)
	flush(t, m)
	if got := hook.got(); len(got) != 1 || got[0] != body {
		t.Fatalf("the receiver got %q", got)
	}
	head := hook.heads[0]
	if head.Get("X-Hub-Signature-256") != sha256 || head.Get("X-Hub-Signature") != "sha1=88f095121b5fb19a03fa0adf6619ed94c1883201" {
		t.Errorf("headers %v", head)
	}
}

func TestMessengerBody_Escapes(t *testing.T) {
	m, _, _ := startMessenger(t, meta.Config{})
	element := `{ "a" : "é/<%@\u00E9\"\\\n\u0001", "n": 12345678901234567890, "x": [true, null] }`
	tests := []struct {
		name   string
		change func(*meta.Quirks)
		want   string
	}{
		{"usual", func(*meta.Quirks) {}, `{"a":"\u00e9\/<%@\u00e9\"\\\n\u0001","n":12345678901234567890,"x":[true,null]}`},
		{"more", func(q *meta.Quirks) { q.EscapeMore = true }, `{"a":"\u00e9\/\u003C\u0025\u0040\u00e9\"\\\n\u0001","n":12345678901234567890,"x":[true,null]}`},
		{"plain", func(q *meta.Quirks) { q.PlainUTF8 = true }, `{"a":"é/<%@é\"\\\n\u0001","n":12345678901234567890,"x":[true,null]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m.Tweak(func(q *meta.Quirks) { *q = meta.Quirks{}; tt.change(q) })
			got := string(m.Body(meta.Event{Page: pageID, Element: element}))
			if !strings.Contains(got, `"messaging":[`+tt.want+`]`) {
				t.Errorf("got %s", got)
			}
		})
	}
	if got := string(m.Body(meta.Event{Page: pageID, Element: "{broken"})); !strings.Contains(got, "[{broken]") {
		t.Errorf("text that is not JSON: %s", got)
	}
}

func TestMessengerPost_SignsAsTold(t *testing.T) {
	m, _, hook := startMessenger(t, meta.Config{})
	body := m.Body(m.TextEvent(pageID, customer, "m_1", "x", time.Now()))
	right := m.Sign(body)
	tests := []struct {
		name      string
		opts      meta.PostOptions
		sha256    string
		sha1, cut bool
	}{
		{"plain", meta.PostOptions{}, right, true, false},
		{"none", meta.PostOptions{NoSignature: true}, "", false, false},
		{"sha1", meta.PostOptions{SHA1Only: true}, "", true, false},
		{"upper", meta.PostOptions{UpperCase: true}, strings.ToUpper(right), true, false},
		{"given", meta.PostOptions{Signature: "sha256="}, "sha256=", true, false},
		{"cut", meta.PostOptions{CutBytes: 3}, right, true, true},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if status, err := m.Post(t.Context(), body, tt.opts); status != 200 || err != nil {
				t.Fatalf("status %d, %v", status, err)
			}
			head := hook.heads[i]
			if got := head.Get("X-Hub-Signature-256"); got != tt.sha256 {
				t.Errorf("256: %q", got)
			}
			if got := head.Get("X-Hub-Signature") != ""; got != tt.sha1 {
				t.Errorf("sha1 sent: %v", got)
			}
			if got := !bytes.Equal(hook.bodies[i], body); got != tt.cut {
				t.Errorf("cut: %v", got)
			}
		})
	}
	if _, err := m.Post(t.Context(), body, meta.PostOptions{Secret: "other"}); err != nil || hook.heads[6].Get("X-Hub-Signature-256") == right {
		t.Errorf("another secret signs the same, or %v", err)
	}
}

// The vector of messenger.md 6.9.
func TestMessengerProof(t *testing.T) {
	m, _, _ := startMessenger(t, meta.Config{})
	if got := m.Proof("EAATESTTOKEN123"); got != "02810c917b3e327d0bc6ccf57ac73ac327c135ce03a538f1a157997bb973e258" {
		t.Error(got)
	}
}
