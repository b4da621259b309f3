package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/app"
)

func TestMetrics_TellEachConnectedPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.addPage("4711", w.meta.AddPage("4711", "Other shop"))
	w.meta.KillToken(page, 460)
	w.run()
	w.meta.CustomerWrites(page, anna, "hi")
	rid := w.room()
	w.agent.Says(rid, "waits")
	w.eventually("status says that the answer waits, and why", func() bool {
		return slices.ContainsFunc(w.health().Pages, func(p app.PageStatus) bool {
			return p.ID == page && p.WaitingOut == 1 && p.OldestOut != nil && p.Held == "page-lost" && p.Until != nil
		})
	})
	w.eventually("the metrics show that an answer waits", func() bool {
		return strings.Contains(w.get("http://"+w.at.Metrics+"/metrics"), `messenger_bridge_page_waiting{direction="out",page="`+page+`"} 1`)
	})
	w.eventually("the question is noted", func() bool { return w.health().In.Waiting == 0 })
	text := w.get("http://" + w.at.Metrics + "/metrics")
	for _, line := range []string{
		`messenger_bridge_page_waiting{direction="out",page="4711"} 0`, `messenger_bridge_page_running{page="4711"} 1`, `messenger_bridge_waiting{direction="out"} 1`,
		"messenger_bridge_ready 1", "messenger_bridge_facebook_connected 1", "messenger_bridge_rocketchat_connected 1", "messenger_bridge_failed_kept 0",
		"\nbridge_ready 1\n", // the former name, for one release
		`messenger_bridge_build_info{version=`, `messenger_bridge_age_seconds_count{direction="in"} 1`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("the metrics do not say %s", line)
		}
	}
	if age := regexp.MustCompile(`messenger_bridge_page_oldest_seconds\{direction="out",page="` + page + `"\} 0\.?0*\n`); age.MatchString(text) {
		t.Error("what waits has no age")
	}
	if code, out, errText := runCommand(t, w.environ, "pages", "remove", "--database", w.cfg.Store.Database, "4711"); code != 0 {
		t.Fatalf("code %d: %s%s", code, out, errText)
	}
	w.eventually("a page that is gone is no longer measured", func() bool {
		return !strings.Contains(w.get("http://"+w.at.Metrics+"/metrics"), `page="4711"`)
	})
}
