package chart

import (
	"encoding/xml"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestChart_ShowsEveryLineWithinTheDrawing(t *testing.T) {
	c := Chart{Title: "a < b", X: "calls", Y: "ms", Lines: []Curve{{"one", []Point{{50, 0.2}, {16000, 90}}}, {"none", nil}}}
	var drawn struct {
		Circles []struct {
			X float64 `xml:"cx,attr"`
			Y float64 `xml:"cy,attr"`
		} `xml:"circle"`
		Texts []string `xml:"text"`
	}
	if err := xml.Unmarshal([]byte(c.SVG()), &drawn); err != nil {
		t.Fatal(err)
	}
	if len(drawn.Circles) != 2 || drawn.Circles[0].X >= drawn.Circles[1].X || drawn.Circles[0].Y <= drawn.Circles[1].Y {
		t.Errorf("the points are at %+v", drawn.Circles)
	}
	for _, p := range drawn.Circles {
		if p.X < chartLeft || p.X > chartLeft+plotWidth || p.Y < chartTop || p.Y > chartTop+plotHeight {
			t.Errorf("a point lies outside: %+v", p)
		}
	}
	for _, want := range []string{"a < b", "one", "none", "10k", "0.5"} {
		if !slices.Contains(drawn.Texts, want) {
			t.Errorf("%q is not in %q", want, drawn.Texts)
		}
	}
}

// A busy machine delivers nothing in a short measure. The chart of it once grew until the machine was out of memory.
func TestChart_WhatHasNoPlace_IsLeftOut(t *testing.T) {
	for _, none := range []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		c := Chart{Lines: []Curve{{"some", []Point{{1, none}, {none, 1}, {2, 3}}}, {"none", []Point{{1, none}}}}}
		drawn := c.SVG()
		if err := xml.Unmarshal([]byte(drawn), new(struct{})); err != nil || strings.Count(drawn, "<circle") != 1 || strings.Contains(drawn, "NaN") || strings.Contains(drawn, "Inf") {
			t.Errorf("with %v: %s, %v", none, drawn, err)
		}
	}
}
