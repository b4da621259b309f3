package notices

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
	"messenger-bridge/bridge/queue"
)

var (
	anna = bridge.Conversation{Page: "1", Customer: "7", Kind: bridge.Messages}
	bo   = bridge.Author{ID: "u", Username: "bo", Name: "Bo"}
	noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
)

// world is Notices with everything around them.
type world struct {
	*Notices
	t        *testing.T
	now      time.Time
	pages    bridgetest.Pages
	states   bridgetest.States
	receipts bridgetest.Receipts
	store    *bridgetest.Queue
	told     []bridge.Notice // to people
	refuse   error           // what telling ends with; nil: all well
	handled  []string        // words of commands that were carried out
	handle   func(bridge.Command) (bridge.Reply, error)
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: noon, pages: bridgetest.Pages{{ID: "1", Settings: bridge.Settings{Receipts: true}}, {ID: "2"}}}
	clock, log := func() time.Time { return w.now }, slog.New(slog.DiscardHandler)
	w.store = bridgetest.NewQueue(&w.receipts, clock)
	home := func(bridge.Lane) bridge.Gate { return bridge.GateWorkspace }
	w.Notices = New(Config{
		Lanes:    queue.New(queue.Config{Rules: queue.Rules{Home: home}, Store: w.store, Direction: bridge.ToAgents, Clock: clock, Meter: bridgetest.Meter{}, Log: log}),
		Patience: time.Minute, Refused: func(*bridge.Response) {}, Notifier: w, Commands: w, Receipts: &w.receipts, Sent: &w.receipts, States: &w.states, Pages: w.pages, Now: clock, Log: log,
	})
	w.states.ChangeState(anna, func(s *bridge.ConversationState) { s.Window.Heard = noon })
	return w
}

func (w *world) Notify(_ context.Context, n bridge.Notice) error {
	if w.refuse == nil {
		w.told = append(w.told, n)
	}
	return w.refuse
}

func (w *world) Handle(_ context.Context, c bridge.Command) (bridge.Reply, error) {
	w.handled = append(w.handled, c.Words)
	return w.handle(c)
}

// deliver has everything that waits told once, and what follows from it, and returns the
// last refusal.
func (w *world) deliver() (refusal error) {
	tried := map[bridge.Seq]bool{}
	for more := true; more; {
		more = false
		for _, seq := range w.store.Seqs() {
			if tried[seq] {
				continue
			}
			tried[seq], more = true, true
			if err := w.Deliver(w.t.Context(), seq); err != nil {
				refusal = err
			}
		}
	}
	return refusal
}

// lanes returns the lane of each notice that waits, by its key.
func (w *world) lanes() map[bridge.NoticeKey]bridge.Lane {
	all := map[bridge.NoticeKey]bridge.Lane{}
	notices := w.store.Notices()
	for i, seq := range w.store.Seqs() {
		d, err := w.store.Delivery(seq)
		if err != nil {
			w.t.Fatal(err)
		}
		all[notices[i].Key()] = d.Lane
	}
	return all
}
