package backfill

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
	"messenger-bridge/pause"
)

const (
	pageSize    = 25                 // conversations asked for at once, each with its newest messages
	callsAtOnce = 8                  // calls under way
	reach       = 7 * 24 * time.Hour // how far back messages are fetched: as long as keys are remembered
	clockMargin = 30 * time.Second   // between two clocks
	maxPasses   = 10                 // of a list that goes on changing
	maxTries    = 12                 // of one call, before the page waits for the next check
	calling     = 6 * time.Second    // a call of Meta's is under way for five at most, and is then made again
	lookAgain   = 8                  // times in which what calls bring is looked for
)

// Pauses between the tries of one call.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 120 // times the first
)

// keysOfMid are what the keys of events begin with that bring a message, or stand for
// one in the thread (a tap is shown there as a message of the customer's, and has its
// key); the message's id follows.
var keysOfMid = []string{"m/", "e/"}

// Config is what a Filler is made of.
type Config struct {
	Inbound  Inbound
	Seen     func(key string) bool                // an event with this key was ever accepted
	Ours     func(bridge.PageID, bridge.Mid) bool // the message is an answer of ours
	Pages    bridge.Pages
	Threads  bridge.Threads
	Gaps     *Gaps
	Announce func(ctx context.Context, key, text string) error
	Calling  time.Duration // how long what Meta does not show may still come with calls that are under way; 6 s
	Retry    time.Duration // the pause after a first failure; later ones double up to 120 times that; 250 ms
	Now      func() time.Time
	Say      *language.Speaker
	Log      *slog.Logger
}

// Inbound takes what customers wrote.
type Inbound interface {
	// FromCustomer stores events, each once, and returns when they are durable.
	FromCustomer(context.Context, []bridge.Incoming) error
}

// Filler fetches what customers wrote while webhooks may have gone missing. What it
// finds is accepted like a webhook's events, under the same keys, so that a message
// that comes both ways, in whatever order, is shown once.
//
// Stopped at any point, the gap is still open, and the next run begins it again;
// what was accepted is recognised.
type Filler struct {
	Config
	turns chan struct{} // holds one for each call under way
}

// New returns a filler that does nothing until Run.
func New(c Config) *Filler {
	c.Retry, c.Calling = cmp.Or(c.Retry, firstPause), cmp.Or(c.Calling, calling)
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Filler{Config: c, turns: make(chan struct{}, callsAtOnce)}
}

// Run fills gaps until ctx ends. A page being filled has a goroutine.
func (f *Filler) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	busy := map[bridge.PageID]bool{}
	ended := make(chan bridge.PageID)
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case id := <-ended:
			delete(busy, id)
		case <-f.Gaps.ready:
			for _, id := range f.Gaps.take() {
				if busy[id] {
					continue // if it was widened, the next check of the page says so again
				}
				busy[id] = true
				wg.Go(func() {
					f.page(ctx, id)
					select {
					case ended <- id:
					case <-ctx.Done():
					}
				})
			}
		}
	}
}

// filling is what one page's gap is filled with.
type filling struct {
	page    bridge.PageID
	since   time.Time // by our clock
	limit   int
	changed time.Time     // conversations that changed earlier hold nothing for us, by our clock
	found   int           // messages no webhook had brought
	waited  time.Duration // for calls that were under way
}

// page fills the gap of a page. If that fails it stays open, until the next check
// finds the page in order.
func (f *Filler) page(ctx context.Context, id bridge.PageID) {
	since, width, err := f.Gaps.gap(id)
	if err != nil || since.IsZero() {
		return
	}
	since = bridge.Later(since, f.Now().Add(-reach))
	if page, err := f.Pages.Page(id); err == nil { // a gap may be of the page's life before it was deleted
		since = bridge.Later(since, page.Since)
	}
	g := &filling{page: id, since: since, changed: since, limit: pageSize}
	log := f.Log.With("page", id, "since", since)
	switch err = f.fill(ctx, g); {
	case err == nil:
		log.Info("messages fetched of the time in which webhooks may have gone missing", "messages", g.found)
	case bridge.RefusalOf(err).Verdict == bridge.Never:
		log.Warn("messages of the time in which webhooks may have gone missing cannot be fetched", "err", err)
		f.tell(ctx, g)
	default:
		if ctx.Err() == nil {
			log.Warn("messages not fetched yet of the time in which webhooks may have gone missing", "err", err)
		}
		return
	}
	if err := f.Gaps.filled(id, width); err != nil {
		log.Warn("a gap that was filled stays noted", "err", err)
	}
}

// fill reads all conversations that changed since the gap began. A conversation
// that changes meanwhile moves to the front of the list, past us; so what changed
// during a pass of several calls is read in another.
func (f *Filler) fill(ctx context.Context, g *filling) error {
	for range maxPasses {
		began := f.Now()
		calls, err := f.pass(ctx, g)
		if err != nil || calls == 1 {
			return err
		}
		g.changed = began
	}
	return nil // each pass was shorter than the one before: what is left came by webhook
}

func (f *Filler) pass(ctx context.Context, g *filling) (calls int, err error) {
	for cursor := ""; ; calls++ {
		var list bridge.ThreadList
		err := f.patiently(ctx, g, func(p bridge.Page) (err error) {
			list, err = f.Threads.Threads(ctx, p, cursor, g.limit)
			return err
		})
		if err != nil {
			return calls, err
		}
		more, err := f.accept(ctx, g, list)
		if err != nil || !more {
			return calls + 1, err
		}
		cursor = list.Next
	}
}

// accept hands over what a part of the list holds for us, and reports whether the next
// part may hold more. Conversations of which Meta hides older messages that nobody has brought
// yet come last: calls that are under way may bring those.
func (f *Filler) accept(ctx context.Context, g *filling, list bridge.ThreadList) (more bool, err error) {
	from := func(t time.Time) time.Time { return t.Add(list.Ahead - clockMargin) }
	more = list.Next != ""
	var events []bridge.Incoming
	var hiding []bridge.Thread
	for _, t := range list.Threads {
		if t.Changed.Before(from(g.changed)) {
			more = false
			break
		}
		if f.hides(g, t, from(g.since)) {
			hiding = append(hiding, t)
			continue
		}
		events = append(events, f.missing(g, t, from(g.since))...)
	}
	if err := f.hand(ctx, g, events); err != nil || len(hiding) == 0 {
		return more, err
	}
	if err := f.await(ctx, g, hiding, from(g.since)); err != nil {
		return more, err
	}
	events = nil
	for _, t := range hiding {
		events = append(events, f.missing(g, t, from(g.since))...)
	}
	return more, f.hand(ctx, g, events)
}

// hand has what was missing accepted, in one commit.
func (f *Filler) hand(ctx context.Context, g *filling, events []bridge.Incoming) error {
	if len(events) == 0 {
		return nil
	}
	g.found += len(events)
	return f.patiently(ctx, g, func(bridge.Page) error {
		if err := f.Inbound.FromCustomer(ctx, events); err != nil {
			return bridge.StoreRefusal(err)
		}
		return nil
	})
}

// await waits until calls have brought what threads hide, or none can be under way any more that
// was when the page began to be filled.
func (f *Filler) await(ctx context.Context, g *filling, hiding []bridge.Thread, from time.Time) error {
	hides := func(t bridge.Thread) bool { return f.hides(g, t, from) }
	for g.waited < f.Calling && slices.ContainsFunc(hiding, hides) {
		if err := pause.For(ctx, f.Calling/lookAgain); err != nil {
			return err
		}
		g.waited += f.Calling / lookAgain
	}
	return nil
}

// hides reports whether a thread has messages since a time that Meta does not show in detail and
// nobody has brought.
func (f *Filler) hides(g *filling, t bridge.Thread, from time.Time) bool {
	return slices.ContainsFunc(t.Older, func(m bridge.Glimpse) bool { return f.hidden(g, m, from) })
}

func (f *Filler) hidden(g *filling, m bridge.Glimpse, from time.Time) bool {
	return !m.At.Before(from) && !f.known(g.page, m.Mid)
}

// missing returns what a customer wrote since a time and no webhook has brought,
// oldest first; before it a line, if there is more than Meta shows.
func (f *Filler) missing(g *filling, t bridge.Thread, from time.Time) (events []bridge.Incoming) {
	for _, m := range t.Messages {
		if m.Kind != bridge.EchoEvent && !m.At.Before(from) && !f.known(g.page, m.Mid) {
			events = append(events, m)
		}
	}
	if i := slices.IndexFunc(t.Older, func(m bridge.Glimpse) bool { return f.hidden(g, m, from) }); i >= 0 {
		events = append([]bridge.Incoming{{
			Conversation: bridge.Conversation{Page: g.page, Customer: t.Customer, Kind: bridge.Messages},
			Kind:         bridge.TextEvent, At: t.Older[i].At, Key: fmt.Sprintf("gap/%s/%d", t.Customer, g.since.Unix()),
			Text: f.Say.Say("[Earlier messages of this conversation may be missing here: Facebook shows only the latest ones. All of them are in the Page inbox.]"),
		}}, events...)
	}
	return events
}

// known reports whether a message came by webhook, or is one of ours.
func (f *Filler) known(p bridge.PageID, m bridge.Mid) bool {
	for _, kind := range keysOfMid {
		if f.Seen(string(p) + "/" + kind + string(m)) {
			return true
		}
	}
	return f.Ours(p, m)
}

// patiently makes a call when it is the page's turn, and again until it succeeds or
// waiting does not help.
func (f *Filler) patiently(ctx context.Context, g *filling, call func(bridge.Page) error) error {
	for tries := 1; ; tries++ {
		page, err := f.Pages.Page(g.page)
		if err != nil || !page.ReceivesEvents() {
			return fmt.Errorf("page %s is not running", g.page)
		}
		select {
		case f.turns <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		err = call(page)
		<-f.turns
		if err == nil || ctx.Err() != nil {
			return err
		}
		r := bridge.RefusalOf(err)
		switch {
		case r.Verdict == bridge.Never, tries >= maxTries, r.Reason == bridge.PageLost, r.Reason == bridge.NotApproved, r.Reason == bridge.PageRestricted:
			return err
		case r.Reason == bridge.MetaError:
			g.limit = max(g.limit/2, 1) // perhaps it was too much at once (messenger.md 5.3)
		}
		backoff := pause.Backoff{First: f.Retry, Most: longestPause * f.Retry}
		if err := pause.For(ctx, max(r.After, backoff.After(tries-1))); err != nil {
			return err
		}
	}
}

// tell says, once, that messages of a page are missing for good.
func (f *Filler) tell(ctx context.Context, g *filling) {
	page, err := f.Pages.Page(g.page)
	if err != nil {
		return
	}
	text := f.Say.Say("Facebook does not let the bridge read what customers wrote to *%s* since %s. Messages of that time may be missing here; the Page inbox has them.", page.PlainName(), f.Say.Time(g.since))
	if err := f.Announce(ctx, fmt.Sprintf("gap/%s/%d", g.page, g.since.Unix()), text); err != nil {
		f.Log.Warn("not announced", "page", g.page, "err", err)
	}
}
