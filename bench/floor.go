package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"messenger-bridge/bench/chart"
	"messenger-bridge/bench/load"
	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat"
)

// floored is a server that does what nothing can leave out that delivers after storing: it
// checks the signature, writes once and syncs once, answers, and posts with the product's
// client. It has no other logic, forgets what it was told, and loses what waits when it stops.
const floored = "floor"

// flooredInBolt is the same, only that bbolt keeps what waits until it has been posted or sent:
// the least of a program that can stop at any moment and stores in the library it was told to.
const flooredInBolt = "floor in bbolt"

// floorSync is what a sync takes beside the floor.
const floorSync = 500 * time.Microsecond

// keeps makes the file of a floor.
type keeps func(path string, sync func()) (*kept, error)

// waits is what a floor has stored and not delivered yet.
type waits struct {
	body []byte
	n    uint64
}

// floor is that server. ended is called for each answer that was sent.
func (s *server) floor(keep keeps, ended func(*kept, uint64)) (http.Handler, error) {
	file, err := keep(filepath.Join(s.config.Dir, "raw"), pauses(s.config.Sync))
	if err != nil {
		return nil, err
	}
	waiting := make(chan waits, 1<<16)
	var posting sync.WaitGroup
	client := rocketchat.New(rocketchat.ClientConfig{URL: s.config.Workspace, MaxConns: workers, Log: s.log})
	client.LoggedIn(load.BotID, load.BotToken)
	for range workers {
		posting.Go(func() {
			for w := range waiting {
				p := bridge.Post{ID: bridge.MessageID(load.TextOf(w.body, "mid")), Text: string(load.TextOf(w.body, "text"))}
				if _, err := client.Post(context.Background(), "visitor", "room", p); err != nil {
					s.log.Error("not posted", "err", err)
				}
				file.end(w.n)
			}
		})
	}
	s.ends = append(s.ends, func() error { close(waiting); posting.Wait(); return file.close() })
	if err := s.floorOut(keep, ended); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte(load.AppSecret))
		mac.Write(body)
		if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); err != nil || !hmac.Equal([]byte(want), []byte(r.Header.Get("X-Hub-Signature-256"))) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		n, err := file.append(body)
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		waiting <- waits{body, n}
	}), nil
}

// measureFloor is F: what the product delivers to rooms and what that costs, against the floor.
func measureFloor(b *bench) (results []result, err error) {
	for _, p := range []struct {
		conns int
		rate  float64
	}{{64, 0.75}, {32, 0.70}} {
		some, err := b.againstFloor(p.conns, p.rate)
		if err != nil {
			return nil, err
		}
		results = append(results, some...)
	}
	out, err := measureFloorOut(b)
	return append(results, out...), err
}

func (b *bench) againstFloor(conns int, rate float64) (results []result, err error) {
	f, err := b.newField()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	var rates, costs, allocations [3]series
	var servers [3]*target
	for i, kind := range []string{product, floored, flooredInBolt} {
		if servers[i], err = f.serve(kind, floorSync, true); err != nil {
			return nil, err
		}
	}
	err = b.round(func() error {
		for i, s := range servers {
			o, used, err := f.used(s, load.Volley{Conns: conns, Await: true})
			if err != nil {
				return err
			}
			events := float64(max(o.Acked, 1))
			rates[i] = append(rates[i], o.DeliveredRate())
			costs[i] = append(costs[i], float64(used.Processor.Microseconds())/events)
			allocations[i] = append(allocations[i], float64(used.Mallocs)/events)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	point := func(what string) string { return fmt.Sprintf("%s, %d conns, t_sync %v", what, conns, floorSync) }
	delivered := againstTwo(point("in: delivered / the floor"), atLeast(rate), rates)
	cost := againstTwo(point("in: processor per delivered event / the floor's"), atMost(1.35), costs)
	cost.Note = fmt.Sprintf("%.0f against %.0f µs; in bbolt %.0f", costs[0].median(), costs[1].median(), costs[2].median())
	return []result{
		delivered,
		cost,
		{Point: point("in: allocations an event"), Limit: short(allocations[1].median()), Goal: atMost(250), Measured: allocations[0].median(), Rounds: allocations[0]},
	}, nil
}

// againstTwo is the product against the floor. What the floor comes to in bbolt is the limit.
func againstTwo(point string, at bound, of [3]series) result {
	inBolt := of[2].median()
	r := ratio(point, short(inBolt/of[1].median()), at, of[0], of[1])
	r.Note += fmt.Sprintf("; in bbolt %.0f /s, of which the product reaches %s", inBolt, short(of[0].median()/inBolt))
	return r
}

// plot is a picture of some goals.
type plot struct {
	name string
	draw func(*bench) (chart.Chart, error)
}

// someGoals is a command that measures some goals, and draws plots if it is told to.
func someGoals(ctx context.Context, name string, chosen []goal, plots []plot, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("bench "+name, flag.ContinueOnError)
	flags.SetOutput(progress)
	b := &bench{ctx: ctx, progress: progress, goal: name, lanes: 1000, idle: 100_000, pending: 1_000_000}
	folder := flags.String("svg", "", "`folder` for "+plots[0].name+" and others (default: none are drawn)")
	file := flags.String("json", "", "`file` for the results as JSON")
	flags.IntVar(&b.rounds, "rounds", 3, "rounds; the medians count")
	flags.Float64Var(&b.seconds, "seconds", 1, "length of one measurement")
	flags.StringVar(&b.dir, "dir", "/dev/shm", "folder for stores; tmpfs")
	flags.StringVar(&b.profiles, "profile", "", "`folder` for CPU and allocation profiles")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if b.rounds < 1 || b.seconds <= 0 || flags.NArg() > 0 {
		return errors.New("-rounds and -seconds must be positive, and nothing follows the flags")
	}
	report, err := b.measure(chosen)
	if len(report.Results) > 0 {
		err = errors.Join(err, report.write(out, *file))
	}
	if err != nil || *folder == "" {
		return err
	}
	for _, p := range plots {
		drawn, err := p.draw(b)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(*folder, p.name), []byte(drawn.SVG()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// floorPlot draws what product and floor deliver against connections.
func floorPlot(b *bench) (c chart.Chart, err error) {
	c = chart.Chart{Title: "Delivered to rooms, a sync of 0.5 ms", X: "connections", Y: "messages a second"}
	f, err := b.newField()
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	for _, kind := range []string{floored, flooredInBolt, product} {
		s, err := f.serve(kind, floorSync, true)
		if err != nil {
			return c, err
		}
		line := chart.Curve{Name: kind}
		for conns := 1; conns <= 128; conns *= 2 {
			o, err := f.fire(s, load.Volley{Conns: conns, Await: true})
			if err != nil {
				return c, err
			}
			line.Points = append(line.Points, chart.Point{X: float64(conns), Y: o.DeliveredRate()})
		}
		c.Lines = append(c.Lines, line)
	}
	return c, nil
}
