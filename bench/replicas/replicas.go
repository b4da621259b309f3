// Package replicas measures what a replicated journal costs: inserts into a store with one, beside the same
// store alone. Each sync of a file takes a millisecond more than none, as on an ordinary disk.
package replicas

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/journal"
	"messenger-bridge/replica"
	"messenger-bridge/sandbox/cluster"
	"messenger-bridge/store"
)

// goals are how much of the inserts of the file alone must be left, by callers.
var goals = []struct {
	callers int
	least   float64
}{{1, 0.40}, {64, 0.35}, {512, 0.25}}

const body = 1000 // bytes

// Command runs `bench replicas` and writes a table to out. Goals that are missed are an error.
func Command(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("bench replicas", flag.ContinueOnError)
	flags.SetOutput(progress)
	seconds := flags.Float64("seconds", 2, "length of one measurement")
	if err := flags.Parse(args); err != nil {
		return err
	}
	nodes, err := cluster.Start(3)
	if err != nil {
		return err
	}
	defer nodes.Close()
	lasts := time.Duration(*seconds * float64(time.Second))
	missed := 0
	fmt.Fprint(out, "| callers | file alone, inserts/s | with a journal on three nodes | ratio | goal |\n|---|---|---|---|---|\n")
	for i, goal := range goals {
		alone, err := measure(ctx, nil, goal.callers, lasts)
		if err != nil {
			return err
		}
		with, err := replicated(ctx, nodes, fmt.Sprint("bench-", i), goal.callers, lasts)
		if err != nil {
			return err
		}
		ratio := with / alone
		if ratio < goal.least {
			missed++
		}
		fmt.Fprintf(out, "| %d | %.0f | %.0f | %.2f | %.2f |\n", goal.callers, alone, with, ratio, goal.least)
	}
	if missed > 0 {
		return fmt.Errorf("%d goals are missed", missed)
	}
	return nil
}

var key = bytes.Repeat([]byte{1}, 32)

// replicated measures inserts of a leader.
func replicated(ctx context.Context, nodes *cluster.Cluster, name string, callers int, lasts time.Duration) (float64, error) {
	stream, err := journal.Open(ctx, journal.Config{
		URL: nodes.URL(), Name: name, Replicas: 3, Secret: key, TakeoverAfter: 3 * time.Second, Log: slog.New(slog.DiscardHandler),
		Self: replica.Claim{Name: "bench", Format: store.Format},
	})
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	term, err := stream.Claim(ctx, replica.Position{})
	if err != nil {
		return 0, err
	}
	return measure(ctx, term, callers, lasts)
}

// measure returns how many inserts a second are durable.
func measure(ctx context.Context, j replica.Journal, callers int, lasts time.Duration) (float64, error) {
	dir, err := os.MkdirTemp("/dev/shm", "bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(store.Options{Path: filepath.Join(dir, "bolt.db"), Key: bridge.Secret(base64.StdEncoding.EncodeToString(key)), Journal: j,
		Sync: func() { time.Sleep(time.Millisecond) }})
	if err != nil {
		return 0, err
	}
	ctx, stop := context.WithTimeout(ctx, lasts)
	defer stop()
	var done atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	text := make([]byte, body)
	for caller := range callers {
		all.Go(func() {
			lane := bridge.Conversation{Page: "page", Customer: bridge.CustomerID(fmt.Sprint(caller)), Kind: bridge.Messages}.Lane()
			for n := 0; ctx.Err() == nil; n++ {
				entry := bridge.Entry{Lane: lane, Key: fmt.Sprint(caller, "/", n), Body: text}
				if _, err := s.Inbox().Append(context.WithoutCancel(ctx), []bridge.Entry{entry}, nil); err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return 0, errors.Join(*err, s.Close())
	}
	return float64(done.Load()) / lasts.Seconds(), s.Close()
}
