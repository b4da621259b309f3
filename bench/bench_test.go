package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bench/chart"
)

// TestMain lets the test binary be started again as a child, like the program, or as a peer.
func TestMain(m *testing.M) {
	if os.Getenv("PLAY_PEER") != "" {
		playPeer()
	}
	if played, err := playRole(os.Args[1:], os.Stdin, os.Stdout); played {
		if err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The smallest form of every measure runs; how long things took is not looked at.
func TestGoals_InTheirSmallestForm_GiveFigures(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("measured on Linux only")
	}
	t.Setenv("GORACE", "atexit_sleep_ms=0") // else each child takes a second to end
	b := &bench{ctx: context.Background(), rounds: 1, seconds: 0.02, lanes: 20, idle: 200, pending: 2000, dir: t.TempDir(), progress: io.Discard}
	r, err := b.measure(goals)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range goals {
		if !slices.ContainsFunc(r.Results, func(x result) bool { return x.ID == g.id }) {
			t.Errorf("%s has no result", g.id)
		}
	}
	var none []string // in 20 ms, a busy machine delivers nothing now and then
	for _, x := range r.Results {
		if math.IsNaN(x.Measured) || math.IsInf(x.Measured, 0) {
			none = append(none, fmt.Sprintf("%s, %s: %v", x.ID, x.Point, x.Measured))
		}
		if x.ID == "P15" && strings.HasPrefix(x.Point, "transactions") && x.Measured != 1 {
			t.Errorf("a call with many events took %v transactions", x.Measured)
		}
	}
	if len(none) > len(r.Results)/4 {
		t.Errorf("of %d results these are no figures: %q", len(r.Results), none)
	}
	if left, _ := os.ReadDir(b.dir); len(left) > 0 {
		t.Errorf("%d folders were left behind", len(left))
	}
}

func TestReport_IsMarkdownAndJSON(t *testing.T) {
	r := report{Rounds: 3, Results: []result{
		{ID: "P1", Point: "met", Goal: atLeast(0.42), Measured: 0.5, Rounds: series{0.4, 0.5, 0.6}},
		{ID: "P8", Point: "not met", Goal: atMost(200), Unit: "KB", Measured: 201},
	}}
	for i := range r.Results {
		r.Results[i].judge()
	}
	file := filepath.Join(t.TempDir(), "results.json")
	var table bytes.Buffer
	if err := r.write(&table, file); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"| P1 | met |  | ≥ 0.42 | 0.50 (0.40–0.60) | met | 0 % |  |\n",
		"| P8 | not met |  | ≤ 200 | 201 KB | **missed** | 0 % |  |\n",
	} {
		if !strings.Contains(table.String(), line) {
			t.Errorf("no line %q in\n%s", line, &table)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var again report
	if err := json.Unmarshal(text, &again); err != nil || len(again.Results) != 2 || !again.Results[0].Met || again.Results[1].Met {
		t.Errorf("read back as %+v, %v", again, err)
	}
}

func TestChoose_KnowsTheGoals(t *testing.T) {
	if some, err := choose("P15, P1"); err != nil || len(some) != 2 || some[0].id != "P1" {
		t.Errorf("chose %v, %v", some, err)
	}
	if _, err := choose("P1,P99"); err == nil {
		t.Error("P99 was accepted")
	}
}

func TestPlots_InTheirSmallestForm_AreDrawn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("measured on Linux only")
	}
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	dir := t.TempDir()
	if err := plotsCommand(t.Context(), []string{"-svg", dir, "-dir", t.TempDir(), "-rounds", "1", "-seconds", "0.02"}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"latency.svg", "throughput.svg"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || strings.Count(string(text), `fill="none"`) != 4 || xml.Unmarshal(text, new(struct{})) != nil {
			t.Errorf("%s has not four lines: %v", name, err)
		}
	}
}

// The floor of the way out has a plot of its own.
func TestFloorPlots_InTheirSmallestForm_AreDrawn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("measured on Linux only")
	}
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	b := &bench{ctx: t.Context(), rounds: 1, seconds: 0.02, lanes: 8, dir: t.TempDir(), progress: io.Discard}
	for name, of := range map[string]struct {
		draw   func(*bench) (chart.Chart, error)
		curves int
	}{"in": {floorPlot, 3}, "out": {outPlot, 4}} {
		c, err := of.draw(b)
		if err != nil || len(c.Lines) != of.curves {
			t.Fatalf("%s: %d curves, %v", name, len(c.Lines), err)
		}
		for _, l := range c.Lines {
			for _, p := range l.Points {
				if name == "out" && p.Y <= 0 {
					t.Errorf("%s, %s: nothing at %v", name, l.Name, p.X)
				}
			}
		}
	}
}
