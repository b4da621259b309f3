package main

import (
	"errors"
	"fmt"
	"time"

	"messenger-bridge/bench/load"
)

// inOrder is how long an answer waits for older ones of its room (docs/decisions/078-order-of-answers.md).
const inOrder = 50 * time.Millisecond

// measureOut is P13: how long an answer takes to Meta beyond what it must, at 200 a second.
func measureOut(b *bench) (results []result, err error) {
	for _, sync := range []time.Duration{0, time.Millisecond} {
		r, err := b.out(sync)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

func (b *bench) out(sync time.Duration) (r result, err error) {
	f, err := b.newField()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	s, err := f.serve(product, sync, true)
	if err != nil {
		return r, err
	}
	var bare, p50, p99, beyond, commits series
	must := (sync + inOrder).Seconds() * 1000
	err = b.round(func() error {
		trip, err := ask[load.Spread](s.child, "round trip", nothing{})
		if err != nil {
			return err
		}
		before, err := ask[usage](s.child, "usage", nothing{})
		if err != nil {
			return err
		}
		o, err := ask[load.Outcome](f.load, "agents", load.AgentsWrite{Rate: 200, Seconds: 2 * b.seconds})
		if err != nil {
			return err
		}
		after, err := ask[usage](s.child, "usage", nothing{})
		commits = append(commits, float64(after.since(before).Commits)/float64(o.Acked))
		bare, p50, p99 = append(bare, trip.P50), append(p50, o.E2E.P50), append(p99, o.E2E.P99)
		beyond = append(beyond, o.E2E.P50-must-trip.P50)
		return err
	})
	return result{
		Point: fmt.Sprintf("out: frame to send p50 − (50 ms for order + t_sync + REST round trip), 200/s, t_sync %v", sync), Limit: "0", Goal: atMost(1.5), Unit: "ms",
		Measured: p50.median() - must - bare.median(), Rounds: beyond,
		Note: fmt.Sprintf("p50 %.2f, p99 %.1f ms; round trip %.2f ms; %.1f commits each", p50.median(), p99.median(), bare.median(), commits.median()),
	}, err
}
