package rest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"messenger-bridge/rest"
)

// instantly answers without a network.
type instantly struct{}

func (instantly) RoundTrip(r *http.Request) (*http.Response, error) {
	_, err := io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r, ContentLength: 16, Body: io.NopCloser(strings.NewReader(`{"success":true}`))}, err
}

// BenchmarkDo compares a call with the same one by net/http alone.
func BenchmarkDo(b *testing.B) {
	const address, token = "http://workspace.test/api/v1/livechat/message", "token"
	content := map[string]string{"token": token, "rid": "room", "msg": strings.Repeat("x", 200)}
	over := &http.Client{Transport: instantly{}}
	read := func(res *http.Response, err error) {
		if err != nil {
			b.Fatal(err)
		}
		if _, err := rest.Read(res, 1<<20); err != nil {
			b.Fatal(err)
		}
		res.Body.Close()
	}
	header := func() http.Header {
		return http.Header{"Content-Type": {"application/json"}, "X-User-Id": {"bot"}, "X-Auth-Token": {token}}
	}
	b.Run("rest", func(b *testing.B) {
		b.ReportAllocs()
		client := rest.New(over)
		for b.Loop() {
			read(client.Do(b.Context(), rest.Call{Method: http.MethodPost, URL: address, Header: header(), Body: content}))
		}
	})
	b.Run("net/http", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			text, _ := json.Marshal(content)
			r, _ := http.NewRequestWithContext(b.Context(), http.MethodPost, address, bytes.NewReader(text))
			r.Header = header()
			read(over.Do(r))
		}
	})
}
