package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

// announced returns what the bot says in the setup channel.
func (w *world) announced() string {
	var all []string
	for _, m := range w.rc.Messages(w.rc.RoomID("omnichannel-facebook-setup")) {
		if m.Username == "bridge.bot" {
			all = append(all, m.Text)
		}
	}
	return strings.Join(all, "\n")
}

func TestPages_SubscriptionLost_IsRenewedAndAnnouncedOnce(t *testing.T) {
	t.Parallel()
	for name, left := range map[string][]string{"one field": {"messages", "message_echoes"}, "all of it": nil} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.cfg.Times.WatchEvery = 50 * time.Millisecond
			w.run()
			w.eventually("the page was looked at", func() bool { return slices.Contains(w.meta.Subscribed(page), "standby") && w.meta.Callback() != "" })
			w.meta.SubscribePage(page, left...)
			w.eventually("it is subscribed again", func() bool { return slices.Contains(w.meta.Subscribed(page), "standby") })
			w.eventually("the setup channel hears it", func() bool { return strings.Contains(w.announced(), "was subscribed again") })
			w.meta.CustomerWrites(page, anna, "still there?")
			w.eventually("the page works", func() bool { return len(w.texts()) == 1 })
			w.settled()
			if n := strings.Count(w.announced(), "was subscribed again"); n != 1 {
				t.Errorf("announced %d times", n)
			}
		})
	}
}

// TestPages_TokenDead_IsAnnouncedOnceAndHeals checks what administrators hear of a
// page whose token Meta refuses, found by a send and found by looking.
func TestPages_TokenDead_IsAnnouncedOnceAndHeals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.WatchEvery = 50 * time.Millisecond
	w.run()
	w.meta.CustomerWrites(page, anna, "hi")
	rid := w.room()
	w.eventually("the webhook is set up", func() bool { return w.meta.Callback() != "" })
	w.meta.KillToken(page, 460)
	w.agent.Says(rid, "answer 0")
	w.agent.Says(rid, "answer 1")
	w.eventually("the setup channel hears it", func() bool { return strings.Contains(w.announced(), "is not running any more") })
	w.meta.CustomerWrites(page, anna, "hello?") // inbound goes on
	w.eventually("it is shown", func() bool { return len(w.texts()) == 2 })
	w.meta.RestoreToken(page) // the trouble was Meta's
	w.eventually("the setup channel hears that it is over", func() bool { return strings.Contains(w.announced(), "is running again") })
	w.eventually("the answers arrive", func() bool { return len(w.received(anna)) == 2 })
	inOrder(t, "the customer", w.received(anna), 2)
	w.settled()
	if n := strings.Count(w.announced(), "is not running any more"); n != 1 {
		t.Errorf("announced %d times:\n%s", n, w.announced())
	}
}

func TestPages_MetaAway_ChangesNoState(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.WatchEvery = 30 * time.Millisecond
	w.run()
	w.eventually("the page was looked at", func() bool { return w.meta.Callback() != "" })
	w.meta.FailCalls("GET", "subscribed_apps", 5, meta.Status500(false))
	w.meta.Down()
	w.meta.CustomerWrites(page, anna, "hi")
	w.eventually("customers are heard", func() bool { return len(w.texts()) == 1 })
	if err := w.meta.Up(); err != nil {
		t.Fatal(err)
	}
	w.agent.Says(w.room(), "answer 0")
	w.eventually("the answer arrives", func() bool { return len(w.received(anna)) == 1 })
	if strings.Contains(w.announced(), "is not running any more") {
		t.Errorf("announced:\n%s", w.announced())
	}
}
