package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"messenger-bridge/bridge"
)

// ExampleKey opens the file that Example writes. It is no secret.
const ExampleKey bridge.Secret = "ZXhhbXBsZSBvbmx5LCBub3QgYSBzZWNyZXQga2V5ISE="

// Example writes a store to path, in place of what is there, with an invented page
// without a token and one conversation. It is the same file every time.
func Example(path string) error {
	dir, err := os.MkdirTemp("", "messenger-bridge-example-")
	if err != nil {
		return fmt.Errorf("write the example: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := writeExample(filepath.Join(dir, "bolt.db"), path); err != nil {
		return fmt.Errorf("write the example: %w", err)
	}
	return nil
}

func writeExample(temporary, path string) error {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	count := uint64(0)
	s, err := Open(Options{
		Path: temporary, Key: ExampleKey, Now: func() time.Time { return at },
		seams: seams{same: true, noLog: true, nonce: func(b []byte) { // nothing worth sealing is in it
			count++
			binary.BigEndian.PutUint64(b[len(b)-8:], count)
		}},
	})
	if err != nil {
		return err
	}
	page := bridge.Page{
		ID: "100000000000001", Name: "Example Page", State: bridge.PageNeedsAuth,
		Why: bridge.Trouble{Kind: bridge.ExampleOnly}, Since: at,
	}
	link := bridge.Link{
		Conversation: bridge.Conversation{Page: page.ID, Customer: "200000000000002", Kind: bridge.Messages},
		Room:         "exampleRoom000001",
	}
	ctx := context.Background()
	err = errors.Join(s.SavePage(ctx, page), s.SaveLink(ctx, link))
	if err == nil {
		err = s.copyTo(ctx, path)
	}
	return errors.Join(err, s.Close())
}

func (s *Store) copyTo(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644) // #nosec G302 G304 -- whoever types the command names the file; an example without secrets
	if err != nil {
		return err
	}
	_, err = s.Backup(ctx, f)
	return errors.Join(err, f.Close())
}
