package ahead

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func newLog(t *testing.T, state State) (*Log, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bolt.db.wal")
	l, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	l.Start(state)
	return l, path
}

func appended(t *testing.T, l *Log, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := l.Append([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
}

func wantTexts(t *testing.T, path string, state State, want ...string) {
	t.Helper()
	texts, err := Read(path, state)
	if err != nil || fmt.Sprintf("%s", texts) != fmt.Sprintf("%s", want) {
		t.Errorf("state %d: %.200q, %v; want %.200q", state, texts, err, want)
	}
}

func TestLog_WhatWasAppended_IsReadInOrder(t *testing.T) {
	l, path := newLog(t, 1)
	large := string(bytes.Repeat([]byte("large"), Size/5))
	appended(t, l, "a", "bb", large, "ccc") // which makes the file longer
	wantTexts(t, path, 1, "a", "bb", large, "ccc")
	wantTexts(t, path, 2)
}

func TestLog_BegunAnew_WhatStoodThereIsNotReadAgain(t *testing.T) {
	l, path := newLog(t, 1)
	appended(t, l, "a", "b", "c")
	l.Start(2)
	wantTexts(t, path, 2)
	appended(t, l, "d") // as long as the one in its place, so that the next ones are whole
	wantTexts(t, path, 2, "d")
	wantTexts(t, path, 1)
}

func TestLog_Missing_HasNothing(t *testing.T) {
	wantTexts(t, filepath.Join(t.TempDir(), "none"), 1)
}

func TestLog_OpenedAgain_ItsRecordsAreThere(t *testing.T) {
	l, path := newLog(t, 1)
	appended(t, l, "a", "b")
	l.Close()
	again, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	wantTexts(t, path, 1, "a", "b")
	if info, err := os.Stat(path); err != nil || info.Size() != Size || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// A crash leaves any part of what was written last, over what stood there before.
func TestLog_CutOffAnywhere_HasAllRecordsBefore(t *testing.T) {
	l, path := newLog(t, 1)
	appended(t, l, "the first of the past", "the second of the past")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Start(2)
	appended(t, l, "acknowledged")
	first := l.Len()
	appended(t, l, "not acknowledged")
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := int(l.Len())
	before, after = before[:last+100], after[:last+100] // the rest is zeros
	for cut := int(first); cut < last; cut++ {
		torn := append(bytes.Clone(after[:cut]), before[cut:]...)
		if err := os.WriteFile(path, torn, 0o600); err != nil {
			t.Fatal(err)
		}
		wantTexts(t, path, 2, "acknowledged")
	}
	for bit := int(first) * 8; bit < last*8; bit++ {
		torn := bytes.Clone(after)
		torn[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, torn, 0o600); err != nil {
			t.Fatal(err)
		}
		wantTexts(t, path, 2, "acknowledged")
	}
}

func TestLog_SyncFails_IsTold(t *testing.T) {
	broken := errors.New("input/output error")
	l, err := Open(filepath.Join(t.TempDir(), "log"), func() error { return broken })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.Start(1)
	if err := l.Append([]byte("a")); !errors.Is(err, broken) {
		t.Error(err)
	}
	if l.Len() != 0 {
		t.Errorf("%d bytes count", l.Len())
	}
}

func TestLog_Wiped_NothingOfItIsLeft(t *testing.T) {
	l, path := newLog(t, 1)
	appended(t, l, "customer 4711", string(bytes.Repeat([]byte("customer 4711"), Size/13+1)))
	l.Start(2)
	if err := l.Wipe(); err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadFile(path)
	if err != nil || len(all) != Size || bytes.Contains(all, []byte("4711")) {
		t.Errorf("%d bytes, %v", len(all), err)
	}
	appended(t, l, "b")
	wantTexts(t, path, 2, "b")
}

// FuzzRead: whatever stands in a file, reading it ends, and gives records of one state only.
func FuzzRead(f *testing.F) {
	whole := appendRecord(appendRecord(nil, 7, 0, []byte("one")), 7, 1, []byte("two"))
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	path := filepath.Join(f.TempDir(), fmt.Sprint(rand.Uint64()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		texts, err := Read(path, 7)
		if err != nil {
			t.Fatal(err)
		}
		var again []byte
		for i, text := range texts {
			again = appendRecord(again, 7, uint32(i), text)
		}
		if !bytes.HasPrefix(b, again) {
			t.Errorf("read %q of %q", texts, b)
		}
	})
}
