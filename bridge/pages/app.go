package pages

import (
	"context"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// appCheckFor is how long a good answer about the app's subscription counts: asking
// for each page would use up what Meta allows an app with many pages.
const appCheckFor = 4 * time.Minute

// appCheck is when the app's subscription was last found in order.
type appCheck struct {
	mu   sync.Mutex // held while it is checked, so that one repairs it for all
	good time.Time
}

// doubt has the app's subscription checked the next time.
func (a *appCheck) doubt() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.good = time.Time{}
}

// appReady sees to the app's own subscription: made if there is none, renewed if
// it is ours, left alone if it leads elsewhere. It returns what is missing, and as of
// when.
func (c *Connector) appReady(ctx context.Context) (why bridge.Trouble, checked time.Time, err error) {
	c.app.mu.Lock()
	defer c.app.mu.Unlock()
	checked = c.Now()
	if !c.app.good.IsZero() && checked.Sub(c.app.good) < c.AppCheckFor {
		return bridge.Trouble{}, c.app.good, nil
	}
	ours := c.PublicURL + webhookPath
	app, err := c.Authority.App(ctx)
	if err != nil {
		return bridge.Trouble{}, checked, err
	}
	if app.Callback != "" && app.Callback != ours {
		return bridge.Trouble{Kind: bridge.WebhookElsewhere, About: app.Callback}, checked, nil
	}
	whole := app.Active && len(app.Missing) == 0 && app.Callback == ours
	if whole && c.Verified() {
		c.app.good = checked
		return bridge.Trouble{}, checked, nil
	}
	if !whole {
		if err := c.appLost(ctx); err != nil {
			return bridge.Trouble{}, checked, err
		}
	}
	if err := c.Authority.SubscribeApp(ctx, ours); err != nil {
		if r := bridge.RefusalOf(err); r.Reason == bridge.MetaDown || r.Reason == bridge.RateLimited {
			return bridge.Trouble{}, checked, err
		}
		c.Log.Warn("the app's webhook could not be set up", "err", err)
		return bridge.Trouble{Kind: bridge.WebhookUnreached, About: ours}, checked, nil
	}
	c.app.good = checked
	return bridge.Trouble{}, checked, nil
}

// appLost notes, before it is repaired, that no page's events were sent.
func (c *Connector) appLost(ctx context.Context) error {
	var running []bridge.Page
	for _, p := range c.Pages.Pages() {
		if p.ReceivesEvents() {
			running = append(running, p)
		}
	}
	return c.Gaps.Lost(ctx, running...)
}
