package backfill

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// Names of cursors.
const (
	receivedCursor = "heard" // webhooks could be received and stored until then
	gapCursor      = "gap/"  // + PageID: since when messages of the page may be missing
)

// defaultSlack is twice the time in which every page is checked.
const defaultSlack = 10 * time.Minute

// Gaps are the times of which customers' messages may be missing here: for each page
// at most one, known by when it began. A gap is stored before its cause is repaired,
// and closed when the messages were fetched (backfill.go); a crash in between leaves
// it open. A nil *Gaps notes nothing. Safe for concurrent use.
type Gaps struct {
	cursors bridge.Cursors
	now     func() time.Time
	before  time.Time     // when webhooks were last received, before this process began; zero: never
	slack   time.Duration // how long before that a loss may have happened that is found now
	ready   chan struct{} // pages in order have gaps

	mu      sync.Mutex                  // guards all below
	well    map[bridge.PageID]time.Time // when a page was last found in order
	widened map[bridge.PageID]int       // how often a page's gap was opened or widened since the start
	fill    map[bridge.PageID]struct{}  // pages in order, with a gap, not yet taken
}

// NewGaps returns what an earlier run left. slack is how long before it was found a loss
// may have happened: twice the time between two checks of a page; 0 means ten minutes.
func NewGaps(c bridge.Cursors, slack time.Duration, now func() time.Time) (*Gaps, error) {
	if slack == 0 {
		slack = defaultSlack
	}
	if now == nil {
		now = time.Now
	}
	before, err := c.Cursor(receivedCursor)
	if err != nil {
		return nil, fmt.Errorf("read when webhooks were last received: %w", err)
	}
	return &Gaps{
		cursors: c, now: now, before: before, slack: slack, ready: make(chan struct{}, 1),
		well: map[bridge.PageID]time.Time{}, widened: map[bridge.PageID]int{}, fill: map[bridge.PageID]struct{}{},
	}, nil
}

// Lost opens gaps for pages that Meta was found not to send the events of: they
// begin when each page was last found in order, but not before it was connected. It
// returns when that is durable.
func (g *Gaps) Lost(ctx context.Context, pages ...bridge.Page) error {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	since := map[bridge.PageID]time.Time{}
	for _, p := range pages {
		at, known := g.well[p.ID]
		if !known {
			at = g.now().Add(-g.slack)
			if !g.before.IsZero() && g.before.Add(-g.slack).Before(at) {
				at = g.before.Add(-g.slack)
			}
		}
		since[p.ID] = bridge.Later(at, p.Since)
	}
	g.mu.Unlock()
	return g.open(ctx, since)
}

// Missed opens gaps for pages, all beginning at a time. It returns when that is durable.
func (g *Gaps) Missed(ctx context.Context, since time.Time, pages ...bridge.Page) error {
	if g == nil {
		return nil
	}
	all := map[bridge.PageID]time.Time{}
	for _, p := range pages {
		all[p.ID] = bridge.Later(since, p.Since)
	}
	return g.open(ctx, all)
}

func (g *Gaps) open(ctx context.Context, since map[bridge.PageID]time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	ids := slices.Sorted(maps.Keys(since))
	for i, id := range ids {
		at := since[id]
		if known, err := g.cursors.Cursor(gapCursor + string(id)); err == nil && !known.IsZero() && known.Before(at) {
			at = known
		}
		g.widened[id]++
		save := g.cursors.SaveCursor
		if i == len(ids)-1 { // takes the others along
			save = func(name string, at time.Time) error { return g.cursors.KeepCursor(ctx, name, at) }
		}
		if err := save(gapCursor+string(id), at); err != nil {
			return fmt.Errorf("store since when messages of page %s may be missing: %w", id, err)
		}
	}
	return nil
}

// Well says that a page was found in order at a time. If it has a gap, that can be
// filled now.
func (g *Gaps) Well(id bridge.PageID, at time.Time) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.well[id] = at
	if since, err := g.cursors.Cursor(gapCursor + string(id)); err != nil || since.IsZero() {
		return
	}
	g.fill[id] = struct{}{}
	select {
	case g.ready <- struct{}{}:
	default:
	}
}

// Off says that a person switched a page off, or disconnected it: what customers
// write to it from then on is missing on purpose.
func (g *Gaps) Off(id bridge.PageID) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.well, id)
	delete(g.fill, id)
	_ = g.close(id) // the next check of a page that is off tries again
}

// take returns the pages whose gaps can be filled, each once.
func (g *Gaps) take() []bridge.PageID {
	g.mu.Lock()
	defer g.mu.Unlock()
	ids := slices.Sorted(maps.Keys(g.fill))
	clear(g.fill)
	return ids
}

// Has reports whether messages of a page may be missing.
func (g *Gaps) Has(id bridge.PageID) bool {
	if g == nil {
		return false
	}
	since, _, err := g.gap(id)
	return err != nil || !since.IsZero()
}

// gap returns since when messages of a page may be missing, zero if none are, and
// what closing it needs.
func (g *Gaps) gap(id bridge.PageID) (since time.Time, width int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	since, err = g.cursors.Cursor(gapCursor + string(id))
	return since, g.widened[id], err
}

// filled closes a gap, unless it was widened since.
func (g *Gaps) filled(id bridge.PageID, width int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.widened[id] != width {
		return nil
	}
	return g.close(id)
}

func (g *Gaps) close(id bridge.PageID) error {
	name := gapCursor + string(id)
	if since, err := g.cursors.Cursor(name); err != nil || since.IsZero() {
		return err
	}
	return g.cursors.SaveCursor(name, time.Time{})
}
