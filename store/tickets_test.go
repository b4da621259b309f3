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
			if _, err := s.SpendTicket(t.Context(), saved.ID, ""); err == nil {
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
	if _, err := s.SpendTicket(t.Context(), "a", ""); !errors.Is(err, bridge.ErrTicketExpired) {
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

// TestTicket_IsSpentWithThePages: of many saves at once one is stored, and one that meets
// another change spends nothing.
func TestTicket_IsSpentWithThePages(t *testing.T) {
	var now atomic.Int64
	now.Store(1_790_000_000)
	s := openAt(t, filepath.Join(t.TempDir(), "bolt.db"), &now)
	defer s.Close()
	if err := s.SaveTicket(t.Context(), bridge.Ticket{ID: "a", Kind: bridge.SettingsTicket, Expires: time.Unix(now.Load()+60, 0)}); err != nil {
		t.Fatal(err)
	}
	stale := bridge.Page{ID: "1", Rev: 7}
	if err := s.SavePages(t.Context(), []bridge.Page{{ID: "2"}, stale}, "a"); !errors.Is(err, bridge.ErrConflict) {
		t.Errorf("a stale page: %v", err)
	}
	if _, err := s.Page("2"); !errors.Is(err, bridge.ErrNoPage) {
		t.Error("one of two pages was stored")
	}
	if _, err := s.Ticket("a"); err != nil {
		t.Errorf("after a conflict: %v", err)
	}
	var saved atomic.Int32
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			err := s.SavePages(t.Context(), []bridge.Page{{ID: "1", Name: "one"}, {ID: "2", Name: "two"}}, "a")
			if err == nil {
				saved.Add(1)
			} else if !errors.Is(err, bridge.ErrTicketSpent) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if saved.Load() != 1 || len(s.Pages()) != 2 {
		t.Errorf("saved %d times, %d pages", saved.Load(), len(s.Pages()))
	}
	if err := s.SavePages(t.Context(), []bridge.Page{{ID: "3"}}, "never"); !errors.Is(err, bridge.ErrTicketUnknown) || len(s.Pages()) != 2 {
		t.Errorf("an unknown ticket: %v, %d pages", err, len(s.Pages()))
	}
}

// TestTicket_WhatHasSpentItMayGoOn: a command that was stopped is carried out again, and
// nothing else.
func TestTicket_WhatHasSpentItMayGoOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bolt.db")
	var now atomic.Int64
	now.Store(1_790_000_000)
	s := openAt(t, path, &now)
	if err := s.SaveTicket(t.Context(), bridge.Ticket{ID: "a", Kind: bridge.ConfirmTicket, Expires: time.Unix(now.Load()+60, 0)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SpendTicket(t.Context(), "a", "message 1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	now.Add(120)
	s = openAt(t, path, &now)
	defer s.Close()
	if got, err := s.SpendTicket(t.Context(), "a", "message 1"); err != nil || got.Kind != bridge.ConfirmTicket {
		t.Errorf("the same: %+v, %v", got, err)
	}
	for _, by := range []string{"message 2", ""} {
		if _, err := s.SpendTicket(t.Context(), "a", by); !errors.Is(err, bridge.ErrTicketSpent) {
			t.Errorf("by %q: %v", by, err)
		}
	}
}

func TestNote_IsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bolt.db")
	var now atomic.Int64
	s := openAt(t, path, &now)
	for _, text := range []string{"first", "second"} {
		if err := s.SaveNote(t.Context(), "room", text); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path, &now)
	defer s.Close()
	if got, err := s.Note("room"); err != nil || got != "second" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := s.Note("other"); err != nil || got != "" {
		t.Errorf("%q, %v", got, err)
	}
}
