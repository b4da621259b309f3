package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"messenger-bridge/bridge"
)

const (
	appSecret = "0123456789abcdef0123456789abcdef"
	newSecret = "fedcba9876543210fedcba9876543210"

	// messenger.md 1.3
	vectorBody      = `{"object":"page","entry":[{"id":"100200300400500","time":1790000000123,"messaging":[{"sender":{"id":"7001002003004005"},"recipient":{"id":"100200300400500"},"timestamp":1790000000001,"message":{"mid":"m_AAAA1111","text":"caf\u00e9 \ud83d\ude00 \u0645 http:\/\/ex.test\/a"}}]}]}`
	vectorSignature = "sha256=b24d782b7bb77572e52ad44e284d605fcf484f41e08d55a730dd95e6cb95330f"
)

// sign makes a signature the way Meta does.
func sign(body []byte, secret bridge.Secret) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// desk is a bridge that remembers, or refuses.
type desk struct {
	mu     sync.Mutex
	events []bridge.Incoming
	err    error
	hold   chan struct{} // if not nil, accepting waits for it
}

func (d *desk) FromCustomer(_ context.Context, events []bridge.Incoming) error {
	if d.hold != nil {
		<-d.hold
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.events = append(d.events, events...)
	}
	return d.err
}

// hook is a webhook with everything it did.
type hook struct {
	*Handler
	desk *desk
	log  bytes.Buffer

	mu               sync.Mutex
	counts           map[string]int
	forged, verified int
}

func newHook(change func(*Config)) *hook {
	h := &hook{desk: &desk{}, counts: map[string]int{}}
	cfg := Config{
		VerifyToken: "verify-me", AppSecrets: []bridge.Secret{appSecret}, Accept: h.desk,
		Count: func(what string, n int) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.counts[what] += n
		},
		OnForged:   func() { h.forged++ },
		OnVerified: func() { h.verified++ },
		Log:        slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&cfg)
	}
	h.Handler = New(cfg)
	return h
}

func (h *hook) post(body, signature string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/webhook", strings.NewReader(body))
	if signature != "" {
		r.Header.Set("X-Hub-Signature-256", signature)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// expand writes out the abbreviations of the cases.
func expand(element string) string {
	return strings.NewReplacer(
		"$ES", `"sender":{"id":"100200300400500"}`, "$ER", `"recipient":{"id":"7001002003004005"}`,
		"$S", `"sender":{"id":"7001002003004005"}`, "$R", `"recipient":{"id":"100200300400500"}`,
		"$T", `"timestamp":1790000000001`, "$M", `"mid":"m_AAAA1111"`,
	).Replace(element)
}

func notification(array, elements string) string {
	return `{"object":"page","entry":[{"id":"100200300400500","time":1790000000123,"` + array + `":[` + elements + `]}]}`
}

func TestHandshake(t *testing.T) {
	for _, c := range []struct {
		mode, token, challenge string
		want                   int
	}{
		{"subscribe", "verify-me", "1158201444", 200},
		{"subscribe", "verify-me", "<b>x</b>", 200},
		{"subscribe", "verify-m", "1158201444", 403},
		{"subscribe", "", "1158201444", 403},
		{"unsubscribe", "verify-me", "1158201444", 403},
		{"", "verify-me", "1158201444", 403},
		{"subscribe", "verify-me", strings.Repeat("1", 257), 403},
	} {
		h := newHook(nil)
		q := url.Values{"hub.mode": {c.mode}, "hub.verify_token": {c.token}, "hub.challenge": {c.challenge}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/webhook?"+q.Encode(), nil))
		good := c.want == 200
		if w.Code != c.want || good != (w.Body.String() == c.challenge) || good != (h.verified == 1) {
			t.Errorf("%+v: %d %q, seen %d times", c, w.Code, w.Body, h.verified)
		}
		if good && (w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || w.Header().Get("X-Content-Type-Options") != "nosniff") {
			t.Errorf("%+v: headers %v", c, w.Header())
		}
	}
}

func TestHandshake_NoTokenConfigured_IsRefused(t *testing.T) {
	h := newHook(func(c *Config) { c.VerifyToken = "" })
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/webhook?hub.mode=subscribe&hub.verify_token=&hub.challenge=1", nil))
	if w.Code != http.StatusForbidden {
		t.Errorf("answered %d", w.Code)
	}
}

func TestWebhook_OtherMethods_AreRefused(t *testing.T) {
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete} {
		w := httptest.NewRecorder()
		newHook(nil).ServeHTTP(w, httptest.NewRequest(method, "/webhook", nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

func TestWebhook_Signatures(t *testing.T) {
	for _, c := range []struct {
		name, signature string
		want            int
		answer          string
		forged          int
	}{
		{"Meta's", vectorSignature, 200, "ok", 0},
		{"the second secret's", sign([]byte(vectorBody), newSecret), 200, "ok", 0},
		{"none", "", 401, "unsigned", 0},
		{"legacy only", "sha1=88f095121b5fb19a03fa0adf6619ed94c1883201", 401, "unsigned", 0},
		{"upper case", "sha256=" + strings.ToUpper(vectorSignature[7:]), 401, "unsigned", 0},
		{"upper case prefix", "SHA256=" + vectorSignature[7:], 401, "unsigned", 0},
		{"short", vectorSignature[:70], 401, "unsigned", 0},
		{"long", vectorSignature + "0", 401, "unsigned", 0},
		{"wrong app", sign([]byte(vectorBody), "another app's secret"), 401, "forged", 1},
		{"no secret", sign([]byte(vectorBody), ""), 401, "forged", 1},
		{"another body's", sign([]byte(vectorBody[1:]), appSecret), 401, "forged", 1},
	} {
		h := newHook(func(cfg *Config) { cfg.AppSecrets = []bridge.Secret{appSecret, "", newSecret} })
		w := h.post(vectorBody, c.signature)
		if w.Code != c.want || w.Body.Len() != 0 || h.counts["answer:"+c.answer] != 1 || h.forged != c.forged {
			t.Errorf("%s: %d, counted %v, forged %d", c.name, w.Code, h.counts, h.forged)
		}
		if stored := len(h.desk.events); stored != map[int]int{200: 1}[c.want] {
			t.Errorf("%s: %d events stored", c.name, stored)
		}
	}
}

func TestWebhook_TruncatedBody_HasNoEffect(t *testing.T) {
	h := newHook(nil)
	if w := h.post(vectorBody[:200], vectorSignature); w.Code != 401 || len(h.desk.events) != 0 {
		t.Errorf("answered %d", w.Code)
	}
}

func TestWebhook_NotStored_MetaSendsItAgain(t *testing.T) {
	h := newHook(nil)
	h.desk.err = errors.New("disk full")
	for range 3 {
		if w := h.post(vectorBody, vectorSignature); w.Code != 503 {
			t.Fatalf("answered %d", w.Code)
		}
	}
	if h.counts["passed"] != 0 || strings.Count(h.log.String(), "disk full") != 1 {
		t.Errorf("counted %v, logged %s", h.counts, &h.log)
	}
	h.desk.err = nil
	if w := h.post(vectorBody, vectorSignature); w.Code != 200 || len(h.desk.events) != 1 || h.counts["passed"] != 1 {
		t.Errorf("answered %d, stored %v, counted %v", w.Code, h.desk.events, h.counts)
	}
}

func TestWebhook_SignedNonsense_IsDroppedAndLoggedWithoutContent(t *testing.T) {
	h := newHook(nil)
	body := `{"object":"page","entry":[{"confidential`
	w := h.post(body, sign([]byte(body), appSecret))
	if w.Code != 200 || h.counts["answer:malformed"] != 1 || !strings.Contains(h.log.String(), "bytes=40") || strings.Contains(h.log.String(), "confidential") {
		t.Errorf("answered %d, counted %v, logged %s", w.Code, h.counts, &h.log)
	}
}

func TestWebhook_NothingToPassOn_IsNotStored(t *testing.T) {
	h := newHook(nil)
	h.desk.err = errors.New("must not be called")
	body := notification("messaging", expand(`{$S,$R,$T,"read":{"watermark":1}},{$S,$R,$T,"read":{}}`))
	if w := h.post(body, sign([]byte(body), appSecret)); w.Code != 200 || h.counts["ignored:receipt"] != 2 || h.counts["answer:ok"] != 1 {
		t.Errorf("answered %d, counted %v", w.Code, h.counts)
	}
}

func TestWebhook_ThousandEvents_AreTaken(t *testing.T) {
	var elements []string
	for i := range 1000 {
		elements = append(elements, expand(fmt.Sprintf(`{$S,$R,$T,"message":{"mid":"m_%d","text":%q}}`, i, strings.Repeat("x", 700))))
	}
	body := notification("messaging", strings.Join(elements, ","))
	h := newHook(nil)
	if w := h.post(body, sign([]byte(body), appSecret)); w.Code != 200 || len(h.desk.events) != 1000 || h.counts["passed"] != 1000 {
		t.Errorf("answered %d, stored %d", w.Code, len(h.desk.events))
	}
}

// unread fails the test if a body is read that should not be.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestWebhook_RefusedByItsHeaders_IsNotRead(t *testing.T) {
	for name, c := range map[string]struct {
		signature string
		length    int64
		want      int
	}{
		"unsigned":         {"", 100, 401},
		"announced as big": {vectorSignature, 48 << 20, 413},
	} {
		r := httptest.NewRequest(http.MethodPost, "/webhook", unread{t})
		r.ContentLength = c.length
		r.Header.Set("X-Hub-Signature-256", c.signature)
		w := httptest.NewRecorder()
		newHook(nil).ServeHTTP(w, r)
		if w.Code != c.want || w.Header().Get("Connection") != "close" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
}

// zeros are n bytes of nothing.
type zeros struct{ n int64 }

func (z *zeros) Read(b []byte) (int, error) {
	if z.n <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(b)), z.n)
	z.n -= n
	clear(b[:n])
	return int(n), nil
}

// Over a real connection: bodies of 48 MiB, announced and not, forged and unsigned.
func TestWebhook_HugeBodies_CostNoMemory(t *testing.T) {
	h := newHook(nil)
	server := httptest.NewServer(h)
	defer server.Close()
	send := func(chunked bool, signature string) int {
		r, _ := http.NewRequest(http.MethodPost, server.URL+"/webhook", &zeros{48 << 20})
		if !chunked {
			r.ContentLength = 48 << 20
		}
		if signature != "" {
			r.Header.Set("X-Hub-Signature-256", signature)
		}
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0 // cut while still sending, which is as good a refusal
		}
		reply.Body.Close()
		return reply.StatusCode
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 3 {
		for _, c := range []struct {
			chunked   bool
			signature string
			want      int
		}{{false, "", 401}, {true, "", 401}, {false, vectorSignature, 413}, {true, vectorSignature, 413}} {
			if status := send(c.chunked, c.signature); status != c.want && status != 0 {
				t.Errorf("%+v: answered %d", c, status)
			}
		}
	}
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 64<<20 {
		t.Errorf("12 bodies of 48 MiB cost %d MiB in all", spent>>20)
	}
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 48<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	if h.counts["answer:too-large"] != 6 || h.counts["answer:unsigned"] != 6 {
		t.Errorf("counted %v", h.counts)
	}
}

func TestWebhook_LongestBody_IsTakenOneMoreByteIsNot(t *testing.T) {
	for _, limit := range []int64{300, 32 << 10, 40000, 3 << 20} {
		h := newHook(func(c *Config) { c.MaxBody, c.MaxInFlight = limit, limit+1 }) // room for one
		body := vectorBody + strings.Repeat(" ", int(limit)-len(vectorBody))
		for _, c := range []struct {
			body string
			want int
		}{{body, 200}, {body + " ", 413}} {
			r := httptest.NewRequest(http.MethodPost, "/webhook", io.MultiReader(strings.NewReader(c.body)))
			r.ContentLength = -1
			r.Header.Set("X-Hub-Signature-256", sign([]byte(c.body), appSecret))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("limit %d, %d bytes: %d", limit, len(c.body), w.Code)
			}
		}
		if w := h.post(body, sign([]byte(body), appSecret)); w.Code != 200 {
			t.Errorf("limit %d: answered %d: the memory was not given back", limit, w.Code)
		}
	}
}

func TestWebhook_BodyCut_GivesItsShareBack(t *testing.T) {
	h := newHook(func(c *Config) { c.MaxBody, c.MaxInFlight = 256<<10, 256<<10+1 }) // room for one
	r := httptest.NewRequest(http.MethodPost, "/webhook", io.MultiReader(strings.NewReader(strings.Repeat("x", 200<<10)), failing{}))
	r.Header.Set("X-Hub-Signature-256", vectorSignature)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 400 || h.counts["answer:cut"] != 1 {
		t.Errorf("answered %d, counted %v", w.Code, h.counts)
	}
	body := vectorBody + strings.Repeat(" ", 256<<10-len(vectorBody))
	if w := h.post(body, sign([]byte(body), appSecret)); w.Code != 200 {
		t.Errorf("answered %d: the memory was not given back", w.Code)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestWebhook_MemoryTaken_OthersComeBackLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHook(func(c *Config) { c.MaxBody, c.MaxInFlight = 40000, 40001 })
		body := vectorBody + strings.Repeat(" ", 30000-len(vectorBody))
		signature := sign([]byte(body), appSecret)
		h.desk.hold = make(chan struct{})
		first := make(chan int)
		go func() { first <- h.post(body, signature).Code }()
		synctest.Wait() // it has its share, and is being stored
		w := h.post(body, signature)
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || h.counts["answer:busy"] != 1 {
			t.Errorf("answered %d, counted %v", w.Code, h.counts)
		}
		close(h.desk.hold)
		if code := <-first; code != 200 {
			t.Errorf("the first was answered %d", code)
		}
		if w := h.post(body, signature); w.Code != 200 {
			t.Errorf("afterwards answered %d", w.Code)
		}
	})
}

// A buffer is used again; what was decoded from it must not change.
func TestWebhook_BuffersUsedAgain_EventsKeepTheirText(t *testing.T) {
	h := newHook(nil)
	for i := range 50 {
		body := notification("messaging", expand(fmt.Sprintf(`{$S,$R,$T,"message":{"mid":"m_%02d","text":"message %02d"}}`, i, i)))
		h.post(body, sign([]byte(body), appSecret))
	}
	for i, in := range h.desk.events {
		if in.Text != fmt.Sprintf("message %02d", i) || string(in.Mid) != fmt.Sprintf("m_%02d", i) {
			t.Errorf("event %d became %q, %q", i, in.Text, in.Mid)
		}
	}
}

// Whatever is signed is answered 200: Meta would send it for ever.
func FuzzWebhook_Signed(f *testing.F) {
	f.Add([]byte(vectorBody))
	f.Add([]byte(`{"object":"page","entry":[{"id":"1","time":1,"changes":[{"field":"feed"}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if w := newHook(nil).post(string(body), sign(body, appSecret)); w.Code != 200 {
			t.Fatalf("signed, and answered %d", w.Code)
		}
	})
}

func TestSignedNothing_IsAcceptedByOurWebhookOnly(t *testing.T) {
	body, signature := SignedNothing(appSecret)
	for secret, want := range map[bridge.Secret]int{appSecret: http.StatusOK, "another": http.StatusUnauthorized} {
		hook := New(Config{VerifyToken: "v", AppSecrets: []bridge.Secret{secret}, Accept: nobody{}, OnVerified: func() { t.Error("taken for Meta's handshake") }})
		req := httptest.NewRequest(http.MethodPost, Path, strings.NewReader(string(body)))
		req.Header.Set("X-Hub-Signature-256", signature)
		answer := httptest.NewRecorder()
		hook.ServeHTTP(answer, req)
		if answer.Code != want {
			t.Errorf("HTTP %d, want %d", answer.Code, want)
		}
	}
}

// nobody must not be told anything.
type nobody struct{}

func (nobody) FromCustomer(context.Context, []bridge.Incoming) error { panic("events in nothing") }
