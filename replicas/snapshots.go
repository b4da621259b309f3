package replicas

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
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

const (
	lookEvery = time.Second     // how often is looked whether a snapshot is due
	failedFor = 5 * time.Minute // until the next try after several that failed
	firstFor  = time.Minute     // likewise where there is none yet: somebody may wait for it
)

// due says when a snapshot is due: when the journal has grown by so many bytes since the newest, or
// when that is so old. What was erased stands in the journal until there are two later ones.
type due struct {
	bytes int64
	age   time.Duration
}

// keepSnapshots stores a snapshot when there is none, and when one is due. It fails in silence but for the
// log: nobody waits for it.
func (m *Member) keepSnapshots(ctx context.Context, stream *journal.Stream, take func(io.Writer) (replica.Position, error), due due) {
	began, noticed, known := stream.Figures.Bytes(), time.Now(), false
	age := due.age + rand.N(due.age/24) // #nosec G404 -- no secret: two that follow must not begin at once
	for wait, failing := time.Duration(0), lookEvery; ; wait = lookEvery {
		pause(ctx, wait)
		if ctx.Err() != nil {
			return
		}
		grown := int64(stream.Figures.Bytes()-began) >= due.bytes // #nosec G115 -- a count of bytes
		// Clocks may be set wrong, here and at NATS: whatever they say, one is made after age at the latest, and not before age/24.
		before := newest(m)
		old := time.Since(noticed) >= age || time.Since(noticed) >= age/24 && time.Since(before.Made) >= age
		if known && !grown && !old {
			continue
		}
		found, err := stream.Snapshot(ctx)
		switch {
		case err == nil && (!known || !found.Made.Equal(before.Made)): // somebody else has made one
			m.set(func() { m.snapshot = found })
		case err == nil || errors.Is(err, journal.ErrNoSnapshot) && m.State().Role == Leader:
			if err := m.putSnapshot(ctx, stream, take); ctx.Err() != nil {
				return
			} else if err != nil {
				m.cfg.Log.Warn("no snapshot could be stored", "err", err)
				pause(ctx, failing)
				if failing *= 2; known {
					failing = min(failing, failedFor)
				} else {
					failing = min(failing, firstFor)
				}
				continue
			}
		default:
			continue
		}
		began, noticed, known, failing = stream.Figures.Bytes(), time.Now(), true, lookEvery
	}
}

// newest is the newest snapshot that a replica knows of.
func newest(m *Member) (s journal.Snapshot) {
	m.set(func() { s = m.snapshot })
	return s
}

// putSnapshot copies the file beside itself first, so that it is not held up while it is sent.
func (m *Member) putSnapshot(ctx context.Context, stream *journal.Stream, take func(io.Writer) (replica.Position, error)) error {
	if !copied.HasRoom(m.cfg.Store.Path) {
		return errors.New("take a snapshot: the disk has no room for a copy of the store beside it")
	}
	f, err := copied.Temporary(m.cfg.Store.Path)
	if err != nil {
		return fmt.Errorf("take a snapshot: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	at, err := take(copied.UntilDone{Context: ctx, Writer: m.cfg.seams.copying(ctx, f)}) // leadership never waits for it
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
	made, err := stream.Snapshot(ctx) // as NATS tells its time
	if err != nil {
		made = journal.Snapshot{At: at, Made: time.Now()}
	}
	m.set(func() { m.snapshot = made })
	return nil
}
