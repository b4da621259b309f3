package main

import (
	"errors"
	"fmt"
	"time"

	"messenger-bridge/bench/load"
)

// measureBatch is P15: a call with a thousand events, which Meta may send, against
// a thousand times the processor time of a call with one.
func measureBatch(b *bench) (results []result, err error) {
	const events = 1000
	f, err := b.newField()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	s, err := f.serve(product, time.Millisecond, false)
	if err != nil {
		return nil, err
	}
	var one, thousand, commits series
	err = b.round(func() error {
		o, used, err := f.used(s, load.Volley{Conns: 32})
		if err != nil {
			return err
		}
		one = append(one, used.Processor.Seconds()*1000/float64(o.Acked))
		o, used, err = f.used(s, load.Volley{Conns: 1, Events: events, Most: max(int(20*b.seconds), 2)})
		thousand = append(thousand, o.Ack.P50)
		commits = append(commits, float64(used.Commits)/float64(o.Acked))
		return err
	})
	ratios := thousand.over(one)
	for i := range ratios {
		ratios[i] /= events
	}
	return []result{
		{
			Point: "ack of a call with 1000 events / 1000 × processor time of one event", Limit: "-", Goal: atMost(1),
			Measured: thousand.median() / one.median() / events, Rounds: ratios,
			Note: fmt.Sprintf("ack p50 %.1f ms; one event %.0f µs", thousand.median(), 1000*one.median()),
		},
		{Point: "transactions for such a call", Limit: "1", Goal: atMost(1), Measured: commits.median(), Rounds: commits},
	}, err
}
