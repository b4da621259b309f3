package backfill

import (
	"slices"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
)

// TestGaps_Lost is where gaps begin that are found at midnight plus one hour.
func TestGaps_Lost(t *testing.T) {
	now := midnight.Add(time.Hour)
	for name, c := range map[string]struct {
		received time.Duration // when webhooks were last received in an earlier run, after midnight; 0: never
		well     time.Duration // when the page was last found in order, after midnight; 0: not yet
		since    time.Duration // when the page was connected
		known    time.Duration // when a gap began that is known; 0: none
		begins   time.Duration
	}{
		"first found in order":       {well: 50 * time.Minute, begins: 50 * time.Minute},
		"first run":                  {begins: 50 * time.Minute}, // two checks ago
		"after an earlier run":       {received: 30 * time.Minute, begins: 20 * time.Minute},
		"connected since":            {well: 50 * time.Minute, since: 55 * time.Minute, begins: 55 * time.Minute},
		"widens what is known":       {well: 50 * time.Minute, known: 59 * time.Minute, begins: 50 * time.Minute},
		"keeps what is known longer": {well: 50 * time.Minute, known: 10 * time.Minute, begins: 10 * time.Minute},
	} {
		cursors := bridgetest.Cursors{}
		if c.received > 0 {
			cursors[receivedCursor] = midnight.Add(c.received)
		}
		g, err := NewGaps(cursors, 0, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		page := bridge.Page{ID: "1", State: bridge.PageRunning, Token: "t"}
		if c.since > 0 {
			page.Since = midnight.Add(c.since)
		}
		if c.well > 0 {
			g.Well("1", midnight.Add(c.well))
		}
		if c.known > 0 {
			if err := g.Missed(t.Context(), midnight.Add(c.known), page); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.Lost(t.Context(), page); err != nil {
			t.Fatal(err)
		}
		if since, _, _ := g.gap("1"); !since.Equal(midnight.Add(c.begins)) {
			t.Errorf("%s: the gap begins %s after midnight, want %s", name, since.Sub(midnight), c.begins)
		}
	}
}

func TestGaps_OffAndNil(t *testing.T) {
	cursors := bridgetest.Cursors{}
	g, err := NewGaps(cursors, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	page := bridge.Page{ID: "1", Token: "t", State: bridge.PageRunning}
	if err := g.Lost(t.Context(), page, bridge.Page{ID: "2"}); err != nil || !g.Has("1") || !g.Has("2") {
		t.Fatal("no gap", err)
	}
	g.Well("2", time.Now())
	g.Off("1")
	if g.Has("1") || !g.Has("2") || !slices.Equal(g.take(), []bridge.PageID{"2"}) || len(g.take()) != 0 {
		t.Error("a page that is off has a gap, or another has none")
	}
	var none *Gaps
	none.Well("1", time.Now())
	none.Off("1")
	if none.Has("1") || none.Lost(t.Context(), page) != nil || none.Missed(t.Context(), time.Now(), page) != nil {
		t.Error("nil notes something")
	}
}
