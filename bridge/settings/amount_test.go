package settings

import (
	"testing"
	"time"

	"messenger-bridge/bridge"
)

func TestSizes(t *testing.T) {
	for typed, want := range map[string]int64{
		"": 0, "25": 25 << 20, "10 MB": 10 << 20, "10mb": 10 << 20, "10m": 10 << 20, "300 KB": 300 << 10, "300k": 300 << 10,
		"1.5 MB": 1536 << 10, "1,5 MB": 1536 << 10, "0.0001 KB": -1, "0": -1, "-1": -1, "x": -1, "MB": -1, "1e9": -1, "NaN": -1, "10 GB": -1,
	} {
		n, ok := parseSize(typed)
		if ok != (want >= 0) || ok && n != want {
			t.Errorf("%q is %d (%v), want %d", typed, n, ok, want)
		}
	}
	for n, want := range map[int64]string{25 << 20: "25 MB", 1536 << 10: "1536 KB", 300 << 10: "300 KB"} {
		if got := bridge.SizeText(n); got != want {
			t.Errorf("%d is shown as %q, want %q", n, got, want)
		}
	}
}

func TestDurations(t *testing.T) {
	for typed, want := range map[string]time.Duration{
		"": 0, "off": 0, "NEVER": 0, "0": 0, "45": 45 * time.Minute, "90 min": 90 * time.Minute, "90m": 90 * time.Minute,
		"1 minute": time.Minute, "2h": 2 * time.Hour, "2 Hours": 2 * time.Hour, "1.5h": 90 * time.Minute, "0.001h": -1, "-3": -1, "soon": -1, "2 days": -1,
	} {
		d, ok := parseDuration(typed)
		if ok != (want >= 0) || ok && d != want {
			t.Errorf("%q is %s (%v), want %s", typed, d, ok, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "off", 2 * time.Hour: "2 h", 90 * time.Minute: "90 min", time.Minute: "1 min"} {
		if got := durationText(d); got != want {
			t.Errorf("%s is shown as %q, want %q", d, got, want)
		}
	}
}
