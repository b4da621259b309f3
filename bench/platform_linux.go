package main

import (
	"os"
	"strconv"
	"strings"
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
		// Linux may end a sleep 50 µs late, unless its thread asks for better.
		_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_TIMERSLACK, 1, 0)
		ts := syscall.NsecToTimespec(int64(d))
		for syscall.Nanosleep(&ts, &ts) == syscall.EINTR {
		}
	}
}

// processorTime is what this process used so far.
func processorTime() time.Duration { return usedBy(syscall.RUSAGE_SELF) }

// familyTime is what this process and the children that ended used so far.
func familyTime() time.Duration { return processorTime() + usedBy(syscall.RUSAGE_CHILDREN) }

func usedBy(whom int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(whom, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// machineTime is how long the processors were busy for anybody so far, and how
// long they were stolen by the host.
func machineTime() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	var busy time.Duration
	for i, ticks := range strings.Fields(line) { // proc(5): cpu user nice system idle iowait irq softirq steal guest…
		if n, err := strconv.ParseInt(ticks, 10, 64); err == nil && i <= 8 && i != 4 && i != 5 {
			busy += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return busy
}

// written is what this process handed to the system to write so far.
func written() (o output) {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return o
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		n, _ := strconv.ParseInt(value, 10, 64)
		switch name {
		case "wchar":
			o.bytes = n
		case "syscw":
			o.calls = n
		}
	}
	return o
}
