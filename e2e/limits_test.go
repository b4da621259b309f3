package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

// TestLimits_EachCodeOfMetas_MakesAnswersWaitAndNobodyAlarmed throttles a page in each
// way that Meta has. The answer waits, goes out once when it is over, and the bridge
// hardly calls meanwhile.
func TestLimits_EachCodeOfMetas_MakesAnswersWaitAndNobodyAlarmed(t *testing.T) {
	const lasts = 400 * time.Millisecond
	ofPage := func(code int, header bool) func(*world) {
		return func(w *world) { w.meta.Throttle(page, code, lasts, header) }
	}
	edge := func(says meta.RetryAfter) func(*world) {
		return func(w *world) { w.meta.ThrottleEdge(lasts, says) }
	}
	for name, c := range map[string]struct {
		throttle func(*world)
		quirks   meta.Quirks
	}{
		"613": {throttle: ofPage(613, false)}, "4": {throttle: ofPage(4, false)}, "17": {throttle: ofPage(17, false)},
		"32": {throttle: ofPage(32, false)}, "341": {throttle: ofPage(341, false)}, "80001": {throttle: ofPage(80001, false)},
		"80002": {throttle: ofPage(80002, false)}, "80006": {throttle: ofPage(80006, false)},
		"613 as 429":            {throttle: ofPage(613, false), quirks: meta.Quirks{LimitStatus: 429}},
		"80006 as 403, foreign": {throttle: ofPage(80006, false), quirks: meta.Quirks{LimitStatus: 403, Localised: true}},
		"429, seconds":          {throttle: edge(meta.RetryAfterSeconds)},
		"429, date":             {throttle: edge(meta.RetryAfterDate)},
		"429 alone":             {throttle: edge(meta.NoRetryAfter)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits for the same 400 ms
			w := newWorld(t, bypassed)
			w.meta.Tweak(func(q *meta.Quirks) { *q = c.quirks })
			w.run()
			w.meta.CustomerWrites(page, anna, "hi")
			rid := w.room()
			w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
			waited := func() bool {
				return strings.Contains(w.get("http://"+w.at.Metrics+"/metrics"), `messenger_bridge_postponed_total{direction="out",reason="rate-limited"}`)
			}
			var want []string
			for !waited() { // a busy machine may send nothing before it is over
				if len(want) == 40 {
					t.Fatal("the metrics do not show it")
				}
				calls := len(w.tries())
				c.throttle(w)
				id := w.agent.Says(rid, "one")
				w.agent.Says(rid, "two")
				want = append(want, "one", "two")
				w.eventually("both arrive", func() bool { return len(w.received(anna)) >= len(want) })
				w.settled()
				if got := w.received(anna); !slices.Equal(got, want) {
					t.Errorf("the customer reads %q", got)
				}
				if n := len(w.tries()) - calls; n > 2+8 { // one for each time that the pause of a test is over
					t.Errorf("%d tries", n)
				}
				if got := w.notices(rid, id); len(got) != 0 {
					t.Errorf("the agent is alarmed: %q", got)
				}
			}
		})
	}
}

// TestLimits_OnePageThrottled_OthersGoOn has one page wait for a long time and another
// one talk meanwhile.
func TestLimits_OnePageThrottled_OthersGoOn(t *testing.T) {
	t.Parallel()
	for name, throttle := range map[string]func(*world){
		"613":            func(w *world) { w.meta.Throttle(page, 613, time.Hour, false) },
		"80006, minutes": func(w *world) { w.meta.Throttle(page, 80006, time.Hour, true) },
		"full":           func(w *world) { w.meta.Usage(page, 100) },
		"page usage": func(w *world) {
			w.meta.Tweak(func(q *meta.Quirks) { q.PageUsage = true })
			w.meta.Usage(page, 100)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.cfg.Times.Throttled = time.Hour
			const other = "4711"
			w.addPage(other, w.meta.AddPage(other, "Other shop"))
			w.run()
			rooms := map[string]string{}
			for _, p := range []string{page, other} {
				for i := range 10 {
					who := fmt.Sprint("9", p, i)
					w.meta.CustomerWrites(p, who, "I am "+who)
					w.eventually("there is a room", func() bool { return slices.Contains(w.texts(), "I am "+who) })
					for _, room := range w.rc.Rooms() {
						if slices.Contains(w.rc.CustomerTexts(room.ID), "I am "+who) {
							rooms[who] = room.ID
						}
					}
				}
			}
			throttle(w)
			for who, rid := range rooms {
				if strings.HasPrefix(who, "9"+page) {
					w.agent.Says(rid, "waits")
				}
			}
			w.eventually("the page is throttled", func() bool {
				return strings.Contains(w.get("http://"+w.at.Metrics+"/status"), `"held": "rate-limited"`)
			})
			for round := range 5 {
				for who, rid := range rooms {
					if strings.HasPrefix(who, "9"+other) {
						w.agent.Says(rid, fmt.Sprint("answer ", round))
					}
				}
			}
			w.eventually("the other page's customers have everything", func() bool {
				for i := range 10 {
					if len(w.meta.CustomerSees(other, fmt.Sprint("9", other, i))) < 5 {
						return false
					}
				}
				return true
			})
			if calls := w.callsOf(page); calls > 16+2 { // what was under way at once, and the name
				t.Errorf("the throttled page is called %d times", calls)
			}
		})
	}
}

// callsOf counts the sends in a page's name.
func (w *world) callsOf(page string) (n int) {
	for _, c := range w.meta.Calls() {
		if c.Page == page && c.Method == "POST" {
			n++
		}
	}
	return n
}

// tries lists when messages were tried to send; names and gestures are asked for beside them, and pages looked at.
func (w *world) tries() (times []time.Time) {
	for _, c := range w.meta.Calls() {
		if c.Method == "POST" && c.Action == "" && strings.HasSuffix(c.Path, "/messages") {
			times = append(times, c.At)
		}
	}
	return times
}

// TestLimits_OfTheApp_CostOneCallForAllPages: code 4 meets all pages at once. Each
// try while it lasts makes it last longer.
func TestLimits_OfTheApp_CostOneCallForAllPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.Throttled = 300 * time.Millisecond
	const pages = 12
	for i := 1; i < pages; i++ {
		id := fmt.Sprint(4000 + i)
		w.addPage(id, w.meta.AddPage(id, "Shop"))
	}
	w.run()
	ids := []string{page}
	for i := 1; i < pages; i++ {
		ids = append(ids, fmt.Sprint(4000+i))
	}
	rooms := map[string]string{}
	for _, id := range ids {
		w.meta.CustomerWrites(id, "9"+id, "I am "+id)
		w.eventually("there is a room", func() bool { return slices.Contains(w.texts(), "I am "+id) })
		for _, room := range w.rc.Rooms() {
			if slices.Contains(w.rc.CustomerTexts(room.ID), "I am "+id) {
				rooms[id] = room.ID
			}
		}
	}
	calls := len(w.tries())
	w.meta.Throttle("", 4, time.Hour, false)
	w.agent.Says(rooms[page], "first")
	w.eventually("the bridge knows", func() bool {
		return len(w.tries()) > calls && strings.Contains(w.log.String(), "delivery postponed\" direction=out lane="+page)
	})
	for id, rid := range rooms {
		if id != page {
			w.agent.Says(rid, "hello")
		}
	}
	w.eventually("it was tried again three times", func() bool { return len(w.tries()) >= calls+4 })
	for i := 1; i < 4; i++ { // one call each time, whatever else is waiting
		if d := w.tries()[calls+i].Sub(w.tries()[calls+i-1]); d < 250*time.Millisecond {
			t.Errorf("try %d came after %s", i, d)
		}
	}
	w.meta.Throttle("", 4, 0, false)
	w.eventually("everybody has an answer", func() bool {
		for _, id := range ids {
			if len(w.meta.CustomerSees(id, "9"+id)) != 1 {
				return false
			}
		}
		return true
	})
	w.settled()
}
