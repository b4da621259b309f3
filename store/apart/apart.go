// Package apart opens a store that is only to be looked at, so that a bridge may start on it meanwhile, and nothing of it
// is upgraded.
package apart

import (
	"errors"
	"io"
	"os"
	"time"

	"messenger-bridge/store"
	"messenger-bridge/store/copied"
	"messenger-bridge/store/seal"
)

// lockWait is how long another process may take to close the file.
const lockWait = time.Second

// Open returns a store that holds what the file holds at this moment. What is written there is lost with Close. Where a
// copy has no room, it is the file itself.
func Open(o store.Options) (*store.Store, error) {
	if _, err := store.Check(o); err != nil {
		return nil, err
	}
	key, err := seal.KeyThatIsThere(o.Key, o.Path)
	if err != nil {
		return nil, err
	}
	if !copied.HasRoom(o.Path) {
		return store.Open(o)
	}
	f, err := copied.Temporary(o.Path)
	if err != nil { // this user may write no file there
		return store.Open(o)
	}
	defer os.Remove(f.Name())                     // an open file needs no name
	release, err := copied.Hold(o.Path, lockWait) // as long as it has one: whoever opens the store takes it for left over
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	defer release()
	in, err := os.Open(o.Path)
	if err == nil {
		_, err = io.Copy(f, in)
		err = errors.Join(err, in.Close())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	o.Path, o.Key = f.Name(), key
	return store.Open(o)
}
