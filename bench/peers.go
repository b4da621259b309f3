package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"messenger-bridge/bench/load"
	"messenger-bridge/bench/peers"
)

// peersCommand measures the product beside peers that somebody installed (package peers).
func peersCommand(ctx context.Context, args []string, out, progress io.Writer) error {
	b := &bench{ctx: ctx, progress: progress, goal: "peers", lanes: 1000}
	flags := flag.NewFlagSet("bench peers", flag.ContinueOnError)
	flags.SetOutput(progress)
	folder := flags.String("peers", "", "`folder` in which peers are installed (bench/peers/README.md)")
	file := flags.String("json", "", "`file` for the results as JSON")
	flags.IntVar(&b.rounds, "rounds", 3, "rounds; the medians count")
	flags.Float64Var(&b.seconds, "seconds", 1, "length of one measurement")
	flags.StringVar(&b.dir, "dir", "/dev/shm", "folder for stores; tmpfs")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if runtime.GOOS != "linux" {
		return errors.New("the pauses that stand for syncs are exact on Linux only")
	}
	if b.rounds < 1 || b.seconds <= 0 || flags.NArg() > 0 {
		return errors.New("-rounds and -seconds must be positive, and nothing follows the flags")
	}
	return b.besidePeers(*folder, *file, out)
}

// besidePeers measures beside the peers in a folder, and writes the tables.
func (b *bench) besidePeers(folder, file string, out io.Writer) error {
	race := &race{bench: b, folder: folder}
	report, err := b.measure([]goal{{"P7", race.measure}})
	race.write(out)
	if len(report.Results) > 0 {
		err = errors.Join(err, report.write(out, file))
	}
	return err
}

// rival is one that is measured: the product, the floor, or a peer.
type rival struct {
	name    string
	target  *target
	form    load.Form
	used    func() (time.Duration, error) // what it used so far of processors
	failure error                         // of a peer, after which it is left alone
	figures map[string]*rivalFigures      // by what was done
}

// rivalFigures are medians of rounds later.
type rivalFigures struct{ delivered, ack, e2e, cost series }

// unsynced is the product where a sync costs nothing: peers make none.
const unsynced = "product without sync cost"

// race is a run against peers.
type race struct {
	bench  *bench
	folder string
	rivals []*rival
	absent []string
	lines  []string // what was done, in order
}

const calmRate = 200 // events a second at which nobody is busy

// measure is P7. Peers store nothing and answer after they have posted, or before.
func (r *race) measure(b *bench) (results []result, err error) {
	f, err := b.newField()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	stop, err := r.start(f)
	defer func() { err = errors.Join(err, stop()) }()
	if err != nil {
		return nil, err
	}
	for _, conns := range []int{32, 64} {
		if err := r.fire(f, fmt.Sprintf("%d connections", conns), load.Volley{Conns: conns}, func(x *rival) bool { return x.name != unsynced }); err != nil {
			return nil, err
		}
	}
	slow := load.Volley{Conns: 64, Rate: calmRate, Seconds: 3 * b.seconds}
	err = r.fire(f, atEase, slow, func(x *rival) bool { return x.name != floored })
	return r.results(), err
}

var atEase = fmt.Sprintf("%d a second", calmRate)

// start starts everybody, the product first. A peer that cannot be started is told of.
func (r *race) start(f *field) (stop func() error, err error) {
	var running []*peers.Peer
	stop = func() (err error) {
		for _, p := range running {
			err = errors.Join(err, p.Stop())
		}
		return err
	}
	for _, own := range []struct {
		name, kind string
		sync       time.Duration
	}{{product, product, floorSync}, {unsynced, product, 0}, {floored, floored, floorSync}} {
		s, err := f.serve(own.kind, own.sync, true)
		if err != nil {
			return stop, err
		}
		r.add(&rival{name: own.name, target: s, form: load.Doubly, used: func() (time.Duration, error) {
			u, err := ask[usage](s.child, "usage", nothing{})
			return u.Processor, err
		}})
	}
	there, absent := peers.Installed(r.folder)
	r.absent = absent
	for _, name := range there {
		x := &rival{name: name, form: load.Doubly}
		if name == peers.Matterbridge {
			x.form = load.OnlyText
		}
		r.add(x)
		p, err := peers.Start(r.bench.ctx, r.folder, name, peers.Surroundings{Workspace: f.workspace, UserID: load.BotID, AuthToken: load.BotToken, AppSecret: load.AppSecret})
		if err != nil {
			x.failure = err
			continue
		}
		running = append(running, p)
		x.target, x.used = &target{address: p.Address}, p.Processor
		warm := load.Volley{Conns: 32, Seconds: 60, Most: f.b.lanes, InTurn: true, Await: true, Form: x.form}
		if _, err := f.fire(x.target, warm); err != nil { // it learns what it will do, as V8 does
			x.failure = fmt.Errorf("%w; it said %s", err, p.Said())
		}
	}
	return stop, nil
}

func (r *race) add(x *rival) {
	x.figures = map[string]*rivalFigures{}
	r.rivals = append(r.rivals, x)
}

// fire has those chosen do something by turns. A peer that fails is out of the race.
func (r *race) fire(f *field, what string, v load.Volley, chosen func(*rival) bool) error {
	r.lines = append(r.lines, what)
	return r.bench.round(func() error {
		for _, x := range r.rivals {
			if x.failure != nil || !chosen(x) {
				continue
			}
			err := x.fire(f, what, v)
			if err != nil && x.target.child != nil {
				return err
			}
			x.failure = err
		}
		return nil
	})
}

func (x *rival) fire(f *field, what string, v load.Volley) error {
	v.Form, v.Await = x.form, true
	before, err := x.used()
	if err != nil {
		return err
	}
	o, err := f.fire(x.target, v)
	if err != nil {
		return err
	}
	after, err := x.used()
	if err != nil {
		return err
	}
	if x.figures[what] == nil {
		x.figures[what] = &rivalFigures{}
	}
	g := x.figures[what]
	g.delivered, g.ack, g.e2e = append(g.delivered, o.DeliveredRate()), append(g.ack, o.Ack.P50), append(g.e2e, o.E2E.P50)
	g.cost = append(g.cost, float64((after-before).Microseconds())/float64(max(o.Acked, 1)))
	return nil
}

// at returns the figures of somebody who went through all rounds; nil: did not.
func (r *race) at(name, what string) *rivalFigures {
	for _, x := range r.rivals {
		if x.name == name && x.failure == nil {
			return x.figures[what]
		}
	}
	return nil
}

// best returns the peer that delivered most.
func (r *race) best(what string) (name string, figures *rivalFigures) {
	for _, n := range peers.Names {
		if g := r.at(n, what); g != nil && (figures == nil || g.delivered.median() > figures.delivered.median()) {
			name, figures = n, g
		}
	}
	return name, figures
}

// results are the ratios for which there are goals. Without peers the floor is all there is.
func (r *race) results() (all []result) {
	for i, goals := range []struct{ floor, peer float64 }{{0.70, 2.5}, {0.75, 3.5}} {
		what := r.lines[i]
		ours := r.at(product, what)
		all = append(all, ratio("delivered / the floor, "+what, "1", atLeast(goals.floor), ours.delivered, r.at(floored, what).delivered))
		if name, g := r.best(what); g != nil {
			all = append(all, ratio(fmt.Sprintf("delivered / the best peer's (%s), %s", name, what), "-", atLeast(goals.peer), ours.delivered, g.delivered))
		}
	}
	if g := r.at(peers.Matterbridge, atEase); g != nil {
		ours := r.at(product, atEase)
		cost := ratio("processor per delivered event / matterbridge's, "+atEase, "-", atMost(1), ours.cost, g.cost)
		cost.Note = fmt.Sprintf("%.0f against %.0f µs", ours.cost.median(), g.cost.median())
		e2e := ratio("e2e p50 / matterbridge's, "+atEase, "-", atMost(1.2), ours.e2e, g.e2e)
		e2e.Note = fmt.Sprintf("%.2f against %.2f ms; ours are stored, with a sync of %v", ours.e2e.median(), g.e2e.median(), floorSync)
		free := r.at(unsynced, atEase).e2e
		bare := ratio("e2e p50 / matterbridge's, a sync costs nothing, "+atEase, "-", atMost(1.2), free, g.e2e)
		bare.Note = fmt.Sprintf("%.2f against %.2f ms; ours are stored", free.median(), g.e2e.median())
		all = append(all, cost, e2e, bare)
	}
	return all
}

// write prints what each reached, and who is absent.
func (r *race) write(out io.Writer) {
	fmt.Fprintf(out, "| who | what | delivered /s | answered p50 | delivered p50 | processor per event |\n|---|---|---|---|---|---|\n")
	for _, x := range r.rivals {
		for _, what := range r.lines {
			if g := x.figures[what]; g != nil {
				fmt.Fprintf(out, "| %s | %s | %.0f | %.2f ms | %.2f ms | %.0f µs |\n", x.name, what, g.delivered.median(), g.ack.median(), g.e2e.median(), g.cost.median())
			}
		}
	}
	fmt.Fprintln(out)
	for _, x := range r.rivals {
		if x.failure != nil {
			fmt.Fprintf(out, "%s failed: %v\n\n", x.name, x.failure)
		}
	}
	if len(r.absent) > 0 {
		fmt.Fprintf(out, "absent: %s; bench/peers/README.md says how they are installed\n\n", strings.Join(r.absent, ", "))
	}
}
