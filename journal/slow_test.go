package journal

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"messenger-bridge/replica"
	"messenger-bridge/sandbox/cable"
)

// fileOf returns a file that holds a text.
func fileOf(t *testing.T, text []byte) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.Write(text); err != nil {
		t.Fatal(err)
	}
	return f
}

// over returns a stream, and the line through which it is reached.
func over(t *testing.T, c Config) (*Stream, *cable.Cable) {
	t.Helper()
	nodes, err := one()
	if err != nil {
		t.Fatal(err)
	}
	line, err := cable.New(nodes.Addresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(line.Close)
	c.URL = "nats://" + line.Address()
	return open(t, c), line
}

// A snapshot that takes longer than any single question may take is stored and fetched all the same,
// and what is appended meanwhile does not wait for all of it.
func TestSnapshots_OverASlowLine(t *testing.T) {
	t.Parallel()
	c := config(t)
	near := open(t, c)
	term := claim(t, near, replica.Position{})
	store(t, term, "a")
	at := term.At()
	text := make([]byte, 1<<20)
	for i := range text {
		text[i] = byte(rand.Uint32())
	}
	const rate = 400 << 10
	t.Run("stored", func(t *testing.T) {
		s, line := over(t, c)
		line.Narrow(rate)
		began, put := time.Now(), make(chan error, 1)
		file := fileOf(t, text)
		go func() { put <- s.PutSnapshot(t.Context(), at, file) }()
		answered := 0
		for end := false; !end; {
			select {
			case err := <-put:
				if end = true; err != nil {
					t.Fatal(err)
				}
			default:
				if _, _, err := s.Last(t.Context()); err == nil {
					answered++
				}
			}
		}
		if answered == 0 {
			t.Error("meanwhile, the journal answers nothing")
		}
		if time.Since(began) < tryFor {
			t.Errorf("the line is not slow: %s", time.Since(began))
		}
	})
	t.Run("fetched", func(t *testing.T) {
		if err := near.PutSnapshot(t.Context(), at, fileOf(t, text)); err != nil {
			t.Fatal(err)
		}
		s, line := over(t, c)
		line.Narrow(rate)
		began, back := time.Now(), fileOf(t, nil)
		newest, err := s.Snapshot(t.Context())
		if err == nil {
			err = s.Fetch(t.Context(), newest, back)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(back.Name()); !bytes.Equal(got, text) {
			t.Error("something else was fetched")
		}
		if time.Since(began) < tryFor {
			t.Errorf("the line is not slow: %s", time.Since(began))
		}
	})
}

// reads calls a function each time it is read.
type reads struct {
	io.ReadSeeker
	each func()
}

func (r reads) Read(b []byte) (int, error) {
	r.each()
	return r.ReadSeeker.Read(b)
}

// The proof over a large snapshot holds nobody up who no longer wants it.
func TestSnapshots_TheProofIsGivenUp(t *testing.T) {
	t.Parallel()
	c, err := replica.NewChain(secret, "j")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	n := 0
	file := reads{bytes.NewReader(make([]byte, 1<<20)), func() { n++; stop() }}
	if _, err := proof(ctx, c, replica.Position{}, file); !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("read %d times, error %v", n, err)
	}
}

// hears tells when something is logged.
type hears struct {
	text string
	said chan struct{}
}

func (h hears) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(h.text)) {
		select {
		case h.said <- struct{}{}:
		default:
		}
	}
	return len(b), nil
}

// A node that is gone without a word is left after seconds also while much is being sent to it.
func TestStream_ANodeIsGoneWhileMuchIsSent(t *testing.T) {
	t.Parallel()
	c := config(t)
	h := hears{"is not reached", make(chan struct{}, 1)}
	c.Log = slog.New(slog.NewTextHandler(h, nil))
	s, line := over(t, c)
	line.Cut(true)
	go func() {
		for much := make([]byte, 512<<10); s.conn.Publish("much", much) == nil; {
		}
	}()
	select {
	case <-h.said:
	case <-time.After(20 * time.Second):
		t.Error("it is not left")
	}
}

// A snapshot for which NATS has no room leaves nothing there, and says why.
func TestSnapshots_ThereIsNoRoom_NothingIsLeft(t *testing.T) {
	t.Parallel()
	s := open(t, config(t))
	term := claim(t, s, replica.Position{})
	if err := s.PutSnapshot(t.Context(), term.At(), fileOf(t, []byte("small"))); err != nil {
		t.Fatal(err)
	}
	bucket := s.cfg.Name + "-snapshots"
	stream, err := s.js.Stream(t.Context(), "OBJ_"+bucket)
	if err != nil {
		t.Fatal(err)
	}
	limited := stream.CachedInfo().Config
	limited.MaxBytes = 1 << 20
	if _, err := s.js.UpdateStream(t.Context(), limited); err != nil {
		t.Fatal(err)
	}
	store(t, term, "a")
	err = s.PutSnapshot(t.Context(), term.At(), fileOf(t, make([]byte, 3<<20)))
	if err == nil || errors.Is(err, errStands) || !strings.Contains(err.Error(), "maximum bytes") {
		t.Errorf("stored without room: %v", err)
	}
	info, err := stream.Info(t.Context(), jetstream.WithSubjectFilter("$O."+bucket+".C.>"))
	if err != nil || len(info.State.Subjects) != 1 {
		t.Errorf("left: %v, %v", info.State.Subjects, err)
	}
}
