// Package compare says whether the files of replicas that do not run are the same. It is for tests
// and measurements.
package compare

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/app"
	"messenger-bridge/journal"
	"messenger-bridge/replica"
	"messenger-bridge/store"
	"messenger-bridge/store/changes"
)

// Files lets each file follow the journal to its end, and returns in what they differ then, "" if in
// nothing. environ is what the replicas run with. No replica may run.
func Files(ctx context.Context, environ []string, files ...string) (string, error) {
	cfg, err := app.ReadConfig(append(environ[:len(environ):len(environ)], "REPLICA_URL=http://127.0.0.1:1", "REPLICA_NAME=comparison"))
	if err != nil {
		return "", err
	}
	settings := app.JournalOf(cfg, slog.New(slog.DiscardHandler))
	settings.TakeoverAfter = 500 * time.Millisecond
	stream, err := journal.Open(ctx, settings)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	var open []*bbolt.DB
	defer func() {
		for _, db := range open {
			db.Close() // #nosec G104 -- it was only read
		}
	}()
	for _, path := range files {
		if err := catchUp(ctx, stream, store.Options{Path: path, Key: cfg.Store.SecretKey}); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
		if err != nil {
			return "", err
		}
		open = append(open, db)
	}
	for _, db := range open[1:] {
		if difference, err := changes.Differ(open[0], db); difference != "" || err != nil {
			return difference, err
		}
	}
	return "", nil
}

// catchUp lets a file follow to the journal's end.
func catchUp(ctx context.Context, stream *journal.Stream, o store.Options) error {
	c, err := store.OpenCopy(o)
	if err != nil {
		return err
	}
	err = stream.Follow(c.At(), replica.Claim{}).Run(ctx, func(records []journal.Record) error { return c.Apply(Steps(records)) })
	if errors.Is(err, journal.ErrVacant) {
		err = nil
	}
	return errors.Join(err, c.Close())
}

// Steps returns records as a file follows them.
func Steps(records []journal.Record) []changes.Step {
	steps := make([]changes.Step, len(records))
	for i, r := range records {
		steps[i] = changes.Step{At: r.At, Changes: r.Changes}
		if r.Kind == replica.Lead {
			steps[i].Format = r.Claim.Format
		}
	}
	return steps
}
