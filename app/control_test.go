package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestListenControl_ManyAtOnce_AllArePrivate: the socket is its owner's alone, and what
// else the process creates meanwhile keeps its mode.
func TestListenControl_ManyAtOnce_AllArePrivate(t *testing.T) {
	dir, err := os.MkdirTemp("", "mb") // a socket needs a short path
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			path := filepath.Join(dir, string(rune('0'+i)))
			l, err := listenControl(path + ".sock")
			if err != nil {
				t.Error(err)
				return
			}
			defer l.Close()
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Error(err)
				return
			}
			for of, want := range map[string]fs.FileMode{path + ".sock": 0o600, path: 0o700} {
				if info, err := os.Stat(of); err != nil || info.Mode().Perm() != want {
					t.Errorf("%s: %v, %v", of, info.Mode(), err)
				}
			}
		})
	}
	wg.Wait()
}
