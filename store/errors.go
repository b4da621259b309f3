package store

import (
	"errors"
	"fmt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/changes"
	"messenger-bridge/store/seal"
)

// Why Open refuses. The text that is returned names the file and what to do.
var (
	ErrLocked   = errors.New("the store is in use")
	ErrForeign  = errors.New("not a store of messenger-bridge")
	ErrNewer    = errors.New("the store was written by a newer messenger-bridge")
	ErrWrongKey = errors.New("wrong secret key")
	ErrNoKey    = seal.ErrNoKey
	ErrReplica  = changes.ErrReplica
)

// Why a running store refuses. All but ErrConflict are also ErrNotStored.
var (
	// ErrNotStored says that nothing of the call can be relied upon to be durable; the caller may repeat it.
	ErrNotStored = errors.New("not stored")
	// ErrBehind says that the writer is too far behind to take anything new.
	ErrBehind = fmt.Errorf("%w: the disk is too slow, or hangs", ErrNotStored)
	// ErrDiskFull says that there is no room for anything new.
	ErrDiskFull = fmt.Errorf("%w: the disk is nearly full", ErrNotStored)
	// ErrClosed says that Close was called.
	ErrClosed = fmt.Errorf("%w: the store is closed", ErrNotStored)

	// ErrConflict says that the page was changed by somebody else meanwhile: read it again.
	ErrConflict = bridge.ErrConflict
)

func notStored(cause error) error {
	if errors.Is(cause, ErrNotStored) {
		return cause
	}
	return fmt.Errorf("%w: %w", ErrNotStored, cause)
}
