// Package processors says how much the program does at once.
package processors

import "runtime"

// Spare lets one goroutine more run at once than there are processors, unless GOMAXPROCS says how
// many. Whoever waits for the disk keeps its place for a while, and waits for one when the disk has
// answered (the runtime takes a place back from a system call after some 100 µs). The store's writer
// waits twice a commit, and everybody waits for it: with two processors, half of them stood idle.
// Once a number is set, Go no longer follows changes of a container's limit.
func Spare(getenv func(string) string) {
	if getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}
