package commands

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// Step is one thing that must be in place before customers and agents can talk.
type Step struct {
	Name string                                 // short and fixed; part of the message's id
	Done string                                 // a sentence of language: what is said when it is in place
	Next func(context.Context) (missing string) // what somebody has to do; empty: it is in place

	Optional bool // it should be in place, but others need not wait for it
}

// SetupConfig is what a Setup is made of.
type SetupConfig struct {
	Steps []Step // in the order in which they are to be done
	// Show shows a text in the setup channel under an id, and replaces what was
	// shown under it before.
	Show func(ctx context.Context, id, text string) error
	// Where returns in which room that is, "" if in none: in a new one everything is shown
	// anew. Nil: it is always the same.
	Where func() bridge.RoomID
	// Calm reports whether it is time to look and to ask; else the list stays as people
	// saw it. Run calls it, and nobody else. Nil: always.
	Calm  func() bool
	Every time.Duration // how often to look while something is missing; 20 s
	Quiet time.Duration // how long nothing has happened before a step is shown; 2 s
	Say   *language.Speaker
	Log   *slog.Logger
}

// Setup is a checklist in the setup channel that ticks itself off. Steps appear
// one after another, so that the next missing one is always the last message.
type Setup struct {
	SetupConfig
	look  chan struct{}     // holds one token when something may have changed
	shown map[string]string // by step; belongs to Run's goroutine, as do the fields below
	where bridge.RoomID     // where that is shown
}

// NewSetup returns a Setup that does nothing until Run.
func NewSetup(c SetupConfig) *Setup {
	if c.Every == 0 {
		c.Every = 20 * time.Second
	}
	if c.Quiet == 0 {
		c.Quiet = 2 * time.Second
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
	for {
		wait := s.Every
		if s.advance(ctx) {
			wait = time.Hour // everything is done; something may come undone
		}
		if err := s.pause(ctx, wait); err != nil {
			return err
		}
	}
}

// pause returns after a while; earlier when something happened and it is quiet
// again, so that what was announced meanwhile stands above the next step.
func (s *Setup) pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.look:
			timer.Reset(s.Quiet)
		case <-timer.C:
			return nil
		}
	}
}

// advance shows every step that is done and the first that is not, and reports
// whether all are.
func (s *Setup) advance(ctx context.Context) (complete bool) {
	complete = true
	if !s.calm() {
		return false
	}
	s.move()
	for i, step := range s.Steps {
		missing := step.Next(ctx)
		text := fmt.Sprintf(":white_check_mark: %d. %s", i+1, s.Say.Say(step.Done))
		if missing != "" {
			text = fmt.Sprintf(":point_right: %d. %s", i+1, missing)
		}
		if missing != "" && !s.calm() { // what is being said right now goes above it
			return false
		}
		if missing != "" && step.Optional {
			text, complete = fmt.Sprintf(":warning: %d. %s", i+1, missing), false
		} else if missing != "" {
			s.putOff(ctx, i)
		}
		if !s.show(ctx, step.Name, text) || missing != "" && !step.Optional {
			return false
		}
	}
	return complete && s.show(ctx, "complete", ":tada: "+s.Say.Say("Everything is in place. Type `/facebook help` to see what I understand."))
}

// move forgets what is shown in a room that is no longer the one.
func (s *Setup) move() {
	if s.Where == nil {
		return
	}
	if where := s.Where(); where != "" && where != s.where {
		s.where, s.shown = where, map[string]string{}
	}
}

// putOff makes steps silent that were shown before and come after one that is
// undone: one thing is asked for at a time.
func (s *Setup) putOff(ctx context.Context, undone int) {
	for i := undone + 1; i < len(s.Steps); i++ {
		if name := s.Steps[i].Name; s.shown[name] != "" {
			s.show(ctx, name, fmt.Sprintf(":white_circle: %d. %s", i+1, s.Say.Say("(after step %d)", undone+1)))
		}
	}
	if s.shown["complete"] != "" {
		s.show(ctx, "complete", ":white_circle: "+s.Say.Say("(after step %d)", undone+1))
	}
}

func (s *Setup) calm() bool { return s.Calm == nil || s.Calm() }

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
