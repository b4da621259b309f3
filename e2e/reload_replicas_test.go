package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"messenger-bridge/app"
)

// A secret that has become known is taken away by SIGHUP at each replica. It is not good again whoever leads, and however
// often that changes; nor does SIGHUP end a standby.
func TestReload_SecretTakenAway_StaysAwayWhoeverLeads(t *testing.T) {
	t.Parallel()
	s := newReplicaSet(t)
	file := writeFile(t, s.meta.AppSecret()+",the-old-one\n")
	s.base = append(s.base, "FACEBOOK_APP_SECRET=", "FACEBOOK_APP_SECRET_FILE="+file)
	leader, standby := s.begin()
	answers := func(m *member, want int) {
		t.Helper()
		if status := s.calls(m, "the-old-one"); status != want {
			t.Errorf("replica %d answers %d to the old secret, want %d", m.number, status, want)
		}
	}
	answers(leader, http.StatusOK)
	answers(standby, http.StatusOK)
	if err := os.WriteFile(file, []byte(s.meta.AppSecret()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for n, m := range []*member{standby, leader} {
		if err := m.process.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		s.eventually("its log says that files were read again", func() bool {
			return strings.Count(s.log.String(), "were read again") == n+1
		})
		answers(m, http.StatusUnauthorized)
	}
	for range 2 {
		if err := app.Ask(t.Context(), leader.database, http.MethodPost, "/handover", "", func(*http.Response) error { return nil }); err != nil {
			t.Fatal(err)
		}
		s.awaitLeader(standby)
		s.awaitStandby(leader)
		leader, standby = standby, leader
		answers(leader, http.StatusUnauthorized)
		answers(standby, http.StatusUnauthorized)
	}
}

// calls calls a replica's webhook with nothing, signed with a secret.
func (s *replicaSet) calls(m *member, secret string) (status int) {
	s.Helper()
	const body = `{"object":"page","entry":[]}`
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	req, err := http.NewRequest(http.MethodPost, "http://"+m.listen+"/webhook", strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}
