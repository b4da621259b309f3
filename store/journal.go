package store

import (
	"fmt"
	"io"
	"os"
	"time"

	"messenger-bridge/replica"
	"messenger-bridge/store/changes"
	"messenger-bridge/store/keyfile"
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
	key, err := keyfile.Secret(o.Key, o.Path, true, o.Log)
	if err != nil {
		return nil, err
	}
	sealer, err := seal.New(key, o.seams.nonce)
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

// Snapshot writes the file to w, and returns how far it has followed the journal.
func (s *Store) Snapshot(w io.Writer) (replica.Position, error) { return changes.Snapshot(s.db, w) }

// Deposed is closed when the journal takes nothing more from this store.
func (s *Store) Deposed() <-chan struct{} { return s.deposed }

// recorder returns what notes a transaction for the journal; nil if there is none.
func (s *file) recorder() *changes.Recorder {
	if s.journal == nil {
		return nil
	}
	return changes.New()
}

// append hands the transaction to the journal. From then on the file must follow it.
func (g *group) append() {
	text := g.record.Bytes()
	if g.err != nil || len(text) == 0 {
		return
	}
	select {
	case <-g.file.deposed:
		g.keep(replica.ErrDeposed)
		return
	default:
	}
	g.appended = true
	at, err := g.file.journal.Append(text)
	g.keep(err)
	if err == nil {
		g.keep(g.tx.Bucket(bucketMeta).Put(changes.Position, at.Encode()))
	}
}

// mayDepose ends the store's time after a transaction that failed, if the journal was told of it:
// it is not known to be there, or it is there and not in the file.
func (s *file) mayDepose(g *group) {
	if g.appended {
		s.depose()
	}
}

func (s *file) depose() {
	select {
	case <-s.deposed:
	default:
		close(s.deposed)
	}
}

// beats returns when the writer shows that it lives; never without a journal.
func (s *file) beats() (<-chan time.Time, func()) {
	if s.journal == nil {
		return nil, func() {}
	}
	every := time.NewTicker(s.journal.BeatEvery())
	return every.C, every.Stop
}

func (s *file) beat() {
	if err := s.journal.Beat(); err != nil {
		s.depose()
	}
}
