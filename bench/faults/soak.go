package faults

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A soak looks for what grows: one process, messages at a steady rate in both directions
// and a fault now and then, while memory, goroutines, open files and the store are looked
// at. Faults that end the process are left out, because a new one begins small.

// soak is one.
type soak struct {
	lasts, every time.Duration // of it all; between two faults
	rate         int           // messages a second in each direction
	customers    int
	seed         uint64
	binary       string
	progress     io.Writer
}

// soakDisk holds what is remembered of more than a day at 100 messages a second.
const soakDisk = 8 << 30

// sample is how the process is at a time.
type sample struct {
	at                 time.Duration
	rss, store         int64 // in bytes; without the pages of the store that are mapped
	goroutines, opened int
	remembered         int // keys, of which memory and store grow for 7 days
	in, out            int // messages so far
}

// SoakCommand runs `bench soak` and writes a table to out, and a plot if one is named.
// Violations are an error.
func SoakCommand(ctx context.Context, args []string, out, progress io.Writer) error {
	s := soak{customers: 40, progress: progress}
	flags := flag.NewFlagSet("bench soak", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.DurationVar(&s.lasts, "for", time.Hour, "how long")
	flags.DurationVar(&s.every, "every", time.Minute, "between two faults")
	flags.IntVar(&s.rate, "rate", 50, "messages a second in each direction")
	flags.Uint64Var(&s.seed, "seed", 1, "of the faults")
	flags.StringVar(&s.binary, "binary", "", "`file` of the program; built from this tree if left out")
	plot := flags.String("svg", "", "`file` for a plot")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if s.lasts <= 0 || s.every <= 0 || s.rate < 1 || flags.NArg() > 0 {
		return errors.New("-for, -every and -rate must be positive, and nothing follows the flags")
	}
	samples, violations, err := s.run(ctx)
	if err != nil {
		return err
	}
	fmt.Fprint(out, soakTable(samples))
	for _, v := range violations {
		fmt.Fprintln(out, "VIOLATION:", v)
	}
	if *plot != "" {
		if err := os.WriteFile(*plot, []byte(soakPlot(samples)), 0o644); err != nil {
			return err
		}
	}
	if len(violations) > 0 {
		return fmt.Errorf("%d violations", len(violations))
	}
	return nil
}

// lasting are the faults of a soak, by name: those that leave the process and the order
// alone.
func lasting() (some []fault) {
	for _, f := range all {
		if strings.HasPrefix(f.name, "kill") || strings.HasPrefix(f.name, "SIGTERM") || f.name == "disk full" || strings.HasPrefix(f.name, "refused") ||
			f.name == "webhooks shuffled" || f.name == "stream loses messages" || f.name == "token dead" {
			continue
		}
		some = append(some, f)
	}
	return some
}

func (s soak) run(ctx context.Context) (samples []sample, violations []string, err error) {
	c := campaign{binary: s.binary, progress: s.progress}
	remove, err := c.build(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer remove()
	w, err := c.newWorld(ctx, plan{seed: s.seed, pages: 1, customers: s.customers, disk: soakDisk})
	if err != nil {
		return nil, nil, err
	}
	defer w.close()
	ending, end := context.WithTimeout(ctx, s.lasts)
	defer end()
	var all sync.WaitGroup
	all.Go(func() { s.talk(ending, w) })
	all.Go(func() { violations = s.strike(ending, w) })
	tick := time.NewTicker(max(s.lasts/60, time.Second))
	defer tick.Stop()
	refusing := 0 // looks in a row
	for began := time.Now(); ending.Err() == nil; {
		select {
		case <-ending.Done():
		case <-tick.C:
			if refusing++; w.bot.ready() == "" {
				refusing = 0
			}
			if refusing == 3 { // longer than any fault lasts
				end()
			}
			if now, err := w.sample(time.Since(began)); err == nil {
				samples = append(samples, now)
				fmt.Fprintf(s.progress, "\r%v, %d messages, %d MB ", now.at.Round(time.Second), now.in+now.out, now.rss>>20)
			}
		}
	}
	all.Wait()
	fmt.Fprintln(s.progress)
	// What a dead connection has kept back is found after a while, when nothing waits.
	if w.until(func() bool { return w.meta.Waiting() == 0 && w.bot.idle() && len(w.auditor.audit()) == 0 }, patience) != nil {
		violations = append(violations, fmt.Sprintf("something still waits %v after the end", patience))
	}
	if why := w.bot.ready(); why != "" {
		violations = append(violations, "the program takes no webhooks: "+why)
	}
	violations = append(violations, w.auditor.audit()...)
	return samples, append(violations, w.readLog()...), ctx.Err()
}

// talk has customers and the agent write at the rate, until ctx ends.
func (s soak) talk(ctx context.Context, w *world) {
	tick := time.NewTicker(time.Second / time.Duration(s.rate))
	defer tick.Stop()
	random := rand.New(rand.NewPCG(w.seed, 7))
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		i := n % w.customers
		w.writes(i, kindsIn[random.IntN(len(kindsIn))])
		w.answersIn(w.openRooms()[i], i, text)
	}
}

// strike has a fault now and then, and looks into the sandbox's books.
func (s soak) strike(ctx context.Context, w *world) (violations []string) {
	random := rand.New(rand.NewPCG(s.seed, 3))
	some := lasting()
	for {
		select {
		case <-ctx.Done():
			return violations
		case <-time.After(s.every - s.every/6):
		}
		if lift := some[random.IntN(len(some))].strike(w, random); lift != nil {
			sleep(w.ctx, s.every/6)
			lift()
		}
		for _, problem := range w.meta.Problems() {
			violations = append(violations, "the sandbox objects: "+problem)
		}
		w.meta.ForgetBooks()
	}
}

// sample looks at the process.
func (w *world) sample(at time.Duration) (s sample, err error) {
	s.at = at
	s.in, s.out = w.count()
	w.bot.mu.Lock()
	cmd := w.bot.cmd
	w.bot.mu.Unlock()
	if cmd == nil {
		return s, errors.New("no process")
	}
	proc := fmt.Sprintf("/proc/%d/", cmd.Process.Pid)
	status, err := os.ReadFile(proc + "status")
	if err != nil {
		return s, err
	}
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(kb)[0], 10, 64)
			s.rss = n << 10
		}
	}
	files, err := os.ReadDir(proc + "fd")
	if err != nil {
		return s, err
	}
	s.opened = len(files)
	if info, err := os.Stat(filepath.Join(w.disk, "bolt.db")); err == nil {
		s.store = info.Size()
	}
	res, err := http.Get(w.bot.private + "/metrics")
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		n, _ := strconv.ParseFloat(value, 64)
		switch name {
		case "go_goroutines":
			s.goroutines = int(n)
		case "messenger_bridge_store_remembered_keys":
			s.remembered = int(n)
		}
	}
	return s, nil
}

// soakTable shows the samples at five times.
func soakTable(samples []sample) string {
	var b strings.Builder
	b.WriteString("| after | messages in | out | memory, without the mapped store | goroutines | open files | store | remembered keys |\n|---|---|---|---|---|---|---|---|\n")
	for n := range 5 {
		if len(samples) == 0 {
			break
		}
		s := samples[n*(len(samples)-1)/4]
		fmt.Fprintf(&b, "| %v | %d | %d | %d MB | %d | %d | %d MB | %d |\n", s.at.Round(time.Second), s.in, s.out, s.rss>>20, s.goroutines, s.opened, s.store>>20, s.remembered)
	}
	return b.String()
}

// soakPlot draws memory, goroutines, open files and store, each in a panel of its own that
// begins at zero.
func soakPlot(samples []sample) string {
	const width, height, panel = 720, 120, 150
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`, width+90, 4*panel)
	b.WriteString(`<rect width="100%" height="100%" fill="#fff"/>`)
	for p, line := range []struct {
		label string
		value func(sample) float64
	}{
		{"memory without the mapped store, MB", func(s sample) float64 { return float64(s.rss) / (1 << 20) }},
		{"goroutines", func(s sample) float64 { return float64(s.goroutines) }},
		{"open files", func(s sample) float64 { return float64(s.opened) }},
		{"store, MB", func(s sample) float64 { return float64(s.store) / (1 << 20) }},
	} {
		top, most := p*panel+20, 1.0
		for _, s := range samples {
			most = max(most, line.value(s))
		}
		fmt.Fprintf(&b, `<text x="60" y="%d">%s (up to %.0f)</text><path d="M60 %d H%d" stroke="#999"/><path fill="none" stroke="#3b4cc0" stroke-width="1.5" d="`,
			top-6, line.label, most, top+height, width+60)
		for i, s := range samples {
			command := "L"
			if i == 0 {
				command = "M"
			}
			x := 60 + float64(width)*s.at.Seconds()/samples[len(samples)-1].at.Seconds()
			fmt.Fprintf(&b, "%s%.1f %.1f ", command, x, float64(top+height)-line.value(s)/most*height)
		}
		b.WriteString(`"/>`)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
