package backfill

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
)

// TestHeartbeat_Outages checks which of the things that happen to webhooks count as an
// interruption, and from when.
func TestHeartbeat_Outages(t *testing.T) {
	pages := bridgetest.Pages{{ID: "1", Token: "t", State: bridge.PageRunning}, {ID: "2", Token: "t", State: bridge.PageOff}}
	for name, c := range map[string]struct {
		happens func(h *WebhookHeartbeat)
		since   time.Duration // after the start; -1: no gap
	}{
		"nothing": {func(*WebhookHeartbeat) { time.Sleep(20 * time.Minute) }, -1},
		"one call not stored": {func(h *WebhookHeartbeat) {
			h.Refused()
			time.Sleep(30 * time.Second)
			h.Taken()
			time.Sleep(10 * time.Minute)
		}, -1},
		"four minutes of 503": {func(h *WebhookHeartbeat) {
			h.Taken()
			h.Refused()
			time.Sleep(4 * time.Minute)
			h.Taken()
			time.Sleep(2 * time.Minute)
		}, 9 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cursors := bridgetest.Cursors{}
				gaps, err := NewGaps(cursors, 0, time.Now)
				if err != nil {
					t.Fatal(err)
				}
				checked := map[bridge.PageID]bool{}
				h := NewHeartbeat(HeartbeatConfig{Gaps: gaps, Cursors: cursors, Pages: pages, Check: func(id bridge.PageID) { checked[id] = true }, Log: slog.New(slog.DiscardHandler)})
				start := time.Now()
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- h.Run(ctx) }()
				time.Sleep(9*time.Minute + 30*time.Second)
				c.happens(h)
				stop()
				<-ended
				since, _, _ := gaps.gap("1")
				switch {
				case c.since < 0 && !since.IsZero():
					t.Errorf("a gap since %s", since.Sub(start))
				case c.since >= 0 && (!since.Equal(start.Add(c.since)) || !checked["1"]):
					t.Errorf("the gap begins %s after the start, checked %v", since.Sub(start), checked)
				}
				if since, _, _ := gaps.gap("2"); !since.IsZero() || checked["2"] {
					t.Error("a page that is off has a gap")
				}
			})
		})
	}
}

func TestHeartbeat_DownForAWhile_OpensGapsOnceAndOnlyThen(t *testing.T) {
	pages := bridgetest.Pages{{ID: "1", Token: "t", State: bridge.PageRunning, Since: time.Unix(1_789_000_000, 0)}}
	for down, gap := range map[time.Duration]bool{time.Minute: false, 3 * time.Minute: true} {
		now := time.Unix(1_790_000_000, 0)
		cursors := bridgetest.Cursors{}
		life := func() *Gaps {
			gaps, err := NewGaps(cursors, 0, func() time.Time { return now })
			if err != nil {
				t.Fatal(err)
			}
			h := NewHeartbeat(HeartbeatConfig{Gaps: gaps, Cursors: cursors, Pages: pages, Check: func(bridge.PageID) {}, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
			h.note(t.Context())
			return gaps
		}
		if life().Has("1") {
			t.Error("a gap at the first start ever")
		}
		heard := now
		now = now.Add(down)
		gaps := life()
		if since, _, _ := gaps.gap("1"); gaps.Has("1") != gap || gap && !since.Equal(heard) {
			t.Errorf("down for %s: gap since %s", down, since)
		}
		now = now.Add(time.Second)
		gaps = life() // a restart right after
		since, width, _ := gaps.gap("1")
		if gap && !since.Equal(heard) {
			t.Errorf("after another restart the gap begins at %s", since)
		}
		gaps.Well("1", now)
		if ready := gaps.take(); (len(ready) == 1) != gap {
			t.Errorf("to be filled: %q", ready)
		}
		if err := gaps.Lost(t.Context(), pages...); err != nil { // while it is filled
			t.Fatal(err)
		}
		if err := gaps.filled("1", width); err != nil || !gaps.Has("1") {
			t.Error("a gap that was widened meanwhile is closed", err)
		}
		_, width, _ = gaps.gap("1")
		if err := gaps.filled("1", width); err != nil || gaps.Has("1") {
			t.Error("the gap stays open", err)
		}
	}
}
