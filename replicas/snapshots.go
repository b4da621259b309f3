package replicas

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"messenger-bridge/journal"
	"messenger-bridge/replica"
	"messenger-bridge/store/compact"
	"messenger-bridge/store/copied"
)

// fetch puts the newest snapshot in the place of the file.
func fetch(ctx context.Context, stream *journal.Stream, path string, log *slog.Logger) error {
	newest, err := stream.Snapshot(ctx)
	if err != nil {
		return err
	}
	copied.RemoveLeft(path, log)
	f, err := copied.Temporary(path)
	if err != nil {
		return fmt.Errorf("fetch a snapshot: %w", err)
	}
	defer os.Remove(f.Name())
	err = stream.Fetch(ctx, newest, f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("fetch a snapshot: %w", err)
	}
	log.Info("started from a snapshot", "record", newest.At.Seq, "bytes", newest.Size)
	return compact.SyncDir(path)
}

// lookEvery is how often is looked whether a snapshot is due.
const lookEvery = time.Second

// keepSnapshots stores a snapshot when there is none, and when the journal has grown by so many
// bytes since the newest. It fails in silence but for the log: nobody waits for it.
func (m *Member) keepSnapshots(ctx context.Context, stream *journal.Stream, take func(io.Writer) (replica.Position, error), every int64) {
	began, known, last := stream.Figures.Bytes(), false, uint64(0)
	for wait := time.Duration(0); ; wait = lookEvery {
		pause(ctx, wait)
		if ctx.Err() != nil {
			return
		}
		if known && int64(stream.Figures.Bytes()-began) < every { // #nosec G115 -- a count of bytes
			continue
		}
		newest, err := stream.Snapshot(ctx)
		switch {
		case err == nil && (!known || newest.At.Seq > last): // somebody else has made one
			m.set(func() { m.snapshot = newest })
		case err == nil || errors.Is(err, journal.ErrNoSnapshot) && m.State().Role == Leader:
			if err := m.putSnapshot(ctx, stream, take); err != nil {
				m.cfg.Log.Warn("no snapshot could be stored", "err", err)
				continue
			}
		default:
			continue
		}
		began, known = stream.Figures.Bytes(), true
		m.set(func() { last = m.snapshot.At.Seq })
	}
}

// putSnapshot copies the file beside itself first, so that it is not held up while it is sent.
func (m *Member) putSnapshot(ctx context.Context, stream *journal.Stream, take func(io.Writer) (replica.Position, error)) error {
	f, err := copied.Temporary(m.cfg.Store.Path)
	if err != nil {
		return fmt.Errorf("take a snapshot: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	at, err := take(f)
	if err != nil {
		return err
	}
	if at == (replica.Position{}) {
		return errors.New("take a snapshot: nothing was written yet")
	}
	if err := stream.PutSnapshot(ctx, at, f); err != nil {
		return err
	}
	m.cfg.Log.Info("a snapshot was stored", "record", at.Seq)
	m.set(func() { m.snapshot = journal.Snapshot{At: at, Made: time.Now()} })
	return nil
}
