package commands

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"messenger-bridge/bridge"
)

// Step is one thing that must be in place before customers and agents can talk.
type Step struct {
	Name string                                 // short and fixed; part of the message's id
	Done string                                 // what is said when it is in place
	Next func(context.Context) (missing string) // what somebody has to do; empty: it is in place
}

// SetupConfig is what a Setup is made of.
type SetupConfig struct {
	Steps []Step // in the order in which they are to be done
	// Show shows a text in the setup channel under an id, and replaces what was
	// shown under it before.
	Show  func(ctx context.Context, id, text string) error
	Every time.Duration // how often to look while something is missing; 20 s
	Log   *slog.Logger
}

// Setup is a checklist in the setup channel that ticks itself off. Steps appear
// one after another, so that the next missing one is always the last message.
type Setup struct {
	SetupConfig
	look  chan struct{}     // holds one token when something may have changed
	shown map[string]string // by step; belongs to Run's goroutine
}

// NewSetup returns a Setup that does nothing until Run.
func NewSetup(c SetupConfig) *Setup {
	if c.Every == 0 {
		c.Every = 20 * time.Second
	}
	return &Setup{SetupConfig: c, look: make(chan struct{}, 1), shown: map[string]string{}}
}

// Look says that a step may have been done.
func (s *Setup) Look() {
	select {
	case s.look <- struct{}{}:
	default:
	}
}

// Run keeps the checklist true until everything is done, or ctx ends.
func (s *Setup) Run(ctx context.Context) error {
	for !s.advance(ctx) {
		again := time.NewTimer(s.Every)
		select {
		case <-ctx.Done():
		case <-s.look:
		case <-again.C:
		}
		again.Stop()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// advance shows every step that is done and the first that is not, and reports
// whether all are.
func (s *Setup) advance(ctx context.Context) (complete bool) {
	for i, step := range s.Steps {
		missing := step.Next(ctx)
		text := fmt.Sprintf(":white_check_mark: %d. %s", i+1, step.Done)
		if missing != "" {
			text = fmt.Sprintf(":point_right: %d. %s", i+1, missing)
		}
		if !s.show(ctx, step.Name, text) || missing != "" {
			return false
		}
	}
	return s.show(ctx, "complete", ":tada: Everything is in place. Type `/facebook help` to see what I understand.")
}

func (s *Setup) show(ctx context.Context, name, text string) bool {
	if s.shown[name] == text {
		return true
	}
	if err := s.Show(ctx, "setup-"+name, text); err != nil {
		if r := bridge.RefusalOf(err); r.Reason != bridge.WorkspaceDown {
			s.Log.Debug("set-up step not shown", "step", name, "err", err)
		}
		return false
	}
	s.shown[name] = text
	return true
}
