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
	fatal  bool      // the bridge is killed as soon as Facebook has the next answer
	killed string    // the token that was
	died   time.Time // when that was
	shut   []string  // customers who wrote too long ago
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

// kills reports whether the bridge is to be killed now, and notes that it is.
func (t *troubles) kills() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.are.fatal
	t.are.fatal = false
	return was
}

// heard notes that a customer has written: the page may answer again.
func (t *troubles) heard(key string) {
	t.set(func(are *trouble) {
		are.shut = slices.DeleteFunc(slices.Clone(are.shut), func(one string) bool { return one == key })
	})
}

// none reports whether nothing is the matter.
func (t trouble) none() bool { return !t.away && !t.down && !t.cut && !t.losing && t.killed == "" }

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

// explain tells what a switch tells when it was pressed, for what has come about in another way.
func (p *panel) explain(id string) {
	for _, s := range p.switches {
		if s.ID == id {
			p.narrator.tell(s.turned(true)...)
		}
	}
}
