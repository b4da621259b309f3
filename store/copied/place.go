package copied

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/compact"
)

// Place puts a copy of the file at from in the place of the store at path, once ready has looked
// at it under the name that it gets first. What is there stays, under the name that is
// returned. Stopped at any point, the store's name leads to the old file or to the copy.
func Place(from, path string, now time.Time, ready func(temporary string) error) (aside string, err error) {
	temporary := path + ".restore"
	defer func() {
		if removing := os.Remove(temporary); removing != nil && !errors.Is(removing, fs.ErrNotExist) {
			err = errors.Join(err, removing)
		}
	}()
	if err := copyFile(from, temporary); err != nil {
		return "", err
	}
	if err := ready(temporary); err != nil {
		return "", err
	}
	if err := compact.GiveToOwner(temporary, path); err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err == nil {
		aside = path + ".before-" + now.UTC().Format("20060102-150405.000")
		if err := os.Link(path, aside); err != nil { // the old name stays good until the copy takes it
			return "", fmt.Errorf("keep the store that is there: %w", err)
		}
	}
	if err := os.Rename(temporary, path); err != nil {
		return "", fmt.Errorf("put the copy in place: %w", err)
	}
	return aside, compact.SyncDir(path)
}

// Hold keeps others from opening a store, if it is there.
func Hold(path string, wait time.Duration) (release func(), err error) {
	release = func() {}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return release, nil
	}
	db, err := bbolt.Open(path, 0, &bbolt.Options{ReadOnly: true, Timeout: wait})
	if err != nil {
		return release, err
	}
	return func() { db.Close() }, nil // #nosec G104 -- it was only read
}

func copyFile(from, to string) error {
	in, err := os.Open(from) // #nosec G304 -- the operator names the copy
	if err != nil {
		return fmt.Errorf("read the copy: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // #nosec G304 -- beside the store, which the operator names
	if err != nil {
		return fmt.Errorf("write beside the store: %w", err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}
