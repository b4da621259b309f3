package config

import (
	"strings"
	"time"

	"messenger-bridge/bridge"
)

// problems are contradictions and values that cannot work, if there is a journal.
func (c JournalConfig) problems(key bridge.Secret, report func(variable, format string, args ...any)) {
	if c.URL == "" {
		return
	}
	if !strings.HasPrefix(c.URL, "nats://") && !strings.HasPrefix(c.URL, "tls://") {
		report("JOURNAL_URL", "must begin with nats:// or tls://; it is %q", c.URL)
	}
	if key == "" {
		report("SECRET_KEY", "must be set, and be the same for all replicas, because JOURNAL_URL is; copy it from the key file if the store has one")
	}
	if c.Name == "" || strings.ContainsAny(c.Name, " .*>/\\\t\r\n") {
		report("JOURNAL_NAME", "must be a name of a NATS stream, without blanks and any of .*>/\\; it is %q", c.Name)
	}
	if c.Replicas < 1 || c.Replicas > 5 {
		report("JOURNAL_REPLICAS", "must be 1 to 5; it is %d", c.Replicas)
	}
	if !IsBaseURL(c.ReplicaURL) {
		report("REPLICA_URL", "must be a URL such as http://bridge-1:8080, at which the other replicas reach this one; it is %q", c.ReplicaURL)
	}
	if c.TakeoverAfter < 500*time.Millisecond {
		report("TAKEOVER_AFTER", "must be at least 500ms; it is %v", c.TakeoverAfter)
	}
}
