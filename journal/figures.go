package journal

import (
	"sync/atomic"
	"time"
)

// Figures are counted since the journal was opened.
type Figures struct {
	position, retries, resolved, bytes, appends atomic.Uint64
	appending                                   atomic.Int64
}

func (f *Figures) stored(seq uint64, bytes int) {
	f.position.Store(seq)
	f.bytes.Add(uint64(bytes)) // #nosec G115 -- a length
}

func (f *Figures) appended(took time.Duration) {
	f.appends.Add(1)
	f.appending.Add(int64(took))
}

// Position is the place of the last record that was appended or followed.
func (f *Figures) Position() uint64 { return f.position.Load() }

// Retries is how often a record was offered again.
func (f *Figures) Retries() uint64 { return f.retries.Load() }

// Resolved is how often only reading told that a record was stored.
func (f *Figures) Resolved() uint64 { return f.resolved.Load() }

// Bytes is how much was appended or followed.
func (f *Figures) Bytes() uint64 { return f.bytes.Load() }

// Appends is how many changes were appended, and in which time altogether.
func (f *Figures) Appends() (uint64, time.Duration) {
	return f.appends.Load(), time.Duration(f.appending.Load())
}
