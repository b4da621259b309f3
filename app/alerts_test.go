package app

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v3"

	"messenger-bridge/app/figures"
	"messenger-bridge/metrics"
)

// TestAlertsAndDashboard_UseMetricsAndLabelsThatExist reads the files that operators
// import. A metric that was renamed would make an alert silent.
func TestAlertsAndDashboard_UseMetricsAndLabelsThatExist(t *testing.T) {
	known := knownMetrics(t)
	used := map[string]bool{}
	exprs := append(alertExpressions(t), dashboardExpressions(t)...)
	if len(exprs) < 30 {
		t.Fatalf("only %d expressions were found", len(exprs))
	}
	for _, expr := range exprs {
		if strings.Count(expr, "(") != strings.Count(expr, ")") || strings.Count(expr, "{") != strings.Count(expr, "}") || strings.Count(expr, `"`)%2 != 0 {
			t.Errorf("brackets do not match: %s", expr)
		}
		labels := map[string]bool{"le": strings.Contains(expr, "_bucket")}
		for _, name := range metricName.FindAllString(expr, -1) {
			name = strings.TrimSuffix(name, "_bucket")
			of, ok := known[name]
			if !ok {
				t.Errorf("there is no metric %s: %s", name, expr)
			}
			used[name] = true
			for _, l := range of {
				labels[l] = true
			}
		}
		for _, groups := range [][][]string{grouping.FindAllStringSubmatch(expr, -1), selector.FindAllStringSubmatch(expr, -1)} {
			for _, found := range groups {
				for _, part := range strings.Split(found[1], ",") {
					label := strings.TrimSpace(regexp.MustCompile(`[!=~].*`).ReplaceAllString(part, ""))
					if !labels[label] {
						t.Errorf("no metric here has a label %s: %s", label, expr)
					}
				}
			}
		}
	}
	for name := range known {
		if !used[name] {
			t.Errorf("%s is neither in the alerts nor on the dashboard", name)
		}
	}
}

var (
	metricName  = regexp.MustCompile(`\bmessenger_bridge_[a-z_]+`)
	grouping    = regexp.MustCompile(`\bby \(([^)]*)\)`)
	selector    = regexp.MustCompile(`\{([^}]*)\}`)
	description = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)
)

// knownMetrics returns the label names of each metric of the program.
func knownMetrics(t *testing.T) map[string][]string {
	t.Helper()
	all := make(chan *prometheus.Desc, 1000)
	collectors := reflect.ValueOf(*metrics.New("test"))
	for i := range collectors.NumField() {
		if !collectors.Type().Field(i).IsExported() {
			continue
		}
		collectors.Field(i).Interface().(prometheus.Collector).Describe(all)
	}
	gauges{}.Describe(all)
	figures.Replica{}.Describe(all)
	metrics.NewPassedOn().Describe(all)
	close(all)
	known := map[string][]string{"messenger_bridge_build_info": {"version"}}
	for d := range all {
		found := description.FindStringSubmatch(d.String())
		if found == nil {
			t.Fatalf("not understood: %s", d)
		}
		known[found[1]] = strings.Split(found[2], ",")
	}
	return known
}

// TestMetrics_ThatAreRead_AreDescribed reads what a running bridge tells.
func TestMetrics_ThatAreRead_AreDescribed(t *testing.T) {
	known := knownMetrics(t)
	read := regexp.MustCompile(`(?m)^# TYPE (messenger_bridge_\w+) `).FindAllStringSubmatch(metricsOfARunningBridge(t), -1)
	if len(read) < 12 { // nothing has been counted yet
		t.Fatalf("only %d metrics were read", len(read))
	}
	for _, name := range read {
		if _, described := known[name[1]]; !described {
			t.Errorf("%s is not described", name[1])
		}
	}
}

// alone is the configuration of a bridge to which neither platform answers.
func alone(t *testing.T) Config {
	t.Helper()
	nobody := "http://127.0.0.1:1"
	cfg, err := ReadConfig([]string{"ROCKETCHAT_URL=" + nobody, "ROCKETCHAT_USER=bot", "ROCKETCHAT_PASSWORD=secret", "FACEBOOK_GRAPH_URL=" + nobody,
		"FACEBOOK_APP_ID=1", "FACEBOOK_APP_SECRET=secret", "FACEBOOK_VERIFY_TOKEN=verify", "PUBLIC_URL=" + nobody,
		"LISTEN=127.0.0.1:0", "METRICS_LISTEN=127.0.0.1:0", "DATABASE=" + filepath.Join(t.TempDir(), "bolt.db")})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// metricsOfARunningBridge starts one to which neither platform answers.
func metricsOfARunningBridge(t *testing.T) string {
	t.Helper()
	cfg := alone(t)
	ctx, stop := context.WithCancel(t.Context())
	started, ended := make(chan Addresses, 1), make(chan error, 1)
	go func() {
		ended <- Serve(ctx, cfg, slog.New(slog.DiscardHandler), func(at Addresses) { started <- at })
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	select {
	case at := <-started:
		answer, err := http.Get("http://" + at.Metrics + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	case err := <-ended:
		ended <- nil
		t.Fatal("it did not start:", err)
		return ""
	}
}

func alertExpressions(t *testing.T) (exprs []string) {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For string
				Labels           map[string]string
				Annotations      map[string]string
			}
		}
	}
	runbook := read(t, "../docs/alerts.md")
	content, err := os.Open("../docs/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	dec := yaml.NewDecoder(content)
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" || r.Expr == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" || !strings.HasSuffix(r.Annotations["runbook_url"], "/alerts.md#"+strings.ToLower(r.Alert)) ||
				!strings.Contains(runbook, "\n## "+r.Alert+"\n") {
				t.Errorf("an alert says too little: %+v", r)
			}
			exprs = append(exprs, r.Expr)
		}
	}
	return exprs
}

func dashboardExpressions(t *testing.T) (exprs []string) {
	t.Helper()
	var board struct {
		Title  string
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	content, err := os.ReadFile("../docs/grafana.json")
	if err == nil {
		err = json.Unmarshal(content, &board)
	}
	if err != nil {
		t.Fatal(err)
	}
	taken := map[[2]int]string{}
	for _, p := range board.Panels {
		if p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d is empty", p.ID)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q lies over %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, target := range p.Targets {
			exprs = append(exprs, target.Expr)
		}
	}
	return exprs
}
