package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"messenger-bridge/bench/load"
	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// measureDrained is P11: whether a store is as fast after a great backlog as a fresh
// one. It ends with the next start, which gives the free pages back.
func measureDrained(b *bench) (results []result, err error) {
	dir, remove, err := b.folder()
	if err != nil {
		return nil, err
	}
	defer remove()
	var pause adjustable
	pause.set(0)
	open := func(name string) (*store.Store, error) {
		folder := filepath.Join(dir, name)
		return openStore(folder, pause.sync)
	}
	fresh, err := open("fresh")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, fresh.Close()) }()
	drained, err := open("drained")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, drained.Close()) }()
	fmt.Fprintf(b.progress, "%s: %d messages are stored and concluded\n", b.goal, b.pending)
	seqs := make([]bridge.Seq, 0, b.pending)
	if err := fill(drained, b.pending, func(seq bridge.Seq) { seqs = append(seqs, seq) }); err != nil {
		return nil, err
	}
	if err := drain(drained, seqs); err != nil {
		return nil, err
	}
	pause.set(time.Millisecond)
	body := make([]byte, load.BodyLen)
	rand.Read(body)
	var floor, rate series
	err = b.round(func() error {
		run := fmt.Sprint(len(rate))
		n, err := b.lives(fresh, 64, body, run)
		if err != nil {
			return err
		}
		floor = append(floor, n)
		n, err = b.lives(drained, 64, body, run)
		rate = append(rate, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	r := ratio(fmt.Sprintf("durable insert after %d were stored and concluded / in a fresh store, 64 callers, t_sync 1ms", b.pending), "1", atLeast(0.9), rate, floor)
	pause.set(0)
	before, after, took, err := compacted(drained, filepath.Join(dir, "drained"))
	r.Note += fmt.Sprintf("; the next start makes %d MB into %d MB in %.1f s", before>>20, after>>20, took.Seconds())
	return []result{r}, err
}

// compacted closes a store and starts it again, which compacts it if it is worth while.
func compacted(s *store.Store, dir string) (before, after int64, took time.Duration, err error) {
	if err := s.Close(); err != nil {
		return 0, 0, 0, err
	}
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, "bolt.db"))
		if err != nil {
			return 0
		}
		return info.Size()
	}
	before = size()
	start := time.Now()
	again, err := reopenStore(dir)
	if err != nil {
		return 0, 0, 0, err
	}
	took = time.Since(start)
	return before, size(), took, again.Close()
}
