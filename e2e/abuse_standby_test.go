package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// A stranger at a standby reads nothing that only operators may; forged calls, and bodies that do not come, are
// counted and told there as they are at the leader.
func TestAbuse_StrangersAtAStandby_ReadNothingAndAreTold(t *testing.T) {
	t.Parallel()
	s := newReplicaSet(t)
	leader, standby := s.begin()
	tell := func(text string) net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", standby.listen)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		_, _ = io.WriteString(c, text) // the answer says more
		return c
	}
	for _, at := range []string{leader.metrics, standby.metrics} {
		said, _ := io.ReadAll(tell("GET http:@" + at + "/status HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n\r\n"))
		if !strings.HasPrefix(string(said), "HTTP/1.1 400 ") || strings.Contains(string(said), `"rocketchat"`) {
			t.Errorf("a stranger reads METRICS_LISTEN by way of the standby's public port: %.200s", said)
		}
	}
	const many = 60
	for range many {
		if status := s.calls(standby, "not the secret"); status != http.StatusUnauthorized {
			t.Fatalf("a forged call is answered %d", status)
		}
	}
	if status := s.calls(standby, s.meta.AppSecret()); status != http.StatusOK {
		t.Errorf("Meta's call is answered %d", status)
	}
	if !strings.Contains(s.log.String(), "many webhook calls with a wrong signature") {
		t.Error("forged calls at a standby are not in the log")
	}
	for _, header := range []string{"X-Hub-Signature-256: sha256=" + strings.Repeat("0", 64) + "\r\n", ""} {
		path := map[bool]string{true: "/webhook", false: "/deauthorize"}[header != ""]
		for range many {
			tell("POST " + path + " HTTP/1.1\r\nHost: bridge\r\n" + header + "Content-Length: 10\r\n\r\n1")
		}
	}
	s.eventually("they are counted, and told", func() bool {
		_, said := look(standby.metrics + "/metrics")
		for name, value := range map[string]int{
			`messenger_bridge_webhooks_total{answer="forged"}`: many, `messenger_bridge_webhooks_total{answer="passed"}`: 1, `messenger_bridge_webhooks_total{answer="slow"}`: many,
			`messenger_bridge_gave_way_total{place="webhook"}`: many, `messenger_bridge_gave_way_total{place="standby"}`: many,
			`messenger_bridge_passed_on_total{answer="slow"}`: many,
		} {
			if !strings.Contains(said, fmt.Sprintf("%s %d\n", name, value)) {
				return false
			}
		}
		_, ready := look(standby.listen + "/readyz")
		return strings.Contains(ready, "strangers:") && strings.Contains(s.log.String(), "strangers hold connections")
	})
}
