package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"messenger-bridge/bench/chart"
	"messenger-bridge/bench/growth"
)

// What must not grow with pages, conversations, lanes and history (G1 to G5): each is done
// beside few and beside many, by turns in this process. Nothing else is needed.

// scaled returns a number of this file as it is for a run: smaller ones for tests.
func scaled(b *bench, n int) int { return max(n*b.idle/100_000, 1) }

// compare returns the median time of doing it beside few and beside many, round by round.
func (b *bench) compare(g growth.Thing) (few, many series, err error) {
	dir, remove, err := b.folder()
	if err != nil {
		return nil, nil, err
	}
	defer remove()
	doFew, endFew, err := g.Make(filepath.Join(dir, "few"), scaled(b, g.Few))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, endFew()) }()
	doMany, endMany, err := g.Make(filepath.Join(dir, "many"), scaled(b, g.Many))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, endMany()) }()
	err = b.round(func() error {
		x, y, err := byTurns(b.seconds, doFew, doMany)
		few, many = append(few, x), append(many, y)
		return err
	})
	return few, many, err
}

// byTurns does two things in turn for the length of a measurement and returns their median
// times, in milliseconds.
func byTurns(seconds float64, one, other func() error) (x, y float64, err error) {
	var ones, others series
	for start := time.Now(); len(ones) < 5 || time.Since(start).Seconds() < seconds; {
		for _, side := range []struct {
			do    func() error
			times *series
		}{{one, &ones}, {other, &others}} {
			before := time.Now()
			if err := side.do(); err != nil {
				return 0, 0, err
			}
			*side.times = append(*side.times, time.Since(before).Seconds()*1000)
		}
	}
	return ones.median(), others.median(), nil
}

// measureCustomers is G1.
func measureCustomers(b *bench) ([]result, error) {
	few, many, err := b.compare(growth.Customers)
	return []result{{
		Point: fmt.Sprintf("storing a message, rate beside %d customers heard in the last 5 minutes / beside %d", growth.Customers.Many, growth.Customers.Few),
		Limit: "1", Goal: atLeast(0.95), Rounds: few.over(many), Measured: few.median() / many.median(),
		Note: fmt.Sprintf("%.3f against %.3f ms", few.median(), many.median()),
	}}, err
}

// measurePages is G2.
func measurePages(b *bench) ([]result, error) {
	few, many, err := b.compare(growth.Pages)
	return []result{{
		Point: fmt.Sprintf("saving a page beside %d / beside %d", growth.Pages.Many, growth.Pages.Few),
		Limit: "1", Goal: atMost(2), Rounds: many.over(few), Measured: many.median() / few.median(),
		Note: fmt.Sprintf("%.3f against %.3f ms", many.median(), few.median()),
	}}, err
}

// measureLanes is G3.
func measureLanes(b *bench) ([]result, error) {
	few, many, err := b.compare(growth.Lanes)
	return []result{{
		Point: fmt.Sprintf("what /metrics and /status ask of a direction with %d lanes of %d pages", growth.Lanes.Many, growth.Lanes.Many/growth.LanesOfAPage),
		Limit: "-", Goal: atMost(10), Unit: "ms", Rounds: many, Measured: many.median(),
		Note: fmt.Sprintf("%.3f ms with %d lanes", few.median(), growth.Lanes.Few),
	}}, err
}

// measureWatch is G4: what the page watch does while nothing is wrong, without the calls.
func measureWatch(b *bench) (results []result, err error) {
	dir, remove, err := b.folder()
	if err != nil {
		return nil, err
	}
	defer remove()
	n := scaled(b, 5000)
	s, err := growth.OpenPages(dir, n)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var share series
	checks := int64(0)
	err = b.round(func() error {
		length := time.Duration(3 * b.seconds * float64(time.Second))
		ctx, stop := context.WithTimeout(b.ctx, length)
		defer stop()
		before := processorTime()
		checks += growth.Watch(ctx, s)
		share = append(share, 100*(processorTime()-before).Seconds()/length.Seconds())
		return b.ctx.Err()
	})
	return []result{{Point: fmt.Sprintf("processor that watching %d pages takes, without the calls", n), Limit: "0", Goal: atMost(1), Unit: "% of one",
		Measured: share.median(), Rounds: share, Note: fmt.Sprintf("%d checks", checks)}}, err
}

// measureHistory is G5: how long a commit takes when a day with very many receipts is over.
func measureHistory(b *bench) ([]result, error) {
	const first = 20
	receipts := scaled(b, 200_000)
	var slow, usual series
	err := b.round(func() error {
		dir, remove, err := b.folder()
		if err != nil {
			return err
		}
		defer remove()
		took, err := growth.History(b.ctx, dir, receipts, first)
		if err != nil {
			return err
		}
		later := slices.Sorted(slices.Values(took[first:]))
		slow, usual = append(slow, later[len(later)*99/100]), append(usual, series(took[:first]).median())
		return nil
	})
	return []result{{Point: fmt.Sprintf("p99 of storing while a day of %d receipts goes", receipts), Limit: "-", Goal: atMost(20), Unit: "ms", Measured: slow.median(), Rounds: slow,
		Note: fmt.Sprintf("%.3f ms before", usual.median())}}, err
}

// growthPlot draws how long things take beside more and more.
func growthPlot(b *bench) (chart.Chart, error) {
	c := chart.Chart{Title: "What does not grow: time against what there is", X: "customers, pages, lanes", Y: "milliseconds (median)"}
	for _, g := range []growth.Thing{growth.Customers, growth.Pages, growth.Lanes} {
		line := chart.Curve{Name: g.Name}
		for n := max(g.Few, 1); n <= g.Many; n *= 10 {
			at := g
			at.Many = n
			_, many, err := b.compare(at)
			if err != nil {
				return c, err
			}
			line.Points = append(line.Points, chart.Point{X: float64(n), Y: many.median()})
		}
		c.Lines = append(c.Lines, line)
	}
	return c, nil
}
