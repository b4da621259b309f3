//go:build !(linux || darwin || freebsd)

package space

import "errors"

// Free is not known here.
func Free(string) (uint64, error) { return 0, errors.ErrUnsupported }
