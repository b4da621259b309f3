package bridge

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	hearEvery   = time.Minute     // how often it is noted that webhooks can be received
	outageAfter = 2 * time.Minute // shorter ones are bridged by Meta's own repetitions
)

// HearingConfig is what a Hearing is made of.
type HearingConfig struct {
	Gaps    *Gaps
	Cursors Cursors
	Pages   Pages
	Look    func(PageID)  // has a page looked at soon
	Every   time.Duration // hearEvery
	Outage  time.Duration // outageAfter
	Now     func() time.Time
	Log     *slog.Logger
}

// Hearing notes once a minute that webhooks can be received and stored. Where that
// note is missing for more than two minutes (the program did not run, its machine
// slept, its disk was full, its app secret was wrong), messages may be missing for
// every page.
type Hearing struct {
	HearingConfig

	mu      sync.Mutex // guards all below
	taken   bool       // a call signed by Meta was stored by this process
	failing bool       // the last call that concerned us was not stored
}

// NewHearing returns a hearing that does nothing until Run.
func NewHearing(c HearingConfig) *Hearing {
	setDefault(&c.Every, hearEvery)
	setDefault(&c.Outage, outageAfter)
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Hearing{HearingConfig: c}
}

// Taken says that a webhook call was stored.
func (h *Hearing) Taken() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.taken, h.failing = true, false
}

// Refused says that a webhook call could not be stored.
func (h *Hearing) Refused() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing = true
}

// Forged says that a call bore a wrong signature. As long as none was right, it is
// our secret that may be wrong; after that, it is strangers who call.
func (h *Hearing) Forged() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing = h.failing || !h.taken
}

func (h *Hearing) deaf() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failing
}

// Run notes until ctx ends, and then once more.
func (h *Hearing) Run(ctx context.Context) error {
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

// note opens gaps after an outage, and then says that the bridge hears.
func (h *Hearing) note(ctx context.Context) {
	if h.deaf() {
		return
	}
	now := h.Now()
	heard, err := h.Cursors.Cursor(heardCursor)
	if err == nil && !heard.IsZero() && now.Sub(heard) > h.Outage {
		err = h.missed(ctx, heard)
	}
	if err == nil {
		err = h.Cursors.SaveCursor(heardCursor, now)
	}
	if err != nil && ctx.Err() == nil {
		h.Log.Warn("not noted that webhooks can be received", "err", err)
	}
}

func (h *Hearing) missed(ctx context.Context, heard time.Time) error {
	pages := slices.DeleteFunc(h.Pages.Pages(), silenced)
	if err := h.Gaps.Missed(ctx, heard, pages...); err != nil {
		return err
	}
	h.Log.Info("webhooks were not received for a while, messages of that time are fetched", "since", heard, "pages", len(pages))
	for _, p := range pages {
		h.Look(p.ID)
	}
	return nil
}
