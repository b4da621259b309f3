package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
)

// toggle is something that can go wrong, or does not.
type toggle struct {
	ID     string
	Side   string // whose trouble it is: facebook, bridge or rocketchat
	Label  string
	Hint   string
	isOn   func(*play) bool // nil: a button, not a switch. Called with the lock
	turn   func(p *play, on bool, room string) error
	turned func(p *play, on bool) []story
}

var switches []toggle

// The stories ask the switches' own conditions, so that it is filled here.
func init() {
	switches = []toggle{
		{ID: "down", Side: "facebook", Label: "Facebook down", Hint: "Graph refuses connections",
			isOn: func(p *play) bool { return p.cut }, turn: (*play).turnFacebook, turned: (*play).tellFacebook},
		{ID: "losing", Side: "facebook", Label: "Lose its answer", Hint: "the next message arrives, its confirmation does not",
			isOn: func(p *play) bool { return p.losing }, turn: (*play).turnLosing, turned: (*play).tellLosing},
		{ID: "token", Side: "facebook", Label: "Token dead", Hint: "off: Maria authorises again",
			isOn: func(p *play) bool { return p.killed != "" }, turn: (*play).turnToken, turned: (*play).tellToken},
		{ID: "repeat", Side: "facebook", Label: "Send all again", Hint: "every webhook once more",
			turn: (*play).turnRepeat, turned: (*play).tellRepeat},
		{ID: "kill", Side: "bridge", Label: "Kill the bridge", Hint: "kill -9; it is back after 5 seconds",
			turn: (*play).turnKill, turned: (*play).tellKill},
		{ID: "away", Side: "rocketchat", Label: "Agent away", Hint: "nobody takes new chats",
			isOn: func(p *play) bool { return p.away }, turn: (*play).turnAway, turned: (*play).tellAway},
		{ID: "workspace", Side: "rocketchat", Label: "Workspace down", Hint: "as during an upgrade",
			isOn: func(p *play) bool { return p.down }, turn: (*play).turnWorkspace, turned: (*play).tellWorkspace},
		{ID: "close", Side: "rocketchat", Label: "Close the chat", Hint: "the one shown below",
			turn: (*play).turnClose, turned: (*play).tellClose},
	}
}

// press turns a switch or pushes a button.
func (p *play) press(id, room string) error {
	for _, s := range switches {
		if s.ID != id {
			continue
		}
		before := p.process.now()
		on := s.isOn != nil && !read(p, func() bool { return s.isOn(p) })
		if err := s.turn(p, on, room); err != nil {
			return err
		}
		line, _ := s.words(before)
		if s.isOn != nil {
			line += map[bool]string{true: ": on", false: ": off"}[on]
		}
		p.note("switch", line)
		p.tell(s.turned(p, on)...)
		return nil
	}
	return fmt.Errorf("there is no switch %q", id)
}

// words are what stands on a switch.
func (s toggle) words(life life) (label, hint string) {
	if s.ID == "kill" && life.Life == lifeDead {
		return "Start it now", "or wait a few seconds"
	}
	return s.Label, s.Hint
}

func (p *play) set(change func()) {
	p.mu.Lock()
	change()
	p.mu.Unlock()
	p.changed.strike()
}

// What the stories wait for.

func (p *play) toRooms() int {
	if s := p.process.now().Status; s != nil {
		return s.In.Waiting
	}
	return 0
}

func (p *play) toCustomers() int {
	if s := p.process.now().Status; s != nil {
		return s.Out.Waiting
	}
	return 0
}

func (p *play) idle() bool {
	life := p.process.now()
	return life.connected() && life.waiting() == 0
}

func (p *play) openRooms() (open int) {
	for _, r := range p.rc.Rooms() {
		if r.Open {
			open++
		}
	}
	return open
}

// Agent away.

func (p *play) turnAway(on bool, _ string) error {
	p.set(func() { p.away = on })
	if on {
		p.ana.GoesOffline()
	} else {
		p.ana.GoesOnline()
	}
	return nil
}

const kept = "4 · No agent, no Rocket.Chat, no token: kept, not lost"

func (p *play) tellAway(on bool) []story {
	if !on {
		return []story{
			{Title: "Ana is back", Text: "The bridge looks every half minute whether somebody can take a chat. Then everything that waited opens its room.", Promise: kept},
			{Title: "Nothing waits any more", Text: "What came in while nobody was there is in its room, once and in order.", Promise: kept, once: p.idle},
		}
	}
	return []story{
		{Title: "Ana has gone home; nobody can take a new chat", Text: "Chats that are open stay hers. Write as a customer without an open chat: the message is accepted and waits for somebody to come back.", Promise: kept},
		{Title: "A message waits for an agent", Text: "Facebook was told that it arrived, because it is on disk. Kill the bridge now if you like: it will still be there. It gets its room when Ana is back.", Promise: kept,
			once: func() bool { return p.toRooms() > 0 }},
	}
}

// Workspace down.

func (p *play) turnWorkspace(on bool, _ string) error {
	if on {
		p.rc.Down()
	} else if err := p.rc.Up(); err != nil {
		return err
	}
	p.set(func() { p.down = on })
	return nil
}

func (p *play) tellWorkspace(on bool) []story {
	if !on {
		return []story{
			{Title: "Rocket.Chat is up again", Text: "The bridge tries again after a pause that grew with the outage, half a minute at most. It first reads what it missed, then delivers what waited.", Promise: kept},
			{Title: "Connected again, and nothing waits", Text: "Customers wrote the whole time and noticed nothing.", Promise: kept, once: p.idle},
		}
	}
	return []story{
		{Title: "Rocket.Chat refuses all connections, as during an upgrade", Text: "Write as Anna or Ben: Facebook gets its confirmation as ever, and the messages wait on disk. Ana cannot write meanwhile.", Promise: kept},
		{Title: "Messages wait for Rocket.Chat", Text: "They are stored and sealed; nobody can read them in the file. They go out by themselves when the workspace is back.", Promise: kept,
			once: func() bool { return p.toRooms() > 0 }},
	}
}

// Facebook down.

func (p *play) turnFacebook(on bool, _ string) error {
	if on {
		p.meta.Down()
	} else if err := p.meta.Up(); err != nil {
		return err
	}
	p.set(func() { p.cut = on })
	return nil
}

const knows = "5 · The agent knows"

func (p *play) tellFacebook(on bool) []story {
	if !on {
		return []story{
			{Title: "Facebook answers again", Text: "The bridge tries again after half a minute at most, and then sends what waited, in order.", Promise: kept},
			{Title: "Everything has gone out", Text: "Nobody had to send anything again. Where Ana was told that her message waits, she is told that it went out.", Promise: knows,
				once: func() bool { return p.process.now().Status != nil && p.process.now().waiting() == 0 }},
		}
	}
	return []story{
		{Title: "Facebook's Graph API refuses all connections", Text: "Customers can still write to you; answers cannot get out. Write as Ana and wait: nothing is sent twice, and nothing is lost.", Promise: kept},
		{Title: "An answer waits for Facebook", Text: "If that lasts for more than a minute, Ana sees an hourglass on her message, and a sentence that explains it. Her next messages queue up behind it, in order.", Promise: knows,
			once: func() bool { return p.toCustomers() > 0 }},
	}
}

// Answers get lost.

func (p *play) turnLosing(on bool, _ string) error {
	p.set(func() { p.losing = on })
	return nil
}

const onlyOnce = "2 · Once"

func (p *play) tellLosing(on bool) []story {
	if !on {
		return []story{{Title: "Facebook's answers arrive again", Text: "Nothing was lost meanwhile.", Promise: onlyOnce}}
	}
	armed := time.Now()
	lost := func() bool { return read(p, func() bool { return p.lost.After(armed) }) }
	return []story{
		{Title: "Facebook's next answer will get lost", Text: "Write as Ana. The customer will get the message, but the bridge only sees a broken connection: was it delivered or not?", Promise: onlyOnce},
		{Title: "Delivered, and the bridge cannot know it yet", Text: "Sending again could double it, giving up could lose it. So it does neither, and waits for the echo, with which Facebook tells what the page has said. Here that takes 5 seconds.", Promise: onlyOnce, once: lost},
		{Title: "The echo came: it was delivered", Text: "The echo carries the bridge's own mark, so it was this very message. The customer has it once. Without an echo, the bridge would have read the thread after 30 seconds.", Promise: onlyOnce,
			once: func() bool {
				return lost() && read(p, func() bool { return time.Since(p.lost) > echoDelay/2 }) && p.toCustomers() == 0 && p.process.now().Status != nil
			}},
	}
}

// Token dead.

const dead = "7 · A dead page is loud"

func (p *play) turnToken(on bool, _ string) error {
	if on {
		token := p.meta.PageToken(pageID)
		p.meta.KillToken(pageID, 460) // as when somebody changes the password
		p.set(func() { p.killed = token })
		return nil
	}
	if read(p, func() bool { return p.down || p.cut }) {
		return errors.New("for that, Maria needs both Facebook and Rocket.Chat; switch them on first")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.authors || p.ctx == nil {
		return errors.New("that is being done: Maria is authorising")
	}
	p.authors = true
	ctx := p.ctx
	p.jobs.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		err := p.authorise(ctx, p.noteStep)
		p.set(func() { p.authors = false })
		if err != nil && ctx.Err() == nil {
			p.note("trouble", "Maria could not authorise: "+err.Error())
		}
	})
	return nil
}

// tokenLives reports whether the page runs with another token than the dead one,
// whoever authorised it.
func (p *play) tokenLives() bool {
	state, _ := p.process.now().pageState()
	return state == bridge.PageRunning && p.meta.PageToken(pageID) != read(p, func() string { return p.killed })
}

func (p *play) tellToken(on bool) []story {
	back := story{Title: "The page runs again", Text: "What waited has gone out, in order; nobody had to send anything again. The page's settings were kept.", Promise: dead,
		once: func() bool { return p.tokenLives() && p.toCustomers() == 0 }}
	if !on {
		return []story{
			{Title: "Maria authorises again", Text: "She types the command, follows her link to Facebook, and ticks the page. You find each step in the event log.", Promise: dead}, back,
		}
	}
	return []story{
		{Title: "Facebook no longer accepts the page's token", Text: "That happens when somebody changes a password. Write as Ana: the bridge finds out with the next message.", Promise: dead},
		{Title: "The setup channel was told, once", Text: "Ana's message waits, and shows an hourglass after about a minute. Customers' messages still come in. To repair it, type /facebook authorize as Maria and follow her link, or press the switch again and watch her do it.", Promise: dead,
			once: func() bool {
				state, _ := p.process.now().pageState()
				return state != "" && state != bridge.PageRunning
			}}, back,
	}
}

// Facebook sends all again.

func (p *play) turnRepeat(bool, string) error {
	p.meta.RepeatWebhooks()
	return nil
}

func (p *play) tellRepeat(bool) []story {
	return []story{{Title: "Facebook sent every webhook once more", Text: "Meta promises neither order nor uniqueness, and repeats for hours. The bridge acknowledges them again and knows each message: nothing appears twice, even after a kill.", Promise: onlyOnce}}
}

// Close the chat.

func (p *play) turnClose(_ bool, room string) error {
	if read(p, func() bool { return p.down }) {
		return errors.New("Rocket.Chat is down: Ana cannot close a chat now")
	}
	var chosen *chat.Room
	for _, r := range p.rc.Rooms() {
		if r.Open && (chosen == nil || chosen.ID != room) {
			chosen = &r
		}
	}
	if chosen == nil {
		return errors.New("no chat is open; write as a customer first")
	}
	p.ana.Closes(chosen.ID, "solved")
	return nil
}

func (p *play) tellClose(bool) []story {
	const one = "6 · One open room"
	open, rooms := p.openRooms(), len(p.rc.Rooms())
	if read(p, func() bool { return p.away }) {
		return []story{
			{Title: "Ana has closed the chat before she left", Text: "Let that customer write again: nobody can take a new chat now, so the message is accepted and waits.", Promise: kept},
			p.tellAway(true)[1],
		}
	}
	return []story{
		{Title: "Ana has closed the chat", Text: "Let that customer write again: exactly one new room opens, however fast the messages come.", Promise: one},
		{Title: "A new message, a new room", Text: "The closed chat stays as it was; everything the customer writes from now on is in the new one.", Promise: one,
			once: func() bool { return p.openRooms() > open || len(p.rc.Rooms()) > rooms }},
	}
}

// Kill the bridge.

func (p *play) turnKill(bool, string) error {
	if p.process.now().Life == lifeDead {
		p.process.restart()
		return nil
	}
	p.process.kill()
	return nil
}

func (p *play) tellKill(bool) []story {
	const lost = "1 · Nothing acknowledged is lost   2 · Once   3 · In order"
	life := p.process.now()
	starts := life.Starts
	back := story{Title: "The bridge is back, and nothing waits any more", Text: "What it had acknowledged was on disk, and what was written meanwhile it has read up. A message that was just being sent is not sent again before it is clear whether it arrived.", Promise: lost,
		once: func() bool { return p.process.now().Starts > starts && p.idle() && p.meta.Waiting() == 0 }}
	if life.Life != lifeDead {
		back.once = func() bool { return p.idle() && p.meta.Waiting() == 0 }
		return []story{{Title: "The bridge is started again", Text: "It reads its store, then what it missed in Rocket.Chat.", Promise: lost}, back}
	}
	return []story{
		{Title: fmt.Sprintf("kill -9 %d: the bridge is gone", life.PID), Text: "It had no chance to tidy up. Write on both sides now: Facebook keeps trying to hand over its messages, Rocket.Chat keeps Ana's. In 5 seconds it is started again, on the same store.", Promise: lost},
		back,
	}
}
