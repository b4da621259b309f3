// Package faults plays rounds of trouble with the real program: a process of its own
// between both platforms of the sandbox, customers and agents who write, and faults
// drawn at random. After each round the sandbox's own books are compared: every
// customer's message once and in order, every agent's message once or marked in the
// room, one open room for each customer, nothing of ours shown as a customer's, and
// neither tokens nor texts in the log. It knows nothing of the bridge's code.
package faults

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// campaign is many rounds.
type campaign struct {
	rounds   int
	seed     uint64
	parallel int
	binary   string // of the program; empty: built first
	replicas bool   // the program is two replicas, with a journal of three nodes
	keep     bool   // logs of failed rounds
	progress io.Writer
}

// Command runs `bench faults` and writes a table to out. Violations are an error.
func Command(ctx context.Context, args []string, out, progress io.Writer) error {
	c := campaign{progress: progress}
	flags := flag.NewFlagSet("bench faults", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.IntVar(&c.rounds, "rounds", 20, "how many")
	flags.Uint64Var(&c.seed, "seed", 0, "of the first round, the next has the next; 0 draws one")
	flags.IntVar(&c.parallel, "parallel", 4, "rounds at a time; they wait more than they work")
	flags.StringVar(&c.binary, "binary", "", "`file` of the program; built from this tree if left out")
	flags.BoolVar(&c.replicas, "replicas", false, "two replicas of the program, with faults of theirs and of their journal")
	flags.BoolVar(&c.keep, "keep", false, "keep the logs of rounds with violations")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if c.rounds < 1 || c.parallel < 1 || flags.NArg() > 0 {
		return errors.New("-rounds and -parallel must be positive, and nothing follows the flags")
	}
	if c.seed == 0 {
		c.seed = 1 + rand.Uint64N(1_000_000_000)
	}
	r, err := c.run(ctx)
	r.write(out)
	if err == nil && r.violations > 0 {
		err = fmt.Errorf("%d violations", r.violations)
	}
	return err
}

// run plays the rounds; the report holds those that were played.
func (c *campaign) run(ctx context.Context) (r report, err error) {
	r = report{seed: c.seed, replicas: c.replicas, faults: map[string]int{}}
	started := time.Now()
	defer func() { r.took = time.Since(started) }()
	remove, err := c.build(ctx)
	if err != nil {
		return r, err
	}
	defer remove()
	seeds := make(chan uint64)
	var mu sync.Mutex // guards r and err
	var playing sync.WaitGroup
	for range c.parallel {
		playing.Go(func() {
			for seed := range seeds {
				done, failed := c.round(ctx, seed)
				mu.Lock()
				if failed != nil {
					err = errors.Join(err, fmt.Errorf("seed %d: %w", seed, failed))
				} else {
					r.add(done)
				}
				fmt.Fprintf(c.progress, "\r%d of %d rounds, %d violations ", r.rounds, c.rounds, r.violations)
				mu.Unlock()
			}
		})
	}
	for i := range c.rounds {
		select {
		case seeds <- c.seed + uint64(i):
		case <-ctx.Done():
		}
	}
	close(seeds)
	playing.Wait()
	fmt.Fprintln(c.progress)
	return r, errors.Join(err, ctx.Err())
}

// build builds the program, unless one is named.
func (c *campaign) build(ctx context.Context) (remove func(), err error) {
	if c.binary != "" {
		return func() {}, nil
	}
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		return nil, err
	}
	c.binary = filepath.Join(dir, "messenger-bridge")
	text, err := exec.CommandContext(ctx, "go", "build", "-o", c.binary, "messenger-bridge/cmd/messenger-bridge").CombinedOutput()
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("build the program: %w\n%s", err, text)
	}
	return func() { os.RemoveAll(dir) }, nil
}

// report is what a campaign found.
type report struct {
	seed       uint64
	replicas   bool
	rounds     int
	in, out    int    // messages of customers and of agents
	marked     int    // of the latter, not delivered and said so
	replaced   int    // of customers, by lines that say that it is not shown
	starts     int    // of the program
	unordered  [3]int // rounds in which the order proves nothing: of customers' messages; of answers, as the stream kept some back, or brought some late
	faults     map[string]int
	violations int
	failed     []outcome // rounds with violations
	took       time.Duration
}

func (r *report) add(d outcome) {
	r.rounds++
	r.in += d.in
	r.out += d.out
	r.marked += d.marked
	r.replaced += d.replaced
	r.starts += d.starts
	for i, so := range []bool{d.shuffled, d.late, d.overtaken && !d.late} {
		if so {
			r.unordered[i]++
		}
	}
	for _, name := range d.faults {
		r.faults[name]++
	}
	if len(d.violations) > 0 {
		r.violations += len(d.violations)
		r.failed = append(r.failed, d)
	}
}

func (r *report) write(out io.Writer) {
	fmt.Fprintf(out, "| | |\n|---|---|\n| seeds | %d to %d |\n| rounds | %d in %s |\n| messages of customers | %d, of them %d refused for good, replaced and listed |\n| messages of agents | %d, of them %d refused and marked |\n| starts of the program | %d |\n| rounds in which Facebook shuffles, so that order is not weighed | %d |\n| rounds in which the stream keeps answers back, the same of answers | %d |\n| rounds in which the machine brought answers late, the same | %d |\n| violations | %d |\n\n",
		r.seed, r.seed+uint64(max(r.rounds, 1))-1, r.rounds, r.took.Round(time.Second), r.in, r.replaced, r.out, r.marked, r.starts, r.unordered[0], r.unordered[1], r.unordered[2], r.violations)
	fmt.Fprint(out, "| fault | times |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(r.faults)) {
		fmt.Fprintf(out, "| %s | %d |\n", name, r.faults[name])
	}
	for _, o := range r.failed {
		fmt.Fprintf(out, "\nVIOLATIONS in a round with %s:\n", strings.Join(o.faults, ", "))
		for i, v := range o.violations {
			if i == mostShown {
				fmt.Fprintf(out, "- and %d more\n", len(o.violations)-i)
				break
			}
			fmt.Fprintf(out, "- %s\n", v)
		}
		fmt.Fprintf(out, "again with: go run ./bench faults%s -rounds 1 -seed %d -keep\n", r.flag(), o.seed)
	}
}

func (r *report) flag() string {
	if r.replicas {
		return " -replicas"
	}
	return ""
}

// mostShown is how many violations of one round are shown: one cause has many.
const mostShown = 6
