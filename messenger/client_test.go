package messenger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/proof"
)

const (
	token     = "EAATESTTOKEN123"
	appSecret = "0123456789abcdef0123456789abcdef"
	customer  = bridge.CustomerID("7001002003004005")
)

var received = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

var connected = bridge.Page{ID: thePage, Token: token}

// confidential is what no error and no log may contain.
const confidential = "my account number is 0815"

// graph is a small Graph API: the handler decides.
func graph(t *testing.T, handler http.HandlerFunc) (*Platform, *clock) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c := &clock{now: received}
	return New(ClientConfig{GraphURL: server.URL + "/", Version: "v26.0", AppID: "900800700600500", AppSecret: appSecret, Now: c.Now}), c
}

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", received.Format(http.TimeFormat)) // by the clock of the test
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// proofOf is the proof of a token by the secret of all tests.
func proofOf(token bridge.Secret) string { return new(proof.Prover).Of(appSecret, token) }

func TestProof_Vector(t *testing.T) { // messenger.md 6.9
	if got := proofOf(token); got != "02810c917b3e327d0bc6ccf57ac73ac327c135ce03a538f1a157997bb973e258" {
		t.Error(got)
	}
}

func TestSend_Request(t *testing.T) {
	var got *http.Request
	var body map[string]any
	c, _ := graph(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		_ = json.NewDecoder(r.Body).Decode(&body)
		answering(200, `{"recipient_id":"7001002003004005","message_id":"m_AAAA1115"}`)(w, r)
	})
	mid, err := c.Send(t.Context(), connected, customer, bridge.OutboundPart{Part: bridge.Part{Text: "Grüße <b> 😀"}, Tag: bridge.SendTag{Message: "Xy12", Part: 1}})
	if err != nil || mid != "m_AAAA1115" {
		t.Fatalf("%q, %v", mid, err)
	}
	want := map[string]any{
		"recipient": map[string]any{"id": string(customer)}, "messaging_type": "RESPONSE",
		"message": map[string]any{"text": "Grüße <b> 😀", "metadata": "mb1:Xy12:1"},
	}
	if !reflect.DeepEqual(body, want) {
		t.Errorf("body %v", body)
	}
	if got.Method != "POST" || got.URL.Path != "/v26.0/100200300400500/messages" || got.Header.Get("Authorization") != "Bearer "+token ||
		!strings.HasPrefix(got.Header.Get("Content-Type"), "application/json") || strings.Contains(got.URL.RawQuery, token) ||
		got.URL.Query().Get("appsecret_proof") != proofOf(token) {
		t.Errorf("%s %s %v", got.Method, got.URL, got.Header)
	}
}

func TestSend_Answers(t *testing.T) {
	for _, c := range []struct {
		name    string
		status  int
		body    string
		verdict bridge.Verdict
		reason  bridge.Reason
	}{
		{"no id", 200, `{"recipient_id":"7"}`, bridge.Unknown, bridge.MetaError},
		{"nothing", 200, ``, bridge.Unknown, bridge.MetaError},
		{"HTML", 200, `<html>`, bridge.Unknown, bridge.MetaError},
		{"error with 200", 200, string(graphBody(551, 1545041, "")), bridge.Never, bridge.CustomerBlocked},
		{"id and error", 200, `{"message_id":"m_1","error":{"code":1}}`, bridge.Unknown, bridge.MetaError},
		{"window", 400, string(graphBody(10, 2018278, "")), bridge.Never, bridge.WindowClosed},
		{"502", 502, `<html>`, bridge.Unknown, bridge.MetaError},
		{"longer than we read", 200, `{"message_id":"` + strings.Repeat("m", 5<<20) + `"}`, bridge.Unknown, bridge.MetaDown},
	} {
		client, _ := graph(t, answering(c.status, c.body))
		_, err := client.Send(t.Context(), connected, customer, bridge.OutboundPart{Part: bridge.Part{Text: "Hello"}, Tag: bridge.SendTag{Message: "Xy12"}})
		if r := bridge.RefusalOf(err); err == nil || r.Verdict != c.verdict || r.Reason != c.reason {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestSend_WithoutToken_CallsNobody(t *testing.T) {
	c, _ := graph(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })
	_, err := c.Send(t.Context(), bridge.Page{ID: thePage}, customer, bridge.OutboundPart{Part: bridge.Part{Text: "Hello"}, Tag: bridge.SendTag{Message: "Xy12"}})
	if r := bridge.RefusalOf(err); r.Verdict != bridge.Again || r.Reason != bridge.PageLost || r.Gate != bridge.GatePage(thePage) {
		t.Error(err)
	}
	_, err = c.Send(t.Context(), connected, customer, bridge.OutboundPart{Part: bridge.Part{File: &bridge.Attachment{}}})
	if r := bridge.RefusalOf(err); r.Verdict != bridge.Never || r.Reason != bridge.Unsupported {
		t.Error(err)
	}
}

func TestSend_IsMadeOnce_WhateverHappens(t *testing.T) {
	for _, status := range []int{200, 302, 307, 429, 500, 503} {
		var calls atomic.Int32
		c, _ := graph(t, func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			w.Header().Set("Location", "http://"+r.Host+"/elsewhere")
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(status)
		})
		_, _ = c.Send(t.Context(), connected, customer, bridge.OutboundPart{Part: bridge.Part{Text: "Hello"}, Tag: bridge.SendTag{Message: "Xy12"}})
		if n := calls.Load(); n != 1 {
			t.Errorf("HTTP %d: %d calls", status, n)
		}
	}
}

// hijack breaks a connection after the request was read.
func hijack(write string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, write)
			conn.Close()
		}
	}
}

func TestSend_ConnectionLost(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	cut := httptest.NewServer(hijack(""))
	defer cut.Close()
	half := httptest.NewServer(hijack("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"message_id\""))
	defer half.Close()
	for name, c := range map[string]struct {
		url     string
		verdict bridge.Verdict
	}{
		"refused":               {"http://127.0.0.1:1", bridge.Again},
		"no TLS there":          {"https://" + plain.Listener.Addr().String(), bridge.Again},
		"certificate":           {untrusted.URL, bridge.Again},
		"no such scheme":        {"gopher://nobody.invalid", bridge.Again},
		"cut after the request": {cut.URL, bridge.Unknown},
		"cut in the answer":     {half.URL, bridge.Unknown},
	} {
		client := New(ClientConfig{GraphURL: c.url, Version: "v26.0", AppSecret: appSecret})
		_, err := client.Send(t.Context(), connected, customer, bridge.OutboundPart{Part: bridge.Part{Text: confidential}, Tag: bridge.SendTag{Message: "Xy12"}})
		r := bridge.RefusalOf(err)
		if err == nil || r.Verdict != c.verdict || r.Reason != bridge.MetaDown || (r.Gate != "") != (c.verdict == bridge.Again) {
			t.Errorf("%s: %v, gate %q", name, err, r.Gate)
		}
	}
}

func TestSend_NoAnswerInTime_IsUnknown(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	c := New(ClientConfig{GraphURL: server.URL, Version: "v26.0", AppSecret: appSecret, Times: Times{Timeout: 50 * time.Millisecond}})
	_, err := c.Send(t.Context(), connected, customer, bridge.OutboundPart{Part: bridge.Part{Text: "Hello"}, Tag: bridge.SendTag{Message: "Xy12"}})
	if r := bridge.RefusalOf(err); r.Verdict != bridge.Unknown || !strings.Contains(err.Error(), "timed out") {
		t.Error(err)
	}
}

func TestSend_StoppedBeforeItBegan_WasNotSent(t *testing.T) {
	c, _ := graph(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Send(ctx, connected, customer, bridge.OutboundPart{Part: bridge.Part{Text: "Hello"}, Tag: bridge.SendTag{Message: "Xy12"}})
	if r := bridge.RefusalOf(err); r.Verdict != bridge.Again || r.Gate != "" || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestSend_NearTheLimit_Waits_AtTheLimitDoesNotCall(t *testing.T) {
	var calls, percent atomic.Int32
	percent.Store(90)
	c, now := graph(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.Header().Set("X-App-Usage", fmt.Sprintf(`{"call_count":%d}`, percent.Load()))
		answering(200, `{"message_id":"m_1"}`)(w, r)
	})
	var slept time.Duration
	c.sleep = func(_ context.Context, d time.Duration) error {
		slept += d
		return nil
	}
	send := func() error {
		_, err := c.Send(t.Context(), connected, customer, bridge.OutboundPart{Part: bridge.Part{Text: "Hello"}, Tag: bridge.SendTag{Message: "Xy12"}})
		return err
	}
	for range 3 {
		if err := send(); err != nil {
			t.Fatal(err)
		}
	}
	if slept == 0 {
		t.Error("no pause at 90 %")
	}
	now.now = now.now.Add(time.Minute)
	percent.Store(100)
	_ = send()
	made := calls.Load()
	if r := bridge.RefusalOf(send()); r.Verdict != bridge.Again || r.Reason != bridge.RateLimited || r.After <= 0 || r.Gate != bridge.GateApp || calls.Load() != made {
		t.Errorf("at 100 %%: %v", r)
	}
}

func TestCut_KeepsToMessengersLimit(t *testing.T) {
	c, _ := graph(t, nil)
	for _, limit := range []int{0, -1, 100, 2000, 99999} {
		parts := c.Cut(strings.Repeat("word ", 1000), limit)
		for _, p := range parts {
			if len(p.Text) > 2000 || limit == 100 && len(p.Text) > 100 || p.Text == "" {
				t.Errorf("limit %d: a part of %d", limit, len(p.Text))
			}
		}
	}
	if len(c.Cut(" \n ", 0)) != 0 {
		t.Error("a part of white space")
	}
}

func TestPageName(t *testing.T) {
	for body, want := range map[string]struct {
		name string
		ok   bool
	}{
		`{"id":"100200300400500","name":"Shop"}`: {"Shop", true},
		`{"id":100200300400500,"name":"Shop"}`:   {"Shop", true},
		`{"id":"1","name":"Shop"}`:               {"", false},
		`<html>`:                                 {"", false},
	} {
		c, _ := graph(t, answering(200, body))
		name, err := c.PageName(t.Context(), connected)
		if name != want.name || (err == nil) != want.ok {
			t.Errorf("%s: %q, %v", body, name, err)
		}
	}
	c, _ := graph(t, answering(400, string(graphBody(190, 460, ""))))
	if _, err := c.PageName(t.Context(), connected); bridge.RefusalOf(err).Reason != bridge.PageLost {
		t.Error(err)
	}
}

// Whatever goes wrong, and however hostile the other side: neither errors nor logs
// contain token, proof, secret or text.
func TestClient_Failures_TellNoSecrets(t *testing.T) {
	mirror := func(status int, wrap string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			all, _ := json.Marshal(r.Header.Get("Authorization") + r.URL.String() + string(body))
			w.Header().Set("X-Fb-Trace-Id", r.Header.Get("Authorization"))
			w.Header().Set("Retry-After", r.Header.Get("Authorization"))
			w.Header().Set("Location", r.URL.String()+r.Header.Get("Authorization"))
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, wrap, all)
		}
	}
	handlers := map[string]http.HandlerFunc{
		"graph error":   mirror(400, `{"error":{"code":100,"message":%[1]s,"type":%[1]s,"fbtrace_id":%[1]s,"error_user_msg":%[1]s}}`),
		"throttle":      mirror(400, `{"error":{"code":613,"message":%s}}`),
		"plain":         mirror(500, `%s`),
		"200":           mirror(200, `{"x":%s}`),
		"redirect":      mirror(302, `%s`),
		"cut":           hijack(""),
		"not HTTP":      func(w http.ResponseWriter, r *http.Request) { hijack(r.Header.Get("Authorization")+"\r\n\r\n")(w, r) },
		"wrong length":  hijack("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + token),
		"broken chunks": hijack("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + token + "\r\n"),
		"bad gzip":      hijack("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 15\r\n\r\n" + token),
	}
	forbidden := []string{token, appSecret, proofOf(token), confidential, "account number", "graph.test"}
	for name, handler := range handlers {
		var log bytes.Buffer
		server := httptest.NewServer(handler)
		c := New(ClientConfig{GraphURL: server.URL, Version: "v26.0", AppSecret: appSecret,
			Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		_, sendErr := c.Send(t.Context(), connected, customer, bridge.OutboundPart{Part: bridge.Part{Text: confidential}, Tag: bridge.SendTag{Message: "Xy12"}})
		_, lookErr := c.Look(t.Context(), connected, customer, bridge.Search{Forms: []bridge.Part{{Text: confidential}}, Since: received})
		_, nameErr := c.PageName(t.Context(), connected)
		server.Close()
		for _, err := range []error{sendErr, lookErr, nameErr} {
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				fmt.Fprintf(&log, "%v %+v %#v\n", e, e, e)
			}
		}
		for _, secret := range forbidden {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%s: %q in %s", name, secret, &log)
			}
		}
	}
}

func TestClient_Printed_TellsNoSecrets(t *testing.T) {
	c := New(ClientConfig{GraphURL: "https://graph.test", Version: "v26.0", AppSecret: appSecret})
	if s := fmt.Sprintf("%v %+v %#v", c.cfg, c.cfg, c.cfg); strings.Contains(s, appSecret) {
		t.Error(s)
	}
}
