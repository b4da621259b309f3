package main

import (
	"syscall"
	"time"
)

// pauses returns what stands for a sync. It blocks its thread, as fdatasync does;
// time.Sleep would take a millisecond at least. It is exact in one goroutine, and
// starves the others when many use it.
func pauses(d time.Duration) func() {
	if d == 0 {
		return func() {}
	}
	return func() {
		ts := syscall.NsecToTimespec(int64(d))
		for syscall.Nanosleep(&ts, &ts) == syscall.EINTR {
		}
	}
}

// processorTime is what this process used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
