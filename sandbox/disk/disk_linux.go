package disk

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// New makes a folder on a disk of its own of so many bytes if we may, else an ordinary one. The
// path is short, because the store's socket lies beside it.
func New(size int64) (string, error) {
	dir, err := os.MkdirTemp("", "mbf")
	if err != nil {
		return "", err
	}
	_ = syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)) // Own tells whether it worked
	return dir, nil
}

// Own reports whether a folder is a small disk of its own.
func Own(dir string) bool {
	var fs syscall.Statfs_t
	return syscall.Statfs(dir, &fs) == nil && int64(fs.Blocks)*int64(fs.Bsize) <= Size
}

// Remove removes the folder and its disk.
func Remove(dir string) {
	_ = syscall.Unmount(dir, syscall.MNT_DETACH) // an error says that it is none
	os.RemoveAll(dir)
}

// Fill takes all room of a disk. What it returns gives it back.
func Fill(dir string) (free func()) {
	ballast := filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		return nil
	}
	defer f.Close()
	for size := int64(Size); size >= 4096; { // ever smaller pieces, until nothing fits
		end, _ := f.Seek(0, io.SeekEnd)
		if syscall.Fallocate(int(f.Fd()), 0, end, size) != nil {
			size /= 2
		}
	}
	return func() { os.Remove(ballast) }
}
