package bridge

import (
	"container/heap"
	"context"
	"strconv"
	"sync"
	"time"
)

// How long a page may answer a customer after the customer's last action
// (messenger.md 8). Meta is the judge, by its own books; what we compute warns
// agents early, and keeps automatic texts and the human tag from being tried.
const (
	plainWindow = 24 * time.Hour
	humanWindow = 7 * 24 * time.Hour // with the tag HUMAN_AGENT, for what a person wrote
	warnBefore  = time.Hour
)

// opens reports whether an event lets the page answer for 24 hours.
func (in Incoming) opens() bool {
	switch in.Kind {
	case TextEvent, MediaEvent, UnsupportedEvent, TapEvent, ReferralEvent:
		return in.Conversation.Kind == Messages
	case ReactionEvent:
		return in.Conversation.Kind == Messages && !in.FromPage
	}
	return false
}

// hear notes when customers were last heard, which is what windows begin with.
func (b *Bridge) hear(events []Incoming) {
	if b.Talks == nil {
		return
	}
	for _, in := range events {
		if !in.opens() || !b.known(in.Conversation.Page) {
			continue
		}
		at := in.At.UTC()
		b.Talks.ChangeTalk(in.Conversation, func(t *Talk) {
			if at.After(t.Heard) {
				t.Heard, t.Told = at, WindowOpen
			}
		})
		b.windows.watch(in.Conversation, at.Add(plainWindow-warnBefore))
	}
}

// inWindow reports whether a page may still answer a customer who was last heard as
// the talk says; a customer nobody remembers having heard is left to Meta.
func (b *Bridge) inWindow(t Talk, window time.Duration) bool {
	return t.Heard.IsZero() || b.Now().Before(t.Heard.Add(window))
}

// mayTag reports whether a message that came too late may be sent once more as what
// a person wrote: it was one, the page allows it, and 7 days are not over.
func (b *Bridge) mayTag(ctx context.Context, s *shipment) (bool, error) {
	if s.d.Progress.Tagged || !s.page.Settings.HumanAgent || s.out.Automatic || b.People == nil ||
		b.tagRefused(s.page.ID) || !b.inWindow(b.talk(s.out.Conversation), humanWindow) {
		return false, nil
	}
	person, err := b.People.IsPerson(ctx, s.out.Author)
	if err != nil {
		r := *RefusalOf(err) // what is wrong with Rocket.Chat holds up this conversation alone
		r.Verdict, r.Gate = Again, ""
		return false, &r
	}
	return person, nil
}

// whyTooLate words why Meta no longer takes an answer, so that the agent knows what
// would help.
func (b *Bridge) whyTooLate(s *shipment) Reason {
	switch {
	case b.Talks != nil && !b.inWindow(b.talk(s.out.Conversation), humanWindow):
		return WindowOver
	case b.tagRefused(s.page.ID) && s.page.Settings.HumanAgent:
		return TagRefused
	}
	return WindowClosed
}

func (b *Bridge) talk(c Conversation) Talk {
	if b.Talks == nil {
		return Talk{}
	}
	return b.Talks.Talk(c)
}

// tagRefusedFor is how long it is believed that an app may not use the human tag.
// Approval takes Meta days.
const tagRefusedFor = time.Hour

// refuseTag remembers that Meta has not approved the tag for a page's app, and says so
// to those who can do something about it.
func (b *Bridge) refuseTag(ctx context.Context, p Page) {
	b.mu.Lock()
	b.untagged[p.ID] = b.Now()
	b.mu.Unlock()
	err := b.Announce(ctx, "human-agent/"+string(p.ID), b.Say.Say("*%s*: Facebook has not approved the app for answers after 24 hours. Apply for the feature Human Agent in the app review at Facebook, or type `/facebook edit %s human-agent off`.", p.DisplayName(), string(p.ID)))
	if err != nil {
		b.Log.Warn("not announced", "page", p.ID, "err", err)
	}
}

func (b *Bridge) tagRefused(p PageID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, refused := b.untagged[p]
	return refused && b.Now().Sub(at) < tagRefusedFor
}

// windows says when a conversation's window is to be looked at. It holds only
// conversations of the last day.
type windows struct {
	moved chan struct{} // holds one token when the earliest time may have changed

	mu  sync.Mutex // guards all below
	due windowHeap
	in  map[Conversation]struct{}
}

type windowLook struct {
	at time.Time
	c  Conversation
}

// windowHeap is ordered by time, earliest first (container/heap).
type windowHeap []windowLook

func (h windowHeap) Len() int           { return len(h) }
func (h windowHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h windowHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *windowHeap) Push(x any)        { *h = append(*h, x.(windowLook)) }
func (h *windowHeap) Pop() any {
	last := len(*h) - 1
	look := (*h)[last]
	*h = (*h)[:last]
	return look
}

func newWindows() *windows {
	return &windows{moved: make(chan struct{}, 1), in: map[Conversation]struct{}{}}
}

// watch has a conversation looked at, unless it will be anyway: then the look finds
// out that the customer was heard again, and comes back later.
func (w *windows) watch(c Conversation, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.in[c]; known {
		return
	}
	w.in[c] = struct{}{}
	heap.Push(&w.due, windowLook{at, c})
	if w.due[0].c == c {
		select {
		case w.moved <- struct{}{}:
		default:
		}
	}
}

// next returns a conversation that is to be looked at now, or when the next one is.
func (w *windows) next(now time.Time) (c Conversation, due bool, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.due) == 0 {
		return c, false, time.Hour
	}
	if at := w.due[0].at; at.After(now) {
		return c, false, at.Sub(now)
	}
	c = heap.Pop(&w.due).(windowLook).c
	delete(w.in, c)
	return c, true, 0
}

// watchWindows tells agents an hour before a window ends, and when it has ended,
// until ctx ends.
func (b *Bridge) watchWindows(ctx context.Context) {
	if b.Talks == nil {
		return
	}
	err := b.Talks.EachTalk(func(c Conversation, t Talk) {
		if c.Kind == Messages && t.Told != WindowEnded && b.inWindow(t, plainWindow+time.Hour) && !t.Heard.IsZero() {
			b.windows.watch(c, t.Heard.Add(plainWindow-warnBefore))
		}
	})
	if err != nil {
		b.Log.Warn("agents are not told of windows that end", "err", err)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.windows.moved:
		case <-timer.C:
		}
		for {
			c, due, wait := b.windows.next(b.Now())
			if !due {
				timer.Reset(min(wait, time.Minute)) // clocks are set now and then
				break
			}
			b.lookAtWindow(ctx, c)
		}
	}
}

// lookAtWindow tells what is to be told now, and says when to look again.
func (b *Bridge) lookAtWindow(ctx context.Context, c Conversation) {
	t := b.Talks.Talk(c)
	ends, now := t.Heard.Add(plainWindow), b.Now()
	note, kind := WindowEnding, WindowEndsSoon
	switch {
	case t.Heard.IsZero() || t.Told == WindowEnded:
		return
	case now.Before(ends.Add(-warnBefore)):
		b.windows.watch(c, ends.Add(-warnBefore))
		return
	case !now.Before(ends):
		note, kind = WindowEnded, WindowHasEnded
	case t.Told == WindowEnding:
		b.windows.watch(c, ends)
		return
	}
	if err := b.tellWindow(ctx, c, kind, t.Heard); err != nil {
		b.Log.Debug("notice not stored", "page", c.Page, "err", err)
		b.windows.watch(c, now.Add(time.Minute))
		return
	}
	heard := t.Heard
	b.Talks.ChangeTalk(c, func(t *Talk) {
		if t.Heard.Equal(heard) {
			t.Told = note
		}
	})
	if note == WindowEnding {
		b.windows.watch(c, ends)
	}
}

// tellWindow tells it in the conversation's room, if one is open: nobody works in a
// closed one.
func (b *Bridge) tellWindow(ctx context.Context, c Conversation, kind NoticeKind, heard time.Time) error {
	room, err := b.Rooms.OpenRoom(c)
	if err != nil || room == "" {
		return err
	}
	page, err := b.Pages.Page(c.Page)
	if err != nil || page.State == PageOff {
		return nil
	}
	n := Notice{Kind: kind, Room: room, Until: heard.Add(plainWindow),
		Message: MessageID(string(c.Lane()) + "/" + strconv.FormatInt(heard.UnixMilli(), 10))}
	if page.Settings.HumanAgent {
		n.Later = heard.Add(humanWindow)
	}
	return b.tell(ctx, n)
}
