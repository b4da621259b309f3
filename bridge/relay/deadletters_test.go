package relay_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/origin"
	"messenger-bridge/bridge/relay"
	"messenger-bridge/store"
)

// refuse lets a number of sends fail for good, then all is well.
func (o *outside) refuse(times int, reason bridge.Reason) {
	o.send = func(string, bridge.SendTag) (bool, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if times--; times >= 0 {
			return false, &bridge.Refusal{Verdict: bridge.Never, Reason: reason}
		}
		return true, nil
	}
}

// lost waits until so many failures are kept and returns them, newest first.
func (l *life) lost(t *testing.T, o *outside, n int) (list []bridge.DeadLetter) {
	t.Helper()
	o.eventually(fmt.Sprint(n, " failures are kept"), func() bool {
		var err error
		list, _, err = l.DeadLetters.List("", 0, 100)
		return err == nil && len(list) == n
	})
	return list
}

func (l *life) retry(t *testing.T, anyway bool, seqs ...bridge.Seq) []bridge.RetryResult {
	t.Helper()
	became, err := l.DeadLetters.Retry(t.Context(), anyway, seqs...)
	if err != nil {
		t.Fatal(err)
	}
	return became
}

// toldKeys are the keys of all notices, in order.
func (o *outside) toldKeys() (keys []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range o.told {
		keys = append(keys, string(n.Key()))
	}
	return keys
}

func TestRetry_RefusedTwiceThenTaken_EachIsToldAndThenRevised(t *testing.T) {
	o := newOutside(t)
	o.refuse(2, bridge.WindowClosed)
	l := begin(t, o, database(t), nil)
	l.says(t, "a", "one")
	first := l.lost(t, o, 1)[0]
	if first.Message != "a" || first.Reason != bridge.WindowClosed || first.RetryNo != 0 || first.Body != nil || first.Room != "room" {
		t.Errorf("the list shows %+v", first)
	}
	if got := l.retry(t, false, first.Seq); got[0] != bridge.TriedAgain {
		t.Errorf("it became %d", got)
	}
	o.eventually("it is told again", func() bool { return len(o.told) == 2 })
	second := l.lost(t, o, 1)[0]
	if second.Seq == first.Seq || second.RetryNo != 1 {
		t.Errorf("the list shows %+v", second)
	}
	l.retry(t, false, second.Seq)
	o.eventually("it arrives and is told", func() bool { return len(o.received) == 1 && len(o.told) == 3 })
	if keys := o.toldKeys(); !reflect.DeepEqual(keys, []string{"not-delivered/a", "not-delivered-1/a", "revised-2/a"}) {
		t.Errorf("told %q", keys)
	}
	if n := o.told[2]; n.Found || !reflect.DeepEqual(n.Earlier, []bridge.NoticeKey{"not-delivered/a", "not-delivered-1/a"}) {
		t.Errorf("the last notice is %+v", n)
	}
	for _, old := range []bridge.Seq{first.Seq, second.Seq} {
		if got := l.retry(t, false, old, 4711); got[0] != bridge.TriedTwice || got[1] != bridge.NotKept {
			t.Errorf("once more it becomes %d", got)
		}
	}
	l.lost(t, o, 0)
	l.stop()
	if got := o.got(); len(got) != 1 {
		t.Errorf("the customer reads %q", got)
	}
}

// TestRetry_TypedByManyAtOnce_GoesOutOnce holds while one of them is stopped between
// the two steps.
func TestRetry_TypedByManyAtOnce_GoesOutOnce(t *testing.T) {
	o := newOutside(t)
	o.refuse(1, bridge.Rejected)
	l := begin(t, o, database(t), nil)
	l.says(t, "a", "one")
	seq := l.lost(t, o, 1)[0].Seq
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { l.retry(t, false, seq) })
	}
	wg.Wait()
	l.says(t, "b", "two")
	o.eventually("both arrive", func() bool { return len(o.received) >= 2 })
	l.stop()
	if got := o.got(); !reflect.DeepEqual(got, []string{"one", "two"}) {
		t.Errorf("the customer reads %q", got)
	}
}

// stuckFailures fails to take anything back.
type stuckFailures struct{ bridge.Failures }

func (stuckFailures) TakeBack(context.Context, ...bridge.Seq) error { return errDisk }

func TestRetry_StoppedAtEachPoint_GoesOutOnce(t *testing.T) {
	stuck := func(c *relay.Config) { c.Queues.Failures = stuckFailures{c.Queues.Failures} }
	for name, point := range map[string]struct {
		change func(*relay.Config)
		append int // times that storing fails
		left   int // failures that are listed then
	}{
		"1, before it is in its lane":        {nil, 1, 1},
		"2, in its lane and still a failure": {stuck, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutside(t)
			path := database(t)
			o.refuse(1, bridge.Rejected)
			l := begin(t, o, path, point.change)
			l.says(t, "a", "one")
			seq := l.lost(t, o, 1)[0].Seq
			hold := make(chan struct{})
			o.note(func() {
				o.send = func(string, bridge.SendTag) (bool, error) {
					<-hold
					return false, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown}
				}
			})
			l.outbox.mu.Lock()
			l.outbox.fail["Append"] = point.append
			l.outbox.mu.Unlock()
			if _, err := l.DeadLetters.Retry(t.Context(), false, seq); err == nil || bridge.RefusalOf(err).Verdict != bridge.Again {
				t.Fatalf("nobody learns that it was not done: %v", err)
			}
			survivor := l.crash(t, path)
			close(hold)
			l.stop()
			o.note(func() { o.send = nil })
			next := begin(t, o, survivor, nil)
			if got := next.lost(t, o, point.left); len(got) > 0 && got[0].Seq != seq {
				t.Errorf("listed is %+v", got)
			}
			want := bridge.TriedAgain
			if point.left == 0 {
				want = bridge.TriedTwice
			}
			if got := next.retry(t, false, seq); got[0] != want {
				t.Errorf("typed again it becomes %d", got)
			}
			o.eventually("it arrives", func() bool { return len(o.received) >= 1 })
			next.says(t, "b", "two")
			o.eventually("the next one as well", func() bool { return len(o.received) >= 2 })
			next.stop()
			if got := o.got(); !reflect.DeepEqual(got, []string{"one", "two"}) {
				t.Errorf("the customer reads %q", got)
			}
			if _, err := next.store.Failure(seq); err == nil {
				t.Error("it is still kept")
			}
		})
	}
}

// TestRetry_OutcomeWasUnclear_ThreadDecides gives a message up because nobody could
// tell whether it arrived, and has it tried again when the thread shows more.
func TestRetry_OutcomeWasUnclear_ThreadDecides(t *testing.T) {
	hides := &bridge.Sighting{Obscure: true}
	for name, c := range map[string]struct {
		delivered bool
		anyway    bool
		seen      func(o *outside) *bridge.Sighting // at the retry; nil: the whole thread
		received  int
		told      string
		found     bool
	}{
		"it had arrived":               {delivered: true, received: 1, told: "revised-1/a", found: true},
		"it had not arrived":           {received: 1, told: "revised-1/a"},
		"still nobody can tell":        {seen: func(*outside) *bridge.Sighting { return hides }, told: "not-delivered-1/a"},
		"had arrived, nobody can tell": {delivered: true, received: 1, seen: func(*outside) *bridge.Sighting { return hides }, told: "not-delivered-1/a"},
		"the thread shows only later ones": {delivered: true, received: 1, told: "not-delivered-1/a", seen: func(o *outside) *bridge.Sighting {
			return &bridge.Sighting{Shown: []bridge.Mid{bridge.Mid(fmt.Sprintf("mid-%d", len(o.received)))}}
		}},
		"a person says anyway": {anyway: true, seen: func(*outside) *bridge.Sighting { return hides }, received: 1, told: "revised-1/a"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutside(t)
			first := true
			o.send = func(text string, _ bridge.SendTag) (bool, error) {
				if first && text == "one" {
					first = false
					return c.delivered, &bridge.Refusal{Verdict: bridge.Unknown}
				}
				return true, nil
			}
			o.seen = hides
			l := begin(t, o, database(t), nil)
			l.says(t, "a", "one")
			seq := l.lost(t, o, 1)[0].Seq
			for i := range 3 { // the conversation goes on meanwhile
				l.says(t, fmt.Sprint("later-", i), fmt.Sprint("later ", i))
			}
			o.eventually("the later ones arrive", func() bool { return slices.Contains(o.received, "later 2") })
			o.note(func() {
				o.seen = nil
				if c.seen != nil {
					o.seen = c.seen(o)
				}
			})
			l.retry(t, c.anyway, seq)
			o.eventually("the agent is told", func() bool { return len(o.told) == 2 })
			l.stop()
			if got := o.toldKeys(); got[1] != c.told || o.told[1].Found != c.found {
				t.Errorf("told %+v", o.told)
			}
			if n := strings.Count(strings.Join(o.got(), "|"), "one"); n != c.received {
				t.Errorf("the customer reads %q", o.got())
			}
		})
	}
}

func TestRetry_LateEcho_IsProof(t *testing.T) {
	o := newOutside(t)
	var mark bridge.SendTag
	o.send = func(_ string, m bridge.SendTag) (bool, error) {
		mark = m
		return true, &bridge.Refusal{Verdict: bridge.Unknown}
	}
	o.seen = &bridge.Sighting{Obscure: true}
	l := begin(t, o, database(t), nil)
	l.says(t, "a", "one")
	seq := l.lost(t, o, 1)[0].Seq
	if err := l.store.SaveReceipts(t.Context(), []bridge.Receipt{{Page: "1", Mid: "mid-1", Tag: mark}}); err != nil {
		t.Fatal(err)
	}
	l.retry(t, true, seq)
	o.eventually("the agent learns that it had arrived", func() bool { return len(o.told) == 2 && o.told[1].Found })
	if got := o.got(); len(got) != 1 {
		t.Errorf("the customer reads %q", got)
	}
}

// TestRetry_InARestoredStore_LooksFirst: whoever used the store after it was copied
// may have tried the message again as well.
func TestRetry_InARestoredStore_LooksFirst(t *testing.T) {
	o := newOutside(t)
	o.refuse(1, bridge.WindowClosed)
	path := database(t)
	l := begin(t, o, path, nil)
	l.says(t, "a", "one")
	seq := l.lost(t, o, 1)[0].Seq
	restored := l.backup(t, path)
	l.retry(t, false, seq)
	o.eventually("it arrives", func() bool { return len(o.received) == 1 })
	l.stop()
	next := begin(t, o, restored, nil)
	next.retry(t, false, seq)
	o.eventually("the agent learns that it had arrived", func() bool {
		return len(o.told) > 0 && o.told[len(o.told)-1].Found
	})
	if got := o.got(); len(got) != 1 {
		t.Errorf("the customer reads %q", got)
	}
}

func TestRetry_WhatWasNotShown_IsShownOnce(t *testing.T) {
	o := newOutside(t)
	blocked := true
	o.show = func(bridge.Incoming) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		if blocked {
			return &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.ContactBlocked}
		}
		return nil
	}
	l := begin(t, o, database(t), nil)
	in := bridge.Incoming{Conversation: anna, Kind: bridge.TextEvent, Mid: "m", Key: "m/m", Text: "hello", At: time.Now()}
	if err := l.Inbound.FromCustomer(t.Context(), []bridge.Incoming{in}); err != nil {
		t.Fatal(err)
	}
	lost := l.lost(t, o, 1)[0]
	if lost.Customer != anna.Customer || lost.Page() != anna.Page || lost.Reason != bridge.ContactBlocked {
		t.Errorf("the list shows %+v", lost)
	}
	o.note(func() { blocked = false })
	l.retry(t, false, lost.Seq)
	o.eventually("it is shown", func() bool { return len(o.shown) == 1 })
}

// TestRetry_AgentChoosesTheIdOfARetry_TakesNothingAway: clients of Rocket.Chat may
// choose the ids of their messages.
func TestRetry_AgentChoosesTheIdOfARetry_TakesNothingAway(t *testing.T) {
	o := newOutside(t)
	o.refuse(1, bridge.Rejected)
	l := begin(t, o, database(t), nil)
	l.says(t, "a", "one")
	seq := l.lost(t, o, 1)[0].Seq
	l.says(t, fmt.Sprint("retry/", seq), "two")
	o.eventually("it arrives", func() bool { return len(o.received) == 1 })
	l.retry(t, false, seq)
	o.eventually("the other one, too", func() bool { return len(o.received) == 2 })
}

func TestLost_PagesOfTheList_AreStable(t *testing.T) {
	o := newOutside(t)
	o.refuse(25, bridge.Rejected)
	l := begin(t, o, database(t), nil)
	for i := range 25 {
		l.says(t, fmt.Sprint("m", i), "text")
	}
	l.lost(t, o, 25)
	var seen []string
	before := bridge.Seq(0)
	for range 3 {
		list, more, err := l.DeadLetters.List("1", before, 10)
		if err != nil || more != max(25-len(seen)-10, 0) {
			t.Fatalf("%d more, %v", more, err)
		}
		for _, f := range list {
			seen = append(seen, string(f.Message))
			before = f.Seq
		}
	}
	if len(seen) != 25 || seen[0] != "m24" || seen[24] != "m0" {
		t.Errorf("listed %q", seen)
	}
	if list, _, _ := l.DeadLetters.List("2", 0, 10); len(list) != 0 {
		t.Errorf("another page lists %+v", list)
	}
	counts, err := l.DeadLetters.Counts()
	if err != nil || counts["1"][bridge.Rejected] != 25 || len(counts) != 1 {
		t.Errorf("counted %v, %v", counts, err)
	}
}

// TestLost_FileLeftOutThenTextRefused_NothingArrived: parts that were left out are not counted among those that arrived.
func TestLost_FileLeftOutThenTextRefused_NothingArrived(t *testing.T) {
	o := newOutside(t)
	o.refuse(1, bridge.WindowClosed)
	l := begin(t, o, database(t), nil)
	page, err := l.store.Page("1")
	if page.Settings.RefuseFilesOut = true; err == nil {
		err = l.store.SavePage(t.Context(), page)
	}
	if err != nil {
		t.Fatal(err)
	}
	m := bridge.AgentMessage{ID: "a", Room: "room", Text: "one", Attachments: []bridge.Attachment{{Name: "1.pdf"}}}
	if _, err := l.Outbound.FromAgent(t.Context(), []bridge.AgentMessage{m}); err != nil {
		t.Fatal(err)
	}
	if f := l.lost(t, o, 1)[0]; f.Arrived != 0 || f.Parts != 2 || f.Progress.Part != 1 {
		t.Errorf("listed %+v", f)
	}
	if err := l.store.SaveReceipts(t.Context(), []bridge.Receipt{{Page: "1", Mid: "m_1", Tag: bridge.SendTag{Message: "a"}, With: anna}}); err != nil {
		t.Fatal(err)
	}
	if f := l.lost(t, o, 1)[0]; f.Arrived != 1 {
		t.Errorf("of what arrived, listed %+v", f)
	}
}

// backup copies a running store in the way that a restore knows of, and puts the
// copy to use.
func (l *life) backup(t *testing.T, path string) (restored string) {
	t.Helper()
	restored = database(t)
	f, err := os.Create(restored)
	if err == nil {
		_, err = l.store.Backup(t.Context(), f)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(path + ".key")
	if err == nil {
		err = os.WriteFile(restored+".key", key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(store.Options{Path: restored})
	if err == nil {
		_, err = origin.Begin(origin.Config{Cursors: s, Now: time.Now})
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return restored
}
