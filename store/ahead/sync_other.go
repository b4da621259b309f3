//go:build !linux

package ahead

import "os"

// syncData makes bytes durable.
func syncData(f *os.File) error { return f.Sync() }
