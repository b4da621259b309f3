package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// report is everything a run found.
type report struct {
	When    time.Time `json:"when"`
	Go      string    `json:"go"`
	CPUs    int       `json:"cpus"`
	Rounds  int       `json:"rounds"`
	Seconds float64   `json:"seconds"`
	Results []result  `json:"results"`
}

// result is a goal at one point.
type result struct {
	ID       string  `json:"id"`
	Point    string  `json:"point"` // what was measured, under which conditions
	Limit    string  `json:"limit"` // what nothing can pass
	Goal     bound   `json:"goal"`
	Unit     string  `json:"unit,omitempty"` // of Measured; empty: a ratio, or a count
	Measured float64 `json:"measured"`       // from the medians of all rounds
	Rounds   series  `json:"rounds"`         // the same, round by round
	Met      bool    `json:"met"`
	Others   float64 `json:"others"`         // part of the processors that others took meanwhile
	Note     string  `json:"note,omitempty"` // what the figure is made of
}

func (r *result) judge() { r.Met = r.Goal.holds(r.Measured) }

// bound is a goal: at least or at most a value.
type bound struct {
	Most  bool    `json:"most"` // at most; else at least
	Value float64 `json:"value"`
}

func atLeast(v float64) bound { return bound{Value: v} }
func atMost(v float64) bound  { return bound{Most: true, Value: v} }

func (b bound) holds(v float64) bool {
	if b.Most {
		return v <= b.Value
	}
	return v >= b.Value
}

func (b bound) String() string {
	if b.Most {
		return "≤ " + short(b.Value)
	}
	return "≥ " + short(b.Value)
}

// short writes three digits, or all that stand before the point.
func short(v float64) string {
	switch {
	case v >= 100 || v <= -100 || v == float64(int(v)):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10 || v <= -10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// write prints the table, and the JSON file if one is named.
func (r report) write(out io.Writer, file string) error {
	if _, err := io.WriteString(out, r.table()); err != nil || file == "" {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the results: %w", err)
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// table is the report in Markdown.
func (r report) table() string {
	var t strings.Builder
	fmt.Fprintf(&t, "%s, %s, %d processors, %d rounds of %g s; in brackets: least and most of a round; others: what else ran on the processors meanwhile\n\n",
		r.When.Format(time.RFC3339), r.Go, r.CPUs, r.Rounds, r.Seconds)
	t.WriteString("| # | measure | limit | goal | measured | verdict | others | made of |\n|---|---|---|---|---|---|---|---|\n")
	for _, x := range r.Results {
		verdict := "met"
		if !x.Met {
			verdict = "**missed**"
		}
		measured := short(x.Measured)
		if len(x.Rounds) > 1 {
			measured += fmt.Sprintf(" (%s–%s)", short(slices.Min(x.Rounds)), short(slices.Max(x.Rounds)))
		}
		if x.Unit != "" {
			measured += " " + x.Unit
		}
		fmt.Fprintf(&t, "| %s | %s | %s | %v | %s | %s | %.0f %% | %s |\n",
			x.ID, x.Point, x.Limit, x.Goal, measured, verdict, 100*x.Others, x.Note)
	}
	return t.String()
}
