package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/sandbox/meta"
)

// probe is webhooks that come without a pause, whatever becomes of those before. Each is repeated until it is
// answered with 200, as Meta does.
type probe struct {
	*world
	every time.Duration

	mu    sync.Mutex // guards all below
	acked []time.Time
	texts []string // that were acknowledged
	shown int      // of these, when it was looked last
}

const (
	metaWaits = 5 * time.Second
	// mostUnshown is how many texts may be acknowledged and not shown: a slow machine is not flooded.
	mostUnshown = 300
)

// run posts until ctx ends, and returns when everything was acknowledged.
func (p *probe) run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if p.mayPost(n) {
			under.Go(func() { p.post(n) })
		} else {
			n--
		}
	}
}

// mayPost reports whether another one may be posted after so many.
func (p *probe) mayPost(posted int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if posted-p.shown >= mostUnshown {
		p.shown = len(p.counted())
	}
	return posted-p.shown < mostUnshown
}

// post posts one until it is acknowledged.
func (p *probe) post(n int) {
	text := fmt.Sprintf("probe %d", n)
	body := p.meta.Body(p.meta.TextEvent(page, fmt.Sprint(7100+n%5), fmt.Sprint("m_probe_", n), text, time.Now()))
	for again := 100 * time.Millisecond; ; again = min(2*again, time.Second) {
		waits, stop := context.WithTimeout(context.Background(), metaWaits)
		status, err := p.meta.Post(waits, body, meta.PostOptions{})
		stop()
		if err == nil && status == http.StatusOK {
			break
		}
		<-time.After(again)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acked, p.texts = append(p.acked, time.Now()), append(p.texts, text)
}

// counted says how often each text is shown.
func (p *probe) counted() map[string]int {
	count := map[string]int{}
	for _, text := range p.world.texts() {
		if strings.HasPrefix(text, "probe ") {
			count[text]++
		}
	}
	return count
}

// longest returns the longest time without a 200 between two moments.
func (p *probe) longest(from, to time.Time) (longest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.SortFunc(p.acked, time.Time.Compare)
	last := from
	for _, at := range p.acked {
		if at.After(from) && at.Before(to) {
			longest, last = max(longest, at.Sub(last)), at
		}
	}
	return max(longest, to.Sub(last))
}

// haveAll waits until each text that was acknowledged is shown, and looks whether that was once.
func (p *probe) haveAll() {
	p.Helper()
	p.mu.Lock()
	texts := slices.Clone(p.texts)
	p.mu.Unlock()
	p.eventually("all that was acknowledged is shown", func() bool {
		count := p.counted()
		return !slices.ContainsFunc(texts, func(text string) bool { return count[text] == 0 })
	})
	for text, n := range p.counted() {
		if n > 1 {
			p.Errorf("%q is shown %d times", text, n)
		}
	}
}
