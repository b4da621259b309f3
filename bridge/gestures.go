package bridge

import (
	"context"
	"sync"
	"time"
)

// Gesture is what a customer sees of a page beside its messages.
type Gesture struct {
	Kind  GestureKind
	On    Mid    // the message that is reacted to
	Emoji string // of a React
}

// GestureKind says what a gesture is.
type GestureKind string

const (
	Typing  GestureKind = "typing"  // somebody is writing
	Seen    GestureKind = "seen"    // the page has read everything
	React   GestureKind = "react"   // the page's reaction to a message of the customer's
	Unreact GestureKind = "unreact" // it is taken back
)

// Gestures makes them. The error is a Refusal; nobody is told of it.
type Gestures interface {
	Make(context.Context, Page, CustomerID, Gesture) error
}

const (
	typingEvery     = 8 * time.Second // it is shown for about 20 s
	gesturePatience = 5 * time.Second
	gestureWorkers  = 4
	mostGestures    = 256    // that wait; more are dropped
	mostRemembered  = 10_000 // conversations
)

// gesturing makes gestures as well as that goes without anything waiting for them:
// what does not fit is dropped, and nothing is tried twice.
type gesturing struct {
	queue chan func(context.Context)

	mu     sync.Mutex                 // guards the two below
	typed  map[Conversation]time.Time // when typing was shown last
	marked map[Conversation]bool      // seen, and the customer has not written since
}

func newGesturing() *gesturing {
	return &gesturing{
		queue: make(chan func(context.Context), mostGestures),
		typed: map[Conversation]time.Time{}, marked: map[Conversation]bool{},
	}
}

// run works the queue off until ctx ends.
func (g *gesturing) run(ctx context.Context) {
	var wg sync.WaitGroup
	for range gestureWorkers {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case do := <-g.queue:
					within, stop := context.WithTimeout(ctx, gesturePatience)
					do(within)
					stop()
				}
			}
		})
	}
	wg.Wait()
}

// typing reports whether it is time to show typing again.
func (g *gesturing) typing(c Conversation, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Sub(g.typed[c]) < typingEvery {
		return false
	}
	if len(g.typed) >= mostRemembered {
		clear(g.typed)
	}
	g.typed[c] = now
	return true
}

// seeing reports whether the customer does not know yet that the page has read all.
func (g *gesturing) seeing(c Conversation) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.marked[c] {
		return false
	}
	if len(g.marked) >= mostRemembered {
		clear(g.marked)
	}
	g.marked[c] = true
	return true
}

// wrote notes that there is something new to be seen.
func (g *gesturing) wrote(c Conversation) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.marked, c)
}

// gesture makes one when there is time. what is asked when its turn comes; nothing is
// made if it returns false.
func (b *Bridge) gesture(c Conversation, what func() (Gesture, bool)) {
	if b.Gestures == nil || c.Kind != Messages {
		return
	}
	do := func(ctx context.Context) {
		page, err := b.Pages.Page(c.Page)
		if err != nil || page.State != PageRunning {
			return
		}
		g, ok := what()
		if !ok {
			return
		}
		if err := b.Gestures.Make(ctx, page, c.Customer, g); err != nil {
			b.Log.Debug("a gesture was not made", "page", c.Page, "gesture", g.Kind, "err", err)
		}
	}
	select {
	case b.gesturing.queue <- do:
	default:
	}
}

// Typing says that an agent is writing in a room.
func (b *Bridge) Typing(r RoomID) {
	c, ours, err := b.Rooms.Conversation(r)
	if err == nil && ours && b.gesturing.typing(c, b.Now()) {
		b.gesture(c, func() (Gesture, bool) { return Gesture{Kind: Typing}, true })
	}
}

// Reacted says how agents react to a customer's message; an empty emoji, that they do
// not any more.
func (b *Bridge) Reacted(r RoomID, id MessageID, emoji string) {
	c, ours, err := b.Rooms.Conversation(r)
	if err != nil || !ours {
		return
	}
	b.gesture(c, func() (Gesture, bool) {
		g := Gesture{Kind: React, On: b.Receipts.MidOf(Mark{Message: id}), Emoji: emoji}
		if emoji == "" {
			g.Kind = Unreact
		}
		return g, g.On != ""
	})
}

// answered marks as seen what the customer wrote: an agent has answered.
func (b *Bridge) answered(c Conversation, a Author) {
	if !a.Bot && b.gesturing.seeing(c) {
		b.gesture(c, func() (Gesture, bool) { return Gesture{Kind: Seen}, true })
	}
}
