package pages

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// checkEvery is how often every page is checked: Meta unsubscribes a page
// silently, after an hour of failures for example, and this is the only way to
// notice (messenger.md 1.4).
const checkEvery = 5 * time.Minute

// firstStep is how far two pages are apart when the bridge has started, which is when
// subscriptions were lost: a hundred pages are checked within 15 s, and thousands in the
// period at most.
const firstStep = 120 * time.Millisecond

// checksAtOnce is how many pages are checked together: enough for that pace while
// Facebook takes two seconds for each, too few to be a burst.
const checksAtOnce = 16

// Watch notices when a page stops working or works again, and says so once.
type Watch struct {
	connections *Connections
	every       time.Duration
	first       time.Duration // between two pages of the first round
	wake        chan struct{} // somebody is in doubt

	mu    sync.Mutex                 // guards doubt
	doubt map[bridge.PageID]struct{} // pages to be checked soon
}

// newWatch returns a watch that does nothing until Run.
func newWatch(c *Connections, every, first time.Duration) *Watch {
	return &Watch{connections: c, every: every, first: first, wake: make(chan struct{}, 1), doubt: map[bridge.PageID]struct{}{}}
}

// Refused says that Meta has refused everything of a page, or to have comments answered. It
// does not block.
func (w *Watch) Refused(id bridge.PageID, r *bridge.Refusal) {
	switch r.Reason {
	case bridge.PageLost, bridge.NotApproved, bridge.PageRestricted:
		w.connections.tokens.refusals.recordRefusal(id, r)
		w.CheckSoon(id)
	case bridge.CommentsBarred:
		w.connections.tokens.refusals.recordBarred(id)
		w.CheckSoon(id)
	default: // throttled, or not reached: that passes
	}
}

// Sent says that Meta has taken something of a page that was restricted. It does
// not block.
func (w *Watch) Sent(id bridge.PageID) {
	w.connections.tokens.refusals.recordRefusal(id, nil)
	w.CheckSoon(id)
}

// CheckSoon has a page checked soon. It does not block.
func (w *Watch) CheckSoon(id bridge.PageID) {
	w.mu.Lock()
	w.doubt[id] = struct{}{}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// doubtful takes one of the pages to be checked soon.
func (w *Watch) doubtful() (bridge.PageID, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.doubt {
		delete(w.doubt, id)
		return id, true
	}
	return "", false
}

// noDoubt is for a page whose turn has come.
func (w *Watch) noDoubt(id bridge.PageID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.doubt, id)
}

// Run watches until ctx ends. One timer serves all pages: a page's turn comes soon after
// the start, then once in a period, or soon if there is doubt about it.
func (w *Watch) Run(ctx context.Context) error {
	var checks sync.WaitGroup
	defer checks.Wait()
	start := w.starter(ctx, &checks)
	w.doubtTroubled()
	pages := w.watched()
	r := &rotation{every: w.every, quick: w.first, first: len(pages), jitter: rand.Float64}
	early := map[bridge.PageID]bool{} // checked in the first round before their turn
	listed := time.Now()
	turn := time.NewTimer(r.pause(len(pages)))
	defer turn.Stop()
	hurried := time.NewTimer(0)
	defer hurried.Stop()
	for hurrying := true; ; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-turn.C:
			if time.Since(listed) > w.every/300 { // thousands of pages have their turns close together
				pages, listed = w.watched(), time.Now()
			}
			if id, ok := r.nextBut(pages, early); ok {
				w.noDoubt(id)
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
				if r.first > 0 {
					early[id] = true
				}
				start(id)
				hurried.Reset(r.hurry(len(pages)))
			}
		}
	}
}

// starter returns a function that starts the check of a page, once there is room for it.
func (w *Watch) starter(ctx context.Context, checks *sync.WaitGroup) func(bridge.PageID) {
	room := make(chan struct{}, checksAtOnce)
	return func(id bridge.PageID) {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return
		}
		checks.Go(func() {
			defer func() { <-room }()
			w.checkPage(ctx, id)
		})
	}
}

// doubtTroubled has those pages checked soon that were added while nobody watched, or
// had trouble then, or whose comments nobody has seen to yet.
func (w *Watch) doubtTroubled() {
	w.connections.pages.EachPage(func(p *bridge.Page) bool {
		if p.Silenced() {
			return true
		}
		if p.State != bridge.PageRunning || p.TokenKind == "" || p.Settings.Comments != p.Feed.On || w.connections.gaps.Has(p.ID) {
			w.CheckSoon(p.ID)
		}
		return true
	})
}

// watched returns the pages that are to be connected.
func (w *Watch) watched() (ids []bridge.PageID) {
	w.connections.pages.EachPage(func(p *bridge.Page) bool {
		if !p.Silenced() {
			ids = append(ids, p.ID)
		}
		return true
	})
	return ids
}

// checkPage reads a page's connection back, repairs what it can, and announces a change
// of its state.
func (w *Watch) checkPage(ctx context.Context, id bridge.PageID) {
	c := w.connections
	c.announceUntold(ctx)
	before, after, err := c.compare(ctx, id)
	if errors.Is(err, bridge.ErrNoPage) || before.Silenced() {
		return
	}
	c.tokens.warnOfExpiry(ctx, after)
	c.app.warnOfVersion(ctx)
	lost, healed := after.Why, false
	if err == nil && after.State == bridge.PageUnsubscribe && after.Token != "" {
		if after, err = w.switchOnAgain(ctx, id); err == nil && after.Silenced() {
			return // by somebody, since it was looked at
		}
		healed = err == nil && after.State == bridge.PageRunning
	}
	switch {
	case err != nil:
		if ctx.Err() == nil {
			c.log.Warn("page not checked", "page", id, "err", err)
		}
	case healed && before.State == bridge.PageRunning:
		c.announce(ctx, after, c.say.Say("*%s* had lost its subscription (%s) and was subscribed again. Messages of the time between are being fetched.", after.PlainName(), lost.In(c.say)))
	default:
		c.announceChange(ctx, before, after)
	}
	c.feeds.announceComments(ctx, before, after)
}

// switchOnAgain is SwitchOn, if Meta allows it, for a page that nobody has switched off meanwhile.
func (w *Watch) switchOnAgain(ctx context.Context, id bridge.PageID) (bridge.Page, error) {
	c := w.connections
	defer c.lock(id)()
	if page, err := c.pages.Page(id); err != nil || page.Silenced() {
		return page, err
	}
	return c.switchOn(ctx, id)
}

// announceChange says when a page stops working or works again.
func (c *Connections) announceChange(ctx context.Context, before, after bridge.Page) {
	switch {
	case after.State == before.State:
	case after.State == bridge.PageRunning:
		c.announce(ctx, after, c.say.Say("*%s* is running again.", after.PlainName()))
	case before.ReceivesEvents() || after.State == bridge.PageNeedsAuth:
		c.announce(ctx, after, c.say.Say("*%s* is not running any more: %s\nCustomers are still heard as far as Facebook sends their messages; answers wait and go out when the page runs again.", after.PlainName(), c.explained(after)))
	}
}
