package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

const golden = "../bolt.db.example"

// TestExample_OfTheRepository_IsWhatTheProgramWrites keeps bolt.db.example true:
// `make example` writes it anew.
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

// TestLink_OfAnOlderVersion_IsReadAndWrittenAnew reads a store whose links do not say
// for which event their room was opened.
func TestLink_OfAnOlderVersion_IsReadAndWrittenAnew(t *testing.T) {
	content, err := os.ReadFile("testdata/link-version-1.db")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bolt.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "bolt.db")
	if err := store.Example(fresh); err != nil {
		t.Fatal(err)
	}
	c := bridge.Conversation{Page: "100000000000001", Customer: "200000000000002", Kind: bridge.Messages}
	link := func(path string, change func(*store.Store, bridge.Link)) bridge.Link {
		t.Helper()
		s, err := store.Open(store.Options{Path: path, Key: store.ExampleKey})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		l, err := s.Link(c)
		if err != nil || l.Room == "" {
			t.Fatalf("%+v, %v", l, err)
		}
		if change != nil {
			change(s, l)
		}
		return l
	}
	old := link(path, func(s *store.Store, l bridge.Link) {
		l.Begin = "fb1"
		if err := s.SaveLink(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	})
	if want := link(fresh, nil); old.Room != want.Room || old.Department != want.Department || old.Begin != "" {
		t.Errorf("read %+v, want %+v", old, want)
	}
	if l := link(path, nil); l.Begin != "fb1" || l.Room != old.Room || l.Visitor != old.Visitor {
		t.Errorf("written anew: %+v", l)
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
