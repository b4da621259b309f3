package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"messenger-bridge/bench/load"
	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// adjustable is a pause in place of a sync whose length may change.
type adjustable struct{ now atomic.Pointer[func()] }

func (a *adjustable) set(d time.Duration) {
	pause := pauses(d)
	a.now.Store(&pause)
}

func (a *adjustable) sync() { (*a.now.Load())() }

// fill stores n messages of as many conversations as perConversation says; stored is
// told the number of each, and may be nil.
func fill(s *store.Store, n int, stored func(bridge.Seq)) error {
	const atOnce = 1000
	if stored == nil {
		stored = func(bridge.Seq) {}
	}
	body := []byte(load.Padding[:900])
	for from := 0; from < n; from += atOnce {
		entries := make([]bridge.Entry, min(atOnce, n-from))
		for i := range entries {
			id := strconv.Itoa(from + i)
			conversation := strconv.Itoa((from + i) * 7919 % max(n/perConversation, 1)) // in no order
			entries[i] = bridge.Entry{Lane: bridge.Conversation{Page: load.PageID, Kind: bridge.Messages, Customer: bridge.CustomerID("2000000000" + conversation)}.Lane(), Key: load.PageID + "/m_" + id, Body: body}
		}
		if _, err := s.Inbox().Append(context.Background(), entries, func(_ *bridge.Entry, seq bridge.Seq) { stored(seq) }); err != nil {
			return err
		}
	}
	return nil
}

// drain concludes messages as if they had been delivered.
func drain(s *store.Store, seqs []bridge.Seq) error {
	left := s.Stats().Inbox.Waiting
	for some := range slices.Chunk(seqs, 10_000) {
		for _, seq := range some {
			if err := s.Inbox().Conclude(seq); err != nil {
				return err
			}
		}
		left -= len(some)
		if err := settled(s, left); err != nil {
			return err
		}
	}
	return nil
}

// settled waits until no more than some messages wait: marks are committed within 50 ms.
func settled(s *store.Store, most int) error {
	for deadline := time.Now().Add(time.Minute); s.Stats().Inbox.Waiting > most; {
		if time.Now().After(deadline) {
			return fmt.Errorf("%d messages are not concluded", s.Stats().Inbox.Waiting-most)
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}
