// Package e2e holds the end-to-end tests: the whole program between two platforms that the
// sandbox plays. It has tests only. Start reading at world_test.go, which is the outside world;
// process_test.go runs the program as a process that can be killed, authorise_test.go opens a
// browser. Their assertions are what customers and agents see.
//
// Flags lengthen the hunts: -kills, -closings and -steps; -update writes docs/kinds.md and the
// first day in docs/managing.md. RECORD_REQUESTS names a folder for the requests that the
// workspace got, SCREENSHOTS one for pictures.
package e2e
