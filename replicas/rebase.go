package replicas

import (
	"context"
	"errors"
	"fmt"
	"os"

	"messenger-bridge/journal"
	"messenger-bridge/replica"
	"messenger-bridge/store"
	"messenger-bridge/store/copied"
)

// Found is what Check tells.
type Found struct {
	First     uint64 `json:"first"`
	Last      uint64 `json:"last"`
	Snapshots int    `json:"snapshots"`
	Newest    uint64 `json:"newest"` // place of the newest snapshot
}

// Check reads the whole journal and verifies that each record follows the one before it.
func Check(ctx context.Context, cfg journal.Config) (f Found, err error) {
	stream, err := journal.Open(ctx, cfg)
	if err != nil {
		return f, err
	}
	defer stream.Close()
	all, err := stream.Snapshots(ctx)
	if err != nil {
		return f, err
	}
	at := replica.Position{}
	if f.Snapshots = len(all); f.Snapshots > 0 {
		f.Newest, at = all[0].At.Seq, all[f.Snapshots-1].At
	}
	f.First, f.Last, err = stream.Verify(ctx, at)
	return f, err
}

// Rebase begins the journal anew from a file, which is marked like a copy that was put to use: what
// may have been sent after it was written is looked for in the thread.
func Rebase(ctx context.Context, cfg journal.Config, o store.Options) (at replica.Position, err error) {
	follower, err := store.OpenCopy(o)
	if err != nil {
		return at, err
	}
	defer func() { err = errors.Join(err, follower.Close()) }()
	stream, err := journal.Rebase(ctx, cfg, follower.At())
	if err != nil {
		return at, err
	}
	defer stream.Close()
	at = stream.Base
	if err := store.PutToUse(follower, o, at); err != nil {
		return at, err
	}
	f, err := copied.Temporary(o.Path)
	if err != nil {
		return at, fmt.Errorf("take a snapshot: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := follower.Snapshot(f); err != nil {
		return at, err
	}
	return at, stream.PutSnapshot(ctx, at, f)
}
