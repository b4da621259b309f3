package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	if left, _ := filepath.Glob(path + ".backup*"); len(left) != 0 {
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
