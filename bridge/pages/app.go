package pages

import (
	"context"
	"net/url"
	"sync"
	"sync/atomic"
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
	version  bridge.APIVersion // of our calls
	warned   atomic.Int64      // the last warning of its end, counted from 1; 0: none in this run

	mu   sync.Mutex // held while it is checked, so that one repairs it for all
	good time.Time  // when it was last found in order
	feed bool       // with comments
}

// appState is how the app's subscription was found.
type appState struct {
	why     bridge.Trouble // what is missing for every page
	feed    bridge.Trouble // what is missing for the comments of those that want them
	checked time.Time
}

// doubt has the subscription checked the next time.
func (a *app) doubt() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.good = time.Time{}
}

// ready sees to the app's own subscription: made if there is none, renewed if it is
// ours, left alone if it leads elsewhere. It returns what is missing, and as of when;
// comments says whether those are asked about, too.
func (a *app) ready(ctx context.Context, comments bool) (state appState, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if !a.good.IsZero() && now.Sub(a.good) < a.checkFor && (a.feed || !comments) {
		return appState{checked: a.good}, nil
	}
	comments = a.wantsFeed() // of any page
	state, err = a.check(ctx, comments)
	state.checked = now
	if err == nil && state.why.Kind == "" {
		a.good, a.feed = now, comments && state.feed.Kind == ""
	}
	return state, err
}

// check reads the subscription and repairs it; it returns what is still missing.
func (a *app) check(ctx context.Context, comments bool) (state appState, err error) {
	found, err := a.facebook.App(ctx)
	if err != nil {
		return state, err
	}
	if found.Callback != "" && found.Callback != a.webhook {
		state.why = bridge.Trouble{Kind: bridge.WebhookElsewhere, About: shown(found.Callback)}
		return state, nil
	}
	whole := found.Active && len(found.Missing) == 0 && found.Callback == a.webhook
	switch {
	case whole && a.verified() && comments && !found.Feed:
		state.feed = a.feedToo(ctx)
		return state, nil
	case whole && a.verified():
		return state, nil
	case !whole:
		if err := a.noteLoss(ctx); err != nil {
			return state, err
		}
	}
	state.why, err = a.subscribe(ctx, comments)
	return state, err
}

// shown is another system's address without what may be secret in it.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "another address"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// subscribe makes or renews the subscription; it returns what is still missing.
func (a *app) subscribe(ctx context.Context, comments bool) (bridge.Trouble, error) {
	err := a.facebook.SubscribeApp(ctx, a.webhook, bridge.FeedIf(comments))
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
	a.pages.EachPage(func(p *bridge.Page) bool {
		if p.ReceivesEvents() {
			running = append(running, *p)
		}
		return true
	})
	return a.gaps.Lost(ctx, running...)
}
