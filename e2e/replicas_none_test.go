package e2e

import (
	"strings"
	"testing"
)

// Without JOURNAL_URL no goroutine has to do with replicas or their journal.
func TestReplicas_WithoutAJournalNothingOfItRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	profiles := freeAddress(t)
	w.environ = append(w.environ, "PROFILE_LISTEN="+profiles)
	w.startProcess()
	_, all := look(profiles + "/debug/pprof/goroutine?debug=2")
	if !strings.Contains(all, "messenger-bridge/store") {
		t.Fatalf("the program shows no goroutines:\n%.500s", all)
	}
	// The program is this test's, and holds the server of NATS too, which looks at its processor every
	// second: only the client counts.
	for _, part := range []string{"messenger-bridge/journal", "messenger-bridge/replica", "nats-io/nats.go"} {
		for goroutine := range strings.SplitSeq(all, "\n\n") {
			if strings.Contains(goroutine, part) {
				t.Errorf("a goroutine of %s runs:\n%s", part, goroutine)
			}
		}
	}
}
