package apart_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"messenger-bridge/store"
	"messenger-bridge/store/apart"
)

// Who looks keeps nobody from opening the store, sees it as it was, and changes nothing.
func TestOpen_SomebodyOpensTheStoreMeanwhile_BothGoOn(t *testing.T) {
	dir := t.TempDir()
	o := store.Options{Path: filepath.Join(dir, "bolt.db")}
	s, err := store.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	save := func(s *store.Store, text string) {
		t.Helper()
		if err := s.SaveNote(t.Context(), "note", text); err != nil {
			t.Fatal(err)
		}
	}
	reads := func(s *store.Store, want string) {
		t.Helper()
		if text, err := s.Note("note"); err != nil || text != want {
			t.Errorf("reads %q, %v; want %q", text, err, want)
		}
	}
	save(s, "before")
	if _, err := apart.Open(o); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a store in use is opened: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	looks, err := apart.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	reads(looks, "before")
	save(looks, "of the one who looks")
	if after, err := os.ReadFile(o.Path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed, %v", err)
	}
	if s, err = store.Open(o); err != nil {
		t.Fatal(err)
	}
	save(s, "after")
	reads(looks, "of the one who looks")
	if err := errors.Join(looks.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if s, err = store.Open(o); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	reads(s, "after")
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 { // the store and its key
		t.Errorf("left are %v, %v", left, err)
	}
}
