package outbound

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/bridge/queue"
)

var (
	anna      = bridge.Conversation{Page: "1", Customer: "7", Kind: bridge.Messages}
	commenter = bridge.Conversation{Page: "1", Customer: "8", Kind: bridge.Comments}
	bo        = bridge.Author{ID: "u", Username: "bo", Name: "Bo"}
	noon      = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
)

// memoryQueue is a bridge.Queue that is gone with the test.
type memoryQueue struct {
	keys     map[string]bool
	waiting  map[bridge.Seq]*bridge.Delivery
	failed   map[bridge.Seq]bridge.Reason
	receipts *memoryReceipts
	last     bridge.Seq
	now      func() time.Time
}

func newMemoryQueue(r *memoryReceipts, now func() time.Time) *memoryQueue {
	return &memoryQueue{keys: map[string]bool{}, waiting: map[bridge.Seq]*bridge.Delivery{}, failed: map[bridge.Seq]bridge.Reason{}, receipts: r, now: now}
}

func (q *memoryQueue) Append(_ context.Context, entries []bridge.Entry, stored func(*bridge.Entry, bridge.Seq)) (repeats int, err error) {
	for i := range entries {
		e := &entries[i]
		if q.keys[e.Key] {
			repeats++
			continue
		}
		q.last++
		q.keys[e.Key] = true
		q.waiting[q.last] = &bridge.Delivery{Seq: q.last, Lane: e.Lane, Accepted: q.now(), Progress: e.Progress, Body: e.Body}
		stored(e, q.last)
	}
	return repeats, nil
}

func (q *memoryQueue) Delivery(seq bridge.Seq) (bridge.Delivery, error) {
	if d := q.waiting[seq]; d != nil {
		return *d, nil
	}
	return bridge.Delivery{}, bridge.ErrConcluded
}

func (q *memoryQueue) Waiting(each func(*bridge.Delivery, int)) error {
	numbers := map[bridge.Lane]int{}
	for _, seq := range q.seqs() {
		d := *q.waiting[seq]
		if _, met := numbers[d.Lane]; !met {
			numbers[d.Lane] = len(numbers)
		}
		each(&d, numbers[d.Lane])
	}
	return nil
}

func (q *memoryQueue) seqs() (all []bridge.Seq) {
	for seq := range q.waiting {
		all = append(all, seq)
	}
	slices.Sort(all)
	return all
}

func (q *memoryQueue) Seen(key string) bool { return q.keys[key] }

func (q *memoryQueue) Save(seq bridge.Seq, p bridge.Progress, receipts ...bridge.Receipt) error {
	q.waiting[seq].Progress = p
	return q.receipts.SaveReceipts(context.Background(), receipts)
}

func (q *memoryQueue) Postpone(bridge.Seq, bridge.History) {}

func (q *memoryQueue) Conclude(seq bridge.Seq, receipts ...bridge.Receipt) error {
	delete(q.waiting, seq)
	return q.receipts.SaveReceipts(context.Background(), receipts)
}

func (q *memoryQueue) Fail(seq bridge.Seq, why bridge.Reason) error {
	delete(q.waiting, seq)
	q.failed[seq] = why
	return nil
}

// memoryReceipts are bridge.Receipts that are gone with the test.
type memoryReceipts struct{ all []bridge.Receipt }

func (r *memoryReceipts) SaveReceipts(_ context.Context, some []bridge.Receipt) error {
	r.all = append(r.all, some...)
	return nil
}

// MidOf returns that of the newest version, if the mark names none.
func (r *memoryReceipts) MidOf(m bridge.SendTag) (mid bridge.Mid) {
	for _, one := range r.all {
		if one.Tag.Message == m.Message && one.Tag.Part == m.Part && (m.Edit == 0 || one.Tag.Edit == m.Edit) {
			mid = one.Mid
		}
	}
	return mid
}

func (r *memoryReceipts) TagOf(_ bridge.PageID, mid bridge.Mid) (bridge.SendTag, bool) {
	for _, one := range r.all {
		if one.Mid == mid {
			return one.Tag, true
		}
	}
	return bridge.SendTag{}, false
}

func (r *memoryReceipts) TextHashOf(id bridge.MessageID) (hash string) {
	for _, one := range r.all {
		if one.Tag.Message == id && one.TextHash != "" {
			hash = one.TextHash
		}
	}
	return hash
}

func (r *memoryReceipts) ShownAs(bridge.PageID, bridge.Mid) (bridge.RoomID, []bridge.MessageID) {
	return "", nil
}

// memoryStates are bridge.States of one conversation.
type memoryStates struct {
	bridge.NoStates
	state bridge.ConversationState
}

func (s *memoryStates) State(bridge.Conversation) bridge.ConversationState { return s.state }

type noMeter struct{}

func (noMeter) Count(bridge.Tally, bridge.Direction, string, int)             {}
func (noMeter) Time(bridge.Timing, bridge.Direction, time.Duration)           {}
func (noMeter) SentSince(bridge.Conversation, time.Time) (none []bridge.Sent) { return nil }

// world is an Outbound with everything around it.
type world struct {
	*Outbound
	t        *testing.T
	now      time.Time
	page     bridge.Page
	states   memoryStates
	receipts memoryReceipts
	outbox   *memoryQueue
	told     *memoryQueue
	received []bridge.OutboundPart                   // by the customer
	send     func(bridge.OutboundPart) (bool, error) // whether the customer gets it; nil: all well
	thread   bridge.Sighting
	looked   []bridge.Part // for which forms the thread was read last
	person   error         // why it is not known who is a person
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: noon, page: bridge.Page{ID: "1", Name: "Shop", State: bridge.PageRunning}}
	clock, log := func() time.Time { return w.now }, slog.New(slog.DiscardHandler)
	w.outbox, w.told = newMemoryQueue(&w.receipts, clock), newMemoryQueue(&w.receipts, clock)
	lanes := func(q bridge.Queue, d bridge.Direction) *queue.Lanes {
		home := func(l bridge.Lane) bridge.Gate { return bridge.GatePage(l.Page) }
		return queue.New(queue.Config{Rules: queue.Rules{Home: home}, Store: q, Direction: d, Clock: clock, Meter: noMeter{}, Log: log})
	}
	w.Outbound = New(Config{
		Lanes: lanes(w.outbox, bridge.Out),
		Notices: notices.New(notices.Config{
			Lanes: lanes(w.told, bridge.ToAgents), Receipts: &w.receipts, Sent: noMeter{}, States: &w.states, Pages: w, Now: clock, Log: log,
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
	return bridge.Mid(fmt.Sprint("mid-", len(w.received))), err
}

func (w *world) Look(_ context.Context, _ bridge.Page, _ bridge.CustomerID, forms []bridge.Part, _ time.Time) (bridge.Sighting, error) {
	w.looked = forms
	return w.thread, nil
}

func (w *world) LookBelow(context.Context, bridge.Page, bridge.Mid, []bridge.Part, time.Time) (bridge.Sighting, error) {
	return w.thread, nil
}

// says has Bo write messages into anna's room, all in one call.
func (w *world) says(some ...bridge.AgentMessage) {
	w.t.Helper()
	for i := range some {
		some[i].Room, some[i].Author, some[i].At = "room", bo, w.now
	}
	if _, err := w.FromAgent(w.t.Context(), some); err != nil {
		w.t.Fatal(err)
	}
}

// deliver has each message that waits tried once, in order.
func (w *world) deliver() {
	w.t.Helper()
	for _, seq := range w.outbox.seqs() {
		var refusal *bridge.Refusal
		if err := w.Deliver(w.t.Context(), seq); err != nil && !errors.As(err, &refusal) {
			w.t.Errorf("delivery %d: %v", seq, err)
		}
	}
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
	for _, seq := range w.told.seqs() {
		var n bridge.Notice
		if err := json.Unmarshal(w.told.waiting[seq].Body, &n); err != nil {
			w.t.Fatal(err)
		}
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
