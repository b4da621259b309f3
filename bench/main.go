package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"

	"messenger-bridge/bench/faults"
	"messenger-bridge/bench/replicas"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	played, err := playRole(os.Args[1:], os.Stdin, os.Stdout)
	switch {
	case played:
	case len(os.Args) > 1 && os.Args[1] == "attack":
		err = attackCommand(ctx, os.Args[2:], os.Stdout, os.Stderr)
	case len(os.Args) > 1 && os.Args[1] == "faults":
		err = faults.Command(ctx, os.Args[2:], os.Stdout, os.Stderr)
	case len(os.Args) > 1 && os.Args[1] == "replicas":
		err = replicas.Command(ctx, os.Args[2:], os.Stdout, os.Stderr)
	case len(os.Args) > 1 && os.Args[1] == "acks":
		err = faults.AcksCommand(ctx, os.Args[2:], os.Stdout, os.Stderr)
	case len(os.Args) > 1 && os.Args[1] == "growth":
		err = someGoals(ctx, "growth", growthGoals, []plot{{"growth.svg", growthPlot}}, os.Args[2:], os.Stdout, os.Stderr)
	case len(os.Args) > 1 && os.Args[1] == "floor":
		err = someGoals(ctx, "floor", floorGoals, []plot{{"floor.svg", floorPlot}, {"floor-out.svg", outPlot}}, os.Args[2:], os.Stdout, os.Stderr)
	case len(os.Args) > 1 && os.Args[1] == "peers":
		err = peersCommand(ctx, os.Args[2:], os.Stdout, os.Stderr)
	case len(os.Args) > 1 && os.Args[1] == "plots":
		err = plotsCommand(ctx, os.Args[2:], os.Stdout, os.Stderr)
	case len(os.Args) > 1 && os.Args[1] == "soak":
		err = faults.SoakCommand(ctx, os.Args[2:], os.Stdout, os.Stderr)
	default:
		err = command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// command measures what the command line asks for and writes the table to out.
func command(ctx context.Context, args []string, out, progress io.Writer) error {
	b := &bench{ctx: ctx, progress: progress, lanes: 1000, idle: 100_000, pending: 1_000_000}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(progress)
	only := flags.String("only", "", "goals to measure, separated by commas (default all)")
	file := flags.String("json", "", "`file` for the results as JSON")
	flags.IntVar(&b.rounds, "rounds", 3, "rounds; the medians count")
	flags.Float64Var(&b.seconds, "seconds", 1, "length of one measurement")
	flags.StringVar(&b.dir, "dir", "/dev/shm", "folder for stores; tmpfs")
	flags.StringVar(&b.profiles, "profile", "", "`folder` for CPU and allocation profiles")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if runtime.GOOS != "linux" {
		return errors.New("the pauses that stand for syncs are exact on Linux only")
	}
	if b.rounds < 1 || b.seconds <= 0 || flags.NArg() > 0 {
		return errors.New("-rounds and -seconds must be positive, and nothing follows the flags")
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	report, err := b.measure(chosen)
	if len(report.Results) > 0 { // what was measured before an error is worth showing
		err = errors.Join(err, report.write(out, *file))
	}
	return err
}

// choose returns the goals of a list of ids, in the order of the registry.
func choose(only string) ([]goal, error) {
	if only == "" {
		return goals, nil
	}
	wanted := map[string]bool{}
	for id := range strings.SplitSeq(only, ",") {
		wanted[strings.TrimSpace(id)] = true
	}
	var chosen []goal
	for _, g := range goals {
		if wanted[g.id] {
			chosen = append(chosen, g)
			delete(wanted, g.id)
		}
	}
	for id := range wanted {
		return nil, fmt.Errorf("no goal is called %q here", id)
	}
	return chosen, nil
}
