package relay_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/relay"
	"messenger-bridge/metrics"
	"messenger-bridge/store"
)

// These tests run the flows on a real store, against a customer, a room and an
// agent that do what the test says. Faults of the platforms are tested over the
// wire (e2e); here stand those of our own side.

var anna = bridge.Conversation{Page: "1", Customer: "7", Kind: bridge.Messages}

// outside is everything around the bridge.
type outside struct {
	t *testing.T

	mu       sync.Mutex
	received []string                                                         // by the customer
	shown    []string                                                         // in the room
	told     []bridge.Notice                                                  // to agents
	looks    int                                                              // into the thread
	send     func(text string, mark bridge.SendTag) (deliver bool, err error) // nil: all well
	seen     *bridge.Sighting                                                 // nil: as it is
	show     func(in bridge.Incoming) error
	changed  chan struct{}
}

func newOutside(t *testing.T) *outside { return &outside{t: t, changed: make(chan struct{})} }

func (o *outside) note(change func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change()
	close(o.changed)
	o.changed = make(chan struct{})
}

// eventually waits until something is the case.
func (o *outside) eventually(what string, ok func() bool) {
	o.t.Helper()
	limit := time.After(2 * time.Minute)
	for {
		o.mu.Lock()
		changed, is := o.changed, ok()
		o.mu.Unlock()
		if is {
			return
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond): // what changed in the store alone shows to nobody
		case <-limit:
			o.t.Fatalf("waited in vain: %s; received %q, told %+v", what, o.received, o.told)
		}
	}
}

func (o *outside) Cut(text string, _ int) []bridge.Part { return []bridge.Part{{Text: text}} }

func (o *outside) Send(_ context.Context, _ bridge.Page, _ bridge.CustomerID, p bridge.OutboundPart) (bridge.Mid, error) {
	o.mu.Lock()
	send := o.send
	o.mu.Unlock()
	deliver, err := true, error(nil)
	if send != nil {
		deliver, err = send(p.Text, p.Tag)
	}
	mid := bridge.Mid("")
	o.note(func() {
		if deliver {
			o.received = append(o.received, p.Text)
			mid = bridge.Mid(fmt.Sprintf("mid-%d", len(o.received)))
		}
	})
	return mid, err
}

func (o *outside) LookBelow(context.Context, bridge.Page, bridge.Mid, bridge.Search) (bridge.Sighting, error) {
	return bridge.Sighting{}, nil
}

func (o *outside) Look(_ context.Context, _ bridge.Page, _ bridge.CustomerID, what bridge.Search) (s bridge.Sighting, err error) {
	o.note(func() {
		o.looks++
		if o.seen != nil {
			s = *o.seen
			return
		}
		s.Complete = true
		for i, text := range o.received {
			mid := bridge.Mid(fmt.Sprintf("mid-%d", i+1))
			s.Shown = append(s.Shown, mid)
			if slices.ContainsFunc(what.Forms, func(p bridge.Part) bool { return p.Text == text }) {
				s.Like = append(s.Like, mid)
			}
		}
	})
	return s, nil
}

func (o *outside) Deliver(_ context.Context, in bridge.Incoming, _ bridge.Before) (bridge.Shown, error) {
	if o.show != nil {
		if err := o.show(in); err != nil {
			return bridge.Shown{}, err
		}
	}
	o.note(func() { o.shown = append(o.shown, in.Text) })
	return bridge.Shown{}, nil
}

func (o *outside) Conversation(r bridge.RoomID) (bridge.Conversation, bool, error) {
	return anna, r == "room", nil
}

func (o *outside) OpenRoom(bridge.Conversation) (bridge.RoomID, error) { return "room", nil }

func (o *outside) Notify(_ context.Context, n bridge.Notice) error {
	o.note(func() { o.told = append(o.told, n) })
	return nil
}

// faulty is a queue that fails when the test says so.
type faulty struct {
	bridge.Queue
	mu   sync.Mutex
	fail map[string]int // how often, by method
}

var errDisk = errors.New("disk full")

func (f *faulty) failing(method string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail[method] > 0 {
		f.fail[method]--
		return true
	}
	return false
}

func (f *faulty) Append(ctx context.Context, e []bridge.Entry, stored func(*bridge.Entry, bridge.Seq)) (int, error) {
	if f.failing("Append") {
		return 0, errDisk
	}
	return f.Queue.Append(ctx, e, stored)
}

func (f *faulty) Save(s bridge.Seq, p bridge.Progress, r ...bridge.Receipt) error {
	if f.failing("Save") {
		return errDisk
	}
	return f.Queue.Save(s, p, r...)
}

func (f *faulty) Conclude(s bridge.Seq, r ...bridge.Receipt) error {
	if f.failing("Conclude") {
		return errDisk
	}
	return f.Queue.Conclude(s, r...)
}

// life is one run of the bridge on a store.
type life struct {
	*relay.Relay
	store                  *store.Store
	inbox, outbox, notices *faulty
	stop                   func()
}

func begin(t *testing.T, o *outside, path string, change func(*relay.Config)) *life {
	t.Helper()
	s, err := store.Open(store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Page("1"); err != nil {
		if err := s.SavePage(t.Context(), bridge.Page{ID: "1", Token: "t", State: bridge.PageRunning}); err != nil {
			t.Fatal(err)
		}
	}
	wrap := func(q bridge.Queue) *faulty { return &faulty{Queue: q, fail: map[string]int{}} }
	l := &life{store: s, inbox: wrap(s.Inbox()), outbox: wrap(s.Outbox()), notices: wrap(s.Notices())}
	c := relay.Config{
		Queues:    relay.Queues{Inbox: l.inbox, Outbox: l.outbox, Notices: l.notices, Failures: s},
		Store:     relay.Store{Receipts: s, Sent: s, Pages: s},
		Workspace: relay.Workspace{Rooms: o, Notifier: o}, Messenger: relay.Messenger{Sender: o},
		Times:   relay.Times{Times: outbound.Times{EchoWait: 50 * time.Millisecond}},
		Workers: 8, Log: slog.New(slog.DiscardHandler), Meter: metrics.New("test"),
	}
	if change != nil {
		change(&c)
	}
	if l.Relay, err = relay.New(c); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	l.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(l.stop)
	return l
}

func database(t *testing.T) string { return filepath.Join(t.TempDir(), "bolt.db") }

func (l *life) says(t *testing.T, id, text string) {
	t.Helper()
	if _, err := l.Outbound.FromAgent(t.Context(), []bridge.AgentMessage{{ID: bridge.MessageID(id), Room: "room", Text: text, At: time.Now()}}); err != nil {
		t.Fatal(err)
	}
}

func (o *outside) got() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.received)
}

func TestFromCustomer_StoreFails_NothingIsAcknowledged(t *testing.T) {
	o := newOutside(t)
	l := begin(t, o, database(t), nil)
	l.inbox.fail["Append"] = 1
	in := []bridge.Incoming{{Conversation: anna, Kind: bridge.TextEvent, Mid: "m", Key: "m/m", Text: "hello", At: time.Now()}}
	if err := l.Inbound.FromCustomer(t.Context(), in); err == nil {
		t.Fatal("acknowledged what was not stored")
	}
	if err := l.Inbound.FromCustomer(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	o.eventually("the repeat is shown", func() bool { return len(o.shown) == 1 })
}

// silent is a Facebook that never answers a send.
type silent struct {
	*outside
	asked chan struct{}
}

func (s *silent) Send(ctx context.Context, _ bridge.Page, _ bridge.CustomerID, _ bridge.OutboundPart) (bridge.Mid, error) {
	close(s.asked)
	<-ctx.Done()
	return "", &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaDown, Err: context.Cause(ctx)}
}

// TestRun_AnotherLeads_WaitsForNoAnswer: what is under way at Facebook cannot be stored any more.
func TestRun_AnotherLeads_WaitsForNoAnswer(t *testing.T) {
	o, deposed := newOutside(t), make(chan struct{})
	facebook := &silent{o, make(chan struct{})}
	l := begin(t, o, database(t), func(c *relay.Config) {
		c.Queues.Deposed, c.Messenger.Sender, c.Times.Grace = deposed, facebook, 30*time.Second
	})
	l.says(t, "a", "answer")
	<-facebook.asked
	close(deposed)
	ended := make(chan struct{})
	go func() { l.stop(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(2 * time.Minute):
		t.Fatal("it waits for an answer that it cannot store")
	}
}

func TestSend_ProgressNotStored_IsBelievedAllTheSame(t *testing.T) {
	for name, method := range map[string]string{"after an unknown outcome": "Save", "after success": "Conclude"} {
		t.Run(name, func(t *testing.T) {
			o := newOutside(t)
			l := begin(t, o, database(t), nil)
			l.outbox.fail[method] = 2
			first := true
			o.send = func(string, bridge.SendTag) (bool, error) {
				if first && method == "Save" {
					first = false
					return true, &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaDown}
				}
				return true, nil
			}
			l.says(t, "a", "one")
			l.says(t, "b", "two")
			o.eventually("both arrive", func() bool { return len(o.received) >= 2 })
			l.stop()
			if got := o.got(); !reflect.DeepEqual(got, []string{"one", "two"}) {
				t.Errorf("the customer reads %q", got)
			}
		})
	}
}

// crash ends a life as a power cut does: nothing more is written by it.
func (l *life) crash(t *testing.T, path string) (survivor string) {
	t.Helper()
	survivor = database(t)
	copyStore(t, path, survivor)
	return survivor
}

func TestStart_OldestMayHaveBeenSent_ThreadDecides(t *testing.T) {
	for name, delivered := range map[string]bool{"it was": true, "it was not": false} {
		t.Run(name, func(t *testing.T) {
			looks := 2 // at most: before the echo had its time, unless that is over already, and after
			if delivered {
				looks = 1
			}
			o := newOutside(t)
			path := database(t)
			l := begin(t, o, path, nil)
			sending, release := make(chan struct{}), make(chan struct{})
			o.send = func(string, bridge.SendTag) (bool, error) {
				close(sending)
				<-release
				return false, &bridge.Refusal{Verdict: bridge.Unknown}
			}
			l.says(t, "a", "one")
			<-sending
			survivor := l.crash(t, path) // between the call and its answer
			o.note(func() {
				o.send = nil
				if delivered {
					o.received = append(o.received, "one")
				}
			})
			next := begin(t, o, survivor, nil)
			next.says(t, "b", "two")
			o.eventually("both are there", func() bool { return len(o.received) >= 2 })
			next.stop()
			if got := o.got(); !reflect.DeepEqual(got, []string{"one", "two"}) || o.looks < 1 || o.looks > looks {
				t.Errorf("the customer reads %q, after %d looks", got, o.looks)
			}
			close(release)
		})
	}
}

func TestSettle_ThreadShowsTooLittle_NothingIsSentAgain(t *testing.T) {
	o := newOutside(t)
	o.seen = &bridge.Sighting{}
	o.send = func(text string, _ bridge.SendTag) (bool, error) {
		if text == "one" {
			return true, &bridge.Refusal{Verdict: bridge.Unknown}
		}
		return true, nil
	}
	l := begin(t, o, database(t), nil)
	l.says(t, "a", "one")
	l.says(t, "b", "two")
	o.eventually("the agent is asked, the next one sent", func() bool { return len(o.told) == 1 && len(o.received) == 2 })
	if o.told[0].Reason != bridge.Unclear || o.told[0].Message != "a" {
		t.Errorf("the agent is told %+v", o.told)
	}
}

func TestSettle_SameTextSentBefore_IsNotTakenForProof(t *testing.T) {
	o := newOutside(t)
	n := 0
	o.send = func(string, bridge.SendTag) (bool, error) {
		if n++; n == 2 {
			return false, &bridge.Refusal{Verdict: bridge.Unknown}
		}
		return true, nil
	}
	l := begin(t, o, database(t), nil)
	l.says(t, "a", "ok")
	l.says(t, "b", "ok")
	o.eventually("both arrive", func() bool { return len(o.received) == 2 })
}

func TestSettle_EchoComes_NobodyWaitsLonger(t *testing.T) {
	o := newOutside(t)
	lost := make(chan bridge.SendTag, 1)
	o.send = func(text string, m bridge.SendTag) (bool, error) {
		if text == "one" {
			lost <- m
			return true, &bridge.Refusal{Verdict: bridge.Unknown}
		}
		return true, nil
	}
	l := begin(t, o, database(t), func(c *relay.Config) { c.Times.EchoWait = time.Hour })
	l.says(t, "a", "one")
	l.says(t, "b", "two")
	echo := bridge.Incoming{Conversation: anna, Kind: bridge.EchoEvent, Mid: "mid-1", Key: "e/mid-1", Tag: <-lost}
	if err := l.Inbound.FromCustomer(t.Context(), []bridge.Incoming{echo}); err != nil {
		t.Fatal(err)
	}
	o.eventually("the next one is sent at once", func() bool { return len(o.received) == 2 })
}

func TestGiveUp_NoticeNotStored_AgentIsToldLater(t *testing.T) {
	o := newOutside(t)
	o.send = func(string, bridge.SendTag) (bool, error) {
		return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WindowClosed}
	}
	l := begin(t, o, database(t), nil)
	l.notices.fail["Append"] = 1
	l.says(t, "a", "one")
	o.eventually("the agent is told", func() bool { return len(o.told) == 1 })
	if o.told[0].Reason != bridge.WindowClosed {
		t.Errorf("told %+v", o.told)
	}
}

func TestSend_PanicAfterSending_IsSettledNotRepeated(t *testing.T) {
	o := newOutside(t)
	panics := 2
	l := begin(t, o, database(t), func(c *relay.Config) {
		c.Messenger.Sender = panicking{o, &panics}
	})
	l.says(t, "a", "one")
	l.says(t, "b", "two")
	o.eventually("both arrive", func() bool { return len(o.received) >= 2 })
	l.stop()
	if got := o.got(); !reflect.DeepEqual(got, []string{"one", "two"}) {
		t.Errorf("the customer reads %q", got)
	}
}

// panicking sends, then panics.
type panicking struct {
	*outside
	times *int
}

func (p panicking) Send(ctx context.Context, page bridge.Page, c bridge.CustomerID, parcel bridge.OutboundPart) (bridge.Mid, error) {
	mid, err := p.outside.Send(ctx, page, c, parcel)
	if *p.times--; *p.times >= 1 {
		panic("after sending")
	}
	return mid, err
}

func TestPageGone_AfterProof_IsNoFailure(t *testing.T) {
	o := newOutside(t)
	sent, release := make(chan bridge.SendTag, 1), make(chan struct{})
	o.send = func(_ string, m bridge.SendTag) (bool, error) {
		sent <- m
		<-release
		return true, &bridge.Refusal{Verdict: bridge.Unknown}
	}
	l := begin(t, o, database(t), nil)
	l.says(t, "a", "one")
	l.says(t, "b", "two")
	echo := bridge.Receipt{Page: "1", Mid: "mid-1", Tag: <-sent}
	if err := l.store.SaveReceipts(t.Context(), []bridge.Receipt{echo}); err != nil {
		t.Fatal(err)
	}
	if err := l.store.DeletePage(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	close(release)
	o.eventually("the agent is told about the second", func() bool { return len(o.told) > 0 })
	if n := o.told[0]; n.Message != "b" || n.Reason != bridge.PageGone {
		t.Errorf("told %+v", n)
	}
}

func TestWaiting_MessageGoesOutMeanwhile_NoticeIsCorrected(t *testing.T) {
	o := newOutside(t)
	hold := make(chan struct{})
	o.send = func(string, bridge.SendTag) (bool, error) { <-hold; return true, nil }
	l := begin(t, o, database(t), func(c *relay.Config) { c.Times.TellAfter = 40 * time.Millisecond })
	l.says(t, "a", "one")
	o.eventually("the agent sees that it waits", func() bool { return len(o.told) == 1 && o.told[0].Kind == bridge.StillWaiting })
	close(hold)
	o.eventually("the notice is corrected", func() bool { return len(o.told) == 2 && o.told[1].Kind == bridge.Corrected })
}

// slowToConclude concludes a delivery only when the watch has stored that it waits, and has seen it still there.
type slowToConclude struct {
	bridge.Queue
	seen func() bool // that the notice is stored
	once *sync.Once
	told chan struct{}
}

func (q slowToConclude) Delivery(seq bridge.Seq) (bridge.Delivery, error) {
	d, err := q.Queue.Delivery(seq)
	if err == nil && q.seen() {
		q.once.Do(func() { close(q.told) })
	}
	return d, err
}

func (q slowToConclude) Conclude(seq bridge.Seq, receipts ...bridge.Receipt) error {
	<-q.told
	return q.Queue.Conclude(seq, receipts...)
}

// A commit takes long, and meanwhile the agent is told that the message waits.
func TestWaiting_ToldWhileItIsConcluded_NoticeIsCorrected(t *testing.T) {
	o := newOutside(t)
	l := begin(t, o, database(t), func(c *relay.Config) {
		notices := c.Queues.Notices
		key := string(bridge.Notice{Kind: bridge.StillWaiting, Message: "a"}.Key())
		c.Queues.Outbox = slowToConclude{c.Queues.Outbox, func() bool { return notices.Seen(key) }, &sync.Once{}, make(chan struct{})}
		c.Times.TellAfter = 40 * time.Millisecond
	})
	l.says(t, "a", "one")
	o.eventually("the notice is corrected", func() bool { return len(o.told) == 2 && o.told[1].Kind == bridge.Corrected })
}

func TestWorkspaceReady_NobodyWaitsForABackoff(t *testing.T) {
	o := newOutside(t)
	down := true
	refused := 0
	o.show = func(bridge.Incoming) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		if down {
			refused++
			return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceDown, Gate: bridge.GateWorkspace, After: time.Hour}
		}
		return nil
	}
	l := begin(t, o, database(t), nil)
	for i := range 3 {
		in := bridge.Incoming{Conversation: anna, Kind: bridge.TextEvent, Key: fmt.Sprint("m/", i), Text: fmt.Sprint(i), At: time.Now()}
		if err := l.Inbound.FromCustomer(t.Context(), []bridge.Incoming{in}); err != nil {
			t.Fatal(err)
		}
	}
	o.note(func() { down = false })
	l.WorkspaceReady()
	o.eventually("all are shown", func() bool {
		if len(o.shown) < 3 {
			go l.WorkspaceReady() // the refusal may have come after the first call
		}
		return len(o.shown) == 3
	})
}

// copyStore copies what a crash leaves. The log comes first: what is in the file by then needs none.
func copyStore(t *testing.T, from, to string) {
	t.Helper()
	for _, suffix := range []string{".wal", "", ".key"} {
		content, err := os.ReadFile(from + suffix)
		if suffix == ".wal" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(to+suffix, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
