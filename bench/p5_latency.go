package main

import (
	"errors"
	"fmt"
	"time"

	"messenger-bridge/bench/load"
)

// portion is a part of the most that can be delivered, at one length of a sync.
type portion struct {
	sync      time.Duration
	share     float64
	syncs     int // that an event waits for at least
	p50, p99  series
	most, top bound // of p50 beyond what must be; of p99, if top is set
}

// measureLatency is P5: how long an event takes to Rocket.Chat beyond what it must,
// by schedule, at a part of the rate that a closed loop reaches.
func measureLatency(b *bench) (results []result, err error) {
	f, err := b.newField()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	servers := map[time.Duration]*target{}
	for _, sync := range []time.Duration{0, 500 * time.Microsecond, 5 * time.Millisecond} {
		if servers[sync], err = f.serve(product, sync, true); err != nil {
			return nil, err
		}
	}
	var top series
	err = b.round(func() error {
		o, err := f.fire(servers[500*time.Microsecond], load.Volley{Conns: 64, Await: true})
		top = append(top, o.DeliveredRate())
		return err
	})
	if err != nil {
		return nil, err
	}
	loads := []*portion{
		{sync: 0, share: 0.1, syncs: 1, most: atMost(1)},
		{sync: 500 * time.Microsecond, share: 0.1, syncs: 1, most: atMost(1)},
		{sync: 500 * time.Microsecond, share: 0.5, syncs: 1, most: atMost(3), top: atMost(12)},
		{sync: 5 * time.Millisecond, share: 0.1, syncs: 2, most: atMost(3)},
	}
	var bare series
	err = b.round(func() error {
		trip, err := ask[load.Spread](servers[0].child, "round trip", nothing{})
		if err != nil {
			return err
		}
		bare = append(bare, trip.P50)
		for _, l := range loads {
			o, err := f.fire(servers[l.sync], load.Volley{Conns: 64, Rate: l.share * top.median(), Await: true})
			if err != nil {
				return err
			}
			l.p50, l.p99 = append(l.p50, o.E2E.P50), append(l.p99, o.E2E.P99)
		}
		return nil
	})
	for _, l := range loads {
		results = append(results, l.results(top.median(), bare)...)
	}
	return results, err
}

func (l *portion) results(most float64, bare series) []result {
	point := fmt.Sprintf("at %.0f %% of max, t_sync %v", 100*l.share, l.sync)
	must := float64(l.syncs) * l.sync.Seconds() * 1000
	r := result{
		Point: fmt.Sprintf("e2e p50 − (%d t_sync + REST round trip), %s", l.syncs, point),
		Limit: "0", Goal: l.most, Unit: "ms", Measured: l.p50.median() - must - bare.median(),
		Note: fmt.Sprintf("%.0f of %.0f /s; e2e p50 %.2f, p99 %.1f ms; round trip %.2f ms", l.share*most, most, l.p50.median(), l.p99.median(), bare.median()),
	}
	for i, p50 := range l.p50 {
		r.Rounds = append(r.Rounds, p50-must-bare[i])
	}
	if l.top == (bound{}) {
		return []result{r}
	}
	return []result{r, {Point: "e2e p99, " + point, Limit: "-", Goal: l.top, Unit: "ms", Measured: l.p99.median(), Rounds: l.p99}}
}
