package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"
)

// goal is an entry of the registry. measure returns one result for each point at
// which the goal is stated.
type goal struct {
	id      string // as in performance.md, section 2
	measure func(*bench) ([]result, error)
}

// growthGoals are about what must not grow (growth.go).
var growthGoals = []goal{
	{"G1", measureCustomers},
	{"G2", measurePages},
	{"G3", measureLanes},
	{"G4", measureWatch},
	{"G5", measureHistory},
}

// floorGoals are about what nothing can leave out (floor.go).
var floorGoals = []goal{{"F", measureFloor}}

// goals is the registry, in the order in which they are measured.
var goals = append([]goal{
	{"P1", measureInsert},
	{"P1b", measureInsertElsewhere},
	{"P2", measureAck},
	{"P3", measureMemory},
	{"P4", measureWritten},
	{"P5", measureLatency},
	{"P6", measureDelivered},
	{"P8", measureAllocations},
	{"P9", measureIdle},
	{"P10", measureRecovery},
	{"P11", measureDrained},
	{"P12", measureReader},
	{"P13", measureOut},
	{"P14", measureHanging},
	{"P15", measureBatch},
}, append(floorGoals, growthGoals...)...)

// bench is one run.
type bench struct {
	ctx      context.Context
	rounds   int
	seconds  float64   // of one measurement
	lanes    int       // conversations under load
	idle     int       // conversations that are idle, for P9
	pending  int       // messages that wait, or waited, for P10 and P11
	dir      string    // where folders for stores are made
	profiles string    // folder for profiles; empty: none
	progress io.Writer // what is being measured
	goal     string    // id of the goal being measured
}

// measure measures goals one after another.
func (b *bench) measure(chosen []goal) (report, error) {
	r := report{When: time.Now().UTC(), Go: runtime.Version(), CPUs: runtime.NumCPU(), Rounds: b.rounds, Seconds: b.seconds}
	for _, g := range chosen {
		b.goal = g.id
		stop, err := profile(b.profiles, g.id)
		if err != nil {
			return r, err
		}
		others := watchOthers()
		results, err := g.measure(b)
		share := others()
		stop()
		if err != nil {
			return r, fmt.Errorf("%s: %w", g.id, err)
		}
		for _, res := range results {
			res.ID, res.Others = g.id, share
			res.judge()
			r.Results = append(r.Results, res)
		}
	}
	return r, nil
}

// watchOthers returns what tells which part of the processors was taken meanwhile by
// other programs and the host. It is known when all children have ended.
func watchOthers() func() float64 {
	start, machine, family := time.Now(), machineTime(), familyTime()
	return func() float64 {
		foreign := machineTime() - machine - (familyTime() - family)
		return max(0, foreign.Seconds()/time.Since(start).Seconds()/float64(runtime.NumCPU()))
	}
}

// round calls measure for every round.
func (b *bench) round(measure func() error) error {
	for n := range b.rounds {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		fmt.Fprintf(b.progress, "%s: round %d of %d\n", b.goal, n+1, b.rounds)
		if err := measure(); err != nil {
			return err
		}
	}
	return nil
}

// folder makes a folder for stores; remove it when done.
func (b *bench) folder() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(b.dir, "messenger-bridge-bench-")
	return dir, func() { os.RemoveAll(dir) }, err
}

// profile records what this process does until the returned function is called:
// processor time, and what was ever allocated.
func profile(folder, name string) (stop func(), err error) {
	if folder == "" {
		return func() {}, nil
	}
	cpu, err := os.Create(filepath.Join(folder, name+".cpu.pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		cpu.Close()
		if f, err := os.Create(filepath.Join(folder, name+".allocs.pprof")); err == nil {
			_ = pprof.Lookup("allocs").WriteTo(f, 0) // a profile more or less
			f.Close()
		}
	}, nil
}

// series is one figure of each round.
type series []float64

func (s series) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	if len(sorted) == 0 {
		return 0
	}
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// over divides round by round.
func (s series) over(floor series) series {
	ratios := make(series, len(s))
	for i := range s {
		ratios[i] = s[i] / floor[i]
	}
	return ratios
}

// ratio is the result of a product and its floor: the ratio of the medians.
func ratio(point, limit string, at bound, product, floor series) result {
	return result{
		Point: point, Limit: limit, Goal: at, Rounds: product.over(floor),
		Measured: product.median() / floor.median(),
		Note:     fmt.Sprintf("%.0f against %.0f /s", product.median(), floor.median()),
	}
}
