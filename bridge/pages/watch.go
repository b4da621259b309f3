package pages

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// watchEvery is how often every page is looked at: Meta unsubscribes a page
// silently, after an hour of failures for example, and this is the only way to
// notice (messenger.md 1.4).
const watchEvery = 5 * time.Minute

// looksAtOnce is how many pages are looked at together: enough for thousands in a
// period, too few to be a burst.
const looksAtOnce = 4

// PageWatch notices when a page stops working or works again, and says so once.
type PageWatch struct {
	c     *Connector
	every time.Duration
	wake  chan struct{} // somebody is in doubt

	mu    sync.Mutex                 // guards doubt
	doubt map[bridge.PageID]struct{} // pages to be looked at soon
}

// NewPageWatch returns a watch that does nothing until Run. every 0 means 5 minutes.
func NewPageWatch(c *Connector, every time.Duration) *PageWatch {
	every = cmp.Or(every, watchEvery)
	return &PageWatch{c: c, every: every, wake: make(chan struct{}, 1), doubt: map[bridge.PageID]struct{}{}}
}

// Refused says that Meta has refused everything of a page. It does not block.
func (w *PageWatch) Refused(id bridge.PageID, r *bridge.Refusal) {
	switch r.Reason {
	case bridge.PageLost, bridge.NotApproved, bridge.PageRestricted:
		w.c.evidence.accuse(id, r)
		w.Look(id)
	default: // throttled, or not reached: that passes
	}
}

// Sent says that Meta has taken something of a page that was restricted. It does
// not block.
func (w *PageWatch) Sent(id bridge.PageID) {
	w.c.evidence.accuse(id, nil)
	w.Look(id)
}

// Look has a page looked at soon. It does not block.
func (w *PageWatch) Look(id bridge.PageID) {
	w.mu.Lock()
	w.doubt[id] = struct{}{}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// doubtful takes one of the pages to be looked at soon.
func (w *PageWatch) doubtful() (bridge.PageID, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.doubt {
		delete(w.doubt, id)
		return id, true
	}
	return "", false
}

// Run watches until ctx ends. One timer serves all pages: a page's turn comes once
// in a period, or soon if there is doubt about it.
func (w *PageWatch) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, looksAtOnce)
	start := func(id bridge.PageID) {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return
		}
		wg.Go(func() {
			defer func() { <-free }()
			w.look(ctx, id)
		})
	}
	pages := w.watched()
	for _, p := range pages {
		if p.State != bridge.PageRunning || p.TokenKind == "" || w.c.Gaps.Has(p.ID) { // added while we did not run, or troubled then
			w.Look(p.ID)
		}
	}
	r := &round{every: w.every, jitter: rand.Float64}
	turn := time.NewTimer(r.pause(len(pages)))
	defer turn.Stop()
	hurried := time.NewTimer(0)
	defer hurried.Stop()
	for hurrying := true; ; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-turn.C:
			pages = w.watched()
			if id, ok := r.next(pages); ok {
				start(id)
			}
			turn.Reset(r.pause(len(pages)))
		case <-w.wake:
			if !hurrying {
				hurrying = true
				hurried.Reset(0)
			}
		case <-hurried.C:
			id, ok := w.doubtful()
			if hurrying = ok; ok {
				start(id)
				hurried.Reset(r.hurry(len(pages)))
			}
		}
	}
}

// watched returns the pages that are to be connected.
func (w *PageWatch) watched() []bridge.Page {
	return slices.DeleteFunc(w.c.Pages.Pages(), bridge.Page.Silenced)
}

// look reads a page's connection back, repairs what it can, and announces a change
// of its state.
func (w *PageWatch) look(ctx context.Context, id bridge.PageID) {
	before, after, err := w.c.compare(ctx, id)
	if errors.Is(err, bridge.ErrNoPage) || before.State == bridge.PageOff || before.Token == "" {
		return
	}
	w.c.warnOfExpiry(ctx, after)
	lost := after.Why
	healed := false
	if err == nil && after.State == bridge.PageUnsubscribe && after.Token != "" {
		after, err = w.c.SwitchOn(ctx, id) // if Meta allows it
		healed = err == nil && after.State == bridge.PageRunning
	}
	switch {
	case err != nil:
		if ctx.Err() == nil {
			w.c.Log.Warn("page not looked at", "page", id, "err", err)
		}
	case healed && before.State == bridge.PageRunning:
		w.c.announce(ctx, after, w.c.Say.Say("*%s* had lost its subscription (%s) and was subscribed again. Messages of the time between are being fetched.", after.DisplayName(), lost.In(w.c.Say)))
	case after.State == before.State:
	case after.State == bridge.PageRunning:
		w.c.announce(ctx, after, w.c.Say.Say("*%s* is running again.", after.DisplayName()))
	case before.State == bridge.PageRunning || after.State == bridge.PageNeedsAuth:
		w.c.announce(ctx, after, w.c.Say.Say("*%s* is not running any more: %s\nCustomers are still heard as far as Facebook sends their messages; answers wait and go out when the page runs again.", after.DisplayName(), w.c.explained(after)))
	}
}
