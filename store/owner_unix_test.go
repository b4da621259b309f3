//go:build unix

package store_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"messenger-bridge/store"
	"messenger-bridge/store/compact"
)

// TestOwner_WhatRootMakes_IsTheServices: commands are typed as root, and the service has to open
// what they leave.
func TestOwner_WhatRootMakes_IsTheServices(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root makes files for others")
	}
	const service = 12345
	dir := t.TempDir()
	path := filepath.Join(dir, "bolt.db")
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	give := func(name string) {
		if err := os.Chown(name, service, service); err != nil {
			t.Fatal(err)
		}
	}
	owned := func(when string, names ...string) {
		t.Helper()
		for _, name := range names {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if of := info.Sys().(*syscall.Stat_t); of.Uid != service || of.Gid != service {
				t.Errorf("%s: %s is of %d:%d", when, filepath.Base(name), of.Uid, of.Gid)
			}
		}
	}
	give(dir)
	s, err := store.Open(store.Options{Path: path, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	owned("made", path, path+".key")
	give(path)
	if err := os.Chown(dir, 0, 0); err != nil { // the file's owner decides, not the folder's
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := compact.File(db, path, log); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	owned("compacted", path)
	give(path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(backup, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	aside, err := store.Restore(backup, store.Options{Path: path, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	owned("restored", path, aside)
	give(dir)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(backup, store.Options{Path: path, Log: log}); err != nil {
		t.Fatal(err)
	}
	owned("restored where there was none", path)
}
