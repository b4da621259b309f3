package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// Attempt makes one delivery: nil means it is concluded, a bridge.Refusal with Again
// that it stays the oldest of its lane.
type Attempt func(context.Context, bridge.Seq) error

// Config is what Lanes are made of.
type Config struct {
	Rules
	Store     bridge.Queue
	Direction bridge.Direction
	Workers   int                                // deliveries under way
	Clock     func() time.Time                   // ours, which may be set
	Panicked  func(bridge.Seq)                   // an attempt ended in a panic; may be nil
	Dropped   func(bridge.Seq)                   // an entry was taken out for good (Held.Drop); may be nil
	Concluded func(bridge.Delivery)              // a delivery was made; may be nil
	Happened  func(bridge.Delivery, bridge.Step) // something became of a delivery, before that is durable; may be nil
	Subject   func(body []byte) bridge.Subject   // what is accepted is about, for the log; may be nil
	Meter     bridge.Meter
	Log       *slog.Logger
}

// Lanes is one direction: a stored queue and the schedule of what waits in it.
type Lanes struct {
	Config
	*Schedule
}

// New returns lanes in which nothing waits; Load fills them.
func New(c Config) *Lanes { return &Lanes{Config: c, Schedule: newSchedule(c.Rules)} }

// Load fills the lanes with what an earlier run left, and hands each delivery to `each`,
// with whether it is the oldest of its lane. Backoff goes on where it was.
func (l *Lanes) Load(each func(d *bridge.Delivery, oldest bool)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, met := &l.places, []*lane{}
	err := l.Store.Waiting(func(d *bridge.Delivery, number int) {
		oldest := number == len(met)
		if oldest {
			met = append(met, p.begin(d.Lane, d.Seq))
			p.restore(met[number], d.History, l.Clock())
		} else {
			lane := met[number]
			lane.seqs = append(lane.seqs, d.Seq)
			changed(p, lane, len(lane.seqs)-1)
		}
		if each != nil {
			each(d, oldest)
		}
	})
	if err != nil {
		return fmt.Errorf("read what waits: %w", err)
	}
	return nil
}

// Append stores what is new among entries, in one commit, and schedules it; it returns
// how many were new. stored, if not nil, is called for each of them before it is
// scheduled.
func (l *Lanes) Append(ctx context.Context, entries []bridge.Entry, stored func(*bridge.Entry, bridge.Seq)) (fresh int, err error) {
	fresh, err = l.put(ctx, entries, stored)
	if err != nil {
		return 0, err
	}
	l.Meter.Count(bridge.Accepted, l.Direction, "", fresh)
	l.Meter.Count(bridge.Repeated, l.Direction, "", len(entries)-fresh)
	return fresh, nil
}

// PutBack is Append for what was accepted before and given up since.
func (l *Lanes) PutBack(ctx context.Context, entries []bridge.Entry) error {
	_, err := l.put(ctx, entries, nil)
	if err == nil {
		l.Meter.Count(bridge.Retried, l.Direction, "", len(entries))
	}
	return err
}

func (l *Lanes) put(ctx context.Context, entries []bridge.Entry, stored func(*bridge.Entry, bridge.Seq)) (fresh int, err error) {
	if len(entries) == 0 {
		return 0, nil
	}
	repeats, err := l.Store.Append(ctx, entries, func(e *bridge.Entry, seq bridge.Seq) {
		if stored != nil {
			stored(e, seq)
		}
		if l.Log.Enabled(ctx, slog.LevelDebug) {
			l.Log.Debug("delivery accepted", append([]any{"direction", l.Direction, "page", e.Lane.Page, "delivery", seq, "key", e.Key}, subjectOf(l.Config, e.Body)...)...)
		}
		l.add(e.Lane, seq)
	})
	if err != nil {
		return 0, fmt.Errorf("store %d entries: %w", len(entries), err)
	}
	return len(entries) - repeats, nil
}

// subjectOf names, for the log, the message that an entry is about.
func subjectOf(c Config, body []byte) []any {
	if c.Subject == nil {
		return nil
	}
	return c.Subject(body).Named(c.Direction)
}

// Run delivers until ctx ends and nothing is under way any more. work is the context of
// the attempts, which may outlive ctx.
func (l *Lanes) Run(ctx, work context.Context, try Attempt) {
	defer context.AfterFunc(ctx, l.stop)()
	var wg sync.WaitGroup
	for range l.Workers {
		wg.Go(func() {
			for t, ok := l.next(); ok; t, ok = l.next() {
				done, refusal := l.take(ctx, work, t, try)
				e := l.finish(t, done, refusal)
				if refusal != nil {
					l.postponed(t, done, refusal, e)
				}
			}
		})
	}
	l.releaseWhenDue(ctx)
	wg.Wait()
}

// releaseWhenDue makes lanes ready when their time comes.
func (l *Lanes) releaseWhenDue(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if next, ok := l.release(); ok {
			timer.Reset(next.Sub(l.places.Now()))
		} else {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
			return
		case <-l.moved:
		case <-timer.C:
		}
	}
}

// take makes the deliveries of a turn, one after another, until one is refused
// or the bridge stops.
func (l *Lanes) take(ctx, work context.Context, t turn, try Attempt) (done int, refusal *bridge.Refusal) {
	for _, seq := range t.seqs {
		if ctx.Err() != nil {
			break
		}
		start := time.Now()
		err := l.guarded(work, seq, try)
		l.Meter.Time(bridge.AttemptTook, l.Direction, time.Since(start))
		if err != nil {
			refusal = bridge.RefusalOf(err)
			l.Meter.Count(bridge.Postponed, l.Direction, string(refusal.Reason), 1)
			return done, refusal
		}
		done++
	}
	return done, nil
}

// postponed writes down that a delivery was refused, and tells an operator when it is
// news, and whoever looks closely about each.
func (l *Lanes) postponed(t turn, done int, r *bridge.Refusal, e ending) {
	level := slog.LevelDebug
	if e.news && r.Reason != bridge.Deferred && r.Reason != bridge.RateLimited {
		level = slog.LevelWarn
	}
	seq := t.seqs[done]
	tell(l, seq, bridge.Step{Kind: bridge.StepRefused, Reason: r.Reason, Detail: r.Detail(), Tries: e.tries})
	l.Log.Log(context.Background(), level, "delivery postponed", "direction", l.Direction,
		"lane", t.lane.id.Page, "delivery", seq, "reason", r.Reason, "err", r.Err)
	if r.Reason == bridge.Deferred || e.tries == 0 {
		return
	}
	h := bridge.History{Tries: e.tries, Step: e.step, Reason: r.Reason}
	if e.wait > 0 {
		h.Due = l.Clock().Add(e.wait)
	}
	l.Store.Postpone(seq, h)
}

// guarded turns a panic into a refusal: one poisoned delivery must not stop the
// others, nor start a loop of crashes.
func (l *Lanes) guarded(ctx context.Context, seq bridge.Seq, try Attempt) (err error) {
	defer func() {
		if p := recover(); p != nil {
			l.Meter.Count(bridge.Panicked, l.Direction, "", 1)
			l.Log.Error("delivery panicked; this is a bug", "direction", l.Direction, "delivery", seq,
				"panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			if l.Panicked != nil { // perhaps after it was sent
				l.Panicked(seq)
			}
			err = &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.StoreFailed, Err: errors.New("panic, see the log")}
		}
	}()
	return try(ctx, seq)
}

// Conclude removes a delivery that was made. The error is a Refusal.
func (l *Lanes) Conclude(d bridge.Delivery, receipts ...bridge.Receipt) error {
	Note(l, d, bridge.Step{Kind: bridge.StepDone, IDs: ids(receipts)})
	if err := l.Store.Conclude(d.Seq, receipts...); err != nil {
		return bridge.StoreRefusal(err)
	}
	l.Meter.Count(bridge.Delivered, l.Direction, "", 1)
	l.Meter.Time(bridge.WaitedFor, l.Direction, l.Clock().Sub(d.Accepted))
	if l.Concluded != nil {
		l.Concluded(d)
	}
	return nil
}

// DeadLetter keeps a delivery apart that was given up; detail is for people who ask why, and
// may be empty. The error is a Refusal.
func (l *Lanes) DeadLetter(d bridge.Delivery, reason bridge.Reason, detail string) error {
	Note(l, d, bridge.Step{Kind: bridge.StepGivenUp, Reason: reason, Detail: detail})
	if err := l.Store.Fail(d.Seq, reason, detail); err != nil {
		return bridge.StoreRefusal(err)
	}
	l.Meter.Count(bridge.Failed, l.Direction, string(reason), 1)
	return nil
}

// SetAside keeps a record apart that we wrote and cannot read: a bug, or a file
// that somebody changed. It must not hold up its lane.
func (l *Lanes) SetAside(d bridge.Delivery, err error) error {
	l.Log.Error("stored delivery cannot be read, set aside", "direction", l.Direction, "delivery", d.Seq, "err", err)
	return l.DeadLetter(d, bridge.StoreFailed, "")
}

// Backlog returns what waits.
func (l *Lanes) Backlog() bridge.Backlog {
	page, load := l.Look().Total()
	return aged(l, map[bridge.PageID]Load{page: load})[page].Backlog
}

// Backlogs returns what waits, of every page for which something does.
func (l *Lanes) Backlogs() map[bridge.PageID]PageBacklog { return aged(l, l.Look().ByPage()) }

// PageBacklog is a page's load, and since when the oldest of it waits.
type PageBacklog struct {
	bridge.Backlog
	Held  bridge.Reason
	Until time.Time
}

// aged adds since when the oldest of loads waits. What has become the oldest since
// somebody asked is looked up.
func aged(l *Lanes, loads map[bridge.PageID]Load) map[bridge.PageID]PageBacklog {
	pages := make(map[bridge.PageID]PageBacklog, len(loads))
	var fresh []bridge.Seq
	of := map[bridge.Seq]bridge.PageID{}
	for id, load := range loads {
		pages[id] = PageBacklog{bridge.Backlog{Waiting: load.Waiting, Oldest: load.Since}, load.Held, load.Until}
		if load.Oldest != 0 && load.Since.IsZero() {
			fresh = append(fresh, load.Oldest)
			of[load.Oldest] = id
		}
	}
	if len(fresh) == 0 {
		return pages
	}
	ages := make([]age, 0, len(fresh))
	l.Store.Accepted(fresh, func(seq bridge.Seq, at time.Time) {
		b := pages[of[seq]]
		b.Oldest = at
		pages[of[seq]] = b
		ages = append(ages, age{seq, at})
	})
	l.Look().remember(of, ages)
	return pages
}
