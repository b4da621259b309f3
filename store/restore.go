package store

import (
	"errors"
	"fmt"
	"os"

	"messenger-bridge/store/ahead"
	"messenger-bridge/store/copied"
	"messenger-bridge/store/proof"
	"messenger-bridge/store/seal"
)

// Check opens a file that is there with its key, changes nothing, and returns what sealed it.
func Check(o Options) (*seal.Sealer, error) {
	o.setDefaults()
	o.Leaves = true // it is only looked at
	sealer, err := seal.ByKeyOf(o.Key, o.Path, true, nil, o.Log)
	if err != nil {
		return nil, err
	}
	return sealer, checkFile(o, sealer)
}

// Restore puts a copy that the key opens in the place of a store, which stays under another name.
func Restore(from string, o Options) (aside string, err error) {
	o.setDefaults()
	info, err := os.Stat(from)
	if err != nil || info.IsDir() || info.Size() == 0 {
		return "", fmt.Errorf("%w: %s cannot be read, or is empty; name a file that `messenger-bridge backup` wrote", ErrForeign, from)
	}
	checked := o
	if checked.Key, err = seal.KeyThatIsThere(o.Key, o.Path); err != nil { // the copy opens with it, or not at all
		return "", err
	}
	release, err := copied.Hold(o.Path, lockWait)                   // so that no bridge runs on it meanwhile
	if err != nil && !errors.Is(refused(o.Path, err), ErrForeign) { // a damaged one may be replaced
		return "", refused(o.Path, err)
	}
	defer release()
	aside, err = copied.Place(from, o.Path, o.Now(), func(temporary string) error {
		checked.Path = temporary
		sealer, err := Check(checked)
		if err != nil {
			return fmt.Errorf("%s is not restored: %w", from, err)
		}
		return copied.MarkUnlessMarked(temporary, info.ModTime(), proof.Tables{Seal: sealer, Changes: proof.NewChanges(o.Log)})
	})
	if err == nil && aside != "" {
		err = ahead.Move(ahead.Path(o.Path), ahead.Path(aside)) // what the store that was there has not taken over
	}
	if err == nil {
		err = ahead.Copy(ahead.Path(from), ahead.Path(o.Path)) // of a store that somebody copied while its bridge ran, or after a kill
	}
	return aside, err
}
