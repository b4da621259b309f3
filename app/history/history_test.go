package history

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
)

type notes map[string]string

func (n notes) Note(name string) (string, error) { return n[name], nil }

func (n notes) SaveNote(_ context.Context, name, text string) error {
	n[name] = text
	return nil
}

func TestHistory_CountsByMinuteQuarterAndDay_OverARestart(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock, kept := func() time.Time { return now }, notes{}
	begin := func() *History { return New(bridgetest.Meter{}, kept, clock, slog.New(slog.DiscardHandler)) }
	h := begin()
	h.Count(bridge.Delivered, bridge.In, "", 2)
	h.Count(bridge.Delivered, bridge.Out, "", 1)
	h.Count(bridge.Delivered, bridge.ToAgents, "", 9)
	h.Count(bridge.Postponed, bridge.Out, string(bridge.MetaDown), 3)
	h.Count(bridge.Postponed, bridge.Out, string(bridge.Deferred), 1)
	h.Time(bridge.WaitedFor, bridge.In, 1500*time.Millisecond)
	h.Time(bridge.WaitedFor, bridge.Out, time.Second)
	first := Point{In: 2, Out: 1, Refused: 3, Age: 1500 * time.Millisecond}
	now = now.Add(10 * time.Minute)
	h.save(t.Context())
	h = begin()
	h.Count(bridge.Failed, bridge.In, "x", 1)
	for span, at := range []int{60 - 11, 95, 119} {
		points := h.Points(span)
		sum := Point{}
		for _, p := range points {
			sum.In, sum.Out, sum.Refused = sum.In+p.In, sum.Out+p.Out, sum.Refused+p.Refused
		}
		want := first
		if span > 0 {
			want.Refused++
		}
		if len(points) != Spans[span].Many || points[at] != want || sum.In != 2 || sum.Out != 1 || sum.Refused != 4 {
			t.Errorf("%s: %+v at %d, in all %+v", Spans[span].Name, points[at], at, sum)
		}
	}
	now = now.Add(2 * time.Hour)
	for _, p := range h.Points(0) {
		if p != (Point{}) {
			t.Errorf("two hours later, the hour has %+v", p)
		}
	}
	if day := h.Points(1); day[95-8] != (Point{In: 2, Out: 1, Refused: 4, Age: first.Age}) {
		t.Errorf("two hours later, the day has %+v", day)
	}
}

// TestHistory_ClockIsAtTheBeginningOf1970_CountsAndIsKept: as a machine's is without a battery.
func TestHistory_ClockIsAtTheBeginningOf1970_CountsAndIsKept(t *testing.T) {
	kept := notes{}
	begin := func() *History {
		return New(bridgetest.Meter{}, kept, func() time.Time { return time.Unix(30, 0) }, slog.New(slog.DiscardHandler))
	}
	h := begin()
	h.Count(bridge.Delivered, bridge.In, "", 2)
	ended, end := context.WithCancel(t.Context())
	end()
	_ = h.Run(ended)
	for which, h := range []*History{h, begin()} {
		for span, s := range Spans {
			if points := h.Points(span); len(points) != s.Many || points[s.Many-1] != (Point{In: 2}) {
				t.Errorf("run %d, %s: %+v", which, s.Name, points)
			}
		}
	}
}

func TestHistory_WhatCannotBeRead_IsLeftOut(t *testing.T) {
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	h := New(bridgetest.Meter{}, notes{}, now, slog.New(slog.DiscardHandler))
	h.Count(bridge.Delivered, bridge.In, "", 1)
	whole := h.rings[0].String()
	for _, text := range []string{"", "?", "AA", whole[:len(whole)-4]} {
		h := New(bridgetest.Meter{}, notes{"history/hour": text}, now, slog.New(slog.DiscardHandler))
		for _, p := range h.Points(0) {
			if p != (Point{}) {
				t.Errorf("%q becomes %+v", text, p)
			}
		}
	}
	earlier := func() time.Time { return now().Add(-time.Hour) } // the clock was set back
	if h := New(bridgetest.Meter{}, notes{"history/hour": whole}, earlier, slog.New(slog.DiscardHandler)); h.Points(0)[59] != (Point{}) {
		t.Error("points of a time to come are shown")
	}
}
