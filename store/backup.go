package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/copied"
)

// Backup writes a consistent copy of the running store to w and returns its
// length in bytes. The copy opens with the same key, which is not in it.
//
// It is copied to a temporary file beside the store first: while it is read, no
// page of the store can be used again, and w may be slow.
func (s *Store) Backup(ctx context.Context, w io.Writer) (int64, error) {
	size := s.stats.Load().FileSize
	if free, err := s.seams.free(s.path); err == nil && free < uint64(size)+2*diskFloor { // #nosec G115 -- sizes of files are not negative
		return 0, fmt.Errorf("back up: %w: %d MB are needed beside %s", ErrDiskFull, (size+2*diskFloor)>>20, s.path)
	}
	if err := s.settled(ctx); err != nil {
		return 0, fmt.Errorf("back up: %w", err)
	}
	s.copying.RLock() // whoever opens the store next removes what has a name
	f, err := copied.Whole(ctx, s.path, s.view, s.now(), s.tables, func(tx *bbolt.Tx) error { return markLog(tx, s.seal, 0) })
	s.copying.RUnlock()
	if err != nil {
		return 0, fmt.Errorf("back up: %w", errors.Join(err, context.Cause(ctx)))
	}
	defer f.Close()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("back up: %w", err)
	}
	n, err := io.Copy(copied.UntilDone{Context: ctx, Writer: w}, f)
	if err != nil {
		return n, fmt.Errorf("back up: %w", err)
	}
	return n, nil
}
