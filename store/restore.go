package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/copied"
	"messenger-bridge/store/proof"
	"messenger-bridge/store/seal"
)

// Check opens a file that is there with its key, and changes nothing.
func Check(o Options) error {
	o.setDefaults()
	_, err := check(o)
	return err
}

// check is Check; it returns what opens the file.
func check(o Options) (*seal.Sealer, error) {
	key, err := seal.SecretKey(o.Key, o.Path, true, o.Log)
	if err != nil {
		return nil, err
	}
	sealer, err := seal.New(key, nil)
	if err != nil {
		return nil, err
	}
	return sealer, checkFile(o, sealer)
}

// Restore puts the copy at from in the place of the store at o.Path, once the key has opened
// it and it is marked as a copy. A store that is there stays, under the name that is returned.
func Restore(from string, o Options) (aside string, err error) {
	o.setDefaults()
	info, err := os.Stat(from)
	if err != nil || info.IsDir() || info.Size() == 0 {
		return "", fmt.Errorf("%w: %s cannot be read, or is empty; name a file that `messenger-bridge backup` wrote", ErrForeign, from)
	}
	if o.Key == "" { // the copy opens with the key that is there, or not at all
		key, err := os.ReadFile(o.Path + ".key")
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("%w: put the key file of the copy at %s.key, or set SECRET_KEY", ErrNoKey, o.Path)
		}
		if err != nil {
			return "", fmt.Errorf("read the key file: %w", err)
		}
		o.Key = bridge.Secret(key)
	}
	if _, err := os.Stat(o.Path); err == nil { // held, so that no bridge runs on it meanwhile
		db, err := bbolt.Open(o.Path, 0, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
		if err == nil {
			defer db.Close()
		} else if err = refused(o.Path, err); !errors.Is(err, ErrForeign) { // a damaged one may be replaced
			return "", err
		}
	}
	return copied.Place(from, o.Path, o.Now(), func(temporary string) error {
		checked := o
		checked.Path = temporary
		sealer, err := check(checked)
		if err != nil {
			return fmt.Errorf("%s is not restored: %w", from, err)
		}
		return copied.MarkUnlessMarked(temporary, info.ModTime(), proof.Tables{Seal: sealer, Changes: proof.NewChanges(o.Log)})
	})
}
