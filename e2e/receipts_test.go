package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

const (
	arrived = ":heavy_check_mark:"
	wasRead = ":eye:"
)

// at returns when Meta says the page's n-th message was sent.
func (k *talk) at(n int) time.Time {
	k.Helper()
	all := k.meta.CustomerSees(k.page, k.customer)
	if n >= len(all) {
		k.Fatalf("the customer has %d messages", len(all))
	}
	return all[n].At.Truncate(time.Millisecond)
}

// marked waits until exactly these marks are on a message.
func (k *talk) marked(id string, want ...string) {
	k.Helper()
	k.eventually(fmt.Sprintf("the marks %q are on the message", want), func() bool {
		got := k.reactions(k.rid, id)
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}

// reacts counts what the marks cost.
func (w *world) reacts() (n int) {
	for _, call := range w.rc.Calls() {
		if strings.HasSuffix(call.Path, "/chat.react") {
			n++
		}
	}
	return n
}

// says sends texts, each at a time of its own.
func (k *talk) says(texts ...string) (ids []string) {
	k.Helper()
	for _, text := range texts {
		before := len(k.customerSees())
		ids = append(ids, k.agent.Says(k.rid, text))
		k.eventually("it arrives", func() bool { return len(k.customerSees()) > before })
		k.eventually("another millisecond has begun", func() bool { return time.Since(k.at(before)) > time.Millisecond })
	}
	k.settled()
	return ids
}

// TestReceipts_AreTrueToTheWatermarks: what is below one is marked, and nothing else,
// whatever comes twice, late or in the wrong order, and over a restart.
func TestReceipts_AreTrueToTheWatermarks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.Receipts = true })
	w.run()
	k := w.ask()
	ids := k.says("zero", "one", "two", "three", "four")
	now := time.Now()
	read := func(upTo time.Time) { w.meta.Send(w.meta.ReadEvent(page, anna, upTo, now)) }
	delivered := func(upTo time.Time) { w.meta.Send(w.meta.DeliveryEvent(page, anna, upTo, now)) }

	delivered(k.at(1))
	k.marked(ids[1], arrived)
	read(k.at(0))
	k.marked(ids[0], wasRead, arrived)
	k.marked(ids[1], arrived)
	read(k.at(0).Add(-time.Hour)) // an old one, late
	delivered(k.at(1))            // again
	w.halt()
	w.run()
	delivered(k.at(2)) // only what is new costs something
	k.marked(ids[2], arrived)
	read(k.at(3)) // which was not reported as delivered
	k.marked(ids[3], wasRead)
	k.marked(ids[1], wasRead, arrived)
	k.marked(ids[2], wasRead, arrived)
	delivered(k.at(3))
	w.agent.Says(k.rid, "end")
	k.gets("zero", "one", "two", "three", "four", "end")
	k.marked(ids[3], wasRead)
	k.marked(ids[4])
	if n := w.reacts(); n != 7 {
		t.Errorf("%d calls for 7 marks", n)
	}
	for _, action := range w.meta.Actions(page, anna) {
		if action == "react" {
			t.Error("the customer is told of a mark")
		}
	}
}

// The echo that tells when a message was sent may come after the watermark.
func TestReceipts_EchoInAnyOrder(t *testing.T) {
	for name, mode := range echoes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.setPage(func(s *bridge.Settings) { s.Receipts = true })
			w.meta.Echoes(mode)
			w.run()
			k := w.ask()
			id := w.agent.Says(k.rid, "one")
			w.eventually("it arrives", func() bool { return len(k.customerSees()) == 1 })
			w.meta.Send(w.meta.ReadEvent(page, anna, k.at(0), time.Now()))
			if mode == meta.EchoNever { // nobody knows whether it was before the watermark
				w.agent.Says(k.rid, "two")
				k.gets("one", "two")
				k.marked(id)
				return
			}
			k.marked(id, wasRead)
		})
	}
}

// A message in parts is read when its last part is.
func TestReceipts_MessageInParts_WaitsForTheLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.Receipts = true })
	w.meta.OnSend(func(call meta.SendCall) *meta.SendOutcome { // a moment between the parts
		return &meta.SendOutcome{Deliver: true, Hang: 10 * time.Millisecond}
	})
	w.run()
	k := w.ask()
	id := w.agent.Says(k.rid, strings.TrimSpace(strings.Repeat("word ", 900)))
	w.eventually("all parts arrive", func() bool { return len(k.customerSees()) == 3 })
	k.settled()
	w.meta.Send(w.meta.ReadEvent(page, anna, k.at(1), time.Now()))
	w.meta.Send(w.meta.DeliveryEvent(page, anna, k.at(2), time.Now()))
	k.marked(id, arrived)
	w.meta.Send(w.meta.ReadEvent(page, anna, k.at(2), time.Now()))
	k.marked(id, wasRead, arrived)
}

func TestReceipts_SwitchedOff_CostNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	k := w.ask()
	id := k.says("one")[0]
	w.meta.Send(w.meta.DeliveryEvent(page, anna, k.at(0), time.Now()), w.meta.ReadEvent(page, anna, k.at(0), time.Now()))
	w.agent.Says(k.rid, "two")
	k.gets("one", "two")
	k.marked(id)
	if n := w.reacts(); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// Marks wait for the workspace, and for nothing that an agent must know.
func TestReceipts_WorkspaceFails_ComeWhenItIsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.Receipts = true })
	w.run()
	k := w.ask()
	id := k.says("one")[0]
	w.rc.Inject(chat.Fault{Route: "POST chat.react", Times: 3, Status: 502})
	w.meta.Send(w.meta.DeliveryEvent(page, anna, k.at(0), time.Now()))
	k.marked(id, arrived)
}
