package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/replica"
	"messenger-bridge/store/changes"
	"messenger-bridge/store/copied"
	"messenger-bridge/store/proof"
	"messenger-bridge/store/seal"
)

// Format is the version of the file.
const Format uint64 = format

// OpenCopy opens a file that follows a journal. It must be there. Errors are those of Open.
func OpenCopy(o Options) (*changes.Copy, error) {
	o.setDefaults()
	o.following = true
	if _, err := os.Stat(o.Path); err != nil {
		return nil, fmt.Errorf("open the copy: %w", err)
	}
	sealer, err := sealerOf(o)
	if err != nil {
		return nil, err
	}
	db, err := openFile(o, sealer)
	if err != nil {
		return nil, err
	}
	return changes.Follow(db, func(to uint64) error {
		if to > o.seams.format {
			return fmt.Errorf("%w: the leader's store has format %d, this program knows up to %d; run the newer version", ErrNewer, to, o.seams.format)
		}
		at := o
		at.seams.format = to
		return upgradeFile(db, at, sealer)
	})
}

// sealerOf returns what seals a file that is there.
func sealerOf(o Options) (*seal.Sealer, error) {
	key, err := seal.SecretKey(o.Key, o.Path, true, o.Log)
	if err != nil {
		return nil, err
	}
	return seal.New(key, o.seams.nonce)
}

// PutToUse notes in a copy that it goes its own way from now on, at a place of a new journal.
func PutToUse(c *changes.Copy, o Options, at replica.Position) error {
	o.setDefaults()
	sealer, err := sealerOf(o)
	if err != nil {
		return err
	}
	tables := proof.Tables{Seal: sealer, Changes: proof.NewChanges(o.Log)}
	return c.Begin(at, func(tx *bbolt.Tx) error { return copied.Put(tx, o.Now(), tables) })
}

// Snapshot writes the file to w, and returns how far it has followed the journal.
func (s *Store) Snapshot(w io.Writer) (replica.Position, error) { return changes.Snapshot(s.db, w) }

// Deposed is closed when the journal takes nothing more from this store.
func (s *Store) Deposed() <-chan struct{} { return s.ledger.deposed }

// DeposedBy returns why the journal takes nothing more from a store, once that is so: an error of the
// journal, or what the file could not be written for.
func DeposedBy(s *Store) error {
	<-s.ledger.deposed
	return s.ledger.cause
}

// ledger is the journal as the writer sees it; without one, nothing is noted.
type ledger struct {
	journal replica.Journal
	deposed chan struct{} // closed by the writer when nothing can be appended any more
	cause   error         // written before that
}

// recorder returns what notes a transaction for the journal; nil if there is none.
func (l *ledger) recorder() *changes.Recorder {
	if l.journal == nil {
		return nil
	}
	return changes.New()
}

// take hands a transaction to the journal. From then on the file must follow it.
func (l *ledger) take(g *group) {
	text := g.Record.Bytes()
	if l.journal == nil || g.Err != nil || len(text) == 0 {
		return
	}
	select {
	case <-l.deposed:
		g.Keep(l.ended())
		return
	default:
	}
	g.appended = true
	at, err := l.journal.Append(text)
	g.Keep(err)
	if err == nil {
		g.Keep(changes.Keep(g.Tx, at))
	}
}

// failed ends the store's time after a transaction that failed, if the journal was told of it:
// it is not known to be there, or it is there and not in the file.
func (l *ledger) failed(g *group, err error) {
	if g.appended {
		l.depose(err)
	}
}

func (l *ledger) depose(cause error) {
	select {
	case <-l.deposed:
	default:
		l.cause = cause
		close(l.deposed)
	}
}

// ended says that nothing is taken any more, and why.
func (l *ledger) ended() error {
	if errors.Is(l.cause, replica.ErrDeposed) {
		return l.cause
	}
	return fmt.Errorf("%w: %w", replica.ErrDeposed, l.cause)
}

// beats returns when the writer shows that it lives; never without a journal.
func (l *ledger) beats() (<-chan time.Time, func()) {
	if l.journal == nil {
		return nil, func() {}
	}
	every := time.NewTicker(l.journal.BeatEvery())
	return every.C, every.Stop
}

func (l *ledger) beat() {
	if err := l.journal.Beat(); err != nil {
		l.depose(err)
	}
}
