package main

import (
	"errors"
	"fmt"
	"time"

	"messenger-bridge/bench/load"
)

// measureDelivered is P6: what is left of the rate of acknowledgements when
// everything is delivered as well.
func measureDelivered(b *bench) ([]result, error) {
	var results []result
	for _, p := range []struct {
		conns int
		sync  time.Duration
	}{{64, 500 * time.Microsecond}, {32, time.Millisecond}} {
		r, err := b.delivered(p.conns, p.sync)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

func (b *bench) delivered(conns int, sync time.Duration) (r result, err error) {
	f, err := b.newField()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	stores, err := f.serve(product, sync, false)
	if err != nil {
		return r, err
	}
	delivers, err := f.serve(product, sync, true)
	if err != nil {
		return r, err
	}
	var acked, delivered, cost series
	err = b.round(func() error {
		o, err := f.fire(stores, load.Volley{Conns: conns})
		if err != nil {
			return err
		}
		acked = append(acked, o.AckRate())
		o, used, err := f.used(delivers, load.Volley{Conns: conns, Await: true})
		delivered = append(delivered, o.DeliveredRate())
		cost = append(cost, float64(used.Processor.Microseconds())/float64(o.Acked))
		return err
	})
	r = ratio(fmt.Sprintf("delivered / acked without delivery, %d conns, t_sync %v", conns, sync), "1", atLeast(0.6), delivered, acked)
	r.Note += fmt.Sprintf("; %.0f µs of the server's processor per delivered event", cost.median())
	return r, err
}
