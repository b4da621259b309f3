// Package compact replaces a store's file by a copy without free pages.
package compact

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// Worth reports whether more than half of a large file is free.
func Worth(db *bbolt.DB, least int64) bool {
	info, err := os.Stat(db.Path())
	if err != nil || info.Size() <= least {
		return false
	}
	size := int64(0)
	err = db.View(func(tx *bbolt.Tx) error {
		size = tx.Size()
		return nil
	})
	free := int64(db.Stats().FreePageN)*int64(db.Info().PageSize) + info.Size() - size
	return err == nil && free > info.Size()/2
}

// File replaces the file at path by a copy without free pages. Stopped at any point,
// there is one whole file under the store's name: the old one, or the new one.
// db stays locked. Once replaced is true it belongs to a file without a name and
// must not be written, whatever the error.
func File(db *bbolt.DB, named string, log *slog.Logger) (replaced bool, err error) {
	path, err := filepath.EvalSymlinks(named)
	if err != nil {
		return false, err
	}
	temporary := path + ".compact"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("remove what an earlier run left: %w", err)
	}
	size, err := writeCompact(db, temporary)
	if err == nil {
		err = GiveToOwner(temporary, path)
	}
	if err != nil {
		return false, errors.Join(err, os.Remove(temporary))
	}
	before := db.Stats().FreePageN * db.Info().PageSize
	if err := os.Rename(temporary, path); err != nil {
		return false, errors.Join(fmt.Errorf("put the copy in place: %w", err), os.Remove(temporary))
	}
	log.Info("the store was compacted", "file", named, "freed", before, "size", size)
	return true, SyncDir(path)
}

func writeCompact(db *bbolt.DB, path string) (size int64, err error) {
	dst, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, NoSync: true})
	if err != nil {
		return 0, fmt.Errorf("create a copy: %w", err)
	}
	if err := bbolt.Compact(dst, db, 16<<20); err != nil {
		return 0, errors.Join(fmt.Errorf("copy: %w", err), dst.Close())
	}
	if err := errors.Join(dst.Sync(), dst.Close()); err != nil {
		return 0, fmt.Errorf("sync the copy: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// OpenFile is os.OpenFile; a file that is new belongs to the owner of its folder.
func OpenFile(name string, flag int, mode os.FileMode) (*os.File, error) {
	_, missing := os.Stat(name)
	f, err := os.OpenFile(name, flag, mode) // #nosec G304 -- the operator names the store
	if err != nil || !errors.Is(missing, os.ErrNotExist) {
		return f, err
	}
	if err := GiveToOwner(name, name); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// SyncDir makes a new or renamed file's name durable.
func SyncDir(file string) error {
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
