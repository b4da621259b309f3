package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw sends bytes over a connection of its own and returns the first status that comes back; 0: none.
func (w *world) raw(bytes string) int {
	w.Helper()
	c, err := net.Dial("tcp", w.at.Public)
	if err != nil {
		w.Error(err)
		return 0
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	go func() { _, _ = io.WriteString(c, bytes) }() // the answer may come before all is taken
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// TestAbuse_HostileRequests_AreRefused sends what no browser and no platform sends: paths that
// climb, two lengths, headers, trailers and chunks without end, other protocols, other sites' forms.
// Each gets a plain refusal, nothing private is served, and customers' messages still come.
func TestAbuse_HostileRequests_AreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	host := "Host: " + w.at.Public + "\r\nConnection: close\r\n"
	forged := "X-Hub-Signature-256: sha256=" + strings.Repeat("a", 64) + "\r\n"
	form := "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 16\r\n\r\nticket=x&proof=y"
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\n" + host + "\r\n" }
	post := func(path, rest string) string { return "POST " + path + " HTTP/1.1\r\n" + host + rest }
	for _, c := range []struct {
		bytes string
		want  int
	}{
		{get("/metrics"), 404}, {get("/status"), 404}, {get("/debug/pprof/"), 404}, {get("/../bolt.db"), 307}, {get("/%2e%2e/bolt.db"), 404},
		{get("/avatars/..%2f..%2fbolt.db"), 404}, {get("/avatars/%00"), 404}, {get("/pages/..%2f1/settings?ticket=x"), 400},
		{get("/oauth/start?state=" + strings.Repeat("a", 6000)), 400}, {get("/oauth/callback?code=x&state=y"), 400},
		{get("/" + strings.Repeat("a", 200_000)), 431},
		{"GET / HTTP/1.1\r\n" + host + strings.Repeat("A: b\r\n", 30_000) + "\r\n", 431},
		{"GET / HTTP/1.1\r\n" + host + "A: " + strings.Repeat("b", 2_000_000) + "\r\n\r\n", 431},
		{"GET /readyz HTTP/1.1\r\n" + host + "A: a\x00b\r\n\r\n", 400}, {"GET /readyz HTTP/1.1\r\n\r\n", 400}, {"GET /readyz\r\n", 400},
		{"TRACE / HTTP/1.1\r\n" + host + "\r\n", 405}, {"CONNECT 10.0.0.1:80 HTTP/1.1\r\n" + host + "\r\n", 405},
		{"GET http://10.0.0.1/latest/meta-data HTTP/1.1\r\n" + host + "\r\n", 404},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 400},
		{"GET /webhook HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n", 403},
		{post("/webhook", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /readyz HTTP/1.1\r\n\r\n"), 401},
		{post("/webhook", "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), 400},
		{post("/webhook", "Content-Length: -5\r\n\r\n"), 400},
		{post("/webhook", forged+"Content-Length: 99999999999999\r\n\r\nx"), 413},
		{post("/webhook", "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"), 401},
		{post("/webhook", forged+"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"), 401},
		{post("/webhook", forged+"Transfer-Encoding: chunked\r\n\r\n"+strings.Repeat("1;"+strings.Repeat("e", 3000)+"\r\na\r\n", 300)+"0\r\n\r\n"), 400},
		{post("/webhook", forged+"Transfer-Encoding: chunked\r\nTrailer: A\r\n\r\n1\r\na\r\n0\r\n"+strings.Repeat("A: b\r\n", 100_000)+"\r\n"), 400},
		{post("/oauth/pages", "Origin: https://evil.test\r\n"+form), 403}, {post("/oauth/pages", "Origin: null\r\n"+form), 403},
		{post("/oauth/pages", "Origin: http://"+w.at.Public+".evil.test\r\n"+form), 403},
		{get("/webhook?hub.mode=subscribe&hub.verify_token=x&hub.challenge=%3Cscript%3E"), 403},
		{get("/oauth/start?state=x") + "", 400},
	} {
		if got := w.raw(c.bytes); got != c.want {
			t.Errorf("%.60q… is answered %d, not %d", c.bytes, got, c.want)
		}
	}
	w.meta.CustomerWrites(page, anna, "still here")
	w.eventually("customers are heard", func() bool { return fmt.Sprint(w.texts()) == "[still here]" })
}
