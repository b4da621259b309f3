package automatic

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/queue"
	"messenger-bridge/language"
)

var (
	anna      = bridge.Conversation{Page: "1", Customer: "7", Kind: bridge.Messages}
	commenter = bridge.Conversation{Page: "1", Customer: "8", Kind: bridge.Comments}
	bo        = bridge.Author{ID: "u", Username: "bo", Name: "Bo"}
	noon      = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
)

// world is what a page says by itself, with everything around it.
type world struct {
	t        *testing.T
	now      time.Time
	clock    func() time.Time
	pages    bridgetest.Pages // the first is the one that the test is about
	states   bridgetest.States
	receipts bridgetest.Receipts
	outbox   *bridgetest.Queue
	told     *bridgetest.Queue
	open     bridge.RoomID // anna's open room

	mu     sync.Mutex // guards broken
	broken error      // what asking for rooms ends with

	texts   *Texts
	survey  *Survey
	windows *Windows
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: noon, open: "room", pages: bridgetest.Pages{{ID: "1", Name: "Shop", State: bridge.PageRunning}}}
	w.clock = func() time.Time { return w.now }
	clock, log := func() time.Time { return w.clock() }, slog.New(slog.DiscardHandler)
	w.outbox, w.told = bridgetest.NewQueue(&w.receipts, clock), bridgetest.NewQueue(&w.receipts, clock)
	told := notices.New(notices.Config{Lanes: lanes(w.told, clock), Receipts: &w.receipts, Sent: &w.receipts, States: &w.states, Pages: &w.pages, Now: clock, Log: log})
	out := outbound.New(outbound.Config{
		Lanes: lanes(w.outbox, clock), Notices: told, Sender: sender{},
		Memory: outbound.Memory{Pages: &w.pages, Receipts: &w.receipts, States: &w.states}, Workspace: outbound.Workspace{Rooms: w}, Now: clock, Log: log,
	})
	w.survey = &Survey{Outbound: out, Notices: told, States: &w.states, Rooms: w, Now: clock}
	w.texts = NewTexts(TextsConfig{Outbound: out, Notices: told, Survey: w.survey, States: &w.states, Pages: &w.pages, Rooms: w, Now: clock, Log: log})
	w.windows = NewWindows(WindowsConfig{States: &w.states, Pages: &w.pages, Rooms: w, Notices: told, Now: clock, Log: log})
	return w
}

// lanes are those of a direction in which nothing is delivered.
func lanes(q bridge.Queue, clock func() time.Time) *queue.Lanes {
	home := func(bridge.Lane) bridge.Gate { return bridge.GateWorkspace }
	return queue.New(queue.Config{Rules: queue.Rules{Home: home, First: time.Second}, Store: q, Workers: 1, Clock: clock, Meter: bridgetest.Meter{}, Log: slog.New(slog.DiscardHandler)})
}

// sender only cuts texts.
type sender struct{ bridge.Sender }

func (sender) Cut(text string, _ int) []bridge.Part { return []bridge.Part{{Text: text}} }

func (w *world) Deliver(context.Context, bridge.Incoming, bridge.Before) (bridge.Shown, error) {
	return bridge.Shown{}, nil
}

func (w *world) Conversation(r bridge.RoomID) (bridge.Conversation, bool, error) {
	switch r {
	case "room", "room2":
		return anna, true, w.broken
	case "below":
		return commenter, true, w.broken
	case "other":
		return bridge.Conversation{Page: "1", Customer: "9", Kind: bridge.Messages}, true, w.broken
	}
	return bridge.Conversation{}, false, w.broken
}

func (w *world) OpenRoom(bridge.Conversation) (bridge.RoomID, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open, w.broken
}

// mend has rooms be asked for again.
func (w *world) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = nil
}

// heard has anna do something at a time.
func (w *world) heard(at time.Time) {
	w.states.ChangeState(anna, func(s *bridge.ConversationState) { s.Window.Heard = at })
}

// sent are the texts that wait for customers.
func (w *world) sent() (all []outbound.Outgoing) {
	for _, seq := range w.outbox.Seqs() {
		d, err := w.outbox.Delivery(seq)
		if err != nil {
			w.t.Fatal(err)
		}
		var out outbound.Outgoing
		if err := json.Unmarshal(d.Body, &out); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, out)
	}
	return all
}

// said is what customers read.
func (w *world) said() string {
	var all []string
	for _, out := range w.sent() {
		all = append(all, out.Parts[0].Text)
	}
	return strings.Join(all, " | ")
}

// notices are the keys of what people are told, with the reason.
func (w *world) notices() string {
	var all []string
	for _, n := range w.told.Notices() {
		all = append(all, strings.TrimSpace(string(n.Key())+" "+string(n.Reason)))
	}
	return strings.Join(all, " | ")
}

var english = language.New("en", time.UTC)
