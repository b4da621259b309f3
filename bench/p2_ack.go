package main

import (
	"errors"
	"fmt"
	"time"

	"messenger-bridge/bench/load"
)

// measureAck is P2: how often a webhook call is stored and answered, against the
// same server with a raw file.
func measureAck(b *bench) (results []result, err error) {
	f, err := b.newField()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	targets := map[string]*target{}
	for _, kind := range []string{signed, raw, product} {
		if targets[kind], err = f.serve(kind, time.Millisecond, false); err != nil {
			return nil, err
		}
	}
	points := []struct {
		conns       int
		limit       string
		goal        bound
		rates       map[string]series
		group, took *series
	}{
		{32, "1", atLeast(0.48), map[string]series{}, new(series), new(series)},
		{256, "1", atLeast(0.70), map[string]series{}, new(series), new(series)},
	}
	err = b.round(func() error {
		for _, p := range points {
			for _, kind := range []string{signed, raw, product} {
				o, used, err := f.used(targets[kind], load.Volley{Conns: p.conns})
				if err != nil {
					return err
				}
				p.rates[kind] = append(p.rates[kind], o.AckRate())
				if kind == product {
					entries, took := used.group()
					*p.group, *p.took = append(*p.group, entries), append(*p.took, took)
				}
			}
		}
		return nil
	})
	for _, p := range points {
		r := ratio(fmt.Sprintf("HTTP durable ack / with a raw file, %d conns, t_sync 1ms", p.conns), p.limit, p.goal, p.rates[product], p.rates[raw])
		r.Note += fmt.Sprintf("; signature only %.0f /s; %.0f entries a commit of %.2f ms", p.rates[signed].median(), p.group.median(), p.took.median())
		results = append(results, r)
	}
	return results, err
}
