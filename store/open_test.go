package store_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// wantRefused opens a file that must be refused and stay as it is.
func wantRefused(t *testing.T, o store.Options, want error) {
	t.Helper()
	before, _ := os.ReadFile(o.Path)
	s, err := store.Open(o)
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if err != nil && !strings.Contains(err.Error(), o.Path) {
		t.Errorf("the error does not name the file: %v", err)
	}
	if after, _ := os.ReadFile(o.Path); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
}

func TestOpen_WrongKey_IsRefusedAndChangesNothing(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	add(t, s.Inbox(), entry("a"))
	closeStore(t, s)
	wantRefused(t, store.Options{Path: path, Key: otherKey}, store.ErrWrongKey)
	wantRefused(t, store.Options{Path: path}, store.ErrNoKey)
	if _, err := os.Stat(path + ".key"); err == nil {
		t.Error("a new key was made for an old store")
	}
	if got := bodies(t, open(t, options(path)).Inbox()); len(got) != 1 {
		t.Errorf("waiting afterwards: %q", got)
	}
}

func TestOpen_WithoutKey_MakesAKeyFileOnce(t *testing.T) {
	path := newPath(t)
	s := open(t, store.Options{Path: path})
	token := s.VisitorToken(conversation(1))
	closeStore(t, s)
	for _, file := range []string{path, path + ".key"} {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	s = open(t, store.Options{Path: path})
	if s.VisitorToken(conversation(1)) != token {
		t.Error("the visitor token changed")
	}
	closeStore(t, s)
	key, err := os.ReadFile(path + ".key")
	if err != nil {
		t.Fatal(err)
	}
	open(t, store.Options{Path: path, Key: bridge.Secret(key)}) // the same key, given
}

func TestOpen_TakesEveryFormOfBase64(t *testing.T) {
	raw := bytes.Repeat([]byte{0xfb, 0xff}, 16)
	path := newPath(t)
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		closeStore(t, open(t, store.Options{Path: path, Key: bridge.Secret(e.EncodeToString(raw) + "\n")}))
	}
	for _, bad := range []bridge.Secret{"short", "not base64 at all!!", bridge.Secret(base64.StdEncoding.EncodeToString(raw[:31]))} {
		_, err := store.Open(store.Options{Path: path, Key: bad})
		if err == nil || strings.Contains(err.Error(), bad.Reveal()) || !strings.Contains(err.Error(), "SECRET_KEY") {
			t.Errorf("%s: %v", bad.Reveal(), err)
		}
	}
}

func TestOpen_SecondProcess_IsToldWhoHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the second one waits
		path := newPath(t)
		s := open(t, options(path))
		defer s.Close()
		wantRefused(t, options(path), store.ErrLocked)
	})
}

func TestOpen_WhatIsNoStore_IsRefusedAndUntouched(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	s := open(t, options(good))
	for i := range 50 {
		add(t, s.Inbox(), bridge.Entry{Lane: lane("l"), Key: string(rune('a' + i)), Body: make([]byte, 3000)})
	}
	closeStore(t, s)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other.db")
	db, err := bbolt.Open(other, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("users")); return err })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"text":      []byte("DATABASE=bolt.db\n"),
		"long text": bytes.Repeat([]byte("some log line\n"), 10000),
		"other":     foreign,
		"truncated": whole[:40960],
		"cut":       whole[:5000],
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			wantRefused(t, options(path), store.ErrForeign)
		})
	}
	wantRefused(t, options(dir), store.ErrForeign)
}

func TestOpen_EmptyFile_BecomesAStore(t *testing.T) {
	path := newPath(t)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	add(t, open(t, store.Options{Path: path}).Inbox(), entry("a"))
}

func TestOpen_OtherFormats_AreUpgradedOrRefused(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	add(t, s.Inbox(), entry("a"))
	closeStore(t, s)

	broken := options(path).NextFormat(func(put func(_, _, _ string) error) error {
		return errors.Join(put("states", "half", "done"), errors.New("broken step"))
	})
	if _, err := store.Open(broken); err == nil || !strings.Contains(err.Error(), "broken step") {
		t.Errorf("a failing upgrade: %v", err)
	}
	s = open(t, options(path)) // still the old format
	closeStore(t, s)

	steps := 0
	next := options(path).NextFormat(func(put func(_, _, _ string) error) error {
		steps++
		return put("cursors", "upgraded", "\x00\x00\x00\x00\x00\x00\x00\x01")
	})
	for range 2 {
		s = open(t, next)
		if at, _ := s.Cursor("upgraded"); at.UnixNano() != 1 {
			t.Errorf("not upgraded: %v", at)
		}
		if got := bodies(t, s.Inbox()); len(got) != 1 {
			t.Errorf("waiting: %q", got)
		}
		closeStore(t, s)
	}
	if steps != 1 {
		t.Errorf("the step was made %d times", steps)
	}
	wantRefused(t, options(path), store.ErrNewer)
}

// Whoever waits for a file that is compacted meanwhile must not get the old one.
func TestOpen_FileReplacedWhileWaiting_TheNewOneIsLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path, other := newPath(t), newPath(t)
		closeStore(t, open(t, options(other)))
		s := open(t, options(path))
		result := make(chan error)
		go func() {
			locked, unlock, err := options(path).Lock()
			if err != nil {
				result <- err
				return
			}
			named, err := os.Stat(path)
			if err == nil && !os.SameFile(locked, named) {
				err = errors.New("the old file was locked")
			}
			result <- errors.Join(err, unlock())
		}()
		synctest.Wait() // it waits for s
		if err := os.Rename(other, path); err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}
