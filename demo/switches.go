package demo

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// trouble is what the switches have set.
type trouble struct {
	away   bool      // the agent
	down   bool      // the workspace
	cut    bool      // Facebook
	losing bool      // the next answer
	lost   time.Time // when one was
	killed string    // the token that was
}

// troubles are the trouble that everybody on the page has.
type troubles struct {
	changed *bell

	mu  sync.Mutex // guards the field below
	are trouble
}

func (t *troubles) now() trouble {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.are
}

func (t *troubles) set(change func(*trouble)) {
	t.mu.Lock()
	change(&t.are)
	t.mu.Unlock()
	t.changed.strike()
}

// loses reports whether the next answer is to be lost, and notes that it is now.
func (t *troubles) loses() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.are.losing {
		return false
	}
	t.are.losing, t.are.lost = false, time.Now()
	return true
}

// toggle is something that can go wrong, or does not.
type toggle struct {
	ID     string
	Side   string // whose trouble it is: facebook, bridge or rocketchat
	Label  string
	Hint   string
	isOn   func(trouble) bool // nil: a button, not a switch
	turn   func(on bool, room string) error
	turned func(on bool) []story
}

// words are what stands on a switch.
func (s toggle) words(life life) (label, hint string) {
	if s.ID == "kill" && life.Life == lifeDead {
		return "Start it now", "or wait a few seconds"
	}
	return s.Label, s.Hint
}

// panel is the switches of all sides.
type panel struct {
	switches []toggle
	process  *process
	troubles *troubles
	feed     *feed
	narrator *narrator
}

func newPanel(p *play, facebook *facebookSwitches, bridge *bridgeSwitches, workspace *workspaceSwitches) *panel {
	return &panel{switches: slices.Concat(facebook.toggles(), bridge.toggles(), workspace.toggles()),
		process: p.process, troubles: p.troubles, feed: p.feed, narrator: p.narrator}
}

// press turns a switch or pushes a button.
func (p *panel) press(id, room string) error {
	for _, s := range p.switches {
		if s.ID != id {
			continue
		}
		before := p.process.now()
		on := s.isOn != nil && !s.isOn(p.troubles.now())
		if err := s.turn(on, room); err != nil {
			return err
		}
		line, _ := s.words(before)
		if s.isOn != nil {
			line += map[bool]string{true: ": on", false: ": off"}[on]
		}
		p.feed.note("switch", line)
		p.narrator.tell(s.turned(on)...)
		return nil
	}
	return fmt.Errorf("there is no switch %q", id)
}
