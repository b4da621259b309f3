package notices

import (
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// Pace is how fast one person may type to the bot: burst commands at once, and then one
// each time that every has passed. It is there for scripts, not for people: what is beyond
// it costs neither a call to Rocket.Chat nor a place in the store.
type Pace struct {
	every time.Duration

	mu  sync.Mutex // guards the fields below
	all map[bridge.UserID]pace
}

// pace is one person's, by the times at which commands were typed.
type pace struct {
	latest  time.Time // when the latest was typed; of several rooms, what is older is read after it
	full    time.Time // until when what was taken is made up for
	refused time.Time // when the latest was typed that was not taken
	told    bool
}

const (
	burst      = 20
	mostPaced  = 10_000          // people
	everyUsual = 3 * time.Second // so 20 a minute
)

// TooFast is said once to whoever types too much.
var TooFast = language.Sentence("You type faster than I can follow: I have left out some of it. Please wait a minute, then go on.")

// NewPace returns the usual pace, or another one if every is not 0.
func NewPace(every time.Duration) *Pace {
	if every == 0 {
		every = everyUsual
	}
	return &Pace{every: every, all: map[bridge.UserID]pace{}}
}

// Take reports whether a command typed at a time is carried out, and if not, whether the
// person is to be told. What was refused stays so when it is read again. A nil Pace takes
// everything.
func (p *Pace) Take(who bridge.UserID, at time.Time) (ok, tell bool) {
	if p == nil {
		return true, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.all[who]
	most := burst * p.every
	if one.latest.Before(at) {
		one.latest = at
	}
	if one.full.Before(one.latest) {
		one.full = one.latest
	}
	behind := one.full.Sub(one.latest)
	one.told = one.told && behind > most/2
	switch {
	case !at.After(one.refused):
		return false, false
	case behind >= most:
		tell, one.refused, one.told = !one.told, at, true
	default:
		ok, one.full = true, one.full.Add(p.every)
	}
	p.put(who, one, one.latest)
	return ok, tell
}

// put keeps a pace, and lets go those that say nothing any more when they are many.
func (p *Pace) put(who bridge.UserID, one pace, now time.Time) {
	if _, known := p.all[who]; !known && len(p.all) >= mostPaced {
		for other, of := range p.all {
			if of.full.Before(now) {
				delete(p.all, other)
			}
		}
	}
	p.all[who] = one
}

// restore makes of the paces of some people what they were before; nothing came of it.
func (p *Pace) restore(before map[bridge.UserID]pace) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for who, one := range before {
		p.all[who] = one
	}
}

// snapshot returns the paces of those who typed something.
func (p *Pace) snapshot(commands []bridge.Command) map[bridge.UserID]pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[bridge.UserID]pace{}
	for _, c := range commands {
		all[c.From.ID] = p.all[c.From.ID]
	}
	return all
}
