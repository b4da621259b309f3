package changes

import (
	"fmt"
	"io"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/replica"
	"messenger-bridge/store/wipe"
)

// Where a file's position stands: in a bucket of its own, which only files that follow have.
var (
	follows  = []byte("followed")
	position = []byte("position")
)

// keepEvery is how often a place is noted at which nothing was changed, so that a file that is
// seldom written does not grow too old.
const keepEvery = 30 * time.Second

// Step is one record as a file follows it.
type Step struct {
	At      replica.Position // after it
	Changes []byte
	Format  uint64 // the store has this one from here on; 0: the one it had
}

// Copy is a file that follows the journal, and belongs to nobody else.
type Copy struct {
	db      *bbolt.DB
	upgrade func(format uint64) error

	mu    sync.Mutex // guards the fields below
	at    replica.Position
	kept  time.Time
	wiper *wipe.Wiper // nil: nothing is to be overwritten
}

// Follow returns the copy in an open file; upgrade brings the file to another format.
func Follow(db *bbolt.DB, upgrade func(format uint64) error) (*Copy, error) {
	c := &Copy{db: db, upgrade: upgrade, kept: time.Now()}
	err := db.View(func(tx *bbolt.Tx) (err error) {
		if wipe.Asked(tx) {
			c.wiper = &wipe.Wiper{}
		}
		c.at, err = At(tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read how far the file has followed the journal: %w", err)
	}
	return c, nil
}

// At returns how far a file has followed the journal.
func At(tx *bbolt.Tx) (replica.Position, error) {
	b := tx.Bucket(follows)
	if b == nil {
		return replica.Position{}, nil
	}
	return replica.ParsePosition(b.Get(position))
}

// Keep notes how far the file has followed by a transaction.
func Keep(tx *bbolt.Tx, at replica.Position) error {
	b, err := tx.CreateBucketIfNotExists(follows)
	if err != nil {
		return err
	}
	return b.Put(position, at.Encode())
}

// At returns how far the file has followed.
func (c *Copy) At() replica.Position {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Apply makes changes, several steps in one transaction, and returns when they are durable. After
// an error nothing is certain, but that the file is at one of the steps.
func (c *Copy) Apply(steps []Step) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(steps) > 0 {
		n := 1
		for n < len(steps) && steps[n-1].Format == 0 {
			n++
		}
		if err := c.apply(steps[:n]); err != nil {
			return err
		}
		if format := steps[n-1].Format; format > 0 {
			if err := c.upgrade(format); err != nil {
				return err
			}
		}
		steps = steps[n:]
	}
	return c.overwrite()
}

func (c *Copy) apply(steps []Step) error {
	last, wrote := steps[len(steps)-1].At, false
	for _, s := range steps {
		wrote = wrote || len(s.Changes) > 0
	}
	if !wrote && time.Since(c.kept) < keepEvery {
		return nil
	}
	return c.write(last, func(tx *bbolt.Tx) error {
		for _, s := range steps {
			if err := Apply(tx, s.Changes); err != nil {
				return err
			}
		}
		if c.wiper == nil && wipe.Asked(tx) {
			c.wiper = &wipe.Wiper{}
		}
		return nil
	})
}

// write makes one transaction, with the place that is reached by it.
func (c *Copy) write(at replica.Position, change func(*bbolt.Tx) error) error {
	err := c.db.Update(func(tx *bbolt.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		return Keep(tx, at)
	})
	if err != nil {
		return fmt.Errorf("follow the journal: %w", err)
	}
	c.at, c.kept = at, time.Now()
	return nil
}

// Begin makes a change of the file's own, which is at another place from then on.
func (c *Copy) Begin(at replica.Position, change func(*bbolt.Tx) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(at, change)
}

// overwrite does a little of what was asked for.
func (c *Copy) overwrite() error {
	if c.wiper == nil {
		return nil
	}
	return c.write(c.at, func(tx *bbolt.Tx) error {
		done, _, err := c.wiper.Step(tx)
		if done {
			c.wiper = nil
		}
		return err
	})
}

// Snapshot writes the file as it is to w, and returns how far it has followed.
func (c *Copy) Snapshot(w io.Writer) (replica.Position, error) { return Snapshot(c.db, w) }

// Close closes the file.
func (c *Copy) Close() error { return c.db.Close() }
