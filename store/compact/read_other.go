//go:build !unix

package compact

import "os"

// reader reads a file that has at least a size.
func reader(file *os.File, _ int64) (read func(from int64, size int) ([]byte, error), done func(), err error) {
	return func(from int64, size int) ([]byte, error) {
		p := make([]byte, size)
		_, err := file.ReadAt(p, from)
		return p, err
	}, func() {}, nil
}
