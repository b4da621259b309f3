package main

import (
	"errors"
	"fmt"
	"time"

	"messenger-bridge/bench/load"
)

// measureHanging is P14: what the others notice of one conversation whose messages
// Rocket.Chat takes long for.
func measureHanging(b *bench) (results []result, err error) {
	f, err := b.newField()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	s, err := f.start(serverConfig{Kind: product, Sync: 500 * time.Microsecond, Workers: 16}, true)
	if err != nil {
		return nil, err
	}
	const rest = 5 * time.Millisecond
	hang := time.Duration(2 * b.seconds * float64(time.Second))
	p99 := func(m load.Mood) (float64, error) {
		if _, err := ask[nothing](f.load, "mood", m); err != nil {
			return 0, err
		}
		o, err := f.fire(s, load.Volley{Conns: 64, Rate: 1000, Seconds: 3 * b.seconds, Await: true})
		return o.E2E.P99, err
	}
	var without, with series
	err = b.round(func() error {
		quiet, err := p99(load.Mood{Pause: rest})
		if err != nil {
			return err
		}
		hanging, err := p99(load.Mood{Pause: rest, Hang: hang})
		without, with = append(without, quiet), append(with, hanging)
		return err
	})
	return []result{{
		Point: fmt.Sprintf("e2e p99 while one conversation of %d hangs %v / without, 1000/s, REST takes %v, 16 workers, t_sync 500µs", b.lanes, hang, rest), Limit: "1",
		Goal: atMost(1.5), Measured: with.median() / without.median(), Rounds: with.over(without),
		Note: fmt.Sprintf("%.1f against %.1f ms", with.median(), without.median()),
	}}, err
}
