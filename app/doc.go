// Package app is what `serve` runs, and what the command line asks of it: the configuration,
// the wiring of all parts, their routes, the control socket beside the store, the status and the
// doctor. Begin at serve.go.
package app
