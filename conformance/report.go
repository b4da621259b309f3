package conformance

import (
	"fmt"
	"io"
	"time"
)

// Settled is how long a real workspace is given to send what it must not.
const Settled = 500 * time.Millisecond

// Report writes what a workspace said, without a word of what came, and counts the facts that
// differ and that the bridge relies on or not.
func Report(w io.Writer, version string, verdicts []Verdict) (different int) {
	count := map[string]int{}
	for _, v := range verdicts {
		count[v.Kind]++
	}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) } // a reader who has gone misses it
	say("Rocket.Chat %s: %d facts same, %d differ, %d not asked, %d of other versions",
		version, count[Same], count[Differs], count[NotAsked], count[Other])
	for _, kind := range []string{Differs, NotAsked} {
		for _, v := range verdicts {
			if v.Kind != kind {
				continue
			}
			relied := ""
			if v.Fact.Relied {
				relied = " (the bridge relies on it)"
			}
			say("%-9s %s%s: %s [%s]\n          %s", v.Kind, v.Fact.ID, relied, v.Fact.Says, v.Fact.Source, v.Why)
		}
	}
	return count[Differs]
}
