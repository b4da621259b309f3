package copied

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/proof"
	"messenger-bridge/store/space"
)

// copying is what the name of a copy under way has behind the store's. Nobody else names a file so.
const copying = ".copying-"

// Temporary creates a file beside the store at path, which only its owner may read, for a copy that
// is under way. Whoever copies the store holds its lock until the copy has no name any more.
func Temporary(path string) (*os.File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+copying+"*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make room for a copy: %w", err)
	}
	return f, nil
}

// beside is what must stay free beside a copy: with less, the store takes nothing.
const beside = 128 << 20

// HasRoom reports whether a copy of the store at path has room beside it, as far as that is known.
func HasRoom(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return true // making the copy tells what is wrong
	}
	free, err := space.Free(path)
	return err != nil || free >= uint64(info.Size())+beside // #nosec G115 -- sizes of files are not negative
}

// Whole returns a file that holds all that a view of the store at path shows, marked as a copy, as Mark does. It
// has no name any more.
func Whole(ctx context.Context, path string, view func(func(*bbolt.Tx) error) error, made time.Time, t proof.Tables, more ...func(*bbolt.Tx) error) (*os.File, error) {
	f, err := Temporary(path)
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	err = view(func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(UntilDone{Context: ctx, Writer: f})
		return err
	})
	if err == nil {
		err = Mark(f.Name(), made, t, more...)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// RemoveLeft removes the copies that runs left that were killed. It is for who holds the store's
// lock, or makes the store: nobody else copies it then.
func RemoveLeft(path string, log *slog.Logger) {
	all, err := os.ReadDir(filepath.Dir(path))
	for _, file := range all {
		if strings.HasPrefix(file.Name(), filepath.Base(path)+copying) && !file.IsDir() {
			err = errors.Join(err, os.Remove(filepath.Join(filepath.Dir(path), file.Name())))
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("what an earlier run left of a copy cannot be removed", "file", path, "err", err)
	}
}
