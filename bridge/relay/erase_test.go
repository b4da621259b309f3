package relay_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/relay"
)

// memory is a bridge that runs nothing and stores nothing for good, with what is known of
// two customers, 7 and 9.
type memory struct {
	*relay.Relay
	t                      *testing.T
	receipts               bridgetest.Receipts
	states                 bridgetest.States
	inbox, outbox, notices *bridgetest.Queue
	failed                 []bridge.Failure
	closing                error    // what closing rooms ends with
	erasing                error    // what erasing a visitor ends with
	closes                 func()   // called while rooms are closed; may be nil
	did                    []string // in Rocket.Chat and here
}

var (
	annasComments = bridge.Conversation{Page: "1", Customer: "7", Kind: bridge.Comments}
	ben           = bridge.Conversation{Page: "1", Customer: "9", Kind: bridge.Messages}
	rooms         = map[bridge.RoomID]bridge.Conversation{
		"r7": anna, "old7": anna, "below7": annasComments, "r9": ben, "below9": {Page: "1", Customer: "9", Kind: bridge.Comments},
	}
)

func newRelay(t *testing.T, change func(*relay.Config)) *memory {
	m := &memory{t: t}
	m.inbox, m.outbox, m.notices = bridgetest.NewQueue(&m.receipts, time.Now), bridgetest.NewQueue(&m.receipts, time.Now), bridgetest.NewQueue(&m.receipts, time.Now)
	c := relay.Config{
		Queues:    relay.Queues{Inbox: m.inbox, Outbox: m.outbox, Notices: m.notices, Failures: m},
		Store:     relay.Store{Receipts: &m.receipts, Sent: &m.receipts, States: &m.states, Pages: bridgetest.Pages{{ID: "1", Token: "t", State: bridge.PageRunning}, {ID: "2", Token: "t", State: bridge.PageRunning}}, Names: m, Memory: m},
		Workspace: relay.Workspace{Rooms: m, Archive: m, Naming: m}, Log: slog.New(slog.DiscardHandler), Meter: bridgetest.Meter{},
	}
	if change != nil {
		change(&c)
	}
	var err error
	if m.Relay, err = relay.New(c); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *memory) Deliver(context.Context, bridge.Incoming, bridge.Before) (bridge.Shown, error) {
	return bridge.Shown{}, nil
}

func (m *memory) Conversation(r bridge.RoomID) (bridge.Conversation, bool, error) {
	c, ours := rooms[r]
	return c, ours, nil
}

func (m *memory) OpenRoom(bridge.Conversation) (bridge.RoomID, error) { return "", nil }

func (m *memory) RoomsOf(c bridge.Conversation) (all []bridge.RoomID, err error) {
	for r, of := range rooms {
		if of == c {
			all = append(all, r)
		}
	}
	slices.Sort(all)
	return all, nil
}

func (m *memory) Link(c bridge.Conversation) (l bridge.Link, err error) {
	l.Conversation = c
	if some, _ := m.RoomsOf(c); len(some) > 0 {
		l.Visitor = bridge.Secret("visitor " + c.String())
	}
	return l, nil
}

func (m *memory) Name(c bridge.Conversation) (string, time.Time) {
	if c.Customer == "named" && c.Kind == bridge.Messages {
		return "", time.Unix(1, 0) // Facebook does not tell
	}
	return "", time.Time{}
}

func (m *memory) SaveName(context.Context, bridge.Conversation, string) error { return nil }

func (m *memory) ForgetName(c bridge.Conversation) {
	m.did = append(m.did, fmt.Sprint("ask no more for the name of ", c))
}

func (m *memory) EraseMessages(_ context.Context, c bridge.Conversation, _ []bridge.RoomID, some []bridge.MessageID) error {
	m.did = append(m.did, fmt.Sprint("erase messages of ", c, " ", some))
	return nil
}

func (m *memory) Overwrite(context.Context) error {
	m.did = append(m.did, "overwritten")
	return nil
}

func (m *memory) EraseConversation(_ context.Context, c bridge.Conversation, some []bridge.RoomID) error {
	m.did = append(m.did, fmt.Sprint("erase ", c, " ", some))
	return nil
}

func (m *memory) Written(_ context.Context, _ bridge.Secret, r bridge.RoomID) ([]bridge.MessageID, error) {
	if r == "old7" {
		return nil, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.RoomClosed} // gone before
	}
	return []bridge.MessageID{bridge.MessageID("in " + r)}, nil
}

func (m *memory) CloseRooms(_ context.Context, v bridge.Secret, _ string) error {
	m.did = append(m.did, "close rooms of "+string(v))
	if m.closes != nil {
		m.closes()
	}
	return m.closing
}

func (m *memory) EraseVisitor(_ context.Context, v bridge.Secret) error {
	m.did = append(m.did, "erase "+string(v))
	return m.erasing
}

func (m *memory) over(f bridge.Failure) bool {
	return !f.At.IsZero() && time.Since(f.At) >= 7*24*time.Hour
}

func (m *memory) Failed(each func(bridge.Failure) bool) error {
	return all{m}.Failed(func(f bridge.Failure) bool { return m.over(f) || each(f) })
}

func (m *memory) Failure(seq bridge.Seq) (bridge.Failure, error) {
	f, err := all{m}.Failure(seq)
	if err == nil && m.over(f) {
		return bridge.Failure{}, bridge.ErrNoFailure
	}
	return f, err
}

// AllFailures returns them with those that are over.
func (m *memory) AllFailures() bridge.Failures { return all{m} }

// all are all failures, also those that are over.
type all struct{ *memory }

func (m all) Failed(each func(bridge.Failure) bool) error {
	for _, f := range slices.Backward(m.failed) {
		f.Body = nil
		if !each(f) {
			break
		}
	}
	return nil
}

func (m all) Failure(seq bridge.Seq) (bridge.Failure, error) {
	for _, f := range m.failed {
		if f.Seq == seq {
			return f, nil
		}
	}
	return bridge.Failure{}, bridge.ErrNoFailure
}

func (m *memory) TakeBack(_ context.Context, seqs ...bridge.Seq) error {
	m.failed = slices.DeleteFunc(m.failed, func(f bridge.Failure) bool { return slices.Contains(seqs, f.Seq) })
	return nil
}

// kept is something that waits, or failed, in a lane.
type kept struct {
	name string
	lane bridge.Lane
	body any
}

// add puts some into a direction's lanes, and among the failures likewise.
func (m *memory) add(d bridge.Direction, some []kept) {
	m.t.Helper()
	lanes := map[bridge.Direction]*bridgetest.Queue{bridge.In: m.inbox, bridge.Out: m.outbox, bridge.ToAgents: m.notices}
	var entries []bridge.Entry
	for _, w := range some {
		body, err := json.Marshal(w.body)
		if err != nil {
			m.t.Fatal(err)
		}
		entries = append(entries, bridge.Entry{Lane: w.lane, Key: w.name, Body: body})
		m.failed = append(m.failed, bridge.Failure{Seq: bridge.Seq(len(m.failed) + 1), Direction: d, Lane: w.lane, Body: body})
	}
	if _, err := lanes[d].Append(m.t.Context(), entries, func(*bridge.Entry, bridge.Seq) {}); err != nil {
		m.t.Fatal(err)
	}
}

// event is what Meta told of a message or comment.
func event(c bridge.Conversation, kind bridge.EventKind, mid, parent bridge.Mid) bridge.Incoming {
	in := bridge.Incoming{Conversation: c, Kind: kind, Mid: mid}
	if c.Kind == bridge.Comments {
		in.Comment = &bridge.Comment{Parent: parent}
	}
	return in
}

// everywhere is something in every kind of lane: first what is customer 7's, then what is
// not and looks alike.
func everywhere() (hers, others map[bridge.Direction][]kept) {
	nobodys, page2 := bridge.Conversation{Page: "1", Kind: bridge.Comments}, bridge.Conversation{Page: "2", Kind: bridge.Comments}
	bens := ben
	bens.Kind = bridge.Comments
	hers = map[bridge.Direction][]kept{
		bridge.In: {
			{"message", anna.Lane(), event(anna, bridge.TextEvent, "m", "")},
			{"reaction", anna.MessageEvents(), event(anna, bridge.ReactionEvent, "m", "")},
			{"comment", annasComments.Lane(), event(annasComments, bridge.TextEvent, "c", "")},
			{"edit of a comment", annasComments.MessageEvents(), event(annasComments, bridge.EditEvent, "c", "")},
			{"removal of a comment that waits", bridge.CommentLane("1", "c"), event(nobodys, bridge.DeletionEvent, "c", "")},
			{"answer to a comment that waits", bridge.CommentLane("1", "answer"), event(nobodys, bridge.EchoEvent, "answer", "c")},
			{"removal of a comment that is shown", bridge.CommentLane("1", "shown"), event(nobodys, bridge.DeletionEvent, "shown", "")},
		},
		bridge.Out: {
			{"answer", anna.Lane(), outbound.Outgoing{Conversation: anna, Message: "x", Room: "r7"}},
			{"answer below a post", annasComments.Lane(), outbound.Outgoing{Conversation: annasComments, Message: "y", Room: "below7"}},
		},
		bridge.ToAgents: {
			{"notice", anna.Lane(), bridge.Notice{Kind: bridge.NotDelivered, Room: "r7", Message: "x"}},
			{"notice of a comment", annasComments.Lane(), bridge.Notice{Kind: bridge.NotDelivered, Room: "below7", Message: "y"}},
			{"mark", anna.ReceiptMarks(), bridge.Notice{Kind: bridge.WasRead, Message: "x"}},
			{"notice of a room", bridge.Lane{Sub: bridge.Unfiled, Of: "r7"}, bridge.Notice{Kind: bridge.StillWaiting, Room: "r7", Message: "x"}},
			{"notice of an old room", bridge.Lane{Sub: bridge.Unfiled, Of: "old7"}, bridge.Notice{Kind: bridge.StillWaiting, Room: "old7", Message: "z"}},
			{"answer to a command", bridge.CommandLane("u"), bridge.Notice{Kind: bridge.Answer, Text: "Customer 7 is blocked."}},
			{"shortcut below an answer", bridge.CommandLane("u"), bridge.Notice{Kind: bridge.Answer, Text: "Who?", Shortcuts: []bridge.Shortcut{{Types: "/facebook block 1 7"}}}},
			{"announcement", bridge.AnnouncementLane(), bridge.Notice{Kind: bridge.Announcement, Topic: "contact-blocked/1/m/7", Text: "Somebody writes."}},
			{"announcement of a room", bridge.AnnouncementLane(), bridge.Notice{Kind: bridge.Announcement, Topic: "t", Text: "See https://chat/live/r7/room-info"}},
		},
	}
	others = map[bridge.Direction][]kept{
		bridge.In: {
			{"message of another's", ben.Lane(), event(ben, bridge.TextEvent, "m9", "")},
			{"comment of another's", bens.Lane(), event(bens, bridge.TextEvent, "c9", "")},
			{"removal of another's comment", bridge.CommentLane("1", "c9"), event(nobodys, bridge.DeletionEvent, "c9", "")},
			{"removal on another page", bridge.CommentLane("2", "c"), event(page2, bridge.DeletionEvent, "c", "")},
		},
		bridge.Out: {{"answer to another", ben.Lane(), outbound.Outgoing{Conversation: ben, Message: "x9", Room: "r9"}}},
		bridge.ToAgents: {
			{"notice about another", ben.Lane(), bridge.Notice{Kind: bridge.NotDelivered, Room: "r9", Message: "x9"}},
			{"notice of another's room", bridge.Lane{Sub: bridge.Unfiled, Of: "r9"}, bridge.Notice{Kind: bridge.StillWaiting, Room: "r9"}},
			{"answer about others", bridge.CommandLane("u"), bridge.Notice{Kind: bridge.Answer, Text: "Customers 77 and a7 are blocked, not r9."}},
			{"announcement about nobody", bridge.AnnouncementLane(), bridge.Notice{Kind: bridge.Announcement, Topic: "t2", Text: "All is well."}},
		},
	}
	return hers, others
}

// left are the names of what is still waiting in the order of others, and how many
// failures are kept.
func (m *memory) left() (names []string, failed int) {
	hers, others := everywhere()
	for _, d := range []bridge.Direction{bridge.In, bridge.Out, bridge.ToAgents} {
		q := map[bridge.Direction]*bridgetest.Queue{bridge.In: m.inbox, bridge.Out: m.outbox, bridge.ToAgents: m.notices}[d]
		all := slices.Concat(hers[d], others[d])
		for _, seq := range q.Seqs() {
			names = append(names, all[seq-1].name)
		}
	}
	return names, len(m.failed)
}

// withEverything is a bridge in which something waits in every kind of lane.
func withEverything(t *testing.T) *memory {
	m := newRelay(t, nil)
	hers, others := everywhere()
	for _, some := range []map[bridge.Direction][]kept{hers, others} {
		for _, d := range []bridge.Direction{bridge.In, bridge.Out, bridge.ToAgents} {
			m.add(d, some[d])
		}
	}
	m.receipts.All = []bridge.Receipt{
		{Page: "1", Mid: "shown", Room: "below7", Shown: []bridge.MessageID{"s7"}},
		{Page: "1", Mid: "c9", Room: "below9", Shown: []bridge.MessageID{"s9"}},
	}
	again := newRelay(t, func(c *relay.Config) { // what waits is loaded at the start
		c.Queues = relay.Queues{Inbox: m.inbox, Outbox: m.outbox, Notices: m.notices, Failures: m}
		c.Store.Receipts, c.Store.Memory, c.Workspace.Archive, c.Workspace.Naming = &m.receipts, m, m, m
	})
	m.Relay = again.Relay
	return m
}

// TestEraseCustomer_FindsWhatWaitsInEveryLane, and what failed there, and nothing else.
func TestEraseCustomer_FindsWhatWaitsInEveryLane(t *testing.T) {
	m := withEverything(t)
	became, err := m.Eraser.EraseCustomer(t.Context(), "1", "7")
	if err != nil || became != (bridge.Forgotten{Rooms: 3, Waiting: 4}) {
		t.Errorf("%+v: %v", became, err)
	}
	_, others := everywhere()
	var want []string
	for _, d := range []bridge.Direction{bridge.In, bridge.Out, bridge.ToAgents} {
		for _, w := range others[d] {
			want = append(want, w.name)
		}
	}
	if got, failed := m.left(); !slices.Equal(got, want) || failed != len(want) {
		t.Errorf("left are %q, want %q; %d failures of %d", got, want, failed, len(want))
	}
	if in, out, notices := m.Backlog(); in.Waiting != 4 || out.Waiting != 1 || notices.Waiting < 4 {
		t.Errorf("the lanes hold %d, %d and %d", in.Waiting, out.Waiting, notices.Waiting)
	}
	did := []string{
		"ask no more for the name of 1/m/7", "close rooms of visitor 1/m/7", "erase messages of 1/m/7 [in r7]", "erase visitor 1/m/7", "erase 1/m/7 [old7 r7]",
		"ask no more for the name of 1/c/7", "close rooms of visitor 1/c/7", "erase messages of 1/c/7 [in below7]", "erase visitor 1/c/7", "erase 1/c/7 [below7]", "overwritten",
	}
	if !slices.Equal(m.did, did) {
		t.Errorf("it did\n%s\nwant\n%s", strings.Join(m.did, "\n"), strings.Join(did, "\n"))
	}
}

// TestEraseCustomer_OldFailures_AreErasedToo: those that cannot be retried any more, and are
// not removed yet.
func TestEraseCustomer_OldFailures_AreErasedToo(t *testing.T) {
	m := withEverything(t)
	for i := range m.failed {
		m.failed[i].At = time.Now().AddDate(0, 0, -8)
	}
	_, others := everywhere()
	want := len(others[bridge.In]) + len(others[bridge.Out]) + len(others[bridge.ToAgents])
	if _, err := m.Eraser.EraseCustomer(t.Context(), "1", "7"); err != nil || len(m.failed) != want {
		t.Errorf("%d failures are kept, not %d: %v", len(m.failed), want, err)
	}
}

// opening is a workspace that opens one more room for customer 7 while it is asked to show
// something, once ready.
type opening struct {
	*memory
	ready chan struct{}

	mu     sync.Mutex
	opened bool
}

func (o *opening) Deliver(context.Context, bridge.Incoming, bridge.Before) (bridge.Shown, error) {
	<-o.ready
	o.mu.Lock()
	defer o.mu.Unlock()
	o.opened = true
	return bridge.Shown{}, nil
}

func (o *opening) RoomsOf(c bridge.Conversation) ([]bridge.RoomID, error) {
	all, err := o.memory.RoomsOf(c)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.opened && c == anna {
		all = append(all, "new7")
	}
	return all, err
}

// TestEraseCustomer_ARoomBeingOpened_IsErasedToo: it is the customer's as soon as it is there.
func TestEraseCustomer_ARoomBeingOpened_IsErasedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &opening{ready: make(chan struct{})}
		o.memory = newRelay(t, func(c *relay.Config) { c.Store.Memory, c.Workspace.Rooms = o, o })
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = o.Run(ctx) })
		if err := o.Inbound.FromCustomer(ctx, []bridge.Incoming{event(anna, bridge.TextEvent, "m", "")}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // it is being shown
		running.Go(func() {
			if became, err := o.Eraser.EraseCustomer(ctx, "1", "7"); err != nil || became.Rooms != 4 {
				t.Errorf("%+v: %v", became, err)
			}
		})
		synctest.Wait() // the eraser waits for that
		close(o.ready)
		synctest.Wait()
		if want := "erase 1/m/7 [old7 r7 new7]"; !slices.Contains(o.did, want) {
			t.Errorf("it did %q, not %q", o.did, want)
		}
		stop()
		running.Wait()
	})
}

// TestEraseCustomer_RetriedMeanwhile_IsErasedAllTheSame: what failed does not come back.
func TestEraseCustomer_RetriedMeanwhile_IsErasedAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, goOn := newRelay(t, nil), make(chan struct{})
		body, err := json.Marshal(event(anna, bridge.TextEvent, "m", ""))
		if err != nil {
			t.Fatal(err)
		}
		m.failed = []bridge.Failure{{Seq: 1, Direction: bridge.In, Lane: anna.Lane(), Body: body}}
		m.closes = func() { <-goOn }
		var under sync.WaitGroup
		under.Go(func() {
			if _, err := m.Eraser.EraseCustomer(t.Context(), "1", "7"); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		under.Go(func() {
			became, err := m.DeadLetters.Retry(t.Context(), false, 1)
			if err != nil || !slices.Equal(became, []bridge.RetryResult{bridge.NotKept}) {
				t.Errorf("retried, it became %v: %v", became, err)
			}
		})
		late, stop := context.WithCancel(t.Context())
		under.Go(func() {
			if _, err := m.DeadLetters.Retry(late, false, 1); !errors.Is(err, context.Canceled) {
				t.Errorf("given up waiting: %v", err)
			}
		})
		synctest.Wait()
		stop()
		synctest.Wait()
		close(goOn)
		under.Wait()
		if len(m.inbox.Seqs()) > 0 || len(m.failed) > 0 {
			t.Errorf("%d wait, %d failures are kept", len(m.inbox.Seqs()), len(m.failed))
		}
	})
}

// TestEraseCustomer_TheCommandItself_IsCarriedOut: of what people typed, nothing is taken
// away while it is carried out.
func TestEraseCustomer_TheCommandItself_IsCarriedOut(t *testing.T) {
	m := newRelay(t, nil)
	if err := m.Notices.FromPeople(t.Context(), []bridge.Command{{ID: "cmd", From: bridge.Author{ID: "u"}, Words: "forget 1 7"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Eraser.EraseCustomer(t.Context(), "1", "7"); err != nil || len(m.notices.Seqs()) != 1 {
		t.Errorf("%d wait: %v", len(m.notices.Seqs()), err)
	}
}

// TestEraseCustomer_Refused_KeepsWhatItMust: a room that cannot be closed ends it before
// anything was erased; a visitor that Rocket.Chat keeps does not.
func TestEraseCustomer_Refused_KeepsWhatItMust(t *testing.T) {
	away := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceDown}
	for _, test := range []struct {
		name             string
		closing, erasing error
		err              error
		kept             bool
		nothing          bool // nothing was erased
	}{
		{name: "a room cannot be closed", closing: bridge.ErrRoomStays, err: bridge.ErrRoomStays, nothing: true},
		{name: "Rocket.Chat is away", closing: away, err: away, nothing: true},
		{name: "the visitor may not be removed", erasing: &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WorkspaceError}, kept: true},
		{name: "away when the visitor is to be removed", erasing: away, err: away},
	} {
		m := withEverything(t)
		before, failed := m.left()
		m.closing, m.erasing = test.closing, test.erasing
		became, err := m.Eraser.EraseCustomer(t.Context(), "1", "7")
		if !errors.Is(err, test.err) || became.Kept != test.kept {
			t.Errorf("%s: %+v, %v", test.name, became, err)
		}
		after, failedAfter := m.left()
		if nothing := slices.Equal(before, after) && failed == failedAfter; nothing != test.nothing {
			t.Errorf("%s: %d of %d wait", test.name, len(after), len(before))
		}
		if slices.Contains(m.did, "overwritten") == test.nothing {
			t.Errorf("%s: did %q", test.name, m.did)
		}
		if test.err == nil {
			continue
		}
		m.closing, m.erasing = nil, nil
		if became, err := m.Eraser.EraseCustomer(t.Context(), "1", "7"); err != nil || became.Rooms != 3 { // nothing is held any more
			t.Errorf("%s, and then not: %+v, %v", test.name, became, err)
		}
		if got, _ := m.left(); len(got) != 9 {
			t.Errorf("%s, and then not: %d wait", test.name, len(got))
		}
	}
}

// TestCustomer_IsFoundByIdRoomOrLink, also if nothing but the name is left.
func TestCustomer_IsFoundByIdRoomOrLink(t *testing.T) {
	for word, want := range map[string]bridge.CustomerID{
		"7": "7", "9": "9", "named": "named", "r7": "7", "below9": "9", "https://chat.example/live/r9/room-info?tab=1": "9", "https://chat.example/live/gone": "", "8": "", "": "",
	} {
		m := withEverything(t)
		got, err := m.Eraser.Customer("1", word)
		if got != want || (want == "") != errors.Is(err, bridge.ErrNoCustomer) {
			t.Errorf("%q: %q: %v", word, got, err)
		}
	}
	m := withEverything(t)
	if got, err := m.Eraser.Customer("2", "r7"); !errors.Is(err, bridge.ErrNoCustomer) {
		t.Errorf("another page's room: %q: %v", got, err)
	}
}
