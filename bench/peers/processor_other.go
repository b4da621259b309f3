//go:build !linux

package peers

import (
	"errors"
	"time"
)

// Processor is known on Linux only.
func (p *Peer) Processor() (time.Duration, error) {
	return 0, errors.New("the processor time of other programs is known on Linux only")
}
