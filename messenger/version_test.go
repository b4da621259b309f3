package messenger

import (
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/versions"
	"messenger-bridge/sandbox/meta"
)

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func TestCheckup_Version_IsWarnedOf90DaysAhead(t *testing.T) {
	for _, c := range []struct {
		version string
		on      time.Time
		served  string
		level   bridge.Level
		found   string
	}{
		{versions.Newest, day(2026, time.November, 29), "v27.0", bridge.Good, "good until 4 November 2028"},
		{versions.Newest, day(2028, time.August, 5), "v27.0", bridge.Good, "good until"},
		{versions.Newest, day(2028, time.August, 7), "v27.0", bridge.Notable, "may end from 4 November 2028 on"},
		{versions.Newest, day(2029, time.January, 1), "v27.0", bridge.Notable, "may end from"},
		{"v26.0", day(2026, time.November, 29), "v26.0", bridge.Good, "good until"},
		{"v21.0", day(2026, time.October, 22), "v21.0", bridge.Good, "good until 21 January 2027"},
		{"v21.0", day(2026, time.October, 23), "v21.0", bridge.Notable, "ends on 21 January 2027"},
		{"v21.0", day(2027, time.January, 21), "v21.0", bridge.Bad, "has ended"},
		{"v20.0", day(2026, time.November, 29), "v21.0", bridge.Bad, "has ended"},
		{"v2.6", day(2026, time.November, 29), "", bridge.Bad, "has ended"},
		{"v28.0", day(2026, time.November, 29), "v28.0", bridge.Good, "newer than this program"},
		{"v28.0", day(2026, time.November, 29), "v22.0", bridge.Bad, "answers with v22.0 instead of v28.0"},
		{"v27.0", day(2026, time.November, 29), "", bridge.Good, "good until"}, // Meta does not say
	} {
		k := &checkup{c: New(ClientConfig{GraphURL: "https://graph.test", Version: c.version, Now: func() time.Time { return c.on }})}
		k.add("Meta", bridge.Good, "it answers", "")
		if c.served != "" {
			k.c.served.Store(c.served)
		}
		k.version()
		found := find(k.found, "version (Meta)")
		if len(found) != 1 || found[0].Level != c.level || !strings.Contains(found[0].Found, c.found) ||
			(c.level != bridge.Good) != strings.Contains(found[0].Do, "FACEBOOK_GRAPH_VERSION") {
			t.Errorf("%s, answered with %q, on %s: %+v", c.version, c.served, c.on.Format(time.DateOnly), found)
		}
	}
}

func TestCheckup_Meta_AnswersWithTheVersionAskedFor(t *testing.T) {
	for version, want := range map[string]bridge.Level{versions.Newest: bridge.Good, "v99.0": bridge.Bad} {
		fb, err := meta.Start(meta.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer fb.Close()
		c := New(ClientConfig{GraphURL: fb.URL(), Version: version, AppID: fb.AppID(), AppSecret: bridge.Secret(fb.AppSecret())})
		found := find(c.Checkup(t.Context(), "https://bridge.ex.test", time.Now(), nil), "version (Meta)")
		if len(found) != 1 || version == "v99.0" && found[0].Level != want || version != "v99.0" && strings.Contains(found[0].Found, "instead") {
			t.Errorf("%s: %+v", version, found)
		}
	}
}
