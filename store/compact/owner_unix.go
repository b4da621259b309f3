//go:build unix

package compact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// GiveToOwner gives a file that root makes to the owner of the one whose place it takes, or else of
// the folder: the service that runs as that user has to open it.
func GiveToOwner(file, replaced string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	made, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("give %s to its owner: %w", file, err)
	}
	like, err := os.Stat(replaced)
	if errors.Is(err, fs.ErrNotExist) || err == nil && os.SameFile(like, made) {
		like, err = os.Stat(filepath.Dir(replaced))
	}
	if err != nil {
		return fmt.Errorf("give %s to its owner: %w", file, err)
	}
	is, known := made.Sys().(*syscall.Stat_t)
	owner, too := like.Sys().(*syscall.Stat_t)
	if !known || !too || is.Uid == owner.Uid && is.Gid == owner.Gid {
		return nil
	}
	// Not through a link: the folder may be another's.
	err = os.Lchown(file, int(owner.Uid), int(owner.Gid))
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil // a container's root may not, or knows no such user
	}
	if err != nil {
		return fmt.Errorf("give %s to its owner: %w", file, err)
	}
	return nil
}
