package main

import (
	"errors"
	"fmt"
	"time"
)

// measureAllocations is P8, inbound: what an event allocates from webhook to
// delivery, at saturation.
func measureAllocations(b *bench) (results []result, err error) {
	f, err := b.newField()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	s, err := f.serve(product, 500*time.Microsecond, true)
	if err != nil {
		return nil, err
	}
	var mallocs, kilobytes, group series
	err = b.round(func() error {
		o, used, err := f.used(s, volley{Conns: 64, Await: true})
		events := float64(o.Acked)
		mallocs = append(mallocs, float64(used.Mallocs)/events)
		kilobytes = append(kilobytes, float64(used.Bytes)/events/1024)
		entries, _ := used.group()
		group = append(group, entries)
		return err
	})
	note := fmt.Sprintf("%.1f entries a commit", group.median())
	return []result{
		{Point: "allocations an inbound event, e2e", Limit: "-", Goal: atMost(200), Measured: mallocs.median(), Rounds: mallocs, Note: note},
		{Point: "bytes allocated an inbound event, e2e", Limit: "-", Goal: atMost(24), Unit: "KB", Measured: kilobytes.median(), Rounds: kilobytes, Note: note},
	}, err
}
