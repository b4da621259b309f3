package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"messenger-bridge/bench/load"
	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// P1: what a durable entry costs, with its key and its end, against one write and
// one sync. It was a half while each group was a commit of bbolt, which syncs twice.

func measureInsert(b *bench) ([]result, error) {
	r, err := b.insert(64, time.Millisecond, atLeast(0.42))
	return []result{r}, err
}

func measureInsertElsewhere(b *bench) ([]result, error) {
	slow, err := b.insert(64, 5*time.Millisecond, atLeast(0.45))
	if err != nil {
		return nil, err
	}
	many, err := b.insert(512, time.Millisecond, atLeast(0.25))
	return []result{slow, many}, err
}

func (b *bench) insert(callers int, sync time.Duration, at bound) (r result, err error) {
	dir, remove, err := b.folder()
	if err != nil {
		return r, err
	}
	defer remove()
	s, err := openStore(dir, pauses(sync))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	file, err := newRawFile(filepath.Join(dir, "raw"), pauses(sync))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, file.close()) }()

	body := make([]byte, load.BodyLen)
	rand.Read(body)
	var stored, floor series
	before := s.Stats()
	err = b.round(func() error {
		rate, err := b.callers(callers, func(int, int) error { _, err := file.append(body); return err })
		if err != nil {
			return err
		}
		floor = append(floor, rate)
		rate, err = b.lives(s, callers, body, fmt.Sprint(len(stored)))
		stored = append(stored, rate)
		return err
	})
	if err != nil {
		return r, err
	}
	after := s.Stats()
	r = ratio(fmt.Sprintf("durable insert / raw group commit, %d callers, t_sync %v", callers, sync), "1", at, stored, floor)
	r.Note += fmt.Sprintf("; %.0f entries a commit", float64(after.Entries-before.Entries)/float64(after.Commits-before.Commits))
	return r, nil
}

// lives has callers store entries, each of which they conclude one entry later.
func (b *bench) lives(s *store.Store, callers int, body []byte, run string) (float64, error) {
	last := make([]bridge.Seq, callers) // each belongs to its caller
	in := s.Inbox()
	return b.callers(callers, func(c, i int) error {
		name := strconv.Itoa(c)
		before := last[c]
		_, err := in.Append(context.Background(), []bridge.Entry{{
			Lane: bridge.Conversation{Page: load.PageID, Kind: bridge.Messages, Customer: bridge.CustomerID(name)}.Lane(), Key: load.PageID + "/" + run + "/" + name + "/" + strconv.Itoa(i), Body: body,
		}}, func(_ *bridge.Entry, seq bridge.Seq) { last[c] = seq })
		if err != nil || before == 0 {
			return err
		}
		return in.Conclude(before)
	})
}

// callers call do for the length of a measurement, each for itself, and return
// how many calls a second were made.
func (b *bench) callers(n int, do func(caller, i int) error) (float64, error) {
	var wg sync.WaitGroup
	var stop atomic.Bool
	var calls atomic.Int64
	errs := make([]error, n)
	start := time.Now()
	for c := range n {
		wg.Go(func() {
			i := 0
			for ; !stop.Load() && errs[c] == nil; i++ {
				errs[c] = do(c, i)
			}
			calls.Add(int64(i))
		})
	}
	time.AfterFunc(time.Duration(b.seconds*float64(time.Second)), func() { stop.Store(true) })
	wg.Wait()
	return float64(calls.Load()) / time.Since(start).Seconds(), errors.Join(errs...)
}
