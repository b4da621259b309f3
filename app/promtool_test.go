package app

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func promtool(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("there is no promtool; .ci/tools fetches it")
	}
	return program
}

// TestMetrics_PassPromtool reads what a running bridge tells.
func TestMetrics_PassPromtool(t *testing.T) {
	program := promtool(t)
	cmd := exec.Command(program, "check", "metrics")
	cmd.Stdin = strings.NewReader(metricsOfARunningBridge(t))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestDashboard_PassesPromtool has each query of the dashboard read as Prometheus reads it.
func TestDashboard_PassesPromtool(t *testing.T) {
	program := promtool(t)
	var queries []any
	for i, expr := range dashboardExpressions(t) {
		expr = strings.ReplaceAll(expr, "$__rate_interval", "5m") // which Grafana fills in
		queries = append(queries, map[string]any{"record": fmt.Sprint("query:", i), "expr": expr})
	}
	path := filepath.Join(t.TempDir(), "queries.yml")
	content, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": queries}}})
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "check", "rules", path).CombinedOutput(); err != nil || len(queries) < 20 {
		t.Errorf("%d queries: %v\n%s", len(queries), err, out)
	}
}

// firing is what makes an alert fire, with its labels then; minute is when. A series is what
// stands at each minute, as promtool writes it.
type firing struct {
	series map[string]string
	minute int
	labels map[string]string
	not    bool // it must be quiet
}

const hook = "messenger_bridge_webhooks_total"

var firings = map[string][]firing{
	"BridgeDown":            {{series: map[string]string{`up`: "1x10"}, minute: 5}, {series: map[string]string{`messenger_bridge_build_info{version="1"}`: "1x10"}, minute: 5, not: true}},
	"BridgeRefusesWebhooks": {{series: map[string]string{`messenger_bridge_ready`: "0x10"}, minute: 5}},
	"BridgeStoreChanged":    {{series: map[string]string{`messenger_bridge_store_changed_records`: "0 1x10"}, minute: 5}},
	"BridgeRocketChatLost":  {{series: map[string]string{`messenger_bridge_rocketchat_connected`: "0x10"}, minute: 7}},
	"BridgeRocketChatRefuses": {{series: map[string]string{`messenger_bridge_refused_seconds{call="POST x",everybody="true"}`: "301x10"}, minute: 5, labels: map[string]string{"call": "POST x", "everybody": "true"}},
		{series: map[string]string{`messenger_bridge_refused_seconds{call="POST x",everybody="false"}`: "301x10"}, minute: 5, not: true}},
	"BridgeFacebookLost":   {{series: map[string]string{`messenger_bridge_facebook_connected`: "0x10"}, minute: 7}},
	"BridgePageNotRunning": {{series: map[string]string{`messenger_bridge_page_running{page="1"}`: "0x20"}, minute: 17, labels: map[string]string{"page": "1"}}},
	"BridgeAnswersWait":    {{series: map[string]string{`messenger_bridge_page_oldest_seconds{page="1",direction="out"}`: "121x20"}, minute: 7, labels: map[string]string{"page": "1", "direction": "out"}}},
	"BridgeCustomersWait":  {{series: map[string]string{`messenger_bridge_page_oldest_seconds{page="1",direction="in"}`: "1801x20"}, minute: 7, labels: map[string]string{"page": "1", "direction": "in"}}},
	"BridgeFails":          {{series: map[string]string{`messenger_bridge_failed_total{direction="out",reason="window-closed"}`: "0+1x20"}, minute: 15, labels: map[string]string{"direction": "out", "reason": "window-closed"}}},
	"BridgeThrottled":      {{series: map[string]string{`messenger_bridge_postponed_total{direction="out",reason="rate-limited"}`: "0+5x20"}, minute: 15, labels: map[string]string{"direction": "out"}}},
	"BridgeForgedWebhooks": {
		{series: map[string]string{hook + `{answer="forged"}`: "0+5x30"}, minute: 15}, // nothing was ever taken
		{series: map[string]string{hook + `{answer="forged"}`: "0+5x30", hook + `{answer="ok"}`: "7x30"}, minute: 20},
		{series: map[string]string{hook + `{answer="forged"}`: "0+5x30", hook + `{answer="ok"}`: "0+1x30"}, minute: 20, not: true},
		{series: map[string]string{hook + `{answer="forged"}`: "0+5x30", hook + `{answer="passed"}`: "0+1x30"}, minute: 20, not: true}, // a standby
		{series: map[string]string{hook + `{answer="forged",instance="a"}`: "0+5x30", hook + `{answer="ok",instance="b"}`: "0+1x30"}, minute: 20, labels: map[string]string{"instance": "a"}},
	},
	"BridgeStrangers":    {{series: map[string]string{`messenger_bridge_gave_way_total{place="connection"}`: "0+50x20"}, minute: 10, labels: map[string]string{"place": "connection"}}},
	"BridgeReconnects":   {{series: map[string]string{`messenger_bridge_reconnects_total`: "0+1x60"}, minute: 55}},
	"BridgeSlow":         {{series: map[string]string{`messenger_bridge_age_seconds_bucket{direction="in",le="15"}`: "0x40", `messenger_bridge_age_seconds_bucket{direction="in",le="78"}`: "0+9x40", `messenger_bridge_age_seconds_bucket{direction="in",le="+Inf"}`: "0+9x40"}, minute: 35, labels: map[string]string{"direction": "in"}}},
	"BridgePanics":       {{series: map[string]string{`messenger_bridge_panics_total`: "0x5 1x20"}, minute: 10}},
	"BridgeTokenExpires": {{series: map[string]string{`messenger_bridge_page_token_expires_seconds{page="1"}`: "86400x90"}, minute: 70, labels: map[string]string{"page": "1"}}, {series: map[string]string{`messenger_bridge_page_token_expires_seconds{page="1"}`: "8640000x90"}, minute: 70, not: true}},
	"BridgeRestarts":     {{series: map[string]string{`messenger_bridge_start_time_seconds`: "1 1 60 60 120 120 180x20"}, minute: 15}, {series: map[string]string{`messenger_bridge_start_time_seconds`: "1x5 400x20"}, minute: 15, not: true}},
	"BridgeBusy":         {{series: map[string]string{hook + `{answer="busy"}`: "0+3x20"}, minute: 12}},
	"BridgeNobodyLeads": {
		{series: map[string]string{`messenger_bridge_replica_leads{instance="a"}`: "1 0x10", `messenger_bridge_replica_leads{instance="b"}`: "0x10"}, minute: 5},
		{series: map[string]string{`messenger_bridge_replica_leads{instance="a"}`: "1x3 0x10", `messenger_bridge_replica_leads{instance="b"}`: "0x3 1x10"}, minute: 8, not: true},
	},
	"BridgeJournalFull": {
		{series: map[string]string{`messenger_bridge_journal_full{instance="a"}`: "1x10", `messenger_bridge_journal_full{instance="b"}`: "0x10"}, minute: 5},
		{series: map[string]string{`messenger_bridge_journal_full{instance="a"}`: "0x10"}, minute: 5, not: true},
	},
	"BridgeReplicaNotReady": {
		{series: map[string]string{`messenger_bridge_replica_ready{instance="a"}`: "0x10"}, minute: 5, labels: map[string]string{"instance": "a"}},
		{series: map[string]string{`messenger_bridge_replica_ready{instance="a"}`: "1x10", `messenger_bridge_journal_lag_seconds{instance="a"}`: "11x10"}, minute: 5, labels: map[string]string{"instance": "a"}},
		{series: map[string]string{`messenger_bridge_replica_ready{instance="a"}`: "1x10", `messenger_bridge_journal_lag_seconds{instance="a"}`: "1x10"}, minute: 5, not: true},
	},
	"BridgeOldSnapshot": {
		{series: map[string]string{`messenger_bridge_snapshot_age_seconds{instance="a"}`: "604801x20", `messenger_bridge_journal_bytes_total{instance="a"}`: "0+20000000x20"}, minute: 15},
		{series: map[string]string{`messenger_bridge_snapshot_age_seconds{instance="a"}`: "604801x20", `messenger_bridge_journal_bytes_total{instance="a"}`: "0+1x20"}, minute: 15, not: true},
	},
	"BridgeTakeovers": {
		{series: map[string]string{`messenger_bridge_takeovers_total{why="silence",instance="a"}`: "0 1 2x10"}, minute: 6},
		{series: map[string]string{`messenger_bridge_takeovers_total{why="first",instance="a"}`: "0 1 2x10"}, minute: 6, not: true},
	},
}

// TestAlerts_EachFires has promtool play what each alert is for. Annotations are read by `check
// rules`; here they are left out, so that a test says what it is about.
func TestAlerts_EachFires(t *testing.T) {
	program := promtool(t)
	if out, err := exec.Command(program, "check", "rules", "../docs/alerts.yml").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	var rules struct {
		Groups []struct {
			Name  string
			Rules []map[string]any
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "../docs/alerts.yml")), &rules); err != nil {
		t.Fatal(err)
	}
	severity := map[string]any{}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			delete(r, "annotations")
			severity[r["alert"].(string)] = r["labels"].(map[string]any)["severity"]
		}
	}
	var tests []any
	for name, level := range severity {
		if len(firings[name]) == 0 {
			t.Errorf("%s is never made to fire", name)
		}
		for _, f := range firings[name] {
			var series, expected []any
			for _, of := range slices.Sorted(maps.Keys(f.series)) {
				series = append(series, map[string]any{"series": of, "values": f.series[of]})
			}
			if !f.not {
				labels := map[string]any{"severity": level}
				for k, v := range f.labels {
					labels[k] = v
				}
				expected = append(expected, map[string]any{"exp_labels": labels})
			}
			tests = append(tests, map[string]any{"interval": "1m", "input_series": series,
				"alert_rule_test": []any{map[string]any{"eval_time": fmt.Sprint(f.minute, "m"), "alertname": name, "exp_alerts": expected}}})
		}
	}
	dir := t.TempDir()
	write := func(name string, v any) string {
		var b bytes.Buffer
		if err := yaml.NewEncoder(&b).Encode(v); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("rules.yml", rules)
	path := write("tests.yml", map[string]any{"rule_files": []string{"rules.yml"}, "evaluation_interval": "1m", "tests": tests})
	if out, err := exec.Command(program, "test", "rules", path).CombinedOutput(); err != nil {
		t.Errorf("%v %s", err, out)
	}
}
