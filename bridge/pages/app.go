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

// app is the Meta app's own subscription, which all pages need.
type app struct {
	*registry
	facebook bridge.Subscriber
	webhook  string // our address, to which Meta is to send events
	verified func() bool
	checkFor time.Duration

	mu   sync.Mutex // held while it is checked, so that one repairs it for all
	good time.Time  // when it was last found in order
}

// doubt has the subscription checked the next time.
func (a *app) doubt() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.good = time.Time{}
}

// ready sees to the app's own subscription: made if there is none, renewed if it is
// ours, left alone if it leads elsewhere. It returns what is missing, and as of when.
func (a *app) ready(ctx context.Context) (why bridge.Trouble, checked time.Time, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	checked = a.now()
	if !a.good.IsZero() && checked.Sub(a.good) < a.checkFor {
		return bridge.Trouble{}, a.good, nil
	}
	if why, err = a.check(ctx); err == nil && why.Kind == "" {
		a.good = checked
	}
	return why, checked, err
}

// check reads the subscription and repairs it; it returns what is still missing.
func (a *app) check(ctx context.Context) (bridge.Trouble, error) {
	found, err := a.facebook.App(ctx)
	if err != nil {
		return bridge.Trouble{}, err
	}
	if found.Callback != "" && found.Callback != a.webhook {
		return bridge.Trouble{Kind: bridge.WebhookElsewhere, About: found.Callback}, nil
	}
	whole := found.Active && len(found.Missing) == 0 && found.Callback == a.webhook
	if whole && a.verified() {
		return bridge.Trouble{}, nil
	}
	if !whole {
		if err := a.noteLoss(ctx); err != nil {
			return bridge.Trouble{}, err
		}
	}
	return a.subscribe(ctx)
}

// subscribe makes or renews the subscription; it returns what is still missing.
func (a *app) subscribe(ctx context.Context) (bridge.Trouble, error) {
	err := a.facebook.SubscribeApp(ctx, a.webhook)
	if err == nil {
		return bridge.Trouble{}, nil
	}
	if r := bridge.RefusalOf(err); r.Reason == bridge.MetaDown || r.Reason == bridge.RateLimited {
		return bridge.Trouble{}, err
	}
	a.log.Warn("the app's webhook could not be set up", "err", err)
	return bridge.Trouble{Kind: bridge.WebhookUnreached, About: a.webhook}, nil
}

// noteLoss notes, before the subscription is repaired, that no page's events were sent.
func (a *app) noteLoss(ctx context.Context) error {
	var running []bridge.Page
	for _, p := range a.pages.Pages() {
		if p.ReceivesEvents() {
			running = append(running, p)
		}
	}
	return a.gaps.Lost(ctx, running...)
}
