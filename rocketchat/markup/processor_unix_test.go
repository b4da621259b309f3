//go:build unix

package markup

import (
	"syscall"
	"testing"
	"time"
)

// processor is how long the tests have had a processor: however busy the machine is with other
// things, that does not count.
func processor(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
