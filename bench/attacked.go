package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"messenger-bridge/bench/attack"
	"messenger-bridge/bench/chart"
)

// attackCommand measures honest calls beside strangers, and draws them (package attack).
func attackCommand(ctx context.Context, args []string, out, progress io.Writer) error {
	l := attack.Load{Sockets: []int{1, 3, 10, 31, 100, 310, 1000}}
	flags := flag.NewFlagSet("bench attack", flag.ContinueOnError)
	flags.SetOutput(progress)
	plot := flags.String("svg", "", "`file` for a plot")
	dir := flags.String("dir", "/dev/shm", "folder for the store")
	flags.StringVar(&l.Binary, "binary", "", "`file` of the program; built from this tree if left out")
	flags.IntVar(&l.Rate, "rate", 50, "honest calls a second")
	flags.DurationVar(&l.Lasts, "for", 10*time.Second, "how long beside each number of strangers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if l.Rate < 1 || l.Lasts < time.Second || flags.NArg() > 0 {
		return errors.New("-rate must be positive, -for at least a second, and nothing follows the flags")
	}
	all, err := attack.Measure(ctx, l, *dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "| sockets of strangers | honest calls | answered 200 | half took at most | 99 of 100 |\n|---|---|---|---|---|\n")
	half, most := chart.Curve{Name: "half of the calls"}, chart.Curve{Name: "99 of 100"}
	for _, f := range all {
		fmt.Fprintf(out, "| %d | %d | %.1f %% | %.1f ms | %.1f ms |\n", f.Sockets, f.Calls, 100*float64(f.Answered)/float64(f.Calls), milliseconds(f.Half), milliseconds(f.Most))
		if f.Answered > 0 {
			half.Points = append(half.Points, chart.Point{X: float64(f.Sockets), Y: milliseconds(f.Half)})
			most.Points = append(most.Points, chart.Point{X: float64(f.Sockets), Y: milliseconds(f.Most)})
		}
	}
	if *plot == "" {
		return nil
	}
	c := chart.Chart{Title: fmt.Sprintf("Honest calls, %d a second, beside strangers who hold bodies", l.Rate), X: "sockets of strangers", Y: "ms until 200", Lines: []chart.Curve{half, most}}
	return os.WriteFile(*plot, []byte(c.SVG()), 0o644)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
