package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

func TestAppend_ALoneCaller_IsStoredAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		s := open(t, options(path))
		defer s.Close()
		start := time.Now()
		add(t, s.Inbox(), entry("a"))
		if took := time.Since(start); took != 0 {
			t.Errorf("waited for %v", took)
		}
		if got := bodies(t, openCopy(t, path).Inbox()); !slices.Equal(got, []string{"body of a"}) {
			t.Errorf("a crash now leaves %q", got)
		}
	})
}

func TestAppend_ManyCallers_ShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		s := open(t, options(newPath(t)).OnCommit(func(update func() error) error {
			<-gate
			return update()
		}))
		defer s.Close()
		var wg sync.WaitGroup
		wg.Go(func() { add(t, s.Inbox(), entry("first")) })
		synctest.Wait() // the writer holds the first one
		for i := range 600 {
			wg.Go(func() { add(t, s.Inbox(), entry(fmt.Sprint(i))) })
		}
		synctest.Wait()
		close(gate)
		wg.Wait()
		got := s.Stats()
		if got.Entries != 601 || got.Ops != 601 {
			t.Errorf("%d entries of %d calls, want 601", got.Entries, got.Ops)
		}
		if got.Commits != 3 { // 1, 512, 88
			t.Errorf("%d commits, want 3", got.Commits)
		}
	})
}

func TestAppend_Repeats_AreToldAndLeftOut(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	ctx := context.Background()

	repeats, err := s.Inbox().Append(ctx, []bridge.Entry{entry("a"), entry("b"), entry("a")}, nil)
	if err != nil || repeats != 1 {
		t.Fatalf("within one call: %d repeats, %v", repeats, err)
	}
	before := s.Stats().Commits
	repeats, err = s.Inbox().Append(ctx, []bridge.Entry{entry("b")}, nil)
	if err != nil || repeats != 1 {
		t.Errorf("of an earlier call: %d repeats, %v", repeats, err)
	}
	if now := s.Stats().Commits; now != before {
		t.Error("a commit was made for nothing")
	}
	repeats, err = s.Outbox().Append(ctx, []bridge.Entry{entry("a")}, nil)
	if err != nil || repeats != 0 {
		t.Errorf("of another queue: %d repeats, %v", repeats, err)
	}
	for _, d := range waiting(t, s.Inbox()) {
		if err := s.Inbox().Conclude(d.Seq); err != nil {
			t.Fatal(err)
		}
	}
	closeStore(t, s)

	s = open(t, options(path))
	repeats, err = s.Inbox().Append(ctx, []bridge.Entry{entry("b"), entry("c")}, nil)
	if err != nil || repeats != 1 {
		t.Errorf("after a restart: %d repeats, %v", repeats, err)
	}
	if !s.Inbox().Seen("a") || s.Inbox().Seen("d") || s.Notices().Seen("a") {
		t.Error("Seen is wrong")
	}
	if got := bodies(t, s.Inbox()); !slices.Equal(got, []string{"body of c"}) {
		t.Errorf("waiting: %q", got)
	}
}

func TestAppend_TheSameEntryFromManyCallers_IsStoredOnce(t *testing.T) {
	s := open(t, options(newPath(t)))
	var wg sync.WaitGroup
	var mu sync.Mutex
	stored, repeated := 0, 0
	for range 50 {
		wg.Go(func() {
			repeats, err := s.Inbox().Append(context.Background(), []bridge.Entry{entry("same")}, func(*bridge.Entry, bridge.Seq) {
				mu.Lock()
				defer mu.Unlock()
				stored++
			})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			repeated += repeats
		})
	}
	wg.Wait()
	if stored != 1 || repeated != 49 {
		t.Errorf("%d stored, %d repeats", stored, repeated)
	}
}

func TestAppend_OrderOfDispatch_IsTheOrderAfterARestart(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	var dispatched []bridge.Seq // by the writer goroutine
	var wg sync.WaitGroup
	for customer := range 8 {
		wg.Go(func() {
			for i := range 25 {
				e := bridge.Entry{Lane: lane(fmt.Sprint(customer)), Key: fmt.Sprint(customer, "/", i), Body: []byte(fmt.Sprint(i))}
				_, err := s.Inbox().Append(context.Background(), []bridge.Entry{e}, func(_ *bridge.Entry, seq bridge.Seq) {
					dispatched = append(dispatched, seq)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	closeStore(t, s)

	s = open(t, options(path))
	next := map[bridge.Lane]int{}
	for i, w := range waiting(t, s.Inbox()) {
		if w.Seq != dispatched[i] {
			t.Fatalf("at %d: dispatched %d, after the restart %d", i, dispatched[i], w.Seq)
		}
		d, err := s.Inbox().Delivery(w.Seq)
		if err != nil || string(d.Body) != fmt.Sprint(next[w.Lane]) {
			t.Fatalf("%v: %q, %v, want %d", w.Lane, d.Body, err, next[w.Lane])
		}
		next[w.Lane]++
	}
}

func TestAppend_WhatCannotBeStored_IsRefusedBefore(t *testing.T) {
	s := open(t, options(newPath(t)))
	for name, e := range map[string]bridge.Entry{
		"no key":        {Lane: lane("l"), Body: []byte("x")},
		"long key":      {Lane: lane("l"), Key: strings.Repeat("k", 5000)},
		"long lane":     {Lane: lane(strings.Repeat("l", 600)), Key: "k"},
		"zero in a key": {Lane: lane("l"), Key: "a\x00b"},
		"huge body":     {Lane: lane("l"), Key: "k", Body: make([]byte, 17<<20)},
	} {
		if _, err := s.Inbox().Append(context.Background(), []bridge.Entry{entry("good"), e}, nil); !errors.Is(err, bridge.ErrUnstorable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.Stats().Commits != 0 || s.Inbox().Seen("good") {
		t.Error("something was stored")
	}
}

func TestAppend_ContextEndsWhileItWaits_NothingIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		s := open(t, options(newPath(t)).OnCommit(func(update func() error) error {
			<-gate
			return update()
		}))
		defer s.Close()
		var wg sync.WaitGroup
		wg.Go(func() { add(t, s.Inbox(), entry("first")) })
		synctest.Wait()
		ctx, cancel := context.WithCancel(context.Background())
		wg.Go(func() {
			_, err := s.Inbox().Append(ctx, []bridge.Entry{entry("second")}, nil)
			if !errors.Is(err, store.ErrNotStored) || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(gate)
		wg.Wait()
		add(t, s.Inbox(), entry("third"))
		if s.Inbox().Seen("second") {
			t.Error("second was stored")
		}
	})
}

func TestQueue_SaveConcludeFail(t *testing.T) {
	now := newClock()
	path := newPath(t)
	o := options(path)
	o.Now = now.Now
	s := open(t, o)
	out := s.Outbox()
	seqs := add(t, out, entry("a"), entry("b"), entry("c"))
	tried := now.Now().Add(-time.Minute)
	progress := bridge.Progress{State: bridge.OutcomeUnknown, Part: 3, Attempts: 2, Tried: tried}
	receipt := bridge.Receipt{Page: "p", Mid: "m_1", Tag: bridge.SendTag{Message: "msg", Part: 2}}

	if err := out.Save(seqs[0], progress, receipt); err != nil {
		t.Fatal(err)
	}
	if err := out.Conclude(seqs[1], bridge.Receipt{Page: "p", Mid: "m_2", Tag: bridge.SendTag{Message: "msg", Part: 3}}); err != nil {
		t.Fatal(err)
	}
	if err := out.Fail(seqs[2], bridge.WindowClosed, ""); err != nil {
		t.Fatal(err)
	}
	check := func(s *store.Store) {
		t.Helper()
		out := s.Outbox()
		d, err := out.Delivery(seqs[0])
		if err != nil || string(d.Body) != "body of a" || d.Lane != lane("customer") || d.Seq != seqs[0] || !d.Accepted.Equal(now.Now()) {
			t.Errorf("delivery %+v, %v", d, err)
		}
		if p := d.Progress; p.State != progress.State || p.Part != 3 || p.Attempts != 2 || !p.Tried.Equal(tried) {
			t.Errorf("progress %+v", p)
		}
		for _, gone := range []bridge.Seq{seqs[1], seqs[2], 99} {
			if _, err := out.Delivery(gone); !errors.Is(err, bridge.ErrConcluded) {
				t.Errorf("delivery %d: %v", gone, err)
			}
			if err := out.Save(gone, progress); !errors.Is(err, bridge.ErrConcluded) {
				t.Errorf("save %d: %v", gone, err)
			}
			if err := out.Fail(gone, bridge.Rejected, ""); !errors.Is(err, bridge.ErrConcluded) {
				t.Errorf("fail %d: %v", gone, err)
			}
			if err := out.Conclude(gone); err != nil {
				t.Errorf("conclude %d: %v", gone, err)
			}
		}
		if mid := s.MidOf(receipt.Tag); mid != "m_1" {
			t.Errorf("mid %q", mid)
		}
		if mark, ok := s.TagOf("p", "m_2"); !ok || mark.Part != 3 || mark.Message != "msg" {
			t.Errorf("mark %+v, %v", mark, ok)
		}
		failed, err := listFailed(s)
		if err != nil || len(failed) != 1 {
			t.Fatalf("failed %+v, %v", failed, err)
		}
		f, err := s.Failure(failed[0].Seq)
		if err != nil || string(f.Body) != "body of c" || f.Direction != bridge.Out || f.Reason != bridge.WindowClosed ||
			f.Lane != lane("customer") || !f.At.Equal(now.Now()) {
			t.Errorf("failure %+v, %v", f, err)
		}
		stats := s.Stats()
		if stats.Outbox.Waiting != 1 || !stats.Outbox.Oldest.Equal(now.Now()) || stats.Failed != 1 {
			t.Errorf("stats %+v", stats)
		}
	}
	check(s)
	closeStore(t, s)
	check(open(t, o))
}

func TestTakeBack_LeavesTheOthers(t *testing.T) {
	now := newClock()
	path := newPath(t)
	o := options(path)
	o.Now = now.Now
	s := open(t, o)
	for _, seq := range add(t, s.Outbox(), entry("a"), entry("b"), entry("c")) {
		if err := s.Outbox().Fail(seq, bridge.Rejected, ""); err != nil {
			t.Fatal(err)
		}
		now.pass(24 * time.Hour)
	}
	all, err := listFailed(s)
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	for range 2 { // twice is harmless
		if err := s.TakeBack(t.Context(), all[2].Seq, 99); err != nil {
			t.Fatal(err)
		}
		if left, _ := listFailed(s); len(left) != 2 || left[1].Seq != all[1].Seq || s.Stats().Failed != 2 {
			t.Errorf("left are %+v, counted %d", left, s.Stats().Failed)
		}
	}
	if _, err := s.Failure(all[2].Seq); !errors.Is(err, bridge.ErrNoFailure) {
		t.Errorf("what was taken back: %v", err)
	}
	closeStore(t, s)
	s = open(t, o)
	if s.Stats().Failed != 2 {
		t.Errorf("after a restart %d are counted", s.Stats().Failed)
	}
	now.pass(7*24*time.Hour - 2*24*time.Hour) // the second is 7 days old
	add(t, s.Inbox(), entry("any"))
	if n := s.Stats().Failed; n != 1 {
		t.Errorf("%d are kept when the second is too old", n)
	}
}

// listFailed returns all that was given up, newest first.
func listFailed(s *store.Store) (all []bridge.Failure, err error) {
	err = s.Failed(func(f bridge.Failure) bool {
		all = append(all, f)
		return true
	})
	return all, err
}

func TestFail_Expires_After7Days(t *testing.T) {
	now := newClock()
	path := newPath(t)
	o := options(path)
	o.Now = now.Now
	s := open(t, o)
	old := add(t, s.Outbox(), entry("old"))
	if err := s.Outbox().Fail(old[0], bridge.Rejected, ""); err != nil {
		t.Fatal(err)
	}
	now.pass(6 * 24 * time.Hour)
	young := add(t, s.Outbox(), entry("young"))
	if err := s.Outbox().Fail(young[0], bridge.Unsupported, ""); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	s = open(t, o)
	if list, err := listFailed(s); err != nil || len(list) != 2 || list[0].Reason != bridge.Unsupported {
		t.Fatalf("newest: %+v, %v", list, err)
	}
	now.pass(24 * time.Hour)
	if list, _ := listFailed(s); len(list) != 1 {
		t.Errorf("listed after 7 days: %+v", list)
	}
	if _, err := s.Failure(1); !errors.Is(err, bridge.ErrNoFailure) {
		t.Errorf("read after 7 days: %v", err)
	}
	add(t, s.Inbox(), entry("any"))
	if n := s.Stats().Failed; n != 1 {
		t.Errorf("%d kept after the next commit", n)
	}
}

// failures stores so many deliveries that are given up.
func failures(t *testing.T, s *store.Store, n int) {
	t.Helper()
	for i := range n {
		seqs := add(t, s.Outbox(), entry(fmt.Sprint("failing ", s.Stats().Entries, i)))
		if err := s.Outbox().Fail(seqs[0], bridge.Rejected, ""); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAllFailures_WhatIsOverAndStillThere_IsFound, until a commit has removed it.
func TestAllFailures_WhatIsOverAndStillThere_IsFound(t *testing.T) {
	now := newClock()
	o := options(newPath(t))
	o.Now = now.Now
	s := open(t, o)
	failures(t, s, 2)
	now.pass(8 * 24 * time.Hour)
	if young, err := listFailed(s); err != nil || len(young) > 0 {
		t.Errorf("listed after 8 days: %+v, %v", young, err)
	}
	var all []bridge.Failure
	if err := s.AllFailures().Failed(func(f bridge.Failure) bool { all = append(all, f); return true }); err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, f := range all {
		if full, err := s.AllFailures().Failure(f.Seq); err != nil || !bytes.HasPrefix(full.Body, []byte("body of failing")) || full.Lane != f.Lane {
			t.Errorf("%+v, %v", full, err)
		}
		if _, err := s.Failure(f.Seq); !errors.Is(err, bridge.ErrNoFailure) {
			t.Errorf("read after 8 days: %v", err)
		}
	}
	if err := s.AllFailures().TakeBack(t.Context(), all[0].Seq, all[1].Seq); err != nil || s.Stats().Failed != 0 {
		t.Errorf("taken back, %d are left: %v", s.Stats().Failed, err)
	}
}

// TestFail_ManyAreOver_AllGoWithoutBeingAsked: nothing else need be stored for it.
func TestFail_ManyAreOver_AllGoWithoutBeingAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := newClock()
		o := options(newPath(t))
		o.Now = now.Now
		s := open(t, o)
		defer s.Close()
		failures(t, s, 50)
		now.pass(7 * 24 * time.Hour)
		add(t, s.Inbox(), entry("any"))
		time.Sleep(time.Second)
		synctest.Wait()
		if n := s.Stats().Failed; n != 0 {
			t.Errorf("%d are left", n)
		}
	})
}

// TestFail_WhileTheClockWasAhead_HoldsUpNobody, and is not let go itself.
func TestFail_WhileTheClockWasAhead_HoldsUpNobody(t *testing.T) {
	const year = 365 * 24 * time.Hour
	now := newClock()
	o := options(newPath(t))
	o.Now = now.Now
	s := open(t, o)
	now.pass(year)
	failures(t, s, 20)
	now.pass(-year)
	failures(t, s, 2)
	now.pass(7 * 24 * time.Hour)
	add(t, s.Inbox(), entry("any"))
	if n := s.Stats().Failed; n != 20 {
		t.Errorf("%d are kept", n)
	}
	failures(t, s, 1)
	closeStore(t, s)
	s = open(t, o)
	now.pass(7 * 24 * time.Hour)
	add(t, s.Inbox(), entry("other"))
	if left, err := listFailed(s); err != nil || len(left) != 20 || s.Stats().Failed != 20 {
		t.Errorf("after a restart %d are kept, %d counted: %v", len(left), s.Stats().Failed, err)
	}
	now.pass(year)
	add(t, s.Inbox(), entry("a year later"))
	if left, _ := listFailed(s); len(left) > 0 {
		t.Errorf("in the end %d are kept", len(left))
	}
}

// TestSeen_ManySmallCommits_AllAreRememberedOverRestarts however they share records.
func TestSeen_ManySmallCommits_AllAreRememberedOverRestarts(t *testing.T) {
	now := newClock()
	o := options(newPath(t))
	o.Now = now.Now
	var all []string
	for run, commits := range []int{1, 39, 70, 3} {
		s := open(t, o)
		for _, key := range all {
			if !s.Inbox().Seen(key) {
				t.Fatalf("run %d: %s is forgotten", run, key)
			}
		}
		for commit := range commits {
			var entries []bridge.Entry
			for n := range 1 + commit%3*commit%7*41 { // sometimes more than a record holds
				entries = append(entries, entry(fmt.Sprint(run, "/", commit, "/", n)))
			}
			add(t, s.Inbox(), entries...)
			for i := range entries {
				all = append(all, entries[i].Key)
			}
			now.pass(time.Duration(commit) * time.Second)
		}
		if repeats, err := s.Inbox().Append(t.Context(), []bridge.Entry{entry(all[len(all)-1]), entry(all[0])}, nil); repeats != 2 || err != nil {
			t.Fatalf("run %d: %d repeats, %v", run, repeats, err)
		}
		if n := s.Stats().Remembered; n != len(all) {
			t.Fatalf("run %d: %d keys are remembered of %d", run, n, len(all))
		}
		closeStore(t, s)
	}
}

func TestSeen_Expires_AfterRemember(t *testing.T) {
	now := newClock()
	path := newPath(t)
	o := options(path)
	o.Now, o.Remember = now.Now, 24*time.Hour
	s := open(t, o)
	add(t, s.Inbox(), entry("old"))
	now.pass(20 * time.Hour)
	add(t, s.Inbox(), entry("young"))
	closeStore(t, s)
	now.pass(5 * time.Hour)
	s = open(t, o)
	add(t, s.Inbox(), entry("now"))
	if s.Inbox().Seen("old") || !s.Inbox().Seen("young") || !s.Inbox().Seen("now") {
		t.Error("the wrong keys are remembered")
	}
	if n := s.Stats().Remembered; n != 2 {
		t.Errorf("%d keys remembered", n)
	}
	closeStore(t, s)
	if s = open(t, o); s.Inbox().Seen("old") || !s.Inbox().Seen("young") {
		t.Error("the wrong keys are remembered after a restart")
	}
}

// TestSeen_ClockWasAhead_ExpiresAllTheSame: what seems to come from the future is as old as what came
// after it. While the clock is behind, nothing is forgotten.
func TestSeen_ClockWasAhead_ExpiresAllTheSame(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, restart := range []bool{false, true} {
		now := newClock()
		o := options(newPath(t))
		o.Now, o.Remember = now.Now, 24*time.Hour
		s := open(t, o)
		pass := func(d time.Duration, key string) {
			now.pass(d)
			if restart {
				closeStore(t, s)
				s = open(t, o)
			}
			add(t, s.Inbox(), entry(key))
		}
		remembers := func(when string, keys ...string) {
			t.Helper()
			for _, key := range keys {
				if !s.Inbox().Seen(key) {
					t.Errorf("%s, %s is forgotten", when, key)
				}
			}
			if n := s.Stats().Remembered; n != len(keys) {
				t.Errorf("%s, %d keys are remembered, not %q", when, n, keys)
			}
		}
		pass(year, "ahead")
		pass(time.Minute, "ahead too")
		pass(-year, "right")
		remembers("when the clock is right", "ahead", "ahead too", "right")
		pass(25*time.Hour, "a")
		remembers("a day later", "a")
		pass(-3*year, "behind")
		pass(23*time.Hour, "b")
		remembers("while the clock is behind", "a", "behind", "b")
		pass(3*year, "c")
		remembers("when it is right again", "a", "behind", "b", "c")
		pass(2*time.Hour, "d")
		remembers("a day after that", "c", "d")
	}
}

func TestConclude_Lazy_IsDurableAfter50ms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		s := open(t, options(path))
		defer s.Close()
		seqs := add(t, s.Inbox(), entry("a"), entry("b"))
		for range 2 { // twice is once
			if err := s.Inbox().Conclude(seqs[0]); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Inbox().Delivery(seqs[0]); !errors.Is(err, bridge.ErrConcluded) {
			t.Errorf("concluded, but %v", err)
		}
		time.Sleep(49 * time.Millisecond)
		synctest.Wait()
		if n := len(waiting(t, openCopy(t, path).Inbox())); n != 2 || s.Stats().Commits != 1 {
			t.Errorf("written at once: %d wait", n)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if n := len(waiting(t, openCopy(t, path).Inbox())); n != 1 || s.Stats().Commits != 2 {
			t.Errorf("after 50 ms %d wait", n)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := s.Stats().Commits; n != 2 {
			t.Errorf("%d commits, and nothing to write", n)
		}
	})
}

func TestConclude_Lazy_RidesWithTheNextCommit(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	seqs := add(t, s.Notices(), entry("a"))
	if err := s.Notices().Conclude(seqs[0]); err != nil {
		t.Fatal(err)
	}
	add(t, s.Inbox(), entry("b"))
	if n := len(waiting(t, openCopy(t, path).Notices())); n != 0 {
		t.Error("the mark did not ride")
	}
}

func TestClose_CommitsWhatIsLazy(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	seqs := add(t, s.Inbox(), entry("a"))
	at := time.Date(2026, 1, 1, 0, 0, 0, 5, time.UTC)
	if err := errors.Join(s.Inbox().Conclude(seqs[0]), s.SaveCursor("rooms", at)); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	closeStore(t, s) // twice
	s = open(t, options(path))
	if n := len(waiting(t, s.Inbox())); n != 0 {
		t.Errorf("%d wait", n)
	}
	if got, err := s.Cursor("rooms"); err != nil || !got.Equal(at) {
		t.Errorf("cursor %v, %v", got, err)
	}
	if got, err := s.Cursor("other"); err != nil || !got.IsZero() {
		t.Errorf("cursor never saved: %v, %v", got, err)
	}
}

func TestClosed_EverythingIsRefused(t *testing.T) {
	s := open(t, options(newPath(t)))
	seqs := add(t, s.Inbox(), entry("a"))
	closeStore(t, s)
	ctx := context.Background()
	_, append1 := s.Inbox().Append(ctx, []bridge.Entry{entry("b")}, nil)
	_, delivery := s.Inbox().Delivery(seqs[0])
	_, link := s.Link(conversation(1))
	_, _, room := s.Conversation("r")
	_, failed := listFailed(s)
	_, backup := s.Backup(ctx, &strings.Builder{})
	for name, err := range map[string]error{
		"append": append1, "delivery": delivery, "link": link, "room": room, "failed": failed, "backup": backup,
		"save": s.Outbox().Save(1, bridge.Progress{}), "conclude": s.Outbox().Conclude(1), "lazy": s.Inbox().Conclude(1),
		"fail": s.Inbox().Fail(1, "", ""), "page": s.SavePage(ctx, bridge.Page{ID: "1"}), "cursor": s.SaveCursor("c", time.Now()),
		"health": s.Health(), "waiting": s.Inbox().Waiting(nil),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWaiting_AllocatesPerLane_NotPerDelivery(t *testing.T) {
	s := open(t, options(newPath(t)))
	var entries []bridge.Entry
	for i := range 5000 {
		entries = append(entries, bridge.Entry{Lane: lane(fmt.Sprint("lane", i%10)), Key: fmt.Sprint(i), Body: make([]byte, 200)})
	}
	add(t, s.Inbox(), entries...)
	allocs := testing.AllocsPerRun(3, func() {
		if err := s.Inbox().Waiting(func(*bridge.Delivery, int) {}); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 300 {
		t.Errorf("%v allocations for 5000 deliveries of 10 lanes", allocs)
	}
}

// TestDelivery_OfAFreshEntry_IsAsInTheFile: what is handed out from memory is what a restart
// would read, and what was changed since is not handed out.
func TestDelivery_OfAFreshEntry_IsAsInTheFile(t *testing.T) {
	s := open(t, options(newPath(t)))
	q := s.Outbox()
	tried := time.Date(2026, 5, 1, 12, 0, 0, 5, time.FixedZone("east", 3600))
	e := entry("fresh")
	e.Progress = bridge.Progress{State: bridge.InFlight, Part: 3, Attempts: 70_000, Tagged: true, Tried: tried}
	seq := add(t, q, e)[0]
	fresh, err := q.Delivery(seq)
	if err != nil {
		t.Fatal(err)
	}
	if filed, err := q.Delivery(seq); err != nil || !reflect.DeepEqual(fresh, filed) || string(filed.Body) != "body of fresh" {
		t.Errorf("from memory came %+v, from the file %+v, %v", fresh, filed, err)
	}

	saved := add(t, q, entry("saved"))[0]
	if err := q.Save(saved, bridge.Progress{Part: 7}); err != nil {
		t.Fatal(err)
	}
	if d, err := q.Delivery(saved); err != nil || d.Progress.Part != 7 {
		t.Errorf("after progress was saved: %+v, %v", d, err)
	}
	concluded, failed := add(t, q, entry("concluded"))[0], add(t, q, entry("failed"))[0]
	if err := errors.Join(q.Conclude(concluded), q.Fail(failed, "reason", "")); err != nil {
		t.Fatal(err)
	}
	for _, seq := range []bridge.Seq{concluded, failed} {
		if d, err := q.Delivery(seq); !errors.Is(err, bridge.ErrConcluded) {
			t.Errorf("what is gone is delivered: %+v, %v", d, err)
		}
	}

	big := make([]bridge.Entry, 20) // more than is kept
	for i := range big {
		big[i] = entry(fmt.Sprint("big", i))
		big[i].Body = bytes.Repeat([]byte{byte(i)}, 400_000)
	}
	for i, seq := range add(t, q, big...) {
		if d, err := q.Delivery(seq); err != nil || !bytes.Equal(d.Body, big[i].Body) {
			t.Errorf("big entry %d: %d bytes, %v", i, len(d.Body), err)
		}
	}
}
