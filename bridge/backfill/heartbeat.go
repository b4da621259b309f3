package backfill

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

const (
	noteEvery   = time.Minute     // how often it is noted that webhooks can be received
	outageAfter = 2 * time.Minute // shorter ones are bridged by Meta's own repetitions
)

// HeartbeatConfig is what a WebhookHeartbeat is made of.
type HeartbeatConfig struct {
	Gaps    *Gaps
	Cursors bridge.Cursors
	Pages   bridge.Pages
	Check   func(bridge.PageID) // has a page checked soon
	Every   time.Duration       // noteEvery
	Outage  time.Duration       // outageAfter
	Now     func() time.Time
	Log     *slog.Logger
}

// WebhookHeartbeat notes once a minute that webhooks can be received and stored. Where that
// note is missing for more than two minutes (the program did not run, its machine
// slept, its disk was full), messages may be missing for every page. That the app secret is
// wrong is Meta's to say, to the watch of the pages: it refuses their tokens then.
type WebhookHeartbeat struct {
	HeartbeatConfig

	mu      sync.Mutex // guards all below
	failing bool       // the last call that Meta signed was not stored
}

// NewHeartbeat returns a heartbeat that does nothing until Run.
func NewHeartbeat(c HeartbeatConfig) *WebhookHeartbeat {
	c.Every = cmp.Or(c.Every, noteEvery)
	c.Outage = cmp.Or(c.Outage, outageAfter)
	if c.Now == nil {
		c.Now = time.Now
	}
	return &WebhookHeartbeat{HeartbeatConfig: c}
}

// Taken says that a webhook call that Meta signed was stored.
func (h *WebhookHeartbeat) Taken() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing = false
}

// Refused says that a webhook call that Meta signed could not be stored. Calls that nobody
// signed say nothing: a stranger can make as many as they like.
func (h *WebhookHeartbeat) Refused() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing = true
}

func (h *WebhookHeartbeat) losing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failing
}

// Run notes until ctx ends, and then once more.
func (h *WebhookHeartbeat) Run(ctx context.Context) error {
	defer h.note(context.WithoutCancel(ctx))
	minute := time.NewTicker(h.Every)
	defer minute.Stop()
	for {
		h.note(ctx)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-minute.C:
		}
	}
}

// note opens gaps after an outage, and then stores that webhooks can be received.
func (h *WebhookHeartbeat) note(ctx context.Context) {
	if h.losing() {
		return
	}
	now := h.Now()
	received, err := h.Cursors.Cursor(receivedCursor)
	if err == nil && !received.IsZero() && passed(received, now) > h.Outage {
		err = h.missed(ctx, received)
	}
	if err == nil {
		err = h.Cursors.SaveCursor(receivedCursor, now)
	}
	if err != nil && ctx.Err() == nil {
		h.Log.Warn("not noted that webhooks can be received", "err", err)
	}
}

// longestSleep is how long a machine may sleep. If the time of day has gone further than the time that this
// process counts, the clock was set: keys of what would be read again may be forgotten by that clock.
const longestSleep = 72 * time.Hour

// passed returns how much time has passed, also while the machine slept, when only the time of day goes on.
func passed(since, now time.Time) time.Duration {
	counted, shown := now.Sub(since), now.Round(0).Sub(since.Round(0))
	if shown > counted && shown-counted <= longestSleep {
		return shown
	}
	return counted
}

func (h *WebhookHeartbeat) missed(ctx context.Context, received time.Time) error {
	pages := slices.DeleteFunc(h.Pages.Pages(), bridge.Page.Silenced)
	if err := h.Gaps.Missed(ctx, received, pages...); err != nil {
		return err
	}
	h.Log.Info("webhooks were not received for a while, messages of that time are fetched", "since", received, "pages", len(pages))
	for _, p := range pages {
		h.Check(p.ID)
	}
	return nil
}
