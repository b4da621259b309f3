package e2e

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/replica"
	"messenger-bridge/store"
	"messenger-bridge/store/changes"
)

var shadowed = flag.Bool("shadow", false, "a shadow follows the store of each bridge that runs in this process; when it stops, both files must be the same")

// shadow follows a store as a replica would, from what the file is when it is first written. It keeps what it is told, and
// makes the changes when the bridge has stopped.
type shadow struct {
	store store.Options
	copy  string

	mu    sync.Mutex // guards the fields below
	steps []changes.Step
}

func newShadow(o store.Options, dir string) *shadow {
	return &shadow{store: o, copy: filepath.Join(dir, "shadow.db")}
}

// Append implements replica.Journal.
func (s *shadow) Append(text []byte) (replica.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.steps) == 0 { // nothing of this transaction is in the file yet
		if err := errors.Join(copyOver(s.store.Path, s.copy), copyOver(s.store.Path+".key", s.copy+".key")); err != nil {
			return replica.Position{}, err
		}
	}
	at := replica.Position{Seq: uint64(len(s.steps) + 1), Epoch: 1}
	s.steps = append(s.steps, changes.Step{At: at, Changes: append([]byte{}, text...)})
	return at, nil
}

// Beat implements replica.Journal.
func (s *shadow) Beat() error { return nil }

// BeatEvery implements replica.Journal.
func (s *shadow) BeatEvery() time.Duration { return time.Hour }

// differs makes all changes and returns in what the files differ; the bridge has stopped.
func (s *shadow) differs() (string, error) {
	if len(s.steps) == 0 {
		return "", nil
	}
	o := s.store
	o.Path = s.copy
	c, err := store.OpenCopy(o)
	if err != nil {
		return "", err
	}
	if err := errors.Join(c.Apply(s.steps), c.Close()); err != nil {
		return "", err
	}
	var files []*bbolt.DB
	for _, path := range []string{s.store.Path, s.copy} {
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Minute})
		if err != nil {
			return "", err
		}
		defer db.Close()
		files = append(files, db)
	}
	return changes.Differ(files[0], files[1])
}

// copyOver copies a file, if there is one.
func copyOver(from, to string) error {
	in, err := os.Open(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// follow lets a shadow follow the next run of the bridge; compare looks at it when that has ended.
func (w *world) follow() (compare func()) {
	w.Helper()
	dir, err := os.MkdirTemp("", "shadow") // it is needed longer than TempDir is there
	if err != nil {
		w.Fatal(err)
	}
	s := newShadow(store.Options{Path: w.cfg.Store.Database, Key: w.cfg.Store.SecretKey}, dir)
	w.cfg.Store.Beside = s
	return func() {
		w.Helper()
		defer os.RemoveAll(dir)
		if difference, err := s.differs(); difference != "" || err != nil {
			w.Errorf("the shadow of %s differs after %d steps: %s, error %v", filepath.Base(s.store.Path), len(s.steps), difference, err)
		}
	}
}

// TestShadow_FollowsWhatHappens is the short form: a talk with all that is stored besides, over a restart.
func TestShadow_FollowsWhatHappens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	for run := range 2 {
		w.followed = true
		w.run()
		for i := range 5 {
			mid := w.meta.CustomerWrites(page, anna, fmt.Sprint("question ", run, i))
			rid := w.room()
			w.eventually("it is shown", func() bool { return len(w.texts()) == 5*run+i+1 })
			id := w.agent.Says(rid, fmt.Sprint("answer ", run, i))
			w.eventually("it arrives", func() bool { return len(w.received(anna)) == 6*run+i+1 })
			if i == 4 {
				w.meta.Send(w.meta.ReactionEvent(page, anna, mid, "love", "❤️", time.Now()))
				w.agent.Edits(id, fmt.Sprint("corrected ", run, i))
				w.eventually("the correction arrives", func() bool { return len(w.received(anna)) == 6*run+i+2 })
			}
		}
		w.settled()
		w.halt()
		if steps := w.cfg.Store.Beside.(*shadow).steps; len(steps) < 10 {
			t.Errorf("only %d steps were followed", len(steps))
		}
	}
}
