package outbound

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/recent"
)

const (
	typingEvery     = 8 * time.Second // it is shown for about 20 s
	gesturePatience = 5 * time.Second
	gestureWorkers  = 4
	mostGestures    = 256    // that wait; more are dropped
	mostRemembered  = 10_000 // conversations
)

// GesturesConfig is what Gestures are made of.
type GesturesConfig struct {
	Maker    bridge.Gestures // nil: none are made
	Pages    bridge.Pages
	Rooms    Rooms
	Receipts bridge.Receipts
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger
}

// Gestures are made as well as that goes without anything waiting for them:
// what does not fit is dropped, and nothing is tried twice.
type Gestures struct {
	GesturesConfig
	queue chan func(context.Context)

	mu     sync.Mutex                                  // one asks and notes at a time
	typed  *recent.Map[bridge.Conversation, time.Time] // when typing was shown last
	marked *recent.Map[bridge.Conversation, struct{}]  // seen, and the customer has not written since
}

// NewGestures returns Gestures that make none until Run.
func NewGestures(c GesturesConfig) *Gestures {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Gestures{
		GesturesConfig: c,
		queue:          make(chan func(context.Context), mostGestures),
		typed:          recent.New[bridge.Conversation, time.Time](mostRemembered, 0),
		marked:         recent.New[bridge.Conversation, struct{}](mostRemembered, 0),
	}
}

// Run makes gestures until ctx ends.
func (g *Gestures) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for range gestureWorkers {
		wg.Go(func() { g.work(ctx) })
	}
	wg.Wait()
}

func (g *Gestures) work(ctx context.Context) {
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
}

// typingDue reports whether it is time to show typing again.
func (g *Gestures) typingDue(c bridge.Conversation, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if last, _ := g.typed.Get(c); now.Sub(last) < typingEvery {
		return false
	}
	g.typed.Set(c, now)
	return true
}

// seenDue reports whether the customer does not know yet that the page has read all.
func (g *Gestures) seenDue(c bridge.Conversation) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.marked.Get(c); known {
		return false
	}
	g.marked.Set(c, struct{}{})
	return true
}

// CustomerWrote notes that there is something new to be seen.
func (g *Gestures) CustomerWrote(c bridge.Conversation) {
	g.marked.Delete(c)
}

// plan has a gesture made when there is time. what is asked when its turn comes; nothing
// is made if it returns false.
func (g *Gestures) plan(c bridge.Conversation, what func() (bridge.Gesture, bool)) {
	if g.Maker == nil || c.Kind != bridge.Messages {
		return
	}
	select {
	case g.queue <- func(ctx context.Context) { g.make(ctx, c, what) }:
	default:
	}
}

func (g *Gestures) make(ctx context.Context, c bridge.Conversation, what func() (bridge.Gesture, bool)) {
	page, err := g.Pages.Page(c.Page)
	if err != nil || page.State != bridge.PageRunning {
		return
	}
	gesture, ok := what()
	if !ok {
		return
	}
	if err := g.Maker.Make(ctx, page, c.Customer, gesture); err != nil {
		g.Log.Debug("a gesture was not made", "page", c.Page, "gesture", gesture.Kind, "err", err)
	}
}

// Typing says that an agent is writing in a room.
func (g *Gestures) Typing(r bridge.RoomID) {
	c, ours, err := g.Rooms.Conversation(r)
	if err == nil && ours && g.typingDue(c, g.Now()) {
		g.plan(c, func() (bridge.Gesture, bool) { return bridge.Gesture{Kind: bridge.Typing}, true })
	}
}

// Reacted says how agents react to a customer's message; an empty emoji, that they do
// not any more.
func (g *Gestures) Reacted(r bridge.RoomID, id bridge.MessageID, emoji string) {
	c, ours, err := g.Rooms.Conversation(r)
	if err != nil || !ours {
		return
	}
	g.plan(c, func() (bridge.Gesture, bool) {
		reaction := bridge.Gesture{Kind: bridge.React, On: g.Receipts.MidOf(bridge.SendTag{Message: id}), Emoji: emoji}
		if emoji == "" {
			reaction.Kind = bridge.Unreact
		}
		return reaction, reaction.On != ""
	})
}

// Answered marks as seen what the customer wrote: an agent has answered.
func (g *Gestures) Answered(c bridge.Conversation, by bridge.Author) {
	if !by.Bot && g.seenDue(c) {
		g.plan(c, func() (bridge.Gesture, bool) { return bridge.Gesture{Kind: bridge.Seen}, true })
	}
}
