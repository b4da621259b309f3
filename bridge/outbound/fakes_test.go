package outbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/bridge/queue"
)

var (
	anna      = bridge.Conversation{Page: "1", Customer: "7", Kind: bridge.Messages}
	commenter = bridge.Conversation{Page: "1", Customer: "8", Kind: bridge.Comments}
	bo        = bridge.Author{ID: "u", Username: "bo", Name: "Bo"}
	noon      = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
)

// world is an Outbound with everything around it.
type world struct {
	*Outbound
	t        testing.TB
	now      time.Time
	page     bridge.Page
	states   bridgetest.States
	receipts bridgetest.Receipts
	outbox   *bridgetest.Queue
	told     *bridgetest.Queue
	received []bridge.OutboundPart                   // by the customer
	send     func(bridge.OutboundPart) (bool, error) // whether the customer gets it; nil: all well
	thread   bridge.Sighting
	looked   []bridge.Part // for which forms the thread was read last
	looks    int           // how often it was read
	person   error         // why it is not known who is a person
}

func newWorld(t testing.TB) *world { return worldWith(t, nil) }

// worldWith is a world after a restart with what waited; nil: nothing did.
func worldWith(t testing.TB, outbox *bridgetest.Queue) *world {
	w := &world{t: t, now: noon, page: bridge.Page{ID: "1", Name: "Shop", State: bridge.PageRunning}, outbox: outbox}
	clock, log := func() time.Time { return w.now }, slog.New(slog.DiscardHandler)
	w.told = bridgetest.NewQueue(&w.receipts, clock)
	if outbox == nil {
		w.outbox = bridgetest.NewQueue(&w.receipts, clock)
	}
	w.outbox.Receipts = &w.receipts
	lanes := func(q bridge.Queue, d bridge.Direction) *queue.Lanes {
		home := func(l bridge.Lane) bridge.Gate { return bridge.GatePage(l.Page) }
		return queue.New(queue.Config{Rules: queue.Rules{Home: home}, Store: q, Direction: d, Clock: clock, Meter: bridgetest.Meter{}, Log: log})
	}
	w.Outbound = New(Config{
		Lanes: lanes(w.outbox, bridge.Out),
		Notices: notices.New(notices.Config{
			Lanes: lanes(w.told, bridge.ToAgents), Receipts: &w.receipts, Sent: &w.receipts, States: &w.states, Pages: w, Now: clock, Log: log,
		}),
		Sender:    w,
		Memory:    Memory{Pages: w, Receipts: &w.receipts, States: &w.states, TextHash: func(_, text string) string { return fmt.Sprintf("%16.16s", text) }},
		Workspace: Workspace{Rooms: w, People: w},
		Now:       clock, Log: log,
	})
	return w
}

func (w *world) Page(id bridge.PageID) (bridge.Page, error) {
	if id != w.page.ID {
		return bridge.Page{}, bridge.ErrNoPage
	}
	return w.page, nil
}

func (w *world) Pages() []bridge.Page { return []bridge.Page{w.page} }

func (w *world) EachPage(each func(*bridge.Page) bool) { each(&w.page) }

func (w *world) Conversation(r bridge.RoomID) (bridge.Conversation, bool, error) {
	switch r {
	case "room":
		return anna, true, nil
	case "below":
		return commenter, true, nil
	}
	return bridge.Conversation{}, false, nil
}

func (w *world) IsPerson(_ context.Context, a bridge.Author) (bool, error) {
	return a == bo, w.person
}

func (w *world) Cut(text string, limit int) []bridge.Part { return cut(text, limit) }

func (w *world) Send(_ context.Context, _ bridge.Page, _ bridge.CustomerID, p bridge.OutboundPart) (bridge.Mid, error) {
	arrives, err := true, error(nil)
	if w.send != nil {
		arrives, err = w.send(p)
	}
	if arrives {
		w.received = append(w.received, p)
	}
	switch {
	case p.Edits != "":
		return p.Edits, err
	case p.Comment != "" && !p.Private:
		return bridge.Mid(fmt.Sprint("1_", len(w.received))), err
	}
	return bridge.Mid(fmt.Sprint("mid-", len(w.received))), err
}

func (w *world) Look(_ context.Context, _ bridge.Page, _ bridge.CustomerID, s bridge.Search) (bridge.Sighting, error) {
	w.looked = s.Forms
	w.looks++
	return w.thread, nil
}

func (w *world) LookBelow(context.Context, bridge.Page, bridge.Mid, bridge.Search) (bridge.Sighting, error) {
	return w.thread, nil
}

// heard has anna do something at a time; the zero time: nobody remembers.
func (w *world) heard(at time.Time) {
	w.states.ChangeState(anna, func(s *bridge.ConversationState) { *s = bridge.ConversationState{Window: bridge.Window{Heard: at}} })
}

// says has Bo write messages into anna's room, all in one call.
func (w *world) says(some ...bridge.AgentMessage) { w.writes("room", some) }

// below has Bo write messages into the commenter's room, all in one call.
func (w *world) below(some ...bridge.AgentMessage) { w.writes("below", some) }

func (w *world) writes(room bridge.RoomID, some []bridge.AgentMessage) {
	w.t.Helper()
	for i := range some {
		some[i].Room, some[i].Author, some[i].At = room, bo, w.now
	}
	if _, err := w.FromAgent(w.t.Context(), some); err != nil {
		w.t.Fatal(err)
	}
}

// deliver has each message that waits tried once, in order.
func (w *world) deliver() {
	w.t.Helper()
	for _, seq := range w.outbox.Seqs() {
		var refusal *bridge.Refusal
		if err := w.Deliver(w.t.Context(), seq); err != nil && !errors.As(err, &refusal) {
			w.t.Errorf("delivery %d: %v", seq, err)
		}
	}
}

// progressOf returns how far a message has come.
func (w *world) progressOf(seq bridge.Seq) bridge.Progress {
	d, err := w.outbox.Delivery(seq)
	if err != nil {
		w.t.Fatal(err)
	}
	return d.Progress
}

// texts are what the customer reads.
func (w *world) texts() (all []string) {
	for _, p := range w.received {
		all = append(all, p.Text)
	}
	return all
}

// notices are the keys of what people are told.
func (w *world) notices() (keys []string) {
	for _, n := range w.told.Notices() {
		key := string(n.Key())
		if n.Reason != "" {
			key += " " + string(n.Reason)
		}
		keys = append(keys, key)
	}
	return keys
}

// cut turns a text into parts of as many characters as the limit says.
func cut(text string, limit int) (parts []bridge.Part) {
	for rest := []rune(text); len(rest) > 0; {
		n := min(limit, len(rest))
		parts = append(parts, bridge.Part{Text: string(rest[:n])})
		rest = rest[n:]
	}
	return parts
}

// gestures notes which are made.
type gestures func(bridge.GestureKind)

func (g gestures) Make(_ context.Context, _ bridge.Page, _ bridge.CustomerID, gesture bridge.Gesture) error {
	g(gesture.Kind)
	return nil
}
