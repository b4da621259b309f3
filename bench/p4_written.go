package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"messenger-bridge/bench/load"
)

// output counts what a process writes.
type output struct{ calls, bytes int64 }

// measureWritten is P4: what an entry costs the disk over its whole life, in groups of
// what 64 callers hand in meanwhile. Writes are the system's counts for this process.
func measureWritten(b *bench) (results []result, err error) {
	dir, remove, err := b.folder()
	if err != nil {
		return nil, err
	}
	defer remove()
	syncs := 0 // counted by the one goroutine that commits; read when nobody stores
	pause := pauses(time.Millisecond)
	s, err := openStore(dir, func() { syncs++; pause() })
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	body := make([]byte, load.BodyLen)
	rand.Read(body)
	var each, writes, kilobytes, group series
	err = b.round(func() error {
		before, stats, synced := written(), s.Stats(), syncs
		if _, err := b.lives(s, 64, body, fmt.Sprint(len(each))); err != nil {
			return err
		}
		if err := settled(s, 64*(len(each)+1)); err != nil { // each caller's last one stays
			return err
		}
		after, now := written(), s.Stats()
		entries, commits := float64(now.Entries-stats.Entries), float64(now.Commits-stats.Commits)
		each = append(each, float64(syncs-synced)/commits)
		writes = append(writes, float64(after.calls-before.calls)/entries)
		kilobytes = append(kilobytes, float64(after.bytes-before.bytes)/entries/1024)
		group = append(group, entries/commits)
		return nil
	})
	note := fmt.Sprintf("%.0f entries a commit", group.median())
	return []result{
		{Point: "syncs a group", Limit: "1", Goal: atMost(2), Measured: each.median(), Rounds: each, Note: "counted where the log and bbolt would sync"},
		{Point: "writes per entry of 1 KB, whole life, 64 callers, t_sync 1ms", Limit: "0.25", Goal: atMost(0.8), Measured: writes.median(), Rounds: writes, Note: note},
		{Point: "written per entry of 1 KB, likewise", Limit: "1.0", Goal: atMost(3.3), Unit: "KB", Measured: kilobytes.median(), Rounds: kilobytes, Note: note},
	}, err
}
