package demo

import "fmt"

// bridgeSwitches are what can go wrong with the bridge.
type bridgeSwitches struct{ *stage }

func (b *bridgeSwitches) toggles() []toggle {
	return []toggle{
		{ID: "kill", Side: "bridge", Label: "Kill the bridge", Hint: "kill -9; it is back after 5 seconds",
			turn: b.turnKill, turned: b.tellKill},
	}
}

// Kill the bridge.

func (b *bridgeSwitches) turnKill(bool, string) error {
	if b.process.now().Life == lifeDead {
		b.process.restart()
		return nil
	}
	b.process.kill()
	return nil
}

func (b *bridgeSwitches) tellKill(bool) []story {
	const lost = "1 · Nothing acknowledged is lost   2 · Once   3 · In order"
	life := b.process.now()
	starts := life.Starts
	back := story{Title: "The bridge is back, and nothing waits any more", Text: "What it had acknowledged was on disk, and what was written meanwhile it has read up. A message that was just being sent is not sent again before it is clear whether it arrived.", Promise: lost, tries: []int{nothingLost, nothingTwice, inOrder},
		once: func() bool { return b.process.now().Starts > starts && b.idle() && b.meta.Waiting() == 0 }}
	if life.Life != lifeDead {
		back.once = func() bool { return b.idle() && b.meta.Waiting() == 0 }
		return []story{{Title: "The bridge is started again", Text: "It reads its store, then what it missed in Rocket.Chat.", Promise: lost}, back}
	}
	return []story{
		{Title: fmt.Sprintf("kill -9 %d: the bridge is gone", life.PID), Text: "It had no chance to tidy up. Write on both sides now: Facebook keeps trying to hand over its messages, Rocket.Chat keeps Tom's. In 5 seconds it is started again, on the same store.", Promise: lost},
		back,
	}
}
