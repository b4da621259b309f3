package bridge

import (
	"context"
	"fmt"
	"time"
)

// watchEvery is how often every page is looked at: Meta unsubscribes a page
// silently, after an hour of failures for example, and this is the only way to
// notice (messenger.md 1.4).
const watchEvery = 5 * time.Minute

// PageWatch notices when a page stops working or works again, and says so once.
type PageWatch struct {
	c     *Connector
	doubt chan PageID // pages Meta has just refused
	every time.Duration
}

// NewPageWatch returns a watch that does nothing until Run. every 0 means 5 minutes.
func NewPageWatch(c *Connector, every time.Duration) *PageWatch {
	if every == 0 {
		every = watchEvery
	}
	return &PageWatch{c: c, doubt: make(chan PageID, 64), every: every}
}

// Refused says that Meta has refused everything of a page. It does not block.
func (w *PageWatch) Refused(id PageID, reason Reason) {
	switch reason {
	case PageLost, NotApproved, PageRestricted:
	default: // throttled, or not reached: that passes
		return
	}
	select {
	case w.doubt <- id:
	default: // the next round finds it
	}
}

// Run watches until ctx ends.
func (w *PageWatch) Run(ctx context.Context) error {
	round := time.NewTicker(w.every)
	defer round.Stop()
	for _, p := range w.c.Pages.Pages() {
		if p.State != PageRunning && ctx.Err() == nil { // added while we did not run, or troubled then
			w.look(ctx, p.ID)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case id := <-w.doubt:
			w.look(ctx, id)
		case <-round.C:
			for _, p := range w.c.Pages.Pages() {
				if ctx.Err() == nil {
					w.look(ctx, p.ID)
				}
			}
		}
	}
}

// look reads a page's connection back, repairs what it can, and announces a change
// of its state.
func (w *PageWatch) look(ctx context.Context, id PageID) {
	before, err := w.c.Pages.Page(id)
	if err != nil || before.State == PageOff || before.Token == "" {
		return
	}
	after, err := w.c.Verify(ctx, id)
	lost := after.Why
	healed := false
	if err == nil && after.State == PageUnsubscribe && after.Token != "" {
		after, err = w.c.SwitchOn(ctx, id) // if Meta allows it
		healed = err == nil && after.State == PageRunning
	}
	switch {
	case err != nil:
		if ctx.Err() == nil {
			w.c.Log.Warn("page not looked at", "page", id, "err", err)
		}
	case healed && before.State == PageRunning:
		w.c.announce(ctx, after, fmt.Sprintf("*%s* had lost its subscription (%s) and was subscribed again. Messages of the time between may be missing here; the Page inbox has them.", after.DisplayName(), lost))
	case after.State == before.State:
	case after.State == PageRunning:
		w.c.announce(ctx, after, fmt.Sprintf("*%s* is running again.", after.DisplayName()))
	case before.State == PageRunning || after.State == PageNeedsAuth:
		w.c.announce(ctx, after, fmt.Sprintf("*%s* is not running any more: %s. Customers are still heard as far as Facebook sends their messages; answers wait and go out when the page runs again.", after.DisplayName(), after.Why))
	}
}
