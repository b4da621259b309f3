package e2e

import (
	"slices"
	"testing"
)

func TestTimestamps_AreSaidInTheBotsLanguageAndZone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Speech.Timezone, w.cfg.Speech.Language = "Europe/Berlin", "de"
	w.run()
	k := w.ask()
	w.agent.Says(k.rid, "Am <t:1767225600:R>, ||spätestens|| <t:1767225600:T>")
	want := []string{"Am 01.01.2026, 01:00 CET, spätestens 01.01.2026, 01:00:00 CET"}
	w.eventually("the customer reads the time", func() bool { return slices.Equal(w.received(anna), want) })
}
