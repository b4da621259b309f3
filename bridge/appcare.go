package bridge

import (
	"context"
	"sync"
	"time"
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
func (c *Connector) appReady(ctx context.Context) (why Trouble, checked time.Time, err error) {
	c.app.mu.Lock()
	defer c.app.mu.Unlock()
	checked = c.Now()
	if !c.app.good.IsZero() && checked.Sub(c.app.good) < c.AppCheckFor {
		return Trouble{}, c.app.good, nil
	}
	ours := c.PublicURL + webhookPath
	app, err := c.Authority.App(ctx)
	if err != nil {
		return Trouble{}, checked, err
	}
	if app.Callback != "" && app.Callback != ours {
		return Trouble{WebhookElsewhere, app.Callback}, checked, nil
	}
	whole := app.Active && len(app.Missing) == 0 && app.Callback == ours
	if whole && c.Verified() {
		c.app.good = checked
		return Trouble{}, checked, nil
	}
	if !whole {
		if err := c.appLost(ctx); err != nil {
			return Trouble{}, checked, err
		}
	}
	if err := c.Authority.SubscribeApp(ctx, ours); err != nil {
		if r := RefusalOf(err); r.Reason == MetaDown || r.Reason == RateLimited {
			return Trouble{}, checked, err
		}
		c.Log.Warn("the app's webhook could not be set up", "err", err)
		return Trouble{WebhookUnreached, ours}, checked, nil
	}
	c.app.good = checked
	return Trouble{}, checked, nil
}

// appLost notes, before it is repaired, that no page's events were sent.
func (c *Connector) appLost(ctx context.Context) error {
	var running []Page
	for _, p := range c.Pages.Pages() {
		if heardOf(p) {
			running = append(running, p)
		}
	}
	return c.Gaps.Lost(ctx, running...)
}
