package pages

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
)

// TestCheckPage says when a page stops working or works again, once.
func TestCheckPage(t *testing.T) {
	r := running("1")
	missing := func(m *meta) { m.missing = []string{"messages"} }
	for name, c := range map[string]struct {
		page  bridge.Page
		meta  func(*meta)
		state bridge.PageState
		says  []string
	}{
		"all well":           {page: r, state: bridge.PageRunning},
		"off":                {page: in(r, bridge.PageOff, bridge.SwitchedOff), state: bridge.PageOff},
		"stays unsubscribed": {page: r, meta: missing, state: bridge.PageUnsubscribe, says: []string{"is not running any more: Facebook does not send: messages"}},
		"works again":        {page: in(r, bridge.PageUnsubscribe, bridge.FieldsMissing), state: bridge.PageRunning, says: []string{"*Bakery* is running again."}},
		"token dead": {page: r, meta: func(m *meta) {
			m.fails["PageMissing"], m.fails["PageName"] = expired, expired
		}, state: bridge.PageNeedsAuth, says: []string{"is not running any more: its access has expired"}},
		"restricted, then unheard": {page: in(r, bridge.PageHeld, bridge.Restricted), meta: missing, state: bridge.PageUnsubscribe,
			says: []string{"is not running any more: Facebook does not send: messages"}},
		"Facebook away": {page: r, meta: func(m *meta) { m.fails["PageMissing"] = away }, state: bridge.PageRunning},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, c.page)
			if c.meta != nil {
				c.meta(d.meta)
			}
			for range 2 {
				d.Watch.checkPage(t.Context(), "1")
			}
			if p := d.page("1"); p.State != c.state {
				t.Errorf("%q because of %q", p.State, p.Why.Kind)
			}
			d.hears(c.says...)
		})
	}
}

// TestCheckPage_AnnouncementNotStored_IsToldLater has the disk hang while a page stops working
// and the version of Facebook's interface ends.
func TestCheckPage_AnnouncementNotStored_IsToldLater(t *testing.T) {
	d := newDesk(t, running("1"))
	d.Watch.connections.app.version = bridge.APIVersion{Name: "v1.0", Ends: d.clock, Announced: true}
	d.meta.missing = []string{"messages"}
	d.store.fails["Announce"] = errors.New("the disk is full")
	for range 2 {
		d.Watch.checkPage(t.Context(), "1")
	}
	d.hears()
	delete(d.store.fails, "Announce")
	for range 2 {
		d.Watch.checkPage(t.Context(), "1")
	}
	slices.Sort(d.said)
	d.hears("*Bakery* is not running any more: Facebook does not send: messages", "Version v1.0 of Facebook's interface, which the bridge uses, ended on")
}

// healing is Facebook once a page was subscribed anew.
type healing struct{ *meta }

func (h healing) SubscribePage(ctx context.Context, p bridge.Page, feed bridge.FeedWish) error {
	h.missing = nil
	return h.meta.SubscribePage(ctx, p, feed)
}

// TestCheckPage_LostSubscription_IsRepairedAndSaidOnce: Meta unsubscribes pages silently.
func TestCheckPage_LostSubscription_IsRepairedAndSaidOnce(t *testing.T) {
	d := newDesk(t, running("1"))
	d.meta.missing = []string{"messages"}
	d.Connections.facebook = healing{d.meta}
	d.Connections.feeds.facebook = d.Connections.facebook
	for range 2 {
		d.Watch.checkPage(t.Context(), "1")
	}
	if p := d.page("1"); p.State != bridge.PageRunning || !d.gaps.Has("1") {
		t.Errorf("%q, gap %v", p.State, d.gaps.Has("1"))
	}
	d.hears("*Bakery* had lost its subscription (Facebook does not send: messages) and was subscribed again.")
}

// TestCheckPage_SwitchedOffWhileLookedAt_StaysOff: somebody switches a page off once the watch has
// seen that its subscription is lost, and before it repairs that.
func TestCheckPage_SwitchedOffWhileLookedAt_StaysOff(t *testing.T) {
	d := newDesk(t, running("1"))
	d.meta.missing = []string{"messages"}
	d.Connections.facebook = healing{d.meta}
	d.Connections.feeds.facebook = d.Connections.facebook
	d.Watch.connections.app.version = bridge.APIVersion{Name: "v1.0", Ends: d.clock, Announced: true} // which is said between the two
	tell := d.Connections.tell
	d.Connections.tell = func(ctx context.Context, key, text string) error {
		if _, err := d.Connections.SwitchOff(ctx, "1"); err != nil {
			t.Error(err)
		}
		return tell(ctx, key, text)
	}
	d.Watch.checkPage(t.Context(), "1")
	if p := d.page("1"); p.State != bridge.PageOff {
		t.Errorf("%q", p.State)
	}
	d.hears("Version v1.0 of Facebook's interface, which the bridge uses, ended on")
}

// TestRun_EveryPageOncePerPeriod_DoubtfulOnesSoon watches three pages for an hour.
func TestRun_EveryPageOncePerPeriod_DoubtfulOnesSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, running("1"), running("2"), in(running("3"), bridge.PageOff, ""))
		d.Watch.connections.now = time.Now
		for id, p := range d.store.pages {
			p.Checked = time.Now()
			d.store.pages[id] = p
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Watch.Run(ctx) }()
		checks := func() (n int) {
			synctest.Wait()
			return d.meta.count("PageMissing")
		}
		time.Sleep(time.Hour)
		if n := checks(); n < 20 || n > 30 {
			t.Errorf("%d checks of two pages in an hour", n)
		}
		before := checks()
		d.Watch.CheckSoon("2")
		d.Watch.Refused("1", away) // that passes
		time.Sleep(time.Second)
		if n := checks() - before; n < 1 || n > 2 {
			t.Errorf("%d checks after doubt about one page", n)
		}
		stop()
		<-ended
	})
}
