package bridge

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Cursors remember how far something was read, over restarts. The zero time is what
// was never saved; saving it forgets the cursor.
type Cursors interface {
	Cursor(name string) (time.Time, error)
	// SaveCursor is durable within seconds, and no later than what is saved after it.
	SaveCursor(name string, at time.Time) error
	// KeepCursor is SaveCursor and returns when it is durable.
	KeepCursor(ctx context.Context, name string, at time.Time) error
}

// Names of cursors.
const (
	heardCursor = "heard" // webhooks could be received and stored until then
	gapCursor   = "gap/"  // + PageID: since when messages of the page may be missing
)

// Gaps are the times of which customers' messages may be missing here: for each page
// at most one, known by when it began. A gap is stored before its cause is repaired,
// and closed when the messages were fetched (backfill.go); a crash in between leaves
// it open. A nil *Gaps notes nothing. Safe for concurrent use.
type Gaps struct {
	cursors Cursors
	now     func() time.Time
	before  time.Time     // when the bridge last heard, before this process began; zero: never
	slack   time.Duration // how long before that a loss may have happened that is found now
	ready   chan struct{} // pages in order have gaps

	mu      sync.Mutex           // guards all below
	well    map[PageID]time.Time // when a page was last found in order
	widened map[PageID]int       // how often a page's gap was opened or widened since the start
	fill    map[PageID]struct{}  // pages in order, with a gap, not yet taken
}

// NewGaps returns what an earlier run left. every is how often pages are looked at, 0
// as for the PageWatch: a loss is found that long after it happened, or somewhat later.
func NewGaps(c Cursors, every time.Duration, now func() time.Time) (*Gaps, error) {
	setDefault(&every, watchEvery)
	if now == nil {
		now = time.Now
	}
	before, err := c.Cursor(heardCursor)
	if err != nil {
		return nil, fmt.Errorf("read when the bridge last heard: %w", err)
	}
	return &Gaps{
		cursors: c, now: now, before: before, slack: 2 * every, ready: make(chan struct{}, 1),
		well: map[PageID]time.Time{}, widened: map[PageID]int{}, fill: map[PageID]struct{}{},
	}, nil
}

// Lost opens gaps for pages that Meta was found not to send the events of: they
// begin when each page was last found in order, but not before it was connected. It
// returns when that is durable.
func (g *Gaps) Lost(ctx context.Context, pages ...Page) error {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	since := map[PageID]time.Time{}
	for _, p := range pages {
		at, known := g.well[p.ID]
		if !known {
			at = g.now().Add(-g.slack)
			if !g.before.IsZero() && g.before.Add(-g.slack).Before(at) {
				at = g.before.Add(-g.slack)
			}
		}
		since[p.ID] = later(at, p.Since)
	}
	g.mu.Unlock()
	return g.open(ctx, since)
}

// Missed opens gaps for pages, all beginning at a time. It returns when that is durable.
func (g *Gaps) Missed(ctx context.Context, since time.Time, pages ...Page) error {
	if g == nil {
		return nil
	}
	all := map[PageID]time.Time{}
	for _, p := range pages {
		all[p.ID] = later(since, p.Since)
	}
	return g.open(ctx, all)
}

func (g *Gaps) open(ctx context.Context, since map[PageID]time.Time) error {
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
func (g *Gaps) Well(id PageID, at time.Time) {
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
func (g *Gaps) Off(id PageID) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.well, id)
	delete(g.fill, id)
	_ = g.close(id) // the next look at a page that is off tries again
}

// take returns the pages whose gaps can be filled, each once.
func (g *Gaps) take() []PageID {
	g.mu.Lock()
	defer g.mu.Unlock()
	ids := slices.Sorted(maps.Keys(g.fill))
	clear(g.fill)
	return ids
}

// has reports whether messages of a page may be missing.
func (g *Gaps) has(id PageID) bool {
	if g == nil {
		return false
	}
	since, _, err := g.gap(id)
	return err != nil || !since.IsZero()
}

// gap returns since when messages of a page may be missing, zero if none are, and
// what closing it needs.
func (g *Gaps) gap(id PageID) (since time.Time, width int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	since, err = g.cursors.Cursor(gapCursor + string(id))
	return since, g.widened[id], err
}

// filled closes a gap, unless it was widened since.
func (g *Gaps) filled(id PageID, width int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.widened[id] != width {
		return nil
	}
	return g.close(id)
}

func (g *Gaps) close(id PageID) error {
	name := gapCursor + string(id)
	if since, err := g.cursors.Cursor(name); err != nil || since.IsZero() {
		return err
	}
	return g.cursors.SaveCursor(name, time.Time{})
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// silenced reports whether nothing is meant to come from a page: it was switched off,
// or disconnected.
func silenced(p Page) bool { return p.State == PageOff || p.Token == "" }

// heardOf reports whether Meta sends the events of a page in this state; one that
// Facebook holds back from sending still hears.
func heardOf(p Page) bool { return p.State == PageRunning || p.State == PageHeld }

// losing reports whether a change of a page means that its messages begin to be
// missing, or do so until it runs for the first time.
func losing(before, after Page) bool {
	return heardOf(before) && !heardOf(after) && !silenced(after) ||
		before.State == "" && after.State == PageConnecting
}
