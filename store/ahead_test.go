package store_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// lifeAhead is a store and what it has acknowledged.
type lifeAhead struct {
	*testing.T
	r     *rand.Rand
	path  string
	store *store.Store

	inbox, outbox map[bridge.Seq]string // bodies
	parts         map[bridge.Seq]int    // sent, of the outbox
	gone          []bridge.Seq          // from the outbox
	leaving       map[bridge.Seq]string // concluded lazily: may be there or not after a crash
	failed        int
	mids          map[bridge.MessageID]bridge.Mid
	rooms         map[int]bridge.RoomID
	pages         int
	next          int
}

func newLifeAhead(t *testing.T, seed uint64) *lifeAhead {
	path := newPath(t)
	return &lifeAhead{
		T: t, r: rand.New(rand.NewPCG(seed, 0)), path: path, store: open(t, options(path)),
		inbox: map[bridge.Seq]string{}, outbox: map[bridge.Seq]string{}, parts: map[bridge.Seq]int{}, leaving: map[bridge.Seq]string{},
		mids: map[bridge.MessageID]bridge.Mid{}, rooms: map[int]bridge.RoomID{},
	}
}

func (l *lifeAhead) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// any returns one of the entries that wait.
func (l *lifeAhead) any(of map[bridge.Seq]string) (bridge.Seq, bool) {
	if len(of) == 0 {
		return 0, false
	}
	seqs := slices.Sorted(maps.Keys(of))
	return seqs[l.r.IntN(len(seqs))], true
}

func (l *lifeAhead) step() {
	l.next++
	name := fmt.Sprint(l.next)
	switch l.r.IntN(12) {
	case 0, 1, 2:
		e := entry(name)
		l.inbox[add(l.T, l.store.Inbox(), e)[0]] = string(e.Body)
	case 3, 4:
		e := entry(name)
		l.outbox[add(l.T, l.store.Outbox(), e)[0]] = string(e.Body)
	case 5:
		if seq, is := l.any(l.inbox); is {
			l.must(l.store.Inbox().Conclude(seq))
			l.leaving[seq] = l.inbox[seq]
			delete(l.inbox, seq)
		}
	case 6:
		if seq, is := l.any(l.outbox); is {
			l.must(l.store.Outbox().Conclude(seq))
			delete(l.outbox, seq)
			l.gone = append(l.gone, seq)
		}
	case 7:
		if seq, is := l.any(l.outbox); is {
			l.parts[seq]++
			l.must(l.store.Outbox().Save(seq, bridge.Progress{Part: l.parts[seq]}))
		}
	case 8:
		if seq, is := l.any(l.outbox); is {
			l.must(l.store.Outbox().Fail(seq, bridge.Rejected, ""))
			delete(l.outbox, seq)
			l.gone = append(l.gone, seq)
			l.failed++
		}
	case 9:
		r := bridge.Receipt{Page: "p", Mid: bridge.Mid("mid" + name), Tag: bridge.SendTag{Message: bridge.MessageID(name)}}
		l.must(l.store.SaveReceipts(l.Context(), []bridge.Receipt{r}))
		l.mids[r.Tag.Message] = r.Mid
	case 10:
		n := l.r.IntN(5)
		l.rooms[n] = bridge.RoomID("room" + name)
		l.must(l.store.SaveLink(l.Context(), bridge.Link{Conversation: conversation(n), Room: l.rooms[n]}))
	case 11:
		l.must(l.store.SavePage(l.Context(), bridge.Page{ID: bridge.PageID(name), State: bridge.PageRunning}))
		l.pages++
	}
}

// wantIn compares what a store has with what was acknowledged.
func (l *lifeAhead) wantIn(s *store.Store) {
	l.Helper()
	for message, mid := range l.mids { // first: what follows has everything committed
		if is := s.MidOf(bridge.SendTag{Message: message}); is != mid {
			l.Errorf("message %s is %q, want %q", message, is, mid)
		}
	}
	for seq, body := range l.outbox {
		if d, err := s.Outbox().Delivery(seq); string(d.Body) != body || d.Progress.Part != l.parts[seq] || err != nil {
			l.Errorf("delivery %d: %q, %d parts are sent, %v; want %q, %d", seq, d.Body, d.Progress.Part, err, body, l.parts[seq])
		}
	}
	for _, seq := range l.gone {
		if _, err := s.Outbox().Delivery(seq); !errors.Is(err, bridge.ErrConcluded) {
			l.Errorf("delivery %d has left: %v", seq, err)
		}
	}
	sameQueue(l.T, "inbox", s.Inbox(), l.inbox, l.leaving)
	sameQueue(l.T, "outbox", s.Outbox(), l.outbox, nil)
	if stats := s.Stats(); stats.Failed != l.failed || len(s.Pages()) != l.pages {
		l.Errorf("%d failed, want %d; %d pages, want %d", stats.Failed, l.failed, len(s.Pages()), l.pages)
	}
	for n, room := range l.rooms {
		if link, err := s.Link(conversation(n)); link.Room != room || err != nil {
			l.Errorf("conversation %d: room %q, %v, want %q", n, link.Room, err, room)
		}
	}
}

func sameQueue(t *testing.T, name string, q *store.Queue, want, perhaps map[bridge.Seq]string) {
	t.Helper()
	there := map[bridge.Seq]bool{}
	for _, w := range waiting(t, q) {
		d, err := q.Delivery(w.Seq)
		body, leaves := perhaps[w.Seq]
		if errors.Is(err, bridge.ErrConcluded) && leaves {
			continue
		}
		if !leaves {
			body = want[w.Seq]
		}
		if there[w.Seq] = true; err != nil || string(d.Body) != body {
			t.Errorf("%s: delivery %d is %q, %v, want %q", name, w.Seq, d.Body, err, body)
		}
	}
	for seq, body := range want {
		if !there[seq] {
			t.Errorf("%s: %q was acknowledged, and is not there", name, body)
		}
	}
}

var aheadLives = flag.Uint64("ahead.lives", 3, "random lives of a store with a log")

// TestAhead_RandomLives_NothingIsLostOrDoubled: at random moments a life is looked at, and a copy of its files as a crash leaves
// them. The clock of a synctest stands still meanwhile, so that nothing is committed but what a step or passing time commits.
func TestAhead_RandomLives_NothingIsLostOrDoubled(t *testing.T) {
	for seed := range *aheadLives {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLifeAhead(t, seed)
				for range 120 {
					switch l.step(); l.r.IntN(8) {
					case 0:
						time.Sleep(time.Duration(l.r.IntN(80)) * time.Millisecond)
					case 1:
						l.wantIn(l.store)
					case 2, 3:
						synctest.Wait()
						s := openCopy(t, l.path)
						l.wantIn(s)
						closeStore(t, s)
					}
				}
				closeStore(t, l.store)
				l.store = open(t, options(l.path))
				l.leaving = nil // they were to be durable with that
				l.wantIn(l.store)
				closeStore(t, l.store)
			})
		})
	}
}

// format returns what a file says it is.
func format(t *testing.T, path string) uint64 {
	t.Helper()
	return store.Stamped(t, path)
}

func TestAhead_FileSaysSo_AndAtRestHasEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		s := open(t, options(path))
		add(t, s.Inbox(), entry("a"))
		add(t, s.Inbox(), entry("b")) // goes ahead
		synctest.Wait()
		if _, err := os.Stat(path + ".wal"); err != nil || store.Ahead(s) == false {
			t.Errorf("nothing is in the log: %v", err)
		}
		running := newPath(t)
		file, err := os.ReadFile(path)
		if err = errors.Join(err, os.WriteFile(running, file, 0o600)); err != nil {
			t.Fatal(err)
		}
		if n := format(t, running); n != store.Format+1000 {
			t.Errorf("a program that knows no log opens it: format %d", n)
		}
		if n := format(t, backedUp(t, s)); n != store.Format {
			t.Errorf("a copy has format %d", n)
		}
		closeStore(t, s)
		if _, err := os.Stat(path + ".wal"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the log is left: %v", err)
		}
		if n := format(t, path); n != store.Format {
			t.Errorf("at rest it has format %d", n)
		}
	})
}

func TestAhead_NothingOnTheWayOfMessages_MakesNoLog(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	if err := s.SavePage(t.Context(), bridge.Page{ID: "1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".wal"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestAhead_CommitFails_WhatWasAcknowledgedStays: the disk refuses the file, but not the log.
func TestAhead_CommitFails_WhatWasAcknowledgedStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path, full := newPath(t), errors.New("no space left on device")
		var fails atomic.Bool
		s := open(t, options(path).OnMark(func() error {
			if fails.Load() {
				return full
			}
			return nil
		}))
		add(t, s.Outbox(), entry("a"))
		seqs := add(t, s.Outbox(), entry("b"), entry("c"))
		fails.Store(true)
		if err := s.Outbox().Conclude(seqs[1]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // the commit is due, and fails
		if err := s.Health(); !errors.Is(err, store.ErrNotStored) || !errors.Is(err, full) {
			t.Errorf("health: %v", err)
		}
		if _, err := s.Outbox().Append(t.Context(), []bridge.Entry{entry("d")}, nil); err != nil && !errors.Is(err, full) {
			t.Error(err)
		}
		s.Outbox().Postpone(seqs[0], bridge.History{Tries: 1}) // so that it is read again
		if d, err := s.Outbox().Delivery(seqs[0]); string(d.Body) != "body of b" || err != nil {
			t.Errorf("what waits: %q, %v", d.Body, err)
		}
		if _, err := s.Outbox().Delivery(seqs[1]); !errors.Is(err, bridge.ErrConcluded) {
			t.Errorf("what is concluded: %v", err)
		}
		if got := bodies(t, openCopy(t, path).Outbox()); len(got) < 2 || got[0] != "body of a" || got[1] != "body of b" || slices.Contains(got, "body of c") {
			t.Errorf("after a crash: %q", got)
		}
		fails.Store(false)
		time.Sleep(2 * time.Second)
		if err := s.Health(); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		add(t, s.Outbox(), entry("e"))
		closeStore(t, s)
		s = open(t, options(path))
		if got := bodies(t, s.Outbox()); !slices.Equal(slices.DeleteFunc(got, func(b string) bool { return b == "body of d" }), []string{"body of a", "body of b", "body of e"}) {
			t.Errorf("at last: %q", got)
		}
		closeStore(t, s)
	})
}

// TestAhead_LogCannotBeWritten_TheFileIs: nobody notices but the operator.
func TestAhead_LogCannotBeWritten_TheFileIs(t *testing.T) {
	path := newPath(t)
	var fails atomic.Bool
	o := options(path).OnLogSync(func() error {
		if fails.Load() {
			return errors.New("input/output error")
		}
		return nil
	})
	s := open(t, o)
	add(t, s.Inbox(), entry("a"))
	add(t, s.Inbox(), entry("b"))
	waiting(t, s.Inbox()) // has everything committed
	fails.Store(true)
	for _, key := range []string{"c", "d"} {
		seq := add(t, s.Inbox(), entry(key))[0]
		if _, err := s.Inbox().Delivery(seq); err != nil {
			t.Error(err)
		}
		if err := s.Inbox().Fail(seq, bridge.Rejected, ""); err != nil {
			t.Error(err)
		}
	}
	if got := bodies(t, openCopy(t, path).Inbox()); len(got) != 2 {
		t.Errorf("after a crash: %q", got)
	}
	fails.Store(false)
	add(t, s.Inbox(), entry("e"))
	add(t, s.Inbox(), entry("f"))
	if got := bodies(t, openCopy(t, path).Inbox()); len(got) != 4 {
		t.Errorf("after another crash: %q", got)
	}
}

// TestAhead_LogCannotBeMade_TheFileIsWritten: a folder lies where it belongs.
func TestAhead_LogCannotBeMade_TheFileIsWritten(t *testing.T) {
	path := newPath(t)
	if err := os.Mkdir(path+".wal", 0o700); err != nil {
		t.Fatal(err)
	}
	s := open(t, options(path))
	add(t, s.Inbox(), entry("a"))
	add(t, s.Inbox(), entry("b"))
	if n := len(bodies(t, s.Inbox())); n != 2 {
		t.Errorf("%d wait", n)
	}
	closeStore(t, s)
}

// TestAhead_AnotherStoresLog_IsNotTakenOver: an older copy is restored over a store that was killed.
func TestAhead_AnotherStoresLog_IsNotTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		s := open(t, options(path))
		add(t, s.Inbox(), entry("a"))
		backup := backedUp(t, s)
		add(t, s.Inbox(), entry("b"))
		add(t, s.Inbox(), entry("c"))
		synctest.Wait()
		killed := crashed(t, path)
		closeStore(t, s)

		aside, err := store.Restore(backup, options(killed))
		if err != nil {
			t.Fatal(err)
		}
		restored := open(t, options(killed))
		if got := bodies(t, restored.Inbox()); len(got) != 1 {
			t.Errorf("restored: %q", got)
		}
		add(t, restored.Inbox(), entry("x"))
		add(t, restored.Inbox(), entry("y"))
		before := open(t, options(aside))
		if got := bodies(t, before.Inbox()); len(got) != 3 {
			t.Errorf("the store that was there: %q", got)
		}
		closeStore(t, before)
		closeStore(t, restored)
	})
}

// TestAhead_CopyOfBothFiles_IsRestored: somebody has copied what a killed bridge left.
func TestAhead_CopyOfBothFiles_IsRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		s := open(t, options(path))
		add(t, s.Inbox(), entry("a"))
		add(t, s.Inbox(), entry("b"))
		synctest.Wait()
		copied := crashed(t, path)
		closeStore(t, s)
		if _, err := store.Restore(copied, options(path)); err != nil {
			t.Fatal(err)
		}
		s = open(t, options(path))
		if got := bodies(t, s.Inbox()); len(got) != 2 {
			t.Errorf("restored: %q", got)
		}
		closeStore(t, s)
	})
}

// TestAhead_ReplicaOfAKilledBridge_HasEverything: the file follows a journal from now on.
func TestAhead_ReplicaOfAKilledBridge_HasEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		s := open(t, options(path))
		add(t, s.Inbox(), entry("a"))
		add(t, s.Inbox(), entry("b"))
		synctest.Wait()
		killed := crashed(t, path)
		closeStore(t, s)
		defer func() {
			if _, err := os.Stat(killed + ".wal"); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the log is left, though the file has everything: %v", err)
			}
		}()
		c, err := store.OpenCopy(options(killed))
		if err = errors.Join(err, c.Close()); err != nil {
			t.Fatal(err)
		}
		s = open(t, options(killed).WithoutLog())
		if got := bodies(t, s.Inbox()); len(got) != 2 {
			t.Errorf("%q", got)
		}
		closeStore(t, s)
	})
}

// TestAhead_Erased_NothingIsLeftInTheLog: customers' ids stand in it, too.
func TestAhead_Erased_NothingIsLeftInTheLog(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	live(t, s, 1, "Otto")
	gone := live(t, s, 2, "Gerda")
	if len(gone.inFile(t, path+".wal")) == 0 {
		t.Fatal("nothing went ahead")
	}
	gone.erase(t, s)
	if err := s.Overwrite(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path, path + ".wal"} {
		if left := gone.inFile(t, file); len(left) > 0 {
			t.Errorf("%s: %q", file, left)
		}
	}
}
