package copied

import (
	"context"
	"io"
)

// UntilDone fails to write when its context is done.
type UntilDone struct {
	Context context.Context
	Writer  io.Writer
}

// Write implements io.Writer.
func (u UntilDone) Write(b []byte) (int, error) {
	if u.Context.Err() != nil {
		return 0, context.Cause(u.Context)
	}
	return u.Writer.Write(b)
}
