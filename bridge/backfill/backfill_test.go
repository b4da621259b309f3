package backfill

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
)

var midnight = time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)

// said is a message of a customer's, so long after midnight.
func said(mid bridge.Mid, after time.Duration) bridge.Incoming {
	return bridge.Incoming{
		Conversation: bridge.Conversation{Page: "1", Customer: "c", Kind: bridge.Messages},
		Kind:         bridge.TextEvent, Mid: mid, At: midnight.Add(after), Key: bridge.MessageKey(mid), Text: string(mid),
	}
}

func echo(mid bridge.Mid, after time.Duration) bridge.Incoming {
	in := said(mid, after)
	in.Kind = bridge.EchoEvent
	return in
}

// TestMissing is a thread as Meta shows it, of which events came by webhook.
func TestMissing(t *testing.T) {
	older := func(mid bridge.Mid, after time.Duration) bridge.Glimpse {
		return bridge.Glimpse{Mid: mid, At: midnight.Add(after)}
	}
	for name, c := range map[string]struct {
		thread bridge.Thread
		seen   []string // keys of events that were accepted
		ours   []bridge.Mid
		want   string // texts of what is missing; - is the line about earlier messages
	}{
		"nothing":                     {want: ""},
		"all of it":                   {thread: bridge.Thread{Messages: []bridge.Incoming{said("a", 1), said("b", 2)}}, want: "a b"},
		"from before the gap":         {thread: bridge.Thread{Messages: []bridge.Incoming{said("a", -1), said("b", 0)}}, want: "b"},
		"came by webhook":             {thread: bridge.Thread{Messages: []bridge.Incoming{said("a", 1), said("b", 2)}}, seen: []string{"1/m/a"}, want: "b"},
		"a tap that came by webhook":  {thread: bridge.Thread{Messages: []bridge.Incoming{said("a", 1)}}, seen: []string{"1/e/a"}, want: ""},
		"seen for another page":       {thread: bridge.Thread{Messages: []bridge.Incoming{said("a", 1)}}, seen: []string{"2/m/a"}, want: "a"},
		"the page's own":              {thread: bridge.Thread{Messages: []bridge.Incoming{echo("a", 1), said("b", 2)}}, want: "b"},
		"an answer of ours":           {thread: bridge.Thread{Messages: []bridge.Incoming{said("a", 1)}}, ours: []bridge.Mid{"a"}, want: ""},
		"more than is shown":          {thread: bridge.Thread{Messages: []bridge.Incoming{said("b", 2)}, Older: []bridge.Glimpse{older("a", 1)}}, want: "- b"},
		"only one line about more":    {thread: bridge.Thread{Older: []bridge.Glimpse{older("a", 1), older("b", 2)}}, want: "-"},
		"older ones from before":      {thread: bridge.Thread{Older: []bridge.Glimpse{older("a", -1)}}, want: ""},
		"older ones came by webhook":  {thread: bridge.Thread{Older: []bridge.Glimpse{older("a", 1)}}, seen: []string{"1/m/a"}, want: ""},
		"older ones are partly known": {thread: bridge.Thread{Older: []bridge.Glimpse{older("a", 1), older("b", 2)}}, seen: []string{"1/m/a"}, want: "-"},
	} {
		f := New(Config{
			Seen: func(key string) bool { return slices.Contains(c.seen, key) },
			Ours: func(_ bridge.PageID, mid bridge.Mid) bool { return slices.Contains(c.ours, mid) },
		})
		c.thread.Customer = "c"
		var got []string
		for _, in := range f.missing(&filling{page: "1", since: midnight}, c.thread, midnight) {
			if in.Mid == "" {
				in.Text = "-"
			}
			got = append(got, in.Text)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: missing are %q, want %q", name, got, c.want)
		}
	}
}

// inbox is what was accepted, and Meta's threads.
type inbox struct {
	lists    []func(limit int) (bridge.ThreadList, error) // what each call returns, in order
	limits   []int
	cursors  []string
	accepted []string
	broken   int // how often accepting fails
	told     []string
}

func (x *inbox) Threads(_ context.Context, _ bridge.Page, cursor string, limit int) (bridge.ThreadList, error) {
	n := len(x.limits)
	x.limits, x.cursors = append(x.limits, limit), append(x.cursors, cursor)
	if n >= len(x.lists) {
		return bridge.ThreadList{}, nil
	}
	return x.lists[n](limit)
}

func (x *inbox) FromCustomer(_ context.Context, events []bridge.Incoming) error {
	if x.broken > 0 {
		x.broken--
		return errors.New("disk full")
	}
	for _, in := range events {
		if !x.seen("1/" + in.Key) {
			x.accepted = append(x.accepted, "1/"+in.Key)
		}
	}
	return nil
}

func (x *inbox) seen(key string) bool { return slices.Contains(x.accepted, key) }

// parts returns one list of threads that changed at a time, with a message each.
func part(next string, changed time.Duration, mids ...bridge.Mid) func(int) (bridge.ThreadList, error) {
	return func(int) (bridge.ThreadList, error) {
		list := bridge.ThreadList{Next: next}
		for _, mid := range mids {
			list.Threads = append(list.Threads, bridge.Thread{Customer: "c", Changed: time.Now().Add(changed), Messages: []bridge.Incoming{
				{Conversation: bridge.Conversation{Page: "1", Customer: "c", Kind: bridge.Messages}, Kind: bridge.TextEvent, Mid: mid, At: time.Now().Add(changed), Key: bridge.MessageKey(mid)},
			}})
		}
		return list, nil
	}
}

func refused(r bridge.Refusal) func(int) (bridge.ThreadList, error) {
	return func(int) (bridge.ThreadList, error) { return bridge.ThreadList{}, &r }
}

// TestFiller_FillsAGap lets one page's gap of an hour be filled, by what Meta answers.
func TestFiller_FillsAGap(t *testing.T) {
	away := bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown}
	type lists = []func(int) (bridge.ThreadList, error)
	for name, c := range map[string]struct {
		lists    lists
		broken   int
		since    time.Duration // when the page was connected, before now; 0: long ago
		accepted string
		open     bool // the gap stays
		told     string
		calls    int
	}{
		"one list":                       {lists: lists{part("", -time.Minute, "a", "b")}, accepted: "1/m/a 1/m/b", calls: 1},
		"a gap of an earlier life":       {lists: lists{part("", -20*time.Minute, "a")}, since: 10 * time.Minute, calls: 1},
		"nothing changed since":          {lists: lists{part("next", -2*time.Hour, "a")}, calls: 1},
		"two parts, then a second pass":  {lists: lists{part("next", -time.Minute, "a"), part("", -time.Minute, "b")}, accepted: "1/m/a 1/m/b", calls: 3},
		"Meta away for a moment":         {lists: lists{refused(away), refused(away), part("", -time.Minute, "a")}, accepted: "1/m/a", calls: 3},
		"our store failing for a moment": {lists: lists{part("", -time.Minute, "a")}, broken: 2, accepted: "1/m/a", calls: 1},
		"never allowed": {lists: lists{refused(bridge.Refusal{Verdict: bridge.Never, Reason: bridge.Rejected})}, calls: 1,
			told: "Facebook does not let the bridge read what customers wrote to *Bakery*"},
		"the page's token is dead": {lists: lists{refused(bridge.Refusal{Verdict: bridge.Again, Reason: bridge.PageLost})}, open: true, calls: 1},
		"Meta away for long":       {lists: slices.Repeat(lists{refused(away)}, maxTries), open: true, calls: maxTries},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := &inbox{lists: c.lists, broken: c.broken}
				pages := bridgetest.Pages{{ID: "1", Name: "Bakery", Token: "t", State: bridge.PageRunning}}
				gaps, err := NewGaps(bridgetest.Cursors{}, 0, time.Now)
				if err != nil {
					t.Fatal(err)
				}
				if err := gaps.Missed(t.Context(), time.Now().Add(-time.Hour), pages...); err != nil {
					t.Fatal(err)
				}
				if c.since > 0 {
					pages[0].Since = time.Now().Add(-c.since)
				}
				f := New(Config{
					Inbound: x, Seen: x.seen, Ours: func(bridge.PageID, bridge.Mid) bool { return false }, Pages: pages, Threads: x, Gaps: gaps,
					Announce: func(_ context.Context, key, text string) error {
						x.told = append(x.told, text)
						return nil
					},
					Log: slog.New(slog.DiscardHandler),
				})
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- f.Run(ctx) }()
				gaps.Well("1", time.Now())
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				stop()
				<-ended
				if got := strings.Join(x.accepted, " "); got != c.accepted {
					t.Errorf("accepted %q, want %q", got, c.accepted)
				}
				if gaps.Has("1") != c.open || len(x.limits) != c.calls {
					t.Errorf("open %v after %d calls", gaps.Has("1"), len(x.limits))
				}
				if told := strings.Join(x.told, "\n"); !strings.Contains(told, c.told) || c.told == "" && told != "" {
					t.Errorf("told: %q", told)
				}
			})
		})
	}
}

// TestFiller_MetaFailsOnLargeLists_AsksForLess: an error of Meta's may mean that a list was
// too much at once.
func TestFiller_MetaFailsOnLargeLists_AsksForLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		toomuch := refused(bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaError})
		x := &inbox{lists: []func(int) (bridge.ThreadList, error){toomuch, toomuch, part("", -time.Minute, "a")}}
		f := New(Config{Threads: x, Inbound: x, Seen: x.seen, Ours: func(bridge.PageID, bridge.Mid) bool { return false },
			Pages: bridgetest.Pages{{ID: "1", Token: "t", State: bridge.PageRunning}}})
		g := &filling{page: "1", since: time.Now().Add(-time.Hour), changed: time.Now().Add(-time.Hour), limit: pageSize}
		if err := f.fill(t.Context(), g); err != nil || fmt.Sprint(x.limits) != "[25 12 6]" || g.found != 1 {
			t.Errorf("asked for %v, found %d: %v", x.limits, g.found, err)
		}
	})
}

func TestFiller_PausesGrowToALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := refused(bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown})
		x := &inbox{lists: slices.Repeat([]func(int) (bridge.ThreadList, error){away}, maxTries)}
		f := New(Config{Threads: x, Pages: bridgetest.Pages{{ID: "1", Token: "t", State: bridge.PageRunning}}})
		began := time.Now()
		err := f.fill(t.Context(), &filling{page: "1"})
		seconds := 0.25 + 0.5 + 1 + 2 + 4 + 8 + 16 + 4*30
		if took := time.Since(began).Seconds(); took != seconds || bridge.RefusalOf(err).Reason != bridge.MetaDown {
			t.Errorf("given up after %v s, want %v: %v", took, seconds, err)
		}
	})
}
