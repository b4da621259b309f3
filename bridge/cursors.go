package bridge

import (
	"context"
	"time"
)

// Names of the cursors that are set in copies of a store, by our clock.
const (
	CursorCopied = "store copied" // only in a copy
	CursorUsed   = "copy used"    // when it was put to use, but not before it was copied
)

// Cursors remember how far something was read, over restarts. The zero time is what
// was never saved; saving it forgets the cursor.
type Cursors interface {
	Cursor(name string) (time.Time, error)
	// SaveCursor is durable within seconds, and no later than what is saved after it.
	SaveCursor(name string, at time.Time) error
	// KeepCursor is SaveCursor and returns when it is durable.
	KeepCursor(ctx context.Context, name string, at time.Time) error
}

// ListedCursors are Cursors that tell which there are.
type ListedCursors interface {
	Cursors
	// CursorsUnder returns the names that begin with a prefix, in no order.
	CursorsUnder(prefix string) (names []string)
}
