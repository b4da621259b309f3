package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

func TestBackup_OfARunningStore_OpensWithTheKey(t *testing.T) {
	path := newPath(t)
	s := open(t, store.Options{Path: path}) // with a key file
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	started := make(chan struct{})
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			add(t, s.Inbox(), entry(fmt.Sprint(i)))
			if i == 20 {
				close(started)
			}
		}
	})
	<-started
	sure := s.Stats().Entries
	var backup bytes.Buffer
	n, err := s.Backup(context.Background(), &backup)
	stop()
	wg.Wait()
	if err != nil || n != int64(backup.Len()) {
		t.Fatalf("%d of %d bytes, %v", n, backup.Len(), err)
	}
	key, err := os.ReadFile(path + ".key")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(backup.Bytes(), bytes.TrimSpace(key)) {
		t.Error("the backup contains the key")
	}
	restored := newPath(t)
	if err := os.WriteFile(restored, backup.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, store.Options{Path: restored}, store.ErrNoKey)
	r := open(t, store.Options{Path: restored, Key: bridge.Secret(key)})
	got := bodies(t, r.Inbox())
	if uint64(len(got)) < sure {
		t.Errorf("%d in the backup, %d were stored before", len(got), sure)
	}
	for i, body := range got {
		if body != "body of "+fmt.Sprint(i) {
			t.Fatalf("at %d: %q", i, body)
		}
	}
	add(t, r.Inbox(), entry("new"))
	if left, _ := filepath.Glob(path + ".copying*"); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

// stuck is a reader of a backup who does not read.
type stuck struct{ begun, release chan struct{} }

func (s stuck) Write(b []byte) (int, error) {
	select {
	case <-s.begun:
	default:
		close(s.begun)
	}
	<-s.release
	return 0, errors.New("gone")
}

func TestBackup_ToSomebodyWhoDoesNotRead_HoldsUpNothing(t *testing.T) {
	s := open(t, options(newPath(t)))
	add(t, s.Inbox(), entry("a"))
	w := stuck{make(chan struct{}), make(chan struct{})}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := s.Backup(context.Background(), w); err == nil {
			t.Error("the backup succeeded")
		}
	})
	<-w.begun
	big := make([]byte, 1<<20)
	for i := range 40 { // the pages of each are used again, if nobody reads
		seqs := add(t, s.Outbox(), bridge.Entry{Lane: lane("l"), Key: fmt.Sprint(i), Body: big})
		if err := s.Outbox().Conclude(seqs[0]); err != nil {
			t.Fatal(err)
		}
	}
	if size := s.Stats().FileSize; size > 10<<20 {
		t.Errorf("the file grew to %d bytes", size)
	}
	close(w.release)
	wg.Wait()
}

// What a run that was killed left of a copy goes when the store is opened; what an operator keeps beside it stays.
func TestOpen_RemovesWhatIsLeftOfCopies(t *testing.T) {
	for name, opening := range map[string]func(store.Options) (io.Closer, error){
		"of its own":   func(o store.Options) (io.Closer, error) { return store.Open(o) },
		"as a replica": func(o store.Options) (io.Closer, error) { return store.OpenCopy(o) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bolt[1].db")
			closeStore(t, open(t, options(path)))
			left := []string{path + ".copying-1", path + ".copying-23"}
			others := []string{path + ".backup-mine", path + ".before-20260101", path + "2.copying-1"}
			for _, file := range append(left, others...) {
				if err := os.WriteFile(file, []byte("a copy"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s, err := opening(options(path))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			for _, file := range left {
				if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s is still there: %v", file, err)
				}
			}
			for _, file := range others {
				if _, err := os.Stat(file); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A copy that is under way when the store is closed, and opened by somebody else, is whole all the same.
func TestBackup_OutlivesItsStore(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	add(t, s.Inbox(), entry("a"))
	var backup bytes.Buffer
	w := slow{stuck{make(chan struct{}), make(chan struct{})}, &backup}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := s.Backup(context.Background(), w); err != nil {
			t.Error(err)
		}
	})
	<-w.begun
	if left, _ := filepath.Glob(path + ".copying*"); len(left) != 0 {
		t.Errorf("a run that is killed now leaves %q", left)
	}
	closeStore(t, s)
	open(t, options(path))
	close(w.release)
	wg.Wait()
	restored := newPath(t)
	if err := os.WriteFile(restored, backup.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := bodies(t, open(t, options(restored)).Inbox()); len(got) != 1 {
		t.Errorf("in the backup: %q", got)
	}
}

// slow is a reader of a backup who waits before they read.
type slow struct {
	stuck
	to io.Writer
}

func (s slow) Write(b []byte) (int, error) {
	_, _ = s.stuck.Write(b)
	return s.to.Write(b)
}

func TestBackup_EndsWithItsContext(t *testing.T) {
	s := open(t, options(newPath(t)))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Backup(ctx, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestOpen_CompactsWhatIsMostlyFree(t *testing.T) {
	path := newPath(t)
	o := options(path)
	o.Sync = func() {}
	s := open(t, o)
	if err := s.SavePage(context.Background(), bridge.Page{ID: "1", Token: "t"}); err != nil {
		t.Fatal(err)
	}
	keep := add(t, s.Inbox(), entry("keep"))
	var seqs []bridge.Seq
	for i := range 24 {
		seqs = append(seqs, add(t, s.Outbox(), bridge.Entry{Lane: lane("l"), Key: fmt.Sprint(i), Body: make([]byte, 1<<20)})...)
	}
	for _, seq := range seqs {
		if err := s.Outbox().Conclude(seq); err != nil {
			t.Fatal(err)
		}
	}
	closeStore(t, s)
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	full := size()
	if full < 24<<20 {
		t.Fatalf("%d bytes are too few for this test", full)
	}
	closeStore(t, open(t, options(path))) // below 64 MB it stays
	if size() != full {
		t.Errorf("compacted although it is small")
	}
	if err := os.WriteFile(path+".compact", []byte("left by a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, options(path).WithCompactAbove(1<<20))
	if now := size(); now > 1<<20 {
		t.Errorf("%d bytes of %d are left", now, full)
	}
	if _, err := os.Stat(path + ".compact"); err == nil {
		t.Error("the temporary file is still there")
	}
	if d, err := s.Inbox().Delivery(keep[0]); err != nil || string(d.Body) != "body of keep" {
		t.Errorf("%+v, %v", d, err)
	}
	if next := add(t, s.Outbox(), entry("0"), entry("next")); len(next) != 1 || next[0] != 25 {
		t.Errorf("next in the outbox %v, want 25", next) // keys and numbers are remembered
	}
	if p, err := s.Page("1"); err != nil || p.Token != "t" {
		t.Errorf("%+v, %v", p, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestExample_IsAlwaysTheSame_AndOpens(t *testing.T) {
	a, b := newPath(t), newPath(t)
	if err := errors.Join(store.Example(a), store.Example(b)); err != nil {
		t.Fatal(err)
	}
	one, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	two, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two) || len(one) > 1<<18 {
		t.Errorf("%d and %d bytes, equal: %v", len(one), len(two), bytes.Equal(one, two))
	}
	s := open(t, store.Options{Path: a, Key: store.ExampleKey})
	pages := s.Pages()
	if len(pages) != 1 || pages[0].Token != "" || pages[0].Name == "" {
		t.Fatalf("pages %+v", pages)
	}
	if c, ok, err := s.Conversation("exampleRoom000001"); !ok || err != nil || c.Page != pages[0].ID {
		t.Errorf("conversation %+v, %v, %v", c, ok, err)
	}
}
