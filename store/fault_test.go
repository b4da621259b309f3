package store_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

func TestCommitFails_NothingIsStored_AndTheNextOneMayWork(t *testing.T) {
	path := newPath(t)
	full := errors.New("no space left on device")
	var fails atomic.Bool
	var log bytes.Buffer
	o := options(path).OnCommit(func(update func() error) error {
		if fails.Load() {
			return full
		}
		return update()
	})
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	s := open(t, o)
	seqs := add(t, s.Inbox(), entry("before"))
	out := add(t, s.Outbox(), entry("out"))
	ctx := context.Background()

	fails.Store(true)
	for range 2 { // the second is no repeat of the first
		repeats, err := s.Inbox().Append(ctx, []bridge.Entry{entry("a")}, func(*bridge.Entry, bridge.Seq) { t.Error("dispatched") })
		if repeats != 0 || !errors.Is(err, store.ErrNotStored) || !errors.Is(err, full) {
			t.Errorf("append: %d repeats, %v", repeats, err)
		}
	}
	for name, err := range map[string]error{
		"save": s.Outbox().Save(out[0], bridge.Progress{}), "conclude": s.Outbox().Conclude(out[0]),
		"fail": s.Outbox().Fail(out[0], bridge.Rejected, ""), "page": s.SavePage(ctx, bridge.Page{ID: "1"}),
		"link": s.SaveLink(ctx, bridge.Link{Conversation: conversation(1), Room: "lost"}), "health": s.Health(),
		"receipts": s.SaveReceipts(ctx, []bridge.Receipt{{Page: "p", Mid: "m", Tag: bridge.SendTag{Message: "x"}}}),
	} {
		if !errors.Is(err, store.ErrNotStored) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Inbox().Conclude(seqs[0]); err != nil {
		t.Errorf("a lazy mark: %v", err)
	}
	if stats := s.Stats(); stats.Inbox.Waiting != 1 || stats.Outbox.Waiting != 1 || stats.Failed != 0 || stats.Remembered != 2 || s.Inbox().Seen("a") {
		t.Errorf("memory does not say what the file says: %+v", stats)
	}
	if _, err := s.Page("1"); !errors.Is(err, bridge.ErrNoPage) {
		t.Errorf("page: %v", err)
	}
	if l, err := s.Link(conversation(1)); l.Room != "" || err != nil {
		t.Errorf("link: %+v, %v", l, err)
	}

	fails.Store(false)
	add(t, s.Inbox(), entry("a"))
	if err := s.Health(); err != nil {
		t.Errorf("health afterwards: %v", err)
	}
	closeStore(t, s)
	s = open(t, options(path))
	if got := bodies(t, s.Inbox()); len(got) != 1 || got[0] != "body of a" {
		t.Errorf("waiting: %q", got) // the lazy mark was not lost
	}
	if n := strings.Count(log.String(), "nothing can be stored"); n != 1 {
		t.Errorf("the same failure was logged %d times", n)
	}
}

func TestCommitFails_AfterTakingEffect_RepeatsAreTold(t *testing.T) {
	path := newPath(t)
	var fails atomic.Bool
	s := open(t, options(path).OnCommit(func(update func() error) error {
		err := update()
		if fails.Load() {
			return errors.Join(err, errors.New("input/output error"))
		}
		return err
	}))
	fails.Store(true)
	dispatched := 0
	_, err := s.Inbox().Append(context.Background(), []bridge.Entry{entry("a")}, func(*bridge.Entry, bridge.Seq) { dispatched++ })
	if !errors.Is(err, store.ErrNotStored) || dispatched != 1 {
		t.Errorf("%v, dispatched %d times", err, dispatched)
	}
	fails.Store(false)
	before := s.Stats().Commits
	repeats, err := s.Inbox().Append(context.Background(), []bridge.Entry{entry("a")}, nil)
	if err != nil || repeats != 1 {
		t.Errorf("%d repeats, %v", repeats, err)
	}
	if s.Stats().Commits == before {
		t.Error("acknowledged without a commit that makes the first one durable")
	}
	closeStore(t, s)
	if got := bodies(t, open(t, options(path)).Inbox()); len(got) != 1 {
		t.Errorf("waiting: %q", got)
	}
}

func TestFileCannotGrow_WhatIsAcknowledgedStays(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path).WithoutLog().WithMaxSize(17<<20)) // 16 MB are set aside at once
	acknowledged := 0
	var seqs []bridge.Seq
	for ; ; acknowledged++ {
		e := bridge.Entry{Lane: lane("l"), Key: fmt.Sprint(acknowledged), Body: make([]byte, 64<<10)}
		_, err := s.Outbox().Append(context.Background(), []bridge.Entry{e}, func(_ *bridge.Entry, q bridge.Seq) { seqs = append(seqs, q) })
		if errors.Is(err, store.ErrNotStored) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if acknowledged < 5 {
		t.Fatalf("only %d", acknowledged)
	}
	if s.Health() == nil {
		t.Error("healthy")
	}
	for _, seq := range seqs[:4] { // makes room
		if err := s.Outbox().Conclude(seq); err != nil {
			t.Fatal(err)
		}
	}
	// What was freed can be used once the commit that frees it has no reader beside it.
	one, err := []bridge.Entry{{Lane: lane("l"), Key: fmt.Sprint(acknowledged), Body: make([]byte, 64<<10)}}, error(nil)
	for range 10 {
		if _, err = s.Outbox().Append(context.Background(), one, nil); !errors.Is(err, store.ErrNotStored) {
			break
		}
	}
	if err != nil {
		t.Fatal("room was made, and still: ", err)
	}
	closeStore(t, s)
	if n := len(waiting(t, open(t, options(path)).Outbox())); n != acknowledged-4+1 {
		t.Errorf("%d wait, want %d", n, acknowledged-3)
	}
}

func TestHealth_HasTheWriterTryAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fails atomic.Bool
		s := open(t, options(newPath(t)).OnCommit(func(update func() error) error {
			if fails.Load() {
				return errors.New("no space left on device")
			}
			return update()
		}))
		defer s.Close()
		fails.Store(true)
		if _, err := s.Inbox().Append(context.Background(), []bridge.Entry{entry("a")}, nil); err == nil {
			t.Fatal("stored")
		}
		if s.Health() == nil {
			t.Error("healthy")
		}
		synctest.Wait()
		fails.Store(false)
		if s.Health() == nil { // tried a moment ago
			t.Error("healthy")
		}
		time.Sleep(time.Second)
		if s.Health() == nil { // tries now
			t.Error("healthy")
		}
		synctest.Wait()
		if err := s.Health(); err != nil {
			t.Errorf("nobody called, and it is not ready: %v", err)
		}
	})
}

func TestWriterHangs_NewEntriesAreRefusedAtOnce_DoneMarksAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		var hangs atomic.Bool
		s := open(t, options(newPath(t)).OnCommit(func(update func() error) error {
			if hangs.Load() {
				<-gate
			}
			return update()
		}))
		defer s.Close()
		out := add(t, s.Outbox(), entry("out"))
		hangs.Store(true)
		var wg sync.WaitGroup
		wg.Go(func() { add(t, s.Inbox(), entry("a")) })
		time.Sleep(1900 * time.Millisecond)
		if err := s.Health(); err != nil {
			t.Errorf("after 1.9 s: %v", err)
		}
		time.Sleep(200 * time.Millisecond)
		for name, err := range map[string]error{
			"append": func() error {
				_, err := s.Inbox().Append(context.Background(), []bridge.Entry{entry("b")}, nil)
				return err
			}(),
			"health": s.Health(),
		} {
			if !errors.Is(err, store.ErrBehind) || !errors.Is(err, store.ErrNotStored) {
				t.Errorf("%s: %v", name, err)
			}
		}
		wg.Go(func() {
			if err := s.Outbox().Conclude(out[0]); err != nil {
				t.Errorf("conclude: %v", err)
			}
		})
		synctest.Wait()
		close(gate)
		wg.Wait()
		if err := s.Health(); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		add(t, s.Inbox(), entry("b"))
	})
}

func TestDiskNearlyFull_NewEntriesAreRefused_DoneMarksAreNot(t *testing.T) {
	now := newClock()
	var free atomic.Uint64
	free.Store(1 << 30)
	looks := 0
	o := options(newPath(t)).WithFreeSpace(func() uint64 { looks++; return free.Load() })
	o.Now = now.Now
	s := open(t, o)
	seqs := add(t, s.Outbox(), entry("a"))
	free.Store(63 << 20)
	add(t, s.Outbox(), entry("b")) // asked less than a second ago
	now.pass(time.Second)
	if _, err := s.Outbox().Append(context.Background(), []bridge.Entry{entry("c")}, nil); !errors.Is(err, store.ErrDiskFull) {
		t.Errorf("append: %v", err)
	}
	if err := s.Health(); !errors.Is(err, store.ErrDiskFull) {
		t.Errorf("health: %v", err)
	}
	if err := errors.Join(s.Outbox().Save(seqs[0], bridge.Progress{}), s.Outbox().Conclude(seqs[0])); err != nil {
		t.Errorf("what makes room: %v", err)
	}
	free.Store(65 << 20)
	now.pass(time.Second)
	add(t, s.Outbox(), entry("c"))
	if looks != 3 {
		t.Errorf("looked %d times", looks)
	}
}

// A copy of the file and its log at each commit boundary, before anybody is answered, is what
// a crash there leaves.
func TestCrash_AtEachCommitBoundary_LosesNothingAcknowledged(t *testing.T) {
	path := newPath(t)
	var acknowledged atomic.Int64
	type snapshot struct {
		file, log []byte
		had       int64
	}
	var snapshots []snapshot // by the writer goroutine
	take := func() {
		had := acknowledged.Load()
		file, err := os.ReadFile(path)
		log, _ := os.ReadFile(path + ".wal") // there may be none yet
		if err == nil && len(snapshots) < 24 {
			snapshots = append(snapshots, snapshot{file, log, had})
		}
	}
	s := open(t, options(path).OnCommit(func(update func() error) error {
		take()
		err := update()
		take()
		return err
	}))
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			add(t, s.Inbox(), entry(fmt.Sprint(i)))
			acknowledged.Add(1)
		})
	}
	wg.Wait()
	for i, snap := range snapshots {
		copied := newPath(t)
		if err := errors.Join(os.WriteFile(copied, snap.file, 0o600), os.WriteFile(copied+".wal", snap.log, 0o600)); err != nil {
			t.Fatal(err)
		}
		s := open(t, options(copied))
		got := bodies(t, s.Inbox())
		if int64(len(got)) < snap.had {
			t.Errorf("snapshot %d: %d of %d acknowledged", i, len(got), snap.had)
		}
		for _, body := range got {
			if !s.Inbox().Seen(strings.TrimPrefix(body, "body of ")) {
				t.Errorf("snapshot %d: %s is stored, its key is not", i, body)
			}
		}
		closeStore(t, s)
	}
}

const crashPath = "STORE_TEST_CRASH_PATH"

// TestMain runs as the process that TestCrash_Killed kills, if it is told to.
func TestMain(m *testing.M) {
	if path := os.Getenv(crashPath); path != "" {
		appendUntilKilled(path)
	}
	os.Exit(m.Run())
}

func appendUntilKilled(path string) {
	s, err := store.Open(options(path))
	if err != nil {
		fmt.Println("error", err)
		return
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for caller := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprint(caller, "/", i)
				if _, err := s.Inbox().Append(context.Background(), []bridge.Entry{entry(key)}, nil); err != nil {
					return
				}
				mu.Lock()
				fmt.Println(key)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestCrash_Killed_LosesNothingAcknowledgedAndDoublesNothing(t *testing.T) {
	path := newPath(t)
	acknowledged := map[string]bool{}
	for round := range 3 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashPath+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if strings.HasPrefix(lines.Text(), "error") {
				t.Fatal(lines.Text())
			}
			acknowledged[lines.Text()] = true
			if n == 300 {
				cmd.Process.Kill()
			}
		}
		cmd.Wait()

		s := open(t, options(path))
		found := map[string]int{}
		for _, body := range bodies(t, s.Inbox()) {
			found[strings.TrimPrefix(body, "body of ")]++
		}
		for key := range acknowledged {
			if found[key] != 1 {
				t.Errorf("round %d: %s was acknowledged and is there %d times", round, key, found[key])
			}
		}
		for key, n := range found {
			if n != 1 || !s.Inbox().Seen(key) {
				t.Errorf("round %d: %s is there %d times", round, key, n)
			}
		}
		closeStore(t, s)
	}
	if len(acknowledged) < 300 {
		t.Errorf("only %d acknowledged", len(acknowledged))
	}
}
