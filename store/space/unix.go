//go:build linux || darwin || freebsd

// Package space says how much room a disk has.
package space

import "syscall"

// Free returns how many bytes can still be written beside a file.
func Free(path string) (uint64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, err
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), nil // #nosec G115 -- sizes of blocks are not negative
}
