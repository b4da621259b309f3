package meta_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

// The vector of messenger.md 6.10.
func TestMessengerSignedRequest_Vector(t *testing.T) {
	w := newLoginWorld(t)
	const want = "twZMJAE_dngE-k7p2Wp_E5uckcbWZUN0TIeR-ze_DjE.eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImV4cGlyZXMiOjE3OTAwMDM2MDAsImlzc3VlZF9hdCI6MTc5MDAwMDAwMCwidXNlcl9pZCI6IjU1NTAwMDExMTIyMjMzMzQifQ"
	if got := w.m.SignedRequest(meta.DefaultUserID, meta.SignedOptions{}); got != want {
		t.Error(got)
	}
}

// readSigned is what a careful receiver does.
func readSigned(value string, now time.Time) (user string, err error) {
	signature, payload, _ := strings.Cut(value, ".")
	sum, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(signature, "="))
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, []byte(meta.DefaultAppSecret))
	mac.Write([]byte(payload))
	if !hmac.Equal(sum, mac.Sum(nil)) {
		return "", fmt.Errorf("wrong signature")
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil {
		return "", err
	}
	var body struct {
		User      any `json:"user_id"`
		Algorithm string
		Issued    int64 `json:"issued_at"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	if err := decoder.Decode(&body); err != nil {
		return "", err
	}
	if body.User == nil || body.Algorithm != "HMAC-SHA256" || now.Unix()-body.Issued > 3600 {
		return "", fmt.Errorf("not acceptable: %s", raw)
	}
	return fmt.Sprint(body.User), nil
}

func TestMessengerDeauthorize(t *testing.T) {
	tests := []struct {
		name   string
		opts   meta.SignedOptions
		status int
	}{
		{"genuine", meta.SignedOptions{}, 200},
		{"number", meta.SignedOptions{NumberUserID: true}, 200},
		{"sparse", meta.SignedOptions{Sparse: true}, 200},
		{"padded", meta.SignedOptions{Padded: true}, 200},
		{"other secret", meta.SignedOptions{Secret: "x"}, 400},
		{"other user put in", meta.SignedOptions{OtherUser: "12"}, 400},
		{"no signature", meta.SignedOptions{NoSignature: true}, 400},
		{"hex digits", meta.SignedOptions{HexDigits: true}, 400},
		{"other algorithm", meta.SignedOptions{Algorithm: "none"}, 400},
		{"no algorithm", meta.SignedOptions{NoAlgorithm: true}, 400},
		{"replayed", meta.SignedOptions{IssuedAt: time.Unix(1780000000, 0)}, 400},
		{"of no time", meta.SignedOptions{NoTime: true}, 400},
		{"nobody", meta.SignedOptions{NoUser: true}, 400},
		{"rubbish", meta.SignedOptions{Raw: "a.b.c"}, 400},
		{"absent", meta.SignedOptions{Absent: true}, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newLoginWorld(t)
			page := w.pages(w.long(w.authorise("A")))["A"]
			var told string
			application := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				user, err := readSigned(r.PostFormValue("signed_request"), w.clock.now())
				if err != nil {
					http.Error(rw, err.Error(), http.StatusBadRequest)
				}
				told = user
			}))
			defer application.Close()
			a, err := w.m.Deauthorize(t.Context(), application.URL, w.anna, tt.opts)
			if err != nil || a.Status != tt.status {
				t.Fatalf("%+v, %v", a, err)
			}
			dead := page.get("/v26.0/me").sub == 458
			if genuine := tt.status == 200; dead != genuine || (told == w.anna) != genuine {
				t.Errorf("token dead: %v, told of %q", dead, told)
			}
		})
	}
}

func TestMessengerRequestDeletion(t *testing.T) {
	w := newLoginWorld(t)
	var answer string
	application := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if answer == "" {
			rw.WriteHeader(http.StatusForbidden)
		}
		io.WriteString(rw, answer)
	}))
	defer application.Close()
	for _, tt := range []struct {
		answer, code string
		status       int
		fails        bool
	}{
		{`{"url":"https://bridge.ex.test/deletion/AbC123","confirmation_code":"AbC123"}`, "AbC123", 200, false},
		{`{ url: 'https://x', confirmation_code: 'y' }`, "", 200, true},
		{`{"url":"https://x"}`, "", 200, true},
		{"", "", 403, false},
	} {
		answer = tt.answer
		a, err := w.m.RequestDeletion(t.Context(), application.URL, w.anna, meta.SignedOptions{})
		if a.Status != tt.status || (err != nil) != tt.fails || !tt.fails && a.Code != tt.code {
			t.Errorf("%s: %+v, %v", tt.answer, a, err)
		}
	}
	if _, err := w.m.RequestDeletion(t.Context(), "http://127.0.0.1:1/", w.anna, meta.SignedOptions{}); err == nil {
		t.Error("nobody there, and no error")
	}
}
