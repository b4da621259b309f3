package store_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// refusedOnce is what is written down of a delivery; its reason needs room in the record.
var refusedOnce = bridge.History{Tries: 1, Due: time.Unix(1_790_000_000, 5), Reason: bridge.Rejected}

// wantHistory reads a delivery in all the ways there are.
func wantHistory(t *testing.T, when string, q *store.Queue, seq bridge.Seq, want bridge.History) {
	t.Helper()
	d, err := q.Delivery(seq)
	if err != nil || d.History != want || len(d.Body) == 0 {
		t.Errorf("%s: the delivery has %+v and %d bytes, %v; want %+v", when, d.History, len(d.Body), err, want)
	}
	for _, w := range waiting(t, q) {
		if w.Seq == seq && w.History != want {
			t.Errorf("%s: what waits has %+v, want %+v", when, w.History, want)
		}
	}
}

func TestPostpone_IsSeenAtOnce_AndDurableASecondLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		s := open(t, options(path))
		defer s.Close()
		for _, of := range []func(*store.Store) *store.Queue{(*store.Store).Inbox, (*store.Store).Outbox, (*store.Store).Notices} {
			q := of(s)
			seq := add(t, q, entry("a"))[0]
			commits := s.Stats().Commits
			for tries := range 5 { // coalesced
				h := refusedOnce
				h.Tries = tries + 1
				q.Postpone(seq, h)
			}
			last := refusedOnce
			last.Tries = 5
			if d, err := q.Delivery(seq); err != nil || d.History != last {
				t.Errorf("at once: %+v, %v", d.History, err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			wantHistory(t, "a second later", q, seq, last)
			if n := s.Stats().Commits - commits; n != 1 {
				t.Errorf("%d commits", n)
			}
			if d := waiting(t, of(openCopy(t, path))); d[0].History != last {
				t.Errorf("a crash now leaves %+v", d[0].History)
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			if n := s.Stats().Commits - commits; n != 1 {
				t.Errorf("%d commits, and nothing to write", n)
			}
		}
	})
}

func TestPostpone_RidesWithACommit_AndWithTheLast(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	seqs := add(t, s.Outbox(), entry("a"), entry("b"))
	s.Outbox().Postpone(seqs[0], refusedOnce)
	progress := bridge.Progress{State: bridge.Queued, Part: 2}
	if err := s.Outbox().Save(seqs[0], progress); err != nil {
		t.Fatal(err)
	}
	wantHistory(t, "after a commit", openCopy(t, path).Outbox(), seqs[0], refusedOnce)
	if err := s.Outbox().Save(seqs[0], progress); err != nil {
		t.Fatal(err)
	}
	wantHistory(t, "after progress", s.Outbox(), seqs[0], refusedOnce)
	s.Outbox().Postpone(seqs[0], bridge.History{Tries: 2})
	s.Outbox().Postpone(seqs[1], refusedOnce)
	closeStore(t, s)
	s.Outbox().Postpone(seqs[1], bridge.History{Tries: 9}) // too late
	s = open(t, options(path))
	wantHistory(t, "after a restart, rewritten shorter", s.Outbox(), seqs[0], bridge.History{Tries: 2})
	wantHistory(t, "after a restart", s.Outbox(), seqs[1], refusedOnce)
	if d, _ := s.Outbox().Delivery(seqs[0]); d.Progress != progress || string(d.Body) != "body of a" || d.Lane != lane("customer") {
		t.Errorf("the rest became %+v", d)
	}
}

func TestPostpone_OfWhatIsGone_StaysGone_AndFailuresKeepIt(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	seqs := add(t, s.Outbox(), entry("concluded"), entry("failed"))
	lazy := add(t, s.Inbox(), entry("lazy"))[0]
	s.Outbox().Postpone(seqs[0], refusedOnce)
	s.Outbox().Postpone(seqs[1], refusedOnce)
	s.Inbox().Postpone(lazy, refusedOnce)
	if err := errors.Join(s.Outbox().Conclude(seqs[0]), s.Outbox().Fail(seqs[1], bridge.WindowClosed, ""), s.Inbox().Conclude(lazy)); err != nil {
		t.Fatal(err)
	}
	s.Outbox().Postpone(seqs[0], refusedOnce)
	closeStore(t, s)
	s = open(t, options(path))
	if in, out := waiting(t, s.Inbox()), waiting(t, s.Outbox()); len(in)+len(out) != 0 {
		t.Errorf("waiting: %+v and %+v", in, out)
	}
	all, err := listFailed(s)
	if err != nil || len(all) != 1 || all[0].History != refusedOnce || all[0].Reason != bridge.WindowClosed {
		t.Fatalf("failed: %+v, %v", all, err)
	}
	if f, err := s.Failure(all[0].Seq); err != nil || f.History != refusedOnce || string(f.Body) != "body of failed" {
		t.Errorf("the failure is %+v, %v", f, err)
	}
}

func TestPostpone_WhenNothingCanBeStored_IsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		var fails atomic.Bool
		s := open(t, options(path).OnCommit(func(update func() error) error {
			if fails.Load() {
				return errors.New("no space left on device")
			}
			return update()
		}))
		defer s.Close()
		seqs := add(t, s.Inbox(), entry("a"), entry("b"))
		fails.Store(true)
		s.Inbox().Postpone(seqs[0], bridge.History{Tries: 1})
		s.Inbox().Postpone(seqs[1], refusedOnce)
		time.Sleep(1500 * time.Millisecond)
		s.Inbox().Postpone(seqs[0], bridge.History{Tries: 2}) // the newer one wins
		fails.Store(false)
		time.Sleep(time.Second)
		synctest.Wait()
		for i, want := range []bridge.History{{Tries: 2}, refusedOnce} {
			wantHistory(t, "in the store", s.Inbox(), seqs[i], want)
			wantHistory(t, "in the file", openCopy(t, path).Inbox(), seqs[i], want)
		}
	})
}
