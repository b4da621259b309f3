package ahead

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/changes"
)

// A commit is due so long after the first record of a log; or later, so that commits take no more than a part of all time; or when
// the records have so many bytes.
const (
	soonest = 50 * time.Millisecond
	latest  = time.Second
	part    = 10
	most    = Size / 2
)

// ErrUnchanged is returned by a change that has changed nothing.
var ErrUnchanged = errors.New("nothing to write")

// Config says how a Writer writes.
type Config struct {
	File *bbolt.DB
	Path string       // of the log
	Sync func() error // of the log; nil: as the operating system does
	// Mark notes in the file which log belongs to it; 0: none does. None: each transaction is committed.
	Mark   func(*bbolt.Tx, State) error
	Synced func() // called after each commit; nil: nothing is
	Log    *slog.Logger
}

// Instead returns what is called for the syncs of a log, and after a commit of the file, in whose place sync is measured; nil: the
// operating system syncs.
func Instead(sync func()) (log func() error, file func()) {
	if sync == nil {
		return nil, nil
	}
	return func() error { sync(); return nil }, func() { sync(); sync() }
}

// Writer makes the transactions of a file that only it writes. What one of them changes is committed, with all that was changed
// before; or it stands in the log, and the transaction stays open for the next one. It belongs to one goroutine, but for Waits.
type Writer struct {
	Config
	log    *Log // nil: not opened yet
	tx     *bbolt.Tx
	texts  []byte        // what stands in the log and not in the file
	since  time.Time     // when the first of that came
	took   time.Duration // the last commit
	unsure bool          // which log belongs to the file: nothing goes ahead until a commit succeeds
	wipe   bool          // what the log said is to be overwritten
	waits  atomic.Bool
	end    func(*bbolt.Tx) error // commits; tests have it fail
}

// NewWriter returns a Writer. There is no log before something goes ahead.
func NewWriter(c Config) *Writer {
	if c.Synced == nil {
		c.Synced = func() {}
	}
	return &Writer{Config: c, unsure: true, end: (*bbolt.Tx).Commit}
}

// Waits reports whether something is durable that readers of the file do not see.
func (w *Writer) Waits() bool { return w.waits.Load() }

// Open reports whether what transactions were given still belongs to one.
func (w *Writer) Open() bool { return w.tx != nil || len(w.texts) > 0 }

// Due reports whether it is time to commit what waits.
func (w *Writer) Due(now time.Time) bool {
	after := min(max(soonest, part*w.took), latest)
	return w.Waits() && (now.Sub(w.since).Abs() >= after || w.log.Len() >= most)
}

// Update makes a change. change returns as a text what Apply repeats, if the change may go ahead of the file; else none. visible is
// whether it took effect, which it may have despite an error; then the next commit makes it durable.
func (w *Writer) Update(now time.Time, change func(*bbolt.Tx) (text []byte, err error)) (visible bool, err error) {
	if err := w.begin(); err != nil {
		return false, err
	}
	text, err := change(w.tx)
	switch {
	case errors.Is(err, ErrUnchanged) && len(w.texts) > 0:
		return false, err // the transaction is as it was
	case err != nil:
		return false, errors.Join(err, w.rollback())
	case len(text) > 0 && w.ready() && w.append(text, now):
		return true, nil
	}
	return w.commit()
}

// Commit has what waits committed.
func (w *Writer) Commit() error {
	err := w.begin()
	if err == nil {
		_, err = w.commit()
	}
	return err
}

// begin opens a transaction in which all is that waits.
func (w *Writer) begin() error {
	if w.tx != nil {
		return nil
	}
	tx, err := w.File.Begin(true)
	if err != nil {
		return err
	}
	if err := changes.Apply(tx, w.texts); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	w.tx = tx
	return nil
}

func (w *Writer) rollback() error {
	tx := w.tx
	w.tx = nil
	return tx.Rollback()
}

// ready reports whether the log can be appended to. The first time, it opens the log, which the next commit makes the file's.
func (w *Writer) ready() bool {
	if w.log == nil && w.Mark != nil {
		log, err := Open(w.Path, w.Sync)
		if err != nil {
			w.Log.Warn("the store has no log beside it, and takes longer for each message", "file", w.Path, "err", err)
			w.Mark = nil
			return false
		}
		w.log = log
	}
	return w.log != nil && !w.unsure
}

// append reports whether a text is durable. If not, the transaction is to be committed.
func (w *Writer) append(text []byte, now time.Time) bool {
	if err := w.log.Append(text); err != nil {
		w.Log.Warn("the log of the store cannot be written, the store itself is instead", "file", w.Path, "err", err)
		w.unsure = true
		return false
	}
	if len(w.texts) == 0 {
		w.since = now
	}
	w.texts = append(w.texts, text...)
	w.waits.Store(true)
	return true
}

// commit writes the file. When it fails and is visible all the same, the file and the log together have everything after a crash,
// in whichever of the two states the file is then.
func (w *Writer) commit() (visible bool, err error) {
	began := time.Now()
	defer func() { w.took = time.Since(began) }()
	tx, id, state := w.tx, w.tx.ID(), State(0)
	if w.log != nil && (w.unsure || w.log.Len() > 0) {
		state = newState()
		if err := w.Mark(tx, state); err != nil {
			return false, errors.Join(err, w.rollback())
		}
	}
	w.tx = nil
	if err := w.end(tx); err != nil {
		w.unsure = true
		if visible = w.sees(id); visible {
			w.committed()
		}
		return visible, err
	}
	w.Synced()
	w.committed()
	if state != 0 {
		w.log.Start(state)
		w.unsure = false
	}
	if w.wipe {
		w.overwrite()
	}
	return true, nil
}

func newState() State {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return State(binary.LittleEndian.Uint64(b[:]) | 1)
}

// committed lets go of what the file has, and of its place once less is written.
func (w *Writer) committed() {
	if len(w.texts) < cap(w.texts)/8 {
		w.texts = nil
	}
	w.texts = w.texts[:0]
	w.waits.Store(false)
}

// sees reports whether readers see a transaction.
func (w *Writer) sees(id int) bool {
	last := 0
	err := w.File.View(func(tx *bbolt.Tx) error {
		last = tx.ID()
		return nil
	})
	return err == nil && last >= id
}

// Wipe has the next commit overwrite what the log said before.
func (w *Writer) Wipe() { w.wipe = w.log != nil }

func (w *Writer) overwrite() {
	if err := w.log.Wipe(); err != nil {
		w.Log.Warn("what was erased still stands in the log of the store", "file", w.Path, "err", err)
		return // the next commit tries again
	}
	w.wipe = false
}

// Close ends the log. If the file has everything, none belongs to it any more, and it is removed.
func (w *Writer) Close() error {
	var err error
	if w.tx != nil {
		err = w.rollback()
	}
	if w.log == nil {
		return err
	}
	if err = errors.Join(err, w.log.Close()); err != nil || w.Waits() || w.unsure {
		return err
	}
	err = w.File.Update(func(tx *bbolt.Tx) error { return w.Mark(tx, 0) })
	if err == nil {
		err = Remove(w.Path)
	}
	if err != nil {
		return fmt.Errorf("end the log: %w", err)
	}
	return nil
}

// Recover makes in a transaction the changes that stand in the log of a state, and returns how many records there are.
func Recover(tx *bbolt.Tx, path string, state State) (records int, err error) {
	texts, err := Read(path, state)
	for _, text := range texts {
		if err == nil {
			err = changes.Apply(tx, text)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("take over what %s holds: %w", path, err)
	}
	return len(texts), nil
}
