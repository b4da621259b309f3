package ahead

import (
	"os"
	"syscall"
)

// syncData makes bytes durable; when the file was changed last does not matter.
func syncData(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR { // #nosec G115 -- a descriptor
			return err
		}
	}
}
