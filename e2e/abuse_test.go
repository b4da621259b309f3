package e2e

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/sandbox/meta"
)

// TestAbuse_SlowAndSilentClients_DoNotDisturbMeta: hundreds of connections that dawdle with
// their headers or bodies, send headers without end, or never read what they asked for. All
// of Meta's calls are taken at the first attempt meanwhile.
func TestAbuse_SlowAndSilentClients_DoNotDisturbMeta(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	dial := func(address, text string) net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		_, _ = io.WriteString(c, text) // it may be cut off before the end
		return c
	}
	var slow []net.Conn
	for range 150 {
		slow = append(slow,
			dial(w.cfg.Network.Listen, "POST /webhook HTTP/1.1\r\nHost: bridge\r\nX-Slow: "),
			dial(w.cfg.Network.Listen, "POST /webhook HTTP/1.1\r\nHost: bridge\r\nX-Hub-Signature-256: sha256=00\r\nContent-Length: 1000000\r\n\r\n{"))
	}
	for range 50 {
		dial(w.at.Metrics, "GET /metrics HTTP/1.1\r\nHost: bridge\r\n\r\n")
	}
	endless := dial(w.cfg.Network.Listen, "GET / HTTP/1.1\r\nHost: bridge\r\n"+strings.Repeat("X-More: "+strings.Repeat("x", 1000)+"\r\n", 3000))

	const messages = 40
	var want []string
	for n := range messages {
		want = append(want, fmt.Sprint("message ", n))
		w.meta.CustomerWrites(page, anna, want[n])
	}
	w.eventually("all is shown", func() bool { return len(w.texts()) == messages })
	w.agent.Says(w.room(), "I am here.")
	w.eventually("the answer arrives", func() bool { return slices.Equal(w.received(anna), []string{"I am here."}) })
	if !slices.Equal(w.texts(), want) {
		t.Errorf("agents read %q", w.texts())
	}
	if i := slices.IndexFunc(w.meta.WebhookAnswers(), func(a meta.Answer) bool { return a.Status != 200 || a.Attempt > 1 }); i >= 0 {
		t.Errorf("Meta had to come back: %+v", w.meta.WebhookAnswers()[i])
	}
	w.eventually("whoever sends headers without end is sent away", func() bool { return closed(endless) })
	w.eventually("whoever dawdles is sent away", func() bool { return closed(slow[0]) && closed(slow[len(slow)-1]) })
	if !strings.Contains(w.get("http://"+w.at.Metrics+"/status"), `"waiting": 0`) {
		t.Error("the status is not told any more")
	}
}

// closed reports whether the other side has closed a connection.
func closed(c net.Conn) bool {
	_, err := io.Copy(io.Discard, c)
	return err == nil || strings.Contains(err.Error(), "reset")
}
