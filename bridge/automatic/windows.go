package automatic

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/bridge/queue"
)

// warnBefore is how long before a window ends the agent is told.
const warnBefore = time.Hour

// WindowsConfig is what Windows are made of.
type WindowsConfig struct {
	States  bridge.States
	Pages   bridge.Pages
	Rooms   bridge.Rooms
	Notices *notices.Notices
	Now     func() time.Time
	Log     *slog.Logger
}

// Windows tells agents when the time ends in which a page may answer a customer. It holds
// only conversations of the last day.
type Windows struct {
	WindowsConfig
	moved chan struct{} // holds one token when the earliest time may have changed

	mu      sync.Mutex // guards all below
	due     queue.Due[bridge.Conversation]
	watched map[bridge.Conversation]struct{}
}

// NewWindows returns Windows that do nothing until Run.
func NewWindows(c WindowsConfig) *Windows {
	return &Windows{WindowsConfig: c, moved: make(chan struct{}, 1), watched: map[bridge.Conversation]struct{}{}}
}

// CustomerActive notes when customers were last heard, which is what windows begin with.
func (w *Windows) CustomerActive(events []bridge.Incoming) {
	for _, in := range events {
		if !in.Opens() || !bridge.AcceptsEvents(w.Pages, in.Conversation.Page) {
			continue
		}
		at := in.At.UTC()
		now := w.States.ChangeState(in.Conversation, func(s *bridge.ConversationState) {
			if at.After(s.Window.Heard) {
				s.Window = bridge.Window{Heard: at, Told: bridge.WindowOpen}
			}
		})
		if !now.Window.Heard.IsZero() { // it is remembered
			w.watch(in.Conversation, at.Add(bridge.PlainWindow-warnBefore))
		}
	}
}

// watch has a conversation looked at, unless it will be anyway: then the look finds
// out that the customer was heard again, and comes back later.
func (w *Windows) watch(c bridge.Conversation, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.watched[c]; known {
		return
	}
	w.watched[c] = struct{}{}
	if item := w.due.Add(at, c); w.due.First() == item {
		select {
		case w.moved <- struct{}{}:
		default:
		}
	}
}

// next returns a conversation that is to be looked at now, or when the next one is.
func (w *Windows) next(now time.Time) (c bridge.Conversation, due bool, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if item := w.due.Take(now); item != nil {
		delete(w.watched, item.Value)
		return item.Value, true, 0
	}
	if first := w.due.First(); first != nil {
		return c, false, first.At.Sub(now)
	}
	return c, false, time.Hour
}

// Run tells agents an hour before a window ends, and when it has ended,
// until ctx ends.
func (w *Windows) Run(ctx context.Context) {
	w.load()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.moved:
		case <-timer.C:
		}
		for {
			c, due, wait := w.next(w.Now())
			if !due {
				timer.Reset(min(wait, time.Minute)) // clocks are set now and then
				break
			}
			w.check(ctx, c)
		}
	}
}

// load watches the windows that an earlier run left.
func (w *Windows) load() {
	err := w.States.EachState(func(c bridge.Conversation, s bridge.ConversationState) {
		heard := s.Window.Heard
		if c.Kind == bridge.Messages && s.Window.Told != bridge.WindowEnded && !heard.IsZero() && s.Window.Open(w.Now(), bridge.PlainWindow+time.Hour) {
			w.watch(c, heard.Add(bridge.PlainWindow-warnBefore))
		}
	})
	if err != nil {
		w.Log.Warn("agents are not told of windows that end", "err", err)
	}
}

// check tells what is to be told now, and says when to look again.
func (w *Windows) check(ctx context.Context, c bridge.Conversation) {
	window, now := w.States.State(c).Window, w.Now()
	note, kind, again := noteDue(window, now)
	if kind != "" {
		if err := w.tell(ctx, c, kind, window.Heard); err != nil {
			w.Log.Debug("notice not stored", "page", c.Page, "err", err)
			w.watch(c, now.Add(time.Minute))
			return
		}
		w.States.ChangeState(c, func(s *bridge.ConversationState) {
			if s.Window.Heard.Equal(window.Heard) {
				s.Window.Told = note
			}
		})
	}
	if !again.IsZero() {
		w.watch(c, again)
	}
}

// noteDue decides what is to be told of a window now, if anything, and when to look
// again; the zero time: never, until the customer is heard.
func noteDue(w bridge.Window, now time.Time) (note bridge.WindowNote, kind bridge.NoticeKind, again time.Time) {
	ends := w.Heard.Add(bridge.PlainWindow)
	switch {
	case w.Heard.IsZero() || w.Told == bridge.WindowEnded:
		return w.Told, "", time.Time{}
	case now.Before(ends.Add(-warnBefore)):
		return w.Told, "", ends.Add(-warnBefore)
	case !now.Before(ends):
		return bridge.WindowEnded, bridge.WindowHasEnded, time.Time{}
	case w.Told == bridge.WindowEnding:
		return w.Told, "", ends
	}
	return bridge.WindowEnding, bridge.WindowEndsSoon, ends
}

// tell tells it in the conversation's room, if one is open: nobody works in a
// closed one.
func (w *Windows) tell(ctx context.Context, c bridge.Conversation, kind bridge.NoticeKind, heard time.Time) error {
	room, err := w.Rooms.OpenRoom(c)
	if err != nil || room == "" {
		return err
	}
	page, err := w.Pages.Page(c.Page)
	if err != nil || page.State == bridge.PageOff {
		return nil
	}
	n := bridge.Notice{Kind: kind, Room: room, Until: heard.Add(bridge.PlainWindow),
		Topic: c.String() + "/" + strconv.FormatInt(heard.UnixMilli(), 10)}
	if page.Settings.HumanAgent {
		n.Later = heard.Add(bridge.HumanWindow)
	}
	return w.Notices.Tell(ctx, c, n)
}
