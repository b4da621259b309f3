package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"messenger-bridge/store"
)

const golden = "../bolt.db.example"

// TestExample_OfTheRepository_IsWhatTheProgramWrites keeps bolt.db.example true:
// `make example` writes it anew. When the format changes, the old file moves to
// testdata, and a test upgrades it.
func TestExample_OfTheRepository_IsWhatTheProgramWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bolt.db")
	if err := store.Example(path); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fresh, committed) {
		t.Errorf("bolt.db.example has %d bytes and is not what the store writes today (%d bytes); run: make example", len(committed), len(fresh))
	}
}

func TestExample_OfTheRepository_Opens(t *testing.T) {
	content, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bolt.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(store.Options{Path: path, Key: store.ExampleKey})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pages := s.Pages()
	if len(pages) == 0 || pages[0].Token != "" {
		t.Errorf("pages are %+v", pages)
	}
}
