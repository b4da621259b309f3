//go:build !unix

package markup

import (
	"testing"
	"time"
)

// processor is the time of day, where nothing better can be had.
func processor(*testing.T) time.Duration { return time.Duration(time.Now().UnixNano()) }
