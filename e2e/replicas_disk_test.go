package e2e

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"messenger-bridge/app"
	"messenger-bridge/sandbox/disk"
)

// The leader's disk is full while people write: another replica leads, and nothing is lost. Meanwhile the old leader
// passes on what comes to it, although it cannot follow; when there is room again, it follows without anybody.
func TestReplicas_AFullDiskDoesNotLead(t *testing.T) {
	t.Parallel()
	small, err := disk.New(disk.Size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { disk.Remove(small) })
	if !disk.Own(small) {
		t.Skip("no small disk can be mounted here; TestMember_AFullDiskDoesNotLead and TestMember_WhoCannotWriteKnowsWhoLeads play one")
	}
	s := newReplicaSet(t)
	s.members[1].database = filepath.Join(small, "bolt.db")
	roomy, full := s.begin()
	s.converse(func() {
		if err := app.Ask(t.Context(), roomy.database, http.MethodPost, "/handover", "", func(*http.Response) error { return nil }); err != nil {
			t.Error(err)
		}
		s.awaitLeader(full)
		s.awaitStandby(roomy)
		free := disk.Fill(small)
		s.awaitLeader(roomy)
		s.eventually("the old leader knows who leads", func() bool { return full.knows() == "r0" })
		held, passed := full.passedOn("no-leader"), full.passedOn("passed")
		s.meta.SetWebhook("http://" + full.listen + "/webhook")
		shown := len(s.texts())
		s.eventually("the conversations go on", func() bool { return len(s.texts()) > shown+20 })
		held, passed = full.passedOn("no-leader")-held, full.passedOn("passed")-passed
		if held >= passed { // a slow leader lets one or two wait longer than Meta does
			t.Errorf("the old leader has held %d calls in vain, and passed on %d", held, passed)
		}
		free()
		s.awaitStandby(full)
	})
	said := regexp.MustCompile(`the disk is full, another replica is to lead|its file cannot be written, another replica is to lead.*no space left on device`)
	if !said.MatchString(s.log.String()) {
		t.Errorf("the old leader does not say why another is to lead:\n%s", s.log)
	}
	s.equal()
}

// knows returns of a replica who leads, as far as it knows.
func (m *member) knows() string {
	_, text := look(m.metrics + "/status")
	var status app.Status
	if json.Unmarshal([]byte(text), &status) != nil || status.Replica == nil {
		return ""
	}
	return status.Replica.Leader
}

// passedOn returns of a replica how many calls for the leader ended in a way.
func (m *member) passedOn(answer string) (n int) {
	_, text := look(m.metrics + "/metrics")
	found := regexp.MustCompile(`passed_on_total\{answer="` + answer + `"\} (\d+)`).FindStringSubmatch(text)
	if found != nil {
		n, _ = strconv.Atoi(found[1])
	}
	return n
}
