//go:build unix

package compact

import (
	"os"
	"syscall"
)

// reader reads a file that has at least a size, through memory that the file is mapped to.
func reader(file *os.File, size int64) (read func(from int64, size int) ([]byte, error), done func(), err error) {
	all, err := syscall.Mmap(int(file.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED) // #nosec G115 -- a descriptor, and a size that fits
	if err != nil {
		return nil, nil, err
	}
	return func(from int64, size int) ([]byte, error) { return all[from:][:size], nil }, func() { _ = syscall.Munmap(all) }, nil
}
