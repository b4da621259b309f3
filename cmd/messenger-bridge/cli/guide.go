package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"messenger-bridge/app"
	"messenger-bridge/bridge"
)

// guide walks through what does not work yet: it names the first of it, and what to do, waits
// until it works, ticks it off, and goes on, until nothing is left.
type guide struct {
	out  io.Writer
	look func(context.Context) (app.Diagnosis, error)
	wait func(context.Context) error

	works map[string]bool // by check
	said  string          // of the step that is asked for
}

// newGuide returns one that looks again after a pause.
func newGuide(out io.Writer, pause time.Duration, look func(context.Context) (app.Diagnosis, error)) *guide {
	return &guide{out: out, look: look, works: map[string]bool{}, wait: func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
			return nil
		}
	}}
}

// inVain is how many looks may fail one after another.
const inVain = 3

// run walks until no step is left, or ctx ends.
func (g *guide) run(ctx context.Context) error {
	for failed := 0; ; {
		d, err := g.look(ctx)
		switch {
		case err == nil:
			failed = 0
		case ctx.Err() == nil && failed < inVain: // a bridge that is restarted answers nothing for a moment
			failed++
			if err := g.wait(ctx); err != nil {
				return err
			}
			continue
		default:
			return err
		}
		if left, err := g.tell(d.Findings); err != nil || left == 0 {
			return err
		}
		if err := g.wait(ctx); err != nil {
			return err
		}
	}
}

// isStep reports whether there is something to do: what does not work, and the first page, which
// the doctor only notes.
func isStep(f app.Finding) bool {
	return f.Level == bridge.Bad || f.Check == bridge.PagesCheck && f.Level == bridge.Notable
}

// tell ticks off what works since the last look, says what is next, and returns how much is left.
func (g *guide) tell(findings []app.Finding) (left int, err error) {
	say := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(g.out, format, args...)
		}
	}
	next, broken := app.Finding{}, map[string]bool{}
	for _, f := range findings {
		if isStep(f) {
			if broken[f.Check] = true; left == 0 {
				next = f
			}
			left++
		}
	}
	worked := maps.Clone(g.works)
	var unknown []string
	for _, f := range findings {
		switch {
		case f.Level == bridge.Unknowable:
			unknown = append(unknown, app.PlainText(f.Check))
		case broken[f.Check]: // as a whole: one check may have found several things
			g.works[f.Check] = false
		case !worked[f.Check]:
			say("%s %s: %s\n", map[bridge.Level]string{bridge.Good: "✓", bridge.Notable: "!"}[f.Level], app.PlainText(f.Check), app.PlainText(f.Found))
			g.works[f.Check] = true
		}
	}
	switch {
	case left == 0 && len(unknown) > 0:
		say("Nothing is left to do, but not all could be looked at: %s. `messenger-bridge doctor` says why.\n", strings.Join(slices.Compact(unknown), ", "))
		return 0, err
	case left == 0:
		say("Everything is in place.\n")
		return 0, err
	}
	if step := next.Check + "\x00" + next.Found + "\x00" + next.Do; step != g.said {
		g.said = step
		say("\n→ %s: %s\n  %s\n  (%d to do; this looks again by itself, Ctrl-C ends it)\n\n", app.PlainText(next.Check), app.PlainText(next.Found), app.PlainText(next.Do), left)
	}
	return left, err
}
