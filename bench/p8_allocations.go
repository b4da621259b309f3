package main

import (
	"errors"
	"fmt"
	"time"

	"messenger-bridge/bench/load"
)

// measureAllocations is P8: what an event allocates from webhook to delivery, at
// saturation, and what a frame of the stream does that leads to nothing.
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
	var mallocs, kilobytes, group, own, ignored series
	err = b.round(func() error {
		o, used, err := f.used(s, load.Volley{Conns: 64, Await: true})
		events := float64(o.Acked)
		mallocs = append(mallocs, float64(used.Mallocs)/events)
		kilobytes = append(kilobytes, float64(used.Bytes)/events/1024)
		entries, _ := used.group()
		group = append(group, entries)
		if err != nil {
			return err
		}
		n, err := f.frame(s, "l")
		if err != nil {
			return err
		}
		own = append(own, n)
		n, err = f.frame(s, "c")
		ignored = append(ignored, n)
		return err
	})
	note := fmt.Sprintf("%.1f entries a commit", group.median())
	return []result{
		{Point: "allocations an inbound event, e2e", Limit: "-", Goal: atMost(200), Measured: mallocs.median(), Rounds: mallocs, Note: note},
		{Point: "bytes allocated an inbound event, e2e", Limit: "-", Goal: atMost(24), Unit: "KB", Measured: kilobytes.median(), Rounds: kilobytes, Note: note},
		{Point: "allocations a frame of a customer's room", Limit: "-", Goal: atMost(30), Measured: own.median(), Rounds: own, Note: "a customer's message, as it comes back"},
		{Point: "allocations a frame of another room", Limit: "-", Goal: atMost(17), Measured: ignored.median(), Rounds: ignored},
	}, err
}

// frame returns what a server allocates for each frame about rooms of a kind.
func (f *field) frame(s *target, kind string) (float64, error) {
	q := load.Strangers{Kind: kind, Count: max(int(10_000*f.b.seconds), 100)}
	before, err := ask[usage](s.child, "usage", nothing{})
	if err != nil {
		return 0, err
	}
	if _, err := ask[nothing](f.load, "frames", q); err != nil {
		return 0, err
	}
	after, err := ask[usage](s.child, "usage", nothing{})
	return float64(after.since(before).Mallocs) / float64(q.Count), err
}
