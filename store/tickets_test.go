package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

func openAt(t *testing.T, path string, now *atomic.Int64) *store.Store {
	t.Helper()
	s, err := store.Open(store.Options{Path: path, Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTicket_IsSpentOnceWhateverHappens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bolt.db")
	var now atomic.Int64
	now.Store(1_790_000_000)
	s := openAt(t, path, &now)
	saved := bridge.Ticket{ID: "SECRETTICKETID", Kind: bridge.LoginTicket, For: bridge.Author{Username: "ana"},
		Expires: time.Unix(now.Load()+600, 0), Data: []byte("what the ticket holds")}
	if err := s.SaveTicket(t.Context(), saved); err != nil {
		t.Fatal(err)
	}
	for range 3 { // looking spends nothing
		if got, err := s.Ticket(saved.ID); err != nil || got.For.Username != "ana" || string(got.Data) != string(saved.Data) {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := s.SpendTicket(t.Context(), saved.ID); err == nil {
				won.Add(1)
			} else if !errors.Is(err, bridge.ErrTicketSpent) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("spent %d times", won.Load())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path, &now)
	defer s.Close()
	if _, err := s.Ticket(saved.ID); !errors.Is(err, bridge.ErrTicketSpent) {
		t.Errorf("after a restart: %v", err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, clear := range []string{saved.ID, "what the ticket holds", "ana"} {
		if bytes.Contains(file, []byte(clear)) {
			t.Errorf("the file shows %q", clear)
		}
	}
}

func TestTicket_ExpiresAndIsForgotten(t *testing.T) {
	var now atomic.Int64
	now.Store(1_790_000_000)
	s := openAt(t, filepath.Join(t.TempDir(), "bolt.db"), &now)
	defer s.Close()
	save := func(id string) {
		t.Helper()
		if err := s.SaveTicket(t.Context(), bridge.Ticket{ID: id, Kind: bridge.SettingsTicket, Expires: time.Unix(now.Load()+60, 0)}); err != nil {
			t.Fatal(err)
		}
	}
	save("a")
	save("b")
	now.Add(60)
	if _, err := s.Ticket("a"); !errors.Is(err, bridge.ErrTicketExpired) {
		t.Errorf("expired: %v", err)
	}
	if _, err := s.SpendTicket(t.Context(), "a"); !errors.Is(err, bridge.ErrTicketExpired) {
		t.Errorf("expired, spent: %v", err)
	}
	now.Add(25 * 3600)
	save("c")
	for _, id := range []string{"a", "b", "never"} {
		if _, err := s.Ticket(id); !errors.Is(err, bridge.ErrTicketUnknown) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := s.Ticket("c"); err != nil {
		t.Error(err)
	}
}

func TestSign_DependsOnPurposeTextAndKey(t *testing.T) {
	var now atomic.Int64
	dir := t.TempDir()
	one, two := openAt(t, filepath.Join(dir, "1.db"), &now), openAt(t, filepath.Join(dir, "2.db"), &now)
	defer one.Close()
	defer two.Close()
	a := one.Sign("login", "x")
	if a != one.Sign("login", "x") || a == one.Sign("choice", "x") || a == one.Sign("login", "y") || a == two.Sign("login", "x") {
		t.Error("signatures do not tell purpose, text or key apart")
	}
}
