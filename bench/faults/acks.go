package faults

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/sandbox/meta"
)

// acks are webhooks that were answered with 200 while replicas and nodes end and come back.
type acks struct {
	w     *world
	began time.Time

	mu      sync.Mutex      // guards all below
	at      []time.Duration // of each 200
	texts   []string        // that were acknowledged
	refused int             // other answers, or none
	marks   []mark
}

// mark is something that was done.
type mark struct {
	at   time.Duration
	what string
}

const (
	postEvery = 20 * time.Millisecond
	metaWaits = 5 * time.Second
	steady    = 4 * time.Second // before and after each thing that is done
)

// AcksCommand runs `bench acks`: it kills a leader, ends the node that leads the stream, and upgrades both replicas one after
// the other, while webhooks come without a pause. It writes the longest time without a 200 to out, and a picture to a file.
func AcksCommand(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("bench acks", flag.ContinueOnError)
	flags.SetOutput(progress)
	c := campaign{progress: progress}
	takeover := flags.Duration("takeover", 3*time.Second, "TAKEOVER_AFTER")
	svg := flags.String("svg", "", "`file` for the picture")
	flags.StringVar(&c.binary, "binary", "", "`file` of the program; built from this tree if left out")
	next := flags.String("next", "", "`file` of the version to which is upgraded; the same if left out")
	format := flags.Bool("format", false, "upgrade to a version with another format of the store, made from this tree")
	if err := flags.Parse(args); err != nil {
		return err
	}
	remove, err := c.build(ctx)
	if err != nil {
		return err
	}
	defer remove()
	if *format {
		var removeNext func()
		if *next, removeNext, err = nextFormat(ctx); err != nil {
			return err
		}
		defer removeNext()
	}
	w, err := c.newWorld(ctx, plan{seed: 1, pages: 1, customers: 1, disk: 1 << 30, replicas: true, takeover: *takeover})
	if err != nil {
		return err
	}
	defer w.close()
	a := &acks{w: w}
	if err := a.run(*next); err != nil {
		return err
	}
	a.write(out, *takeover)
	if *format && !strings.Contains(w.log(), "the store was upgraded") {
		return errors.New("the upgrade has not changed the format")
	}
	if err := a.audit(out); err != nil || *svg == "" {
		return err
	}
	return os.WriteFile(*svg, []byte(a.svg()), 0o644) // #nosec G306 -- a picture for everybody
}

// run does all that is done, while webhooks are posted.
func (a *acks) run(next string) error {
	r := a.w.replicas
	if err := a.w.until(r.ready, time.Minute); err != nil {
		return fmt.Errorf("wait for both replicas: %w", err)
	}
	posting, stop := context.WithCancel(a.w.ctx)
	var all sync.WaitGroup
	a.began = time.Now()
	all.Go(func() { a.post(posting) })
	defer all.Wait()
	defer stop()
	for _, do := range []func() error{a.killLeader, a.endNode, func() error { return a.upgrade(next) }} {
		sleep(a.w.ctx, steady)
		if err := do(); err != nil {
			return err
		}
		if err := a.w.until(r.ready, time.Minute); err != nil {
			return fmt.Errorf("wait for both replicas: %w", err)
		}
	}
	sleep(a.w.ctx, steady)
	return nil
}

func (a *acks) mark(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.marks = append(a.marks, mark{time.Since(a.began), what})
}

func (a *acks) killLeader() error {
	r := a.w.replicas
	i := r.leader()
	a.mark("leader killed")
	r.members[max(i, 0)].kill()
	r.awaitOther(a.w.ctx, i)
	sleep(a.w.ctx, steady)
	a.mark("it starts again")
	return r.members[max(i, 0)].start()
}

func (a *acks) endNode() error {
	r := a.w.replicas
	a.mark("NATS: the stream's leader ends")
	again := r.stopNodes(max(0, r.nodes.Leader("messenger-bridge")))
	sleep(a.w.ctx, 2*steady)
	a.mark("it starts again")
	again()
	return nil
}

// upgrade upgrades the standby, hands over, and upgrades the other.
func (a *acks) upgrade(next string) error {
	r := a.w.replicas
	leader := max(r.leader(), 0)
	for n, i := range []int{1 - leader, leader} {
		m := r.members[i]
		if n == 1 {
			a.mark("handover")
			other := exec.Command(m.binary, "handover", "--database", m.database) // #nosec G204 -- the program under test
			other.Env = m.environ
			if text, err := other.CombinedOutput(); err != nil {
				return fmt.Errorf("hand over: %w\n%s", err, text)
			}
			r.awaitOther(a.w.ctx, i)
			sleep(a.w.ctx, steady)
		}
		a.mark([]string{"standby upgraded", "the other upgraded"}[n])
		m.terminate()
		if next != "" {
			m.binary = next
		}
		if err := m.start(); err != nil {
			return err
		}
		if err := a.w.until(r.ready, time.Minute); err != nil {
			return fmt.Errorf("wait for the upgraded replica: %w", err)
		}
		sleep(a.w.ctx, steady)
	}
	return nil
}

// post posts one webhook after the other, without waiting for the answers.
func (a *acks) post(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	for n := 0; ctx.Err() == nil; n++ {
		under.Go(func() {
			waits, stop := context.WithTimeout(context.WithoutCancel(ctx), metaWaits)
			defer stop()
			text := fmt.Sprint(marker, " ", n)
			event := a.w.meta.TextEvent(pages[0], customer(n%20), fmt.Sprint("m_ack_", n), text, time.Now())
			status, err := a.w.meta.Post(waits, a.w.meta.Body(event), meta.PostOptions{})
			a.mu.Lock()
			defer a.mu.Unlock()
			if err != nil || status != http.StatusOK {
				a.refused++
				return
			}
			a.at, a.texts = append(a.at, time.Since(a.began)), append(a.texts, text)
		})
		sleep(ctx, postEvery)
	}
}

// audit looks whether the agents have each text that was acknowledged once, and none twice.
func (a *acks) audit(out io.Writer) error {
	count := map[string]int{}
	shown := func() bool {
		clear(count)
		for _, room := range a.w.rc.Rooms() {
			for _, m := range a.w.rc.Messages(room.ID) {
				if m.FromVisitor && m.System == "" {
					count[m.Text]++
				}
			}
		}
		return !slices.ContainsFunc(a.texts, func(text string) bool { return count[text] == 0 })
	}
	lost := a.w.until(shown, patience)
	for text, n := range count {
		if n > 1 {
			return fmt.Errorf("%q is shown %d times", text, n)
		}
	}
	if lost != nil {
		return fmt.Errorf("not all that was acknowledged is shown: %w", lost)
	}
	fmt.Fprintln(out, "\nAgents have each of them once.")
	return nil
}

// write tells for each thing that was done the longest time without a 200 until the next.
func (a *acks) write(out io.Writer, takeover time.Duration) {
	slices.Sort(a.at)
	fmt.Fprintf(out, "%d webhooks acknowledged, %d answered otherwise, one every %v; TAKEOVER_AFTER is %v\n\n| what | at | longest time without a 200 |\n|---|---|---|\n",
		len(a.at), a.refused, postEvery, takeover)
	for i, m := range a.marks {
		end := a.at[len(a.at)-1]
		if i+1 < len(a.marks) {
			end = a.marks[i+1].at
		}
		last, longest := m.at, time.Duration(0)
		for _, at := range a.at {
			if at > m.at && at <= end {
				longest, last = max(longest, at-last), at
			}
		}
		fmt.Fprintf(out, "| %s | %.1f s | %.2f s |\n", m.what, m.at.Seconds(), longest.Seconds())
	}
}

// Of the picture.
const (
	acksWidth, acksHeight, acksTop, acksLeft = 900.0, 260.0, 90.0, 50.0
	acksBar                                  = 200 * time.Millisecond
)

// svg draws how many webhooks were acknowledged in each fifth of a second.
func (a *acks) svg() string {
	counts := make([]int, 1+a.at[len(a.at)-1]/acksBar)
	for _, at := range a.at {
		counts[at/acksBar]++
	}
	most := float64(slices.Max(counts))
	wide := (acksWidth - acksLeft - 10) / float64(len(counts))
	high := acksHeight - acksTop - 30
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="11" fill="#333">`+"\n"+
		`<rect width="100%%" height="100%%" fill="#fff"/><text x="%.0f" y="16" font-size="13">Webhooks acknowledged, each %v</text>`+"\n", acksWidth, acksHeight, acksLeft, acksBar)
	for i, n := range counts {
		if h := float64(n) / most * high; n > 0 {
			fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#0072b2"/>`+"\n", acksLeft+float64(i)*wide, acksTop+high-h, max(wide-0.3, 0.3), h)
		}
	}
	for i, m := range a.marks {
		x := acksLeft + float64(m.at)/float64(acksBar)*wide
		y := 34 + float64(i%4)*14
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%.0f" y2="%.0f" stroke="#e69f00"/><text x="%.1f" y="%.0f">%s</text>`+"\n", x, x, y-8, acksTop+high, x+3, y, html.EscapeString(m.what))
	}
	for s := 0; time.Duration(s)*time.Second < time.Duration(len(counts))*acksBar; s += 5 {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.0f" text-anchor="middle">%d s</text>`+"\n", acksLeft+float64(s)*float64(time.Second/acksBar)*wide, acksHeight-12, s)
	}
	fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" text-anchor="end">%.0f</text><text x="%.0f" y="%.0f" text-anchor="end">0</text></svg>`+"\n",
		acksLeft-4, acksTop+8, most, acksLeft-4, acksTop+high)
	return b.String()
}
