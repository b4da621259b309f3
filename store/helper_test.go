package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

const (
	testKey  bridge.Secret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	otherKey bridge.Secret = "MTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
)

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "bolt.db") }

func options(path string) store.Options { return store.Options{Path: path, Key: testKey} }

func open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) // tests that care close it themselves
	return s
}

func closeStore(t testing.TB, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// openCopy opens a copy of the file and its log as they are on disk now: what a crash leaves.
func openCopy(t testing.TB, path string) *store.Store {
	t.Helper()
	return open(t, options(crashed(t, path)))
}

// crashed copies both. The log comes first: what is in the file by then needs none.
func crashed(t testing.TB, path string) string {
	t.Helper()
	copied := newPath(t)
	for _, name := range []string{".wal", ""} {
		data, err := os.ReadFile(path + name)
		if name != "" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(copied+name, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return copied
}

func lane(customer string) bridge.Lane {
	return bridge.Lane{Page: "page", Kind: bridge.Messages, Customer: bridge.CustomerID(customer)}
}

func entry(key string) bridge.Entry {
	return bridge.Entry{Lane: lane("customer"), Key: key, Body: []byte("body of " + key)}
}

// add appends entries and returns their sequence numbers.
func add(t testing.TB, q *store.Queue, entries ...bridge.Entry) []bridge.Seq {
	t.Helper()
	var seqs []bridge.Seq
	repeats, err := q.Append(context.Background(), entries, func(_ *bridge.Entry, s bridge.Seq) { seqs = append(seqs, s) })
	if err != nil {
		t.Fatal(err)
	}
	if repeats+len(seqs) != len(entries) {
		t.Fatalf("%d entries: %d repeats and %d stored", len(entries), repeats, len(seqs))
	}
	return seqs
}

func waiting(t testing.TB, q *store.Queue) []bridge.Delivery {
	t.Helper()
	var list []bridge.Delivery
	if err := q.Waiting(func(d *bridge.Delivery, _ int) { list = append(list, *d) }); err != nil {
		t.Fatal(err)
	}
	return list
}

// bodies returns what waits in a queue, in order.
func bodies(t testing.TB, q *store.Queue) []string {
	t.Helper()
	var list []string
	for _, w := range waiting(t, q) {
		d, err := q.Delivery(w.Seq)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(d.Body))
	}
	return list
}

func wantNoPlaintext(t testing.TB, path string, texts ...string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if bytes.Contains(data, []byte(text)) {
			t.Errorf("%q is in the file in clear", text)
		}
	}
}

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func conversation(n int) bridge.Conversation {
	return bridge.Conversation{Page: "100000000000001", Customer: bridge.CustomerID(fmt.Sprintf("%016d", n)), Kind: bridge.Messages}
}
