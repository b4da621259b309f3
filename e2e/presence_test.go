package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/store"
)

// TestSomebodyIsThere_CustomersAreInRoomsWithinTenSeconds has customers wait with the times
// operators have, and measures from the moment in which an agent can take chats to the one
// in which the last message is shown.
func TestSomebodyIsThere_CustomersAreInRoomsWithinTenSeconds(t *testing.T) {
	const most = 10 * time.Second
	comes := func(w *world) { w.agent.GoesOnline() }
	gone := func(w *world) { w.agent.GoesOffline() }
	silent := func(w *world) { w.rc.SetSetting("Presence_broadcast_disabled", true); w.agent.GoesOffline() }
	for name, c := range map[string]struct {
		with      chat.Config
		customers int
		before    func(w *world)
		comes     func(w *world)
		most      time.Duration
	}{
		"the stream tells":                      {bypassed, 20, gone, comes, 3 * time.Second},
		"the stream tells nothing":              {bypassed, 20, silent, comes, most},
		"the service is switched on":            {bypassed, 5, func(w *world) { w.agent.SwitchesService(false) }, func(w *world) { w.agent.SwitchesService(true) }, most},
		"Omnichannel is switched on":            {bypassed, 5, func(w *world) { w.rc.SetSetting("Livechat_enabled", false) }, func(w *world) { w.rc.SetSetting("Livechat_enabled", true) }, most},
		"7.x, limited":                          {chat.Config{Profile: chat.V7}, 2, gone, comes, 3 * time.Second},
		"7.x, limited, tells nothing":           {chat.Config{Profile: chat.V7}, 2, silent, comes, most},
		"a bot without its role, tells nothing": {chat.Config{Bot: chat.Bot{Roles: []string{"user", "livechat-manager"}}}, 2, silent, comes, most},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.with)
			w.cfg.Times.NoAgentRetry, w.cfg.Times.SetupEvery = 0, 0
			c.before(w)
			w.run()
			for i := range c.customers {
				w.meta.CustomerWrites(page, fmt.Sprint(9000+i), fmt.Sprintf("hello %d", i))
			}
			flush(t, w)
			w.eventually("the bridge knows that nobody is there", func() bool {
				return w.waitsForAgent() || strings.Contains(w.log.String(), "reason=omnichannel-off")
			})
			start := time.Now()
			c.comes(w)
			w.eventually("all are shown", func() bool { return len(w.texts()) == c.customers })
			took := time.Since(start)
			t.Logf("from \"there\" to \"shown\": %v", took)
			if took > atMost(c.most) {
				t.Errorf("the last customer waited %v more", took)
			}
			for _, call := range w.rc.Calls() {
				if call.Limited {
					t.Errorf("refused by the limiter: %s", call.Route)
				}
			}
		})
	}
}

// TestSomebodyIsThere_DepartmentsEachOnTheirOwn has two departments wait; their agents come
// one after the other.
func TestSomebodyIsThere_DepartmentsEachOnTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.NoAgentRetry = 0
	bela := w.rc.AddAgent("bela")
	sales, service := w.rc.AddDepartment("Sales", "ana"), w.rc.AddDepartment("Service", "bela")
	w.setPage(func(s *bridge.Settings) { s.Department = bridge.DepartmentID(sales) })
	const second = "100200300400501"
	token := w.meta.AddPage(second, "Help")
	w.inStore(func(s *store.Store) error {
		return s.SavePage(t.Context(), bridge.Page{ID: second, Name: "Help", Token: bridge.Secret(token), TokenKind: bridge.PageToken, Checked: time.Now(),
			State: bridge.PageRunning, Since: time.Now(), Settings: bridge.Settings{Department: bridge.DepartmentID(service)}})
	})
	w.agent.GoesOffline()
	bela.GoesOffline()
	w.run()
	w.meta.CustomerWrites(page, anna, "to sales")
	w.meta.CustomerWrites(second, ben, "to service")
	flush(t, w)
	w.eventually("both wait", func() bool { return strings.Count(w.log.String(), "no agent is online") == 2 })
	for _, who := range []struct {
		agent *chat.Agent
		reads string
	}{{bela, "to service"}, {w.agent, "to sales"}} {
		start := time.Now()
		who.agent.GoesOnline()
		w.eventually("it is shown", func() bool { return slices.Contains(w.texts(), who.reads) })
		if took := time.Since(start); took > atMost(10*time.Second) {
			t.Errorf("%q waited %v more", who.reads, took)
		}
	}
}

// TestSomebodyIsThere_NobodyWaits_NobodyIsAsked: an office full of people costs nothing
// while no customer waits, and little while one does.
func TestSomebodyIsThere_NobodyWaits_NobodyIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.NoAgentRetry, w.cfg.Times.SetupEvery = 0, time.Hour
	bela := w.rc.AddAgent("bela")
	bela.SwitchesService(false)
	sales := w.rc.AddDepartment("Sales", "ana")
	w.setPage(func(s *bridge.Settings) { s.Department = bridge.DepartmentID(sales) })
	office := func() {
		for range 50 {
			bela.LosesPresence()
			bela.Returns()
		}
	}
	w.run()
	asked := func() (times int) { // without the set-up's question, which is after all departments
		for _, c := range w.rc.Calls() {
			if c.Route == "GET livechat/config" && strings.Contains(c.Query, "department="+sales) {
				times++
			}
		}
		return times
	}
	before := asked()
	office()
	w.meta.CustomerWrites(page, anna, "one") // behind it on the stream, what comes of it is in order
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.settled()
	if n := asked() - before; n != 0 {
		t.Errorf("nobody waits, and Rocket.Chat is asked %d times", n)
	}
	w.agent.SwitchesService(false)
	w.meta.CustomerWrites(page, ben, "two")
	w.eventually("he waits", func() bool { return w.waitsForAgent() })
	before, start := asked(), time.Now()
	rid := w.rc.Rooms()[0].ID
	for i := range 5 {
		office()
		w.agent.Says(rid, fmt.Sprint("answer ", i)) // behind it on the stream, too
		w.eventually("she has it", func() bool { return len(w.received(anna)) == 1+i })
	}
	w.agent.SwitchesService(true) // nobody is told
	w.eventually("it is shown", func() bool { return len(w.texts()) == 2 })
	if n, turns := asked()-before, int(time.Since(start)/(8*time.Second))+1; n > 2+turns {
		t.Errorf("one waits, and Rocket.Chat is asked %d times in %v", n, time.Since(start))
	}
}

// waitsForAgent reports whether a customer was sent to wait at the gate of a department.
func (w *world) waitsForAgent() bool {
	for line := range strings.Lines(w.log.String()) {
		if strings.Contains(line, "delivery postponed") && strings.Contains(line, "reason=no-agent") {
			return true
		}
	}
	return false
}
