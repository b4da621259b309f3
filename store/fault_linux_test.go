package store_test

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// limitFileSize makes writing beyond a size fail, in this whole process: to bbolt
// it is a full disk.
func limitFileSize(t *testing.T, bytes uint64) (lift func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Skip(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: old.Max}); err != nil {
		t.Skip(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDiskRefusesToWrite_NothingIsLostOrDoubled(t *testing.T) {
	for name, limit := range map[string]uint64{
		"within the file":  6 << 20, // writing pages fails
		"growing the file": 20 << 20,
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			s := open(t, options(path))
			send := func(i int) error {
				e := bridge.Entry{Lane: lane("l"), Key: fmt.Sprint(i), Body: make([]byte, 256<<10)}
				_, err := s.Inbox().Append(context.Background(), []bridge.Entry{e}, nil)
				return err
			}
			if err := send(0); err != nil { // sets 16 MB aside
				t.Fatal(err)
			}
			lift := limitFileSize(t, limit)
			n := 1
			for ; n < 200; n++ {
				err := send(n)
				if errors.Is(err, store.ErrNotStored) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			again := send(n)
			health := s.Health()
			lift()
			if n == 200 || n < 5 || again == nil || health == nil {
				t.Fatalf("%d stored, then %v, health %v", n, again, health)
			}
			if err := send(n); err != nil {
				t.Fatalf("with room again: %v", err)
			}
			if err := s.Health(); err != nil {
				t.Errorf("health: %v", err)
			}
			closeStore(t, s)
			s = open(t, options(path))
			if got := len(bodies(t, s.Inbox())); got != n+1 {
				t.Errorf("%d are there, %d were acknowledged", got, n+1)
			}
		})
	}
}
