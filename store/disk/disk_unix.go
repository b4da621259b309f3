//go:build linux || darwin || freebsd

package store

import "syscall"

// freeSpace returns how many bytes can still be written beside a file.
func freeSpace(path string) (uint64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, err
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), nil // #nosec G115 -- sizes of blocks are not negative
}
