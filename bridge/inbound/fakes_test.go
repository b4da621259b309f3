package inbound

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/automatic"
	"messenger-bridge/bridge/bridgetest"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/queue"
	"messenger-bridge/bridge/refusals"
)

var (
	anna      = bridge.Conversation{Page: "1", Customer: "7", Kind: bridge.Messages}
	commenter = bridge.Conversation{Page: "1", Customer: "8", Kind: bridge.Comments}
	noon      = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
)

// world is an Inbound with everything around it.
type world struct {
	*Inbound
	t        *testing.T
	now      time.Time
	clock    func() time.Time
	pages    bridgetest.Pages // the first is the one that the test is about
	states   bridgetest.States
	receipts bridgetest.Receipts
	inbox    *bridgetest.Queue
	outbox   *bridgetest.Queue
	told     *bridgetest.Queue
	show     func(bridge.Incoming) (bridge.Shown, error) // what becomes of an event in its room
	opens    bridge.NewRoom                              // for the event; without ID: none
	inParts  bool                                        // the event's text is begun to be shown in parts
	shown    []bridge.Incoming                           // events as Rocket.Chat was to show them
	active   []bridge.PageID

	forgotten bool // anna was
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: noon}
	w.clock = func() time.Time { return w.now }
	w.pages = bridgetest.Pages{{ID: "1", Name: "Shop", State: bridge.PageRunning, Settings: bridge.Settings{Comments: true}}}
	w.show = func(bridge.Incoming) (bridge.Shown, error) { return bridge.Shown{}, nil }
	w.start()
	return w
}

// start makes everything anew around what is stored.
func (w *world) start() {
	log, clock := slog.New(slog.DiscardHandler), func() time.Time { return w.clock() }
	for _, q := range []**bridgetest.Queue{&w.inbox, &w.outbox, &w.told} {
		if *q == nil {
			*q = bridgetest.NewQueue(&w.receipts, clock)
		}
	}
	lanes := func(q bridge.Queue, d bridge.Direction, home bridge.Gate) *queue.Lanes {
		rules := queue.Rules{Home: func(bridge.Lane) bridge.Gate { return home }, First: time.Second}
		return queue.New(queue.Config{Rules: rules, Store: q, Direction: d, Workers: 1, Clock: clock, Meter: bridgetest.Meter{}, Log: log})
	}
	told := notices.New(notices.Config{
		Lanes: lanes(w.told, bridge.ToAgents, bridge.GateWorkspace), Receipts: &w.receipts, Sent: &w.receipts, States: &w.states, Pages: &w.pages, Now: clock, Log: log,
	})
	out := outbound.New(outbound.Config{
		Lanes: lanes(w.outbox, bridge.Out, "page/1"), Notices: told, Sender: sender{},
		Memory:    outbound.Memory{Pages: &w.pages, Receipts: &w.receipts, States: &w.states, Links: w},
		Workspace: outbound.Workspace{Rooms: w}, Now: clock, Log: log,
	})
	survey := &automatic.Survey{Outbound: out, Notices: told, States: &w.states, Rooms: w, Now: clock}
	w.Inbound = New(Config{
		Lanes: lanes(w.inbox, bridge.In, bridge.GateWorkspace), Outbound: out, Telling: Telling{Notices: told, Refusals: refusals.New(refusals.Config{Now: clock, Log: log, Announce: told.Announce})},
		Gestures: outbound.NewGestures(outbound.GesturesConfig{Now: clock}),
		Automatic: Automatic{
			Texts: automatic.NewTexts(automatic.TextsConfig{
				Outbound: out, Notices: told, Survey: survey, States: &w.states, Pages: &w.pages, Rooms: w, Now: clock, Log: log,
			}),
			Survey:  survey,
			Windows: automatic.NewWindows(automatic.WindowsConfig{States: &w.states, Pages: &w.pages, Rooms: w, Notices: told, Now: clock, Log: log}),
		},
		Rooms: w, Receipts: &w.receipts, Pages: &w.pages, States: &w.states,
		Own: Own{ResolveWithin: 10 * time.Minute}, Active: func(p bridge.PageID) { w.active = append(w.active, p) },
	})
	if err := w.Load(); err != nil {
		w.t.Fatal(err)
	}
}

// sender only cuts texts.
type sender struct{ bridge.Sender }

func (sender) Cut(text string, _ int) []bridge.Part { return []bridge.Part{{Text: text}} }

func (w *world) Deliver(_ context.Context, in bridge.Incoming, before bridge.Before) (bridge.Shown, error) {
	w.shown = append(w.shown, in)
	if w.opens.ID != "" {
		if err := before.Room(w.opens); err != nil {
			return bridge.Shown{}, bridge.StoreRefusal(err)
		}
	}
	if w.inParts {
		if err := before.Parts(); err != nil {
			return bridge.Shown{}, err
		}
	}
	return w.show(in)
}

func (w *world) Conversation(r bridge.RoomID) (bridge.Conversation, bool, error) {
	switch r {
	case "room":
		return anna, true, nil
	case "below":
		return commenter, true, nil
	}
	return bridge.Conversation{}, false, nil
}

// Link tells that anna is known, unless she was forgotten.
func (w *world) Link(c bridge.Conversation) (bridge.Link, error) {
	if c != anna || w.forgotten {
		return bridge.Link{Conversation: c}, nil
	}
	return bridge.Link{Conversation: c, Visitor: "visitor", Room: "room"}, nil
}

func (w *world) OpenRoom(bridge.Conversation) (bridge.RoomID, error) { return "room", nil }

// text is a message of anna's.
func text(mid bridge.Mid) bridge.Incoming {
	return bridge.Incoming{Conversation: anna, Kind: bridge.TextEvent, Mid: mid, At: noon, Text: string(mid), Key: bridge.MessageKey(mid)}
}

// about is something that anna does to a message.
func about(kind bridge.EventKind, mid bridge.Mid) bridge.Incoming {
	return bridge.Incoming{Conversation: anna, Kind: kind, Mid: mid, At: noon, Key: string(kind) + "/" + string(mid)}
}

// comes has Meta tell of events in one call.
func (w *world) comes(events ...bridge.Incoming) {
	w.t.Helper()
	if err := w.FromCustomer(w.t.Context(), events); err != nil {
		w.t.Fatal(err)
	}
}

// answers puts an answer into a lane.
func (w *world) answers(l bridge.Lane) {
	w.t.Helper()
	if _, err := w.Outbound.Lanes.Append(w.t.Context(), []bridge.Entry{{Lane: l, Key: "x"}}, nil); err != nil {
		w.t.Fatal(err)
	}
}

// try makes one attempt at the oldest event, and returns how that was refused; nil: not.
func (w *world) try() *bridge.Refusal {
	w.t.Helper()
	seqs := w.inbox.Seqs()
	if len(seqs) == 0 {
		w.t.Fatal("nothing waits")
	}
	if err := w.Inbound.Deliver(w.t.Context(), seqs[0]); err != nil {
		return bridge.RefusalOf(err)
	}
	return nil
}

// said are the automatic texts that wait for customers.
func (w *world) said() string {
	var all []string
	for _, seq := range w.outbox.Seqs() {
		d, err := w.outbox.Delivery(seq)
		if err != nil {
			w.t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(d.Body), `"text":"`)
		said, _, _ := strings.Cut(after, `"`)
		all = append(all, said)
	}
	return strings.Join(all, ", ")
}

// announced are the keys of what the setup channel is told.
func (w *world) announced() string {
	var all []string
	for _, n := range w.told.Notices() {
		all = append(all, n.Topic)
	}
	return strings.Join(all, ", ")
}

// shownIn is the receipt of a message that a room shows.
func shownIn(room bridge.RoomID, mid bridge.Mid) bridge.Receipt {
	return bridge.Receipt{Page: "1", Mid: mid, Room: room, Shown: []bridge.MessageID{"shown"}}
}

// ours is the receipt of a message that we sent.
func ours(mid bridge.Mid) bridge.Receipt {
	return bridge.Receipt{Page: "1", Mid: mid, Tag: bridge.SendTag{Message: "x"}}
}
