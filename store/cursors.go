package store

import (
	"context"
	"fmt"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/proof"
)

// CursorTable remembers how far something was read, when pages were active, and whether the
// store is a copy.
type CursorTable struct{ *file }

var _ bridge.ListedCursors = CursorTable{}

// Cursor returns how far something was read; zero if that was never saved.
func (s CursorTable) Cursor(name string) (time.Time, error) {
	return s.lazy.Cursor(name), nil
}

// CursorsUnder implements bridge.ListedCursors.
func (s CursorTable) CursorsUnder(prefix string) []string {
	return s.lazy.CursorsUnder(prefix)
}

// SaveCursor says how far something was read; the zero time forgets it. It is durable
// with the next commit, 5 s later at most, or when Close returns: an older one means
// more to catch up. What was saved before is durable no later.
func (s CursorTable) SaveCursor(name string, at time.Time) error {
	if name == "" || len(name) > layout.MaxLane {
		return fmt.Errorf("name of a cursor has %d bytes", len(name))
	}
	if !s.lazy.SaveCursor(name, at) {
		return ErrClosed
	}
	return nil
}

// KeepCursor is SaveCursor and returns when it is durable.
func (s CursorTable) KeepCursor(ctx context.Context, name string, at time.Time) error {
	if err := s.SaveCursor(name, at); err != nil {
		return err
	}
	return s.do(ctx, &op{apply: func(*group) {}}) // the cursor rides with its commit
}

func loadCursors(f *file, b proof.Bucket) error {
	return b.ForEach(func(name, v []byte) error {
		if len(v) != 8 {
			return fmt.Errorf("read cursor %s: %w", name, layout.ErrShort)
		}
		f.lazy.LoadCursor(string(name), layout.FromNanos(v))
		return nil
	})
}
