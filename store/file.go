package store

import (
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"messenger-bridge/store/changes"
	"messenger-bridge/store/compact"
	"messenger-bridge/store/copied"
	"messenger-bridge/store/seal"
)

// mapped is how much of the file is mapped at least: address space. When the file outgrows it, the writer waits for all readers.
const mapped = 1 << 30

// lockWait is how long another process may take to close the file.
const lockWait = time.Second

// openFile opens the file, checks it and brings it up to date. A file that it refuses is as it was.
func openFile(o Options, sealer *seal.Sealer) (*bbolt.DB, error) {
	if err := checkFile(o, sealer); err != nil {
		return nil, err
	}
	db, err := openCurrent(o, sealer)
	if err != nil || o.Journal != nil || !compact.Worth(db, o.seams.compact) { // whoever takes over has no time for that
		return db, err
	}
	replaced, err := compact.File(db, o.Path, o.Log)
	if err != nil && !replaced {
		o.Log.Warn("the store could not be compacted, it stays as it is", "file", o.Path, "err", err)
		return db, nil
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, fmt.Errorf("open the store after compacting: %w", err)
	}
	return openCurrent(o, sealer)
}

// checkFile refuses what cannot be opened, without being able to change it. A file that ends too early must be found here:
// bbolt would read beyond its end, which stops the program.
func checkFile(o Options, sealer *seal.Sealer) error {
	info, err := os.Stat(o.Path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil
	}
	if err == nil && info.Size() < 2*4096 { // two pages of the least size there is
		return refused(o.Path, berrors.ErrInvalid)
	}
	db, err := bbolt.Open(o.Path, 0, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
	if err != nil {
		return refused(o.Path, err)
	}
	err = db.View(func(tx *bbolt.Tx) error {
		info, err := os.Stat(o.Path)
		if err != nil {
			return fmt.Errorf("check the store: %w", err)
		}
		if tx.Size() > info.Size() {
			return fmt.Errorf("%w: %s is incomplete, %d of %d bytes; restore a backup", ErrForeign, o.Path, info.Size(), tx.Size())
		}
		if err := wholeFile(tx, o.Path); err != nil {
			return err
		}
		_, err = inspect(tx, o, sealer)
		if err == nil && o.Journal == nil && !o.following && !o.Leaves {
			err = changes.FollowsNothing(tx, o.Path)
		}
		return err
	})
	return errors.Join(err, db.Close())
}

func wholeFile(tx *bbolt.Tx, path string) error {
	f, err := os.Open(path) // #nosec G304 -- the operator names the store
	if err != nil {
		return fmt.Errorf("check the store: %w", err)
	}
	defer f.Close()
	if err := compact.Whole(tx, f); err != nil {
		return fmt.Errorf("%w: %s is damaged, or was changed by somebody else (%w); restore a backup", ErrForeign, path, err)
	}
	return nil
}

// openCurrent opens for writing. bbolt panics when it finds the file damaged.
func openCurrent(o Options, sealer *seal.Sealer) (db *bbolt.DB, err error) {
	var file *os.File
	defer func() {
		if p := recover(); p != nil {
			file.Close() // #nosec G104 -- the file is damaged, which is told
			db, err = nil, fmt.Errorf("%w: %s is damaged (%v); restore a backup", ErrForeign, o.Path, p)
		}
	}()
	db, err = lockFile(o, &file)
	if err != nil {
		return nil, err
	}
	copied.RemoveLeft(o.Path, o.Log)
	err = catchUp(db, o, sealer)
	if err == nil && !o.following {
		err = upgradeFile(db, o, sealer)
	}
	if err == nil && o.Journal == nil && !o.following {
		err = changes.Leave(db)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// refused says what to do when bbolt does not open a file.
func refused(path string, err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("%w: another process has %s open; stop it, or ask it over its socket", ErrLocked, path)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
		return fmt.Errorf("%w: %s is something else, or damaged (%w); choose another DATABASE, or restore a backup",
			ErrForeign, path, err)
	}
	return fmt.Errorf("open the store %s: %w", path, err)
}

// lockFile opens and locks, again if the file of that name is another one: somebody compacted it meanwhile.
func lockFile(o Options, file **os.File) (*bbolt.DB, error) {
	for range 3 {
		db, err := bbolt.Open(o.Path, 0o600, options(o, file))
		if err != nil {
			return nil, refused(o.Path, err)
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
	freelist := bbolt.FreelistMapType
	if o.seams.same {
		freelist = bbolt.FreelistArrayType
	}
	opts := &bbolt.Options{
		Timeout:        lockWait,
		NoFreelistSync: true, // else each commit writes a list that grows with the free pages
		FreelistType:   freelist,
		NoSync:         o.Sync != nil,
		MaxSize:        o.seams.maxSize,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := compact.OpenFile(name, flag, mode)
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
