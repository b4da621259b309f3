package main

import (
	"errors"

	"messenger-bridge/bench/load"
)

// measureMemory is P3: what is left of the calls a second of a server that only checks
// signatures, when they are stored as well and syncs cost nothing.
func measureMemory(b *bench) (results []result, err error) {
	f, err := b.newField()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	bare, err := f.serve(signed, 0, false)
	if err != nil {
		return nil, err
	}
	stores, err := f.serve(product, 0, false)
	if err != nil {
		return nil, err
	}
	var floor, stored series
	err = b.round(func() error {
		o, err := f.fire(bare, load.Volley{Conns: 32})
		if err != nil {
			return err
		}
		floor = append(floor, o.AckRate())
		o, err = f.fire(stores, load.Volley{Conns: 32})
		stored = append(stored, o.AckRate())
		return err
	})
	return []result{ratio("HTTP durable ack without sync cost / signature only, 32 conns", "0.56", atLeast(0.30), stored, floor)}, err
}
