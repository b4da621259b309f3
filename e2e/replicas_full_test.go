package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"messenger-bridge/app"
)

// limit has the journal take only so many bytes; -1 takes the limit off.
func (s *replicaSet) limit(most int64) {
	s.Helper()
	c, err := nats.Connect(s.nodes.URL())
	if err != nil {
		s.Fatal(err)
	}
	defer c.Close()
	js, err := c.JetStream()
	if err != nil {
		s.Fatal(err)
	}
	s.eventually("the journal's limit is changed", func() bool {
		stream, err := js.StreamInfo("messenger-bridge")
		if err != nil {
			return false
		}
		stream.Config.MaxBytes = most
		_, err = js.UpdateStream(&stream.Config)
		return err == nil
	})
}

// The journal is full while people write: whoever looks is told so and what to do, and once there is room all goes on
// by itself, with nothing lost.
func TestReplicas_AFullJournalSaysSo(t *testing.T) {
	t.Parallel()
	s := newReplicaSet(t)
	leader, _ := s.begin()
	const says = "the journal is full"
	s.converse(func() {
		s.limit(1 << 10)
		s.eventually("the leader is not ready and says why", func() bool {
			code, text := look(leader.listen + "/readyz")
			return code == http.StatusServiceUnavailable && strings.Contains(text, says) && strings.Contains(text, "nats stream edit")
		})
		_, text := look(leader.metrics + "/status")
		var status app.Status
		if err := json.Unmarshal([]byte(text), &status); err != nil || !strings.Contains(status.Ready, says) || status.Replica == nil || !status.Replica.Full {
			t.Errorf("status %s: %v", text, err)
		}
		if _, text := look(leader.metrics + "/metrics"); !strings.Contains(text, "messenger_bridge_journal_full 1") {
			t.Error("the metrics do not tell that the journal is full")
		}
		if _, page := look(leader.metrics + "/"); !strings.Contains(page, says) {
			t.Errorf("the status page: %s", page)
		}
		var found app.Diagnosis
		if err := app.Ask(t.Context(), leader.database, http.MethodGet, "/doctor", "", func(r *http.Response) error {
			return json.NewDecoder(r.Body).Decode(&found)
		}); err != nil {
			t.Error(err)
		}
		told := false
		for _, f := range found.Findings {
			told = told || f.Check == "journal" && strings.Contains(f.Found, says)
		}
		if !told {
			t.Errorf("the doctor finds %+v", found.Findings)
		}
		s.eventually("the log says it", func() bool { return strings.Contains(s.log.String(), says) })
		s.limit(-1)
		s.awaitStandby(s.other(s.awaitSomebody()))
	})
	if !strings.Contains(s.log.String(), "the journal stores again") {
		t.Errorf("the log does not say that the journal is not full any more:\n%s", s.log)
	}
	s.equal()
}
