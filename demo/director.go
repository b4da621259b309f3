package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/sandbox/chat"
)

// director plays the story by itself: who writes what, and which switches are pressed.
type director struct {
	*play
	jobs sync.WaitGroup

	mu    sync.Mutex // guards the fields below
	ctx   context.Context
	end   func()        // nil: nothing is being played
	scene int           // counted from 1
	pause time.Duration // what people need to see what has happened; tests need none
}

// comes lets it begin; what it does ends with ctx.
func (d *director) comes(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ctx = ctx
}

// leaves returns when it has ended what it had begun.
func (d *director) leaves() { d.jobs.Wait() }

// playing is the scene that is being played, and how many there are; 0: none.
func (d *director) playing() (scene, of int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.end == nil {
		return 0, len(scenes)
	}
	return d.scene, len(scenes)
}

// plays begins the story.
func (d *director) plays() error {
	if !d.troubles.now().none() || !d.process.now().connected() {
		return errors.New("switch everything on again first, and let the bridge connect")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.end != nil || d.ctx == nil {
		return errors.New("the story is being played already")
	}
	ctx, cancel := context.WithCancel(d.ctx)
	d.end, d.scene = cancel, 0
	d.jobs.Go(func() {
		err := d.all(ctx)
		interrupted := ctx.Err() != nil
		cancel()
		d.mu.Lock()
		d.end = nil
		d.mu.Unlock()
		d.troubles.set(func(t *trouble) { t.fatal = false })
		if err != nil && !interrupted {
			d.feed.note("trouble", "The story stopped: "+err.Error())
		}
		d.changed.strike()
	})
	return nil
}

// stops ends the story where it is.
func (d *director) stops() {
	d.mu.Lock()
	end := d.end
	d.mu.Unlock()
	if end != nil {
		end()
		d.jobs.Wait()
	}
}

// scenePatience is how long a scene may take.
const scenePatience = time.Minute

func (d *director) all(ctx context.Context) error {
	for i, play := range scenes {
		d.mu.Lock()
		d.scene = i + 1
		d.mu.Unlock()
		d.changed.strike()
		ctx, cancel := context.WithTimeout(ctx, scenePatience)
		err := play(ctx, d)
		cancel()
		if err != nil {
			return fmt.Errorf("scene %d: %w", i+1, err)
		}
	}
	return d.ends(ctx)
}

// ends says what became of the promises.
func (d *director) ends(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, scenePatience)
	defer cancel()
	if err := d.until(ctx, "it is clear what became of the promises", d.promises.decided); err != nil {
		return err
	}
	last := story{Title: "That was the story: every promise was kept", Promise: "Now you",
		Text: "The signs above compare what was written on both sides with what arrived. Write on both sides, press what you like, and try to break it."}
	if !d.promises.allKept() {
		last.Title = "That was the story: not every promise was kept"
	}
	d.narrator.tell(last)
	return nil
}

// reads waits for as long as people need to see what has happened.
func (d *director) reads(ctx context.Context) error {
	d.mu.Lock()
	pause := time.NewTimer(d.pause)
	d.mu.Unlock()
	defer pause.Stop()
	select {
	case <-pause.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// asks lets a customer write, and waits until Tom has it.
func (d *director) asks(ctx context.Context, c customer, text string) error {
	d.actors.asks(c, "", text)
	return d.until(ctx, "Tom reads “"+text+"”", func() bool { return slices.Contains(d.actors.ledger.read(c), text) })
}

// roomOf is the open chat with a customer, in Messenger or about comments.
func (d *director) roomOf(c customer, comments bool) string {
	for _, r := range slices.Backward(d.rc.Rooms()) {
		if r.Open && d.customerOf(r) == c && d.isComments(r) == comments {
			return r.ID
		}
	}
	return ""
}

// arrives waits until a customer has an answer of Tom's.
func (d *director) arrives(ctx context.Context, c customer, text string) error {
	return d.until(ctx, c.First+" reads “"+text+"”", func() bool { return slices.Contains(d.received(c), text) })
}

// tells waits until a story is told.
func (d *director) tells(ctx context.Context, part string) error {
	return d.until(ctx, "it is told: "+part, func() bool { return strings.Contains(d.narrator.title(), part) })
}

// turns presses a switch, and waits until what follows from that is told.
func (d *director) turns(ctx context.Context, id, room, part string) error {
	if err := d.panel.press(id, room); err != nil {
		return err
	}
	return d.tells(ctx, part)
}

// commands lets Maria type a command into the setup channel, and returns the bot's answer: what is
// announced meanwhile is none.
func (d *director) commands(ctx context.Context, text string, answers func(chat.Message) bool) (answer chat.Message, err error) {
	setup := d.rc.RoomID(setupChannel)
	mine := d.rc.UserSays(manager, setup, text)
	err = d.until(ctx, "the bot answers "+text, func() bool {
		all := d.rc.Messages(setup)
		i := slices.IndexFunc(all, func(m chat.Message) bool { return m.ID == mine })
		for _, m := range all[i+1:] {
			if m.Username == d.rc.Bot() && answers(m) {
				answer = m
				return true
			}
		}
		return false
	})
	return answer, err
}
