package rest

import (
	"errors"
	"io"
	"sync/atomic"
)

// Remembering keeps the error that reading ended with; the reader may still be at it
// when the call is over.
type Remembering struct {
	From  io.Reader
	Moved func() // called before each part is read
	Err   atomic.Pointer[error]
}

func (r *Remembering) Read(p []byte) (int, error) {
	r.Moved()
	n, err := r.From.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.Err.Store(&err)
	}
	return n, err
}
