package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"messenger-bridge/bench/chart"
	"messenger-bridge/bench/load"
)

// plotsCommand measures and draws two plots: latency against load, and throughput
// against connections, for the product and for what limits it.
func plotsCommand(ctx context.Context, args []string, out, progress io.Writer) error {
	b := &bench{ctx: ctx, progress: progress, lanes: 1000, goal: "plots"}
	flags := flag.NewFlagSet("bench plots", flag.ContinueOnError)
	flags.SetOutput(progress)
	folder := flags.String("svg", ".", "`folder` for latency.svg and throughput.svg")
	flags.IntVar(&b.rounds, "rounds", 3, "rounds; the medians are drawn")
	flags.Float64Var(&b.seconds, "seconds", 1, "length of one measurement")
	flags.StringVar(&b.dir, "dir", "/dev/shm", "folder for stores; tmpfs")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if b.rounds < 1 || b.seconds <= 0 || flags.NArg() > 0 {
		return errors.New("-rounds and -seconds must be positive, and nothing follows the flags")
	}
	for name, draw := range map[string]func() (chart.Chart, error){"latency.svg": b.latencyPlot, "throughput.svg": b.throughputPlot} {
		c, err := draw()
		if err != nil {
			return err
		}
		path := filepath.Join(*folder, name)
		if err := os.WriteFile(path, []byte(c.SVG()), 0o644); err != nil {
			return err
		}
		fmt.Fprintln(out, path)
	}
	return nil
}

// subject is a line of a plot.
type subject struct {
	name     string
	kind     string
	delivers bool
	server   *target
	figures  map[float64]*series // by x
}

// subjects are the product and its floors, each with a server of its own.
func (f *field) subjects(sync time.Duration) ([]*subject, error) {
	all := []*subject{
		{name: "signature only", kind: signed}, {name: "stored in a raw file", kind: raw},
		{name: "stored", kind: product}, {name: "stored and delivered", kind: product, delivers: true},
	}
	for _, s := range all {
		var err error
		if s.server, err = f.serve(s.kind, sync, s.delivers); err != nil {
			return nil, err
		}
		s.figures = map[float64]*series{}
	}
	return all, nil
}

func (s *subject) note(x, y float64) {
	if s.figures[x] == nil {
		s.figures[x] = &series{}
	}
	*s.figures[x] = append(*s.figures[x], y)
}

// lines are the medians, in the order of xs.
func lines(subjects []*subject, xs []float64) (all []chart.Curve) {
	for _, s := range subjects {
		l := chart.Curve{Name: s.name}
		for _, x := range xs {
			if f := s.figures[x]; f != nil {
				l.Points = append(l.Points, chart.Point{X: x, Y: f.median()})
			}
		}
		all = append(all, l)
	}
	return all
}

// latencyPlot is the median time to the answer, or to the workspace, at rates that do
// not wait. A line ends where the rate is more than the server can do.
func (b *bench) latencyPlot() (c chart.Chart, err error) {
	f, err := b.newField()
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	const sync = 500 * time.Microsecond
	all, err := f.subjects(sync)
	if err != nil {
		return c, err
	}
	const tooMuch = 100 // ms
	rates := []float64{50, 100, 200, 500, 1000, 2000, 3000, 4000, 6000, 8000, 12_000, 16_000}
	err = b.round(func() error {
		for _, s := range all {
			for _, rate := range rates {
				o, err := f.fire(s.server, load.Volley{Conns: 64, Rate: rate, Await: s.delivers})
				if err != nil {
					return err
				}
				took := o.Ack
				if s.delivers {
					took = o.E2E
				}
				if took.P50 > tooMuch {
					break
				}
				s.note(rate, took.P50)
			}
		}
		return nil
	})
	return chart.Chart{
		Title: fmt.Sprintf("Median latency against load, t_sync %v, 64 connections", sync), X: "calls a second", Y: "ms",
		Lines: lines(all, rates),
	}, err
}

// throughputPlot is what is answered, or delivered, when each connection sends as soon
// as it has its answer.
func (b *bench) throughputPlot() (c chart.Chart, err error) {
	f, err := b.newField()
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	const sync = time.Millisecond
	all, err := f.subjects(sync)
	if err != nil {
		return c, err
	}
	conns := []float64{1, 2, 4, 8, 16, 32, 64, 128, 256}
	err = b.round(func() error {
		for _, n := range conns {
			for _, s := range all {
				o, err := f.fire(s.server, load.Volley{Conns: int(n), Await: s.delivers})
				if err != nil {
					return err
				}
				rate := o.AckRate()
				if s.delivers {
					rate = o.DeliveredRate()
				}
				s.note(n, rate)
			}
		}
		return nil
	})
	return chart.Chart{
		Title: fmt.Sprintf("Throughput against connections, t_sync %v", sync), X: "connections", Y: "a second",
		Lines: lines(all, conns),
	}, err
}
