package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"messenger-bridge/bench/load"
	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// measureReader is P12: whether somebody who reads for long, as a backup does, slows
// down whoever stores.
func measureReader(b *bench) (results []result, err error) {
	dir, remove, err := b.folder()
	if err != nil {
		return nil, err
	}
	defer remove()
	s, err := openStore(dir, pauses(time.Millisecond))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := fill(s, 1, nil); err != nil { // a reader needs something to read
		return nil, err
	}
	body := make([]byte, load.BodyLen)
	rand.Read(body)
	var alone, beside series
	err = b.round(func() error {
		run := fmt.Sprint(len(alone))
		n, err := b.lives(s, 64, body, run+"a")
		if err != nil {
			return err
		}
		alone = append(alone, n)
		finish := readOn(s)
		n, err = b.lives(s, 64, body, run+"b")
		beside = append(beside, n)
		return errors.Join(err, finish())
	})
	return []result{ratio("durable insert while somebody reads / alone, 64 callers, t_sync 1ms", "1", atLeast(0.9), beside, alone)}, err
}

// readOn begins to read the inbox and stays at its first message until finish is called.
func readOn(s *store.Store) (finish func() error) {
	began, end, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		first := true
		done <- s.Inbox().Waiting(func(*bridge.Delivery, int) {
			if first {
				first = false
				close(began)
				<-end
			}
		})
	}()
	<-began
	return func() error { close(end); return <-done }
}
