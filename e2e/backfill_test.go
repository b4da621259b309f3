package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
	"messenger-bridge/store"
)

// calls counts the calls of the Graph API that were answered, by the end of their path.
func (w *world) calls(method, path string) (n int) {
	for _, call := range w.meta.Calls() {
		if call.Method == method && call.Status != 0 && strings.HasSuffix(call.Path, path) {
			n++
		}
	}
	return n
}

// reads counts how often conversations were listed, looks how often a page's
// subscription was read back.
func (w *world) reads() int { return w.calls("GET", "/conversations") }
func (w *world) looks() int { return w.calls("GET", "/subscribed_apps") }

// lastHeard makes the store of a bridge that does not run say that webhooks could last
// be received a while ago.
func (w *world) lastHeard(ago time.Duration) {
	w.Helper()
	w.inStore(func(s *store.Store) error { return s.SaveCursor("heard", time.Now().Add(-ago)) })
}

// unheard lets do happen while the bridge is down for three minutes and Meta gives up
// what it has to tell.
func (w *world) unheard(do func()) {
	w.Helper()
	w.halt()
	w.meta.DropWebhooks(true)
	do()
	w.meta.DropWebhooks(false)
	w.lastHeard(3 * time.Minute)
}

func TestBackfill_BridgeDownForThreeMinutes_FetchesWhatWasWrittenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "c 0")
	rid := w.room()
	w.agent.Says(rid, "answer 0")
	w.eventually("all arrives", func() bool { return len(w.texts()) == 1 && len(w.received(anna)) == 1 })
	var missed []string
	w.unheard(func() {
		for i := 1; i < 5; i++ {
			missed = append(missed, w.meta.CustomerWrites(page, anna, fmt.Sprintf("c %d", i)))
		}
		missed = append(missed, w.meta.CustomerWrites(page, ben, "b 0"))
	})
	w.run()
	w.eventually("all is shown", func() bool { return len(w.texts()) >= 6 })
	for _, mid := range missed {
		w.meta.Announce(mid) // late, but not given up after all
	}
	w.meta.CustomerWrites(page, anna, "c 5")
	w.eventually("the webhooks are through", func() bool { return slices.Contains(w.textsOf("c"), "c 5") && w.meta.Waiting() == 0 })
	w.settled()
	inOrder(t, "of Anna, agents", w.textsOf("c"), 6)
	inOrder(t, "of Ben, agents", w.textsOf("b"), 1)
	inOrder(t, "Anna", w.received(anna), 1)
	if n := len(w.rc.Rooms()); n != 2 {
		t.Errorf("%d rooms", n)
	}
}

func TestBackfill_WebhookBeforeAndAfter_ShowsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.halt()
	w.meta.HoldWebhooks(true)
	for i := range 8 {
		w.meta.CustomerWrites(page, anna, fmt.Sprintf("c %d", i))
	}
	w.lastHeard(3 * time.Minute)
	w.meta.HoldWebhooks(false) // Meta's repetitions race with the reading
	w.run()
	w.eventually("the conversations were read and the webhooks are through", func() bool { return w.reads() > 0 && w.meta.Waiting() == 0 })
	w.meta.RepeatWebhooks()
	w.eventually("the repeats are through", func() bool { return w.meta.Waiting() == 0 && len(w.texts()) >= 8 })
	w.settled()
	texts := w.texts()
	slices.SortFunc(texts, func(a, b string) int { return number(a) - number(b) })
	inOrder(t, "agents", texts, 8)
}

// TestBackfill_TapInTheThread_ShowsOnce: threads show a tap as a message, and its webhook
// comes late.
func TestBackfill_TapInTheThread_ShowsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.lastHeard(10 * time.Minute)
	w.meta.HoldWebhooks(true)
	w.meta.Send(w.meta.PostbackEvent(page, anna, "m_tap", "Opening hours", "HOURS", time.Now()))
	w.run()
	w.eventually("the tap is fetched", func() bool { return slices.Equal(w.texts(), []string{"Opening hours"}) })
	w.settled()
	w.meta.HoldWebhooks(false)
	w.meta.CustomerWrites(page, anna, "and on Sunday?")
	w.eventually("what came after it is shown", func() bool { return slices.Contains(w.texts(), "and on Sunday?") })
	w.settled()
	if got := w.texts(); !slices.Equal(got, []string{"Opening hours", "and on Sunday?"}) {
		t.Errorf("agents read %q", got)
	}
}

func TestBackfill_NoInterruption_ReadsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.WatchEvery = 30 * time.Millisecond
	w.cfg.Times.HearEvery = 20 * time.Millisecond
	w.run()
	w.eventually("the webhook is set up", func() bool { return w.meta.Callback() != "" })
	w.meta.CustomerWrites(page, anna, "c 0")
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.halt()
	w.lastHeard(time.Minute)                                                                // too short to matter: Meta repeats what failed
	w.inStore(func(s *store.Store) error { return s.SaveCursor("gap/"+page, time.Time{}) }) // of a look before the webhook was set up
	before := w.reads()
	looks := w.looks()
	w.run()
	w.eventually("the page was looked at", func() bool { return w.looks() > looks+3 })
	w.meta.CustomerWrites(page, anna, "c 1")
	w.eventually("it is shown", func() bool { return len(w.texts()) == 2 })
	if n := w.reads() - before; n != 0 {
		t.Errorf("conversations were read %d times", n)
	}
}

func TestBackfill_SubscriptionLost_FetchesWhatWasWrittenMeanwhile(t *testing.T) {
	t.Parallel()
	for name, left := range map[string][]string{"one field": {"message_echoes", "standby"}, "all of it": nil} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.cfg.Times.WatchEvery = 50 * time.Millisecond
			w.run()
			w.eventually("the page was looked at", func() bool { return slices.Contains(w.meta.Subscribed(page), "standby") && w.meta.Callback() != "" })
			w.meta.FailCalls("POST", "subscribed_apps", 3, meta.Status500(false)) // long enough to write
			w.meta.SubscribePage(page, left...)
			w.meta.CustomerWrites(page, anna, "c 0")
			w.meta.CustomerWrites(page, anna, "c 1")
			w.eventually("it is subscribed again", func() bool { return slices.Contains(w.meta.Subscribed(page), "messages") })
			w.eventually("what no webhook brought is shown", func() bool { return len(w.texts()) >= 2 })
			w.meta.CustomerWrites(page, anna, "c 2")
			w.eventually("webhooks come again", func() bool { return len(w.texts()) >= 3 })
			w.settled()
			inOrder(t, "agents", w.texts(), 3)
		})
	}
}

func TestBackfill_AppSubscriptionLost_FetchesForAllPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	second := w.meta.AddPage("555", "Second shop")
	w.addPage("555", second)
	w.cfg.Times.WatchEvery = 50 * time.Millisecond
	w.run()
	w.eventually("the pages were looked at", func() bool {
		return w.looks() > 4 && w.calls("POST", "/subscriptions") > 0
	})
	w.meta.FailCalls("POST", "/subscriptions", 2, meta.Status500(false))
	w.meta.SubscribeApp("message_echoes")
	w.meta.CustomerWrites(page, anna, "c 0")
	w.meta.CustomerWrites("555", ben, "b 0")
	w.eventually("both are shown", func() bool { return len(w.texts()) >= 2 })
	w.settled()
	inOrder(t, "agents of the first page", w.textsOf("c"), 1)
	inOrder(t, "agents of the second", w.textsOf("b"), 1)
}

func TestBackfill_AfterAnHourOfFailures_SubscribesAgainAndFetches(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.eventually("the page is subscribed", func() bool { return slices.Contains(w.meta.Subscribed(page), "messages") })
	w.halt()
	w.meta.CustomerWrites(page, anna, "c 0")
	w.eventually("Meta tries", func() bool { return len(w.meta.WebhookAnswers()) > 1 })
	w.meta.PassTime(61 * time.Minute)
	w.eventually("Meta unsubscribes the page", func() bool { return len(w.meta.Subscribed(page)) == 0 })
	w.meta.CustomerWrites(page, anna, "c 1")
	w.lastHeard(62 * time.Minute)
	w.run()
	w.eventually("all is shown", func() bool { return len(w.texts()) >= 2 })
	w.eventually("the setup channel hears it", func() bool { return strings.Contains(w.announced(), "was subscribed again") })
	w.meta.CustomerWrites(page, anna, "c 2")
	w.eventually("webhooks come again", func() bool { return len(w.texts()) >= 3 })
	w.settled()
	inOrder(t, "agents", w.texts(), 3)
}

func TestBackfill_ManyConversations_SlowedAndRefused_AllAreFetchedOnce(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(w *world) (customers int){
		"300":              func(*world) int { return 300 },
		"throttled":        func(w *world) int { w.meta.FailReads(3, meta.Throttled613()); return 40 },
		"failing":          func(w *world) int { w.meta.FailReads(3, meta.HTML502(false)); return 40 },
		"too much at once": func(w *world) int { w.meta.Tweak(func(q *meta.Quirks) { q.DataPerRead = 20 }); return 40 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.cfg.Times.ThreadEvery = 5 * time.Millisecond
			w.run()
			customers := trouble(w)
			w.unheard(func() {
				for i := range customers {
					w.meta.CustomerWrites(page, fmt.Sprint(8000+i), fmt.Sprintf("c%d 0", i))
				}
			})
			w.run()
			w.eventually("all are shown", func() bool { return len(w.rc.Rooms()) >= customers && len(w.texts()) >= customers })
			w.settled()
			for i := range customers {
				inOrder(t, "agents", w.textsOf(fmt.Sprintf("c%d", i)), 1)
			}
		})
	}
}

// TestBackfill_KilledInTheMiddle_GoesOn kills the bridge while it reads, again and again.
func TestBackfill_KilledInTheMiddle_GoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.ThreadEvery = 30 * time.Millisecond
	w.run()
	const customers = 120 // five calls
	w.unheard(func() {
		for i := range customers {
			w.meta.CustomerWrites(page, fmt.Sprint(8000+i), fmt.Sprintf("c%d 0", i))
		}
	})
	for kill := range 3 {
		before := w.reads()
		p := w.startProcess()
		w.eventually("the bridge reads", func() bool { return w.reads() > before })
		p.kill()
		if n := len(w.texts()); kill == 0 && n >= customers {
			t.Fatalf("killed too late: %d are shown", n)
		}
	}
	w.startProcess()
	w.eventually("all are shown", func() bool { return len(w.rc.Rooms()) >= customers && len(w.texts()) >= customers })
	w.settled()
	for i := range customers {
		inOrder(t, "agents", w.textsOf(fmt.Sprintf("c%d", i)), 1)
	}
}

func TestBackfill_MoreThanMetaShows_ShowsTheLatestAndSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.unheard(func() {
		for i := range 30 {
			mid := w.meta.CustomerWrites(page, anna, fmt.Sprintf("c %d", i))
			if i == 15 {
				w.meta.Unsend(mid)
			}
		}
	})
	w.run()
	w.eventually("the latest is shown", func() bool { return slices.Contains(w.texts(), "c 29") })
	w.settled()
	texts := w.texts()
	if !strings.Contains(texts[0], "Earlier messages") || len(w.textsOf("c")) != 19 || texts[1] != "c 10" {
		t.Errorf("agents read %q", texts)
	}
	if strings.Count(strings.Join(texts, " "), "Earlier messages") != 1 || slices.Contains(texts, "c 15") {
		t.Errorf("agents read %q", texts)
	}
}

// TestBackfill_CallsUnderWay_WhatMetaHidesComesFirst: what threads do not show any more is on its
// way by calls that Meta has not finished; it was written first, and stands first.
func TestBackfill_CallsUnderWay_WhatMetaHidesComesFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.Calling = time.Minute
	w.lastHeard(10 * time.Minute)
	w.meta.HoldWebhooks(true)
	for i := range 30 {
		w.meta.CustomerWrites(page, anna, fmt.Sprintf("c %d", i))
	}
	w.meta.CustomerWrites(page, ben, "b 0")
	w.run()
	w.eventually("what hides nothing is fetched", func() bool { return len(w.textsOf("b")) == 1 })
	w.meta.HoldWebhooks(false)
	w.eventually("all is shown", func() bool { return len(w.textsOf("c")) >= 30 && w.meta.Waiting() == 0 })
	w.settled()
	inOrder(t, "agents", w.textsOf("c"), 30)
	if len(w.texts()) != 31 {
		t.Errorf("agents read %q", w.texts())
	}
}

// TestBackfill_OffMeansOff checks that what is written to a page that a person switched
// off stays where it is.
func TestBackfill_OffMeansOff(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.cfg.Times.WatchEvery = 50 * time.Millisecond
	o.run()
	o.connect(bakery)
	o.eventuallyRuns(bakery)
	o.eventually("the time of connecting is read", func() bool { return o.world.reads() >= 1 })
	o.public("/facebook unsubscribe " + bakery)
	o.eventually("it is off", func() bool { return len(o.meta.Subscribed(bakery)) == 0 })
	o.meta.CustomerWrites(bakery, anna, "c 0")
	o.halt()
	before := o.world.reads() // a call that took too long on a busy machine is made again
	o.lastHeard(3 * time.Minute)
	o.run()
	o.public("/facebook subscribe " + bakery)
	o.eventuallyRuns(bakery)
	looks := o.looks()
	o.eventually("it was looked at since", func() bool { return o.looks() > looks+2 })
	o.meta.CustomerWrites(bakery, anna, "c 1")
	o.eventually("what is written now is shown", func() bool { return len(o.texts()) > 0 })
	o.settled()
	if texts := o.texts(); !slices.Equal(texts, []string{"c 1"}) {
		t.Errorf("agents read %q", texts)
	}
	if n := o.world.reads() - before; n != 0 {
		t.Errorf("conversations were read %d times more", n)
	}
}
