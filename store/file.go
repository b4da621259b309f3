package store

import (
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// mapped is how much of the file is mapped into memory at least: address space,
// no memory. When the file outgrows its mapping, the writer waits for all readers.
const mapped = 1 << 30

// openFile opens the file, checks it and brings it up to date. A file that it
// refuses is as it was.
func openFile(o Options, seal *sealer) (*bbolt.DB, error) {
	db, err := openChecked(o, seal)
	if err != nil || !worthCompacting(db, o.seams.compact) {
		return db, err
	}
	if err := compact(db, o); err != nil {
		o.Log.Warn("the store could not be compacted, it stays as it is", "file", o.Path, "err", err)
		return db, nil
	}
	if err := db.Close(); err != nil {
		return nil, fmt.Errorf("close the store after compacting: %w", err)
	}
	return openChecked(o, seal)
}

// openChecked turns into errors what bbolt does with a damaged file: it panics,
// or reads beyond the end of what is mapped.
func openChecked(o Options, seal *sealer) (db *bbolt.DB, err error) {
	var file *os.File
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			file.Close()
			db, err = nil, fmt.Errorf("%w: %s is damaged (%v); restore a backup", ErrForeign, o.Path, p)
		}
	}()
	db, err = lockFile(o, &file)
	if err != nil {
		return nil, err
	}
	if err := prepare(db, o.Path, seal, o.seams.format, o.seams.upgrades); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// lockFile opens and locks. The file that was locked may no longer be the one of
// that name, when somebody compacted it meanwhile: then it is done again.
func lockFile(o Options, file **os.File) (*bbolt.DB, error) {
	for range 3 {
		db, err := bbolt.Open(o.Path, 0o600, options(o, file))
		switch {
		case errors.Is(err, berrors.ErrTimeout):
			return nil, fmt.Errorf("%w: another process has %s open; stop it, or ask it over its socket", ErrLocked, o.Path)
		case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
			return nil, fmt.Errorf("%w: %s is something else, or damaged (%w); choose another DATABASE, or restore a backup",
				ErrForeign, o.Path, err)
		case err != nil:
			return nil, fmt.Errorf("open the store: %w", err)
		}
		locked, err := (*file).Stat()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open the store: %w", err), db.Close())
		}
		named, err := os.Stat(o.Path)
		switch {
		case err == nil && os.SameFile(locked, named):
			return db, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, errors.Join(fmt.Errorf("open the store: %w", err), db.Close())
		}
		if err := db.Close(); err != nil {
			return nil, fmt.Errorf("open the store: %w", err)
		}
	}
	return nil, fmt.Errorf("%w: %s is being replaced", ErrLocked, o.Path)
}

func options(o Options, file **os.File) *bbolt.Options {
	opts := &bbolt.Options{
		Timeout:        time.Second,
		NoFreelistSync: true, // else each commit writes a list that grows with the free pages
		FreelistType:   bbolt.FreelistMapType,
		NoSync:         o.Sync != nil,
		MaxSize:        o.seams.maxSize,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, mode)
			*file = f
			return f, err
		},
	}
	if bits.UintSize == 64 {
		opts.InitialMmapSize = mapped
		if info, err := os.Stat(o.Path); err == nil {
			opts.InitialMmapSize = max(mapped, 2*int(info.Size()))
		}
	}
	return opts
}
