package meta

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// The sender of webhooks. Every page has a queue of POSTs; one goroutine, dispatch, starts
// them. A POST that fails goes back to its place and is repeated as a whole.

// webhookSwitches are set by tests; guarded by Messenger.mu.
type webhookSwitches struct {
	held       bool
	duplicates int
	together   bool // duplicates at the same time as the original
	shuffle    *rand.Rand
	batch      int
	parallel   int  // POSTs of one page at a time
	overtake   bool // a failed POST lets others pass
	dropped    bool // new events are given up at once
}

// webhookPost is one POST, from the first event in it to its acknowledgement.
type webhookPost struct {
	page     string
	events   []Event
	body     []byte // made at the first attempt; every repetition has the same bytes
	attempts int
	due      time.Time
	repeat   bool           // a copy of one that was acknowledged: tried once
	whole    bool           // made by Send: not to be merged with others
	done     chan struct{}  // closed when acknowledged or given up
	merged   []*webhookPost // end together with it
}

func (p *webhookPost) end() {
	close(p.done)
	for _, other := range p.merged {
		close(other.done)
	}
}

type webhookQueue struct {
	waiting      []*webhookPost
	busy         int
	failingSince time.Time // by the clock of the configuration; zero = the last POST was acknowledged
	alerted      bool
}

// DropWebhooks gives up what happens from now on, as Meta does after an hour of failures or
// between two subscriptions, until it is called with false. Only reading the threads tells.
func (m *Messenger) DropWebhooks(on bool) {
	m.switchWebhooks(func(s *webhookSwitches) { s.dropped = on })
}

// HoldWebhooks keeps everything in the queues until it is called with false.
func (m *Messenger) HoldWebhooks(on bool) { m.switchWebhooks(func(s *webhookSwitches) { s.held = on }) }

// DuplicateWebhooks sends every POST n more times although it was acknowledged.
func (m *Messenger) DuplicateWebhooks(n int) {
	m.switchWebhooks(func(s *webhookSwitches) { s.duplicates, s.together = n, false })
}

// DuplicateTogether is DuplicateWebhooks with all copies at the same time.
func (m *Messenger) DuplicateTogether(n int) {
	m.switchWebhooks(func(s *webhookSwitches) { s.duplicates, s.together = n, true })
}

// ShuffleWebhooks sends what waits in random order; 0 ends that. To shuffle a known set,
// hold the webhooks while it is made.
func (m *Messenger) ShuffleWebhooks(seed int64) {
	m.switchWebhooks(func(s *webhookSwitches) {
		s.shuffle = nil
		if seed != 0 {
			s.shuffle = rand.New(rand.NewPCG(uint64(seed), 0))
		}
	})
}

// BatchWebhooks puts up to n waiting events of a page into one POST. Meta's own limit is 1,000.
func (m *Messenger) BatchWebhooks(n int) {
	m.switchWebhooks(func(s *webhookSwitches) { s.batch = max(n, 1) })
}

// ParallelWebhooks sends up to n POSTs of one page at a time. One is the default, because it
// keeps the order; Meta promises none.
func (m *Messenger) ParallelWebhooks(n int) {
	m.switchWebhooks(func(s *webhookSwitches) { s.parallel = max(n, 1) })
}

// OvertakeAfterFailure lets later POSTs pass one that waits for its repetition, as Meta's
// do. Off by default, so that order can be asserted.
func (m *Messenger) OvertakeAfterFailure(on bool) {
	m.switchWebhooks(func(s *webhookSwitches) { s.overtake = on })
}

func (m *Messenger) switchWebhooks(change func(*webhookSwitches)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.switches)
	m.wake()
}

// RetryNow makes every POST that waits for its repetition due.
func (m *Messenger) RetryNow() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, q := range m.queues {
		for _, p := range q.waiting {
			p.due = time.Time{}
		}
	}
	m.wake()
}

// RepeatWebhooks sends the bodies of up to the last thousand acknowledged POSTs once more,
// as Meta may minutes after.
func (m *Messenger) RepeatWebhooks() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.books.acked {
		q := m.queue(p.page)
		q.waiting = append(q.waiting, &webhookPost{
			page: p.page, events: p.events, body: p.body, repeat: true, whole: true, done: make(chan struct{}),
		})
	}
	m.wake()
}

// Send queues events as one POST. Events whose field is not subscribed on both levels are
// left out, as Meta does, unless the simulator does not know the page. What the events say
// is believed: a message joins its thread, and opens its window if it would at Meta.
func (m *Messenger) Send(events ...Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, ev := range events {
		m.learn(ev)
	}
	m.enqueue(true, events...)
}

// enqueue queues those of events that are subscribed; nil means that none is. whole events
// stay alone in their POST. Called with mu held.
func (m *Messenger) enqueue(whole bool, events ...Event) *webhookPost {
	kept := make([]Event, 0, len(events))
	for _, ev := range events {
		if m.app.url != "" && m.subscribed(ev) && !m.switches.dropped {
			kept = append(kept, ev)
		} else {
			m.books.lost++
		}
	}
	m.touch()
	if len(kept) == 0 {
		return nil
	}
	p := &webhookPost{page: kept[0].Page, events: kept, whole: whole, done: make(chan struct{})}
	q := m.queue(p.page)
	q.waiting = append(q.waiting, p)
	m.wake()
	return p
}

// queue returns the page's queue. Called with mu held.
func (m *Messenger) queue(page string) *webhookQueue {
	q := m.queues[page]
	if q == nil {
		q = &webhookQueue{}
		m.queues[page] = q
	}
	return q
}

func (m *Messenger) wake() {
	select {
	case m.kick <- struct{}{}:
	default:
	}
}

// Flush waits until every event is acknowledged or given up, and the echoes of all answered
// sends are too. Echoes made late by EchoLate are not waited for.
func (m *Messenger) Flush(ctx context.Context) error {
	return m.Until(ctx, func() bool { return m.Waiting() == 0 })
}

// Waiting is the number of POSTs that wait or are under way.
func (m *Messenger) Waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.echoes
	for _, q := range m.queues {
		n += len(q.waiting) + q.busy
	}
	return n
}

// dispatch starts what is due until the simulator closes.
func (m *Messenger) dispatch() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(m.startDue())
		select {
		case <-m.ctx.Done():
			return
		case <-m.kick:
		case <-timer.C:
		}
	}
}

// startDue starts every POST that may start now, and says when the next one becomes due.
func (m *Messenger) startDue() (wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	wait = time.Hour
	if m.switches.held {
		return wait
	}
	now := time.Now()
	for _, q := range m.queues {
		for q.busy < m.switches.parallel && len(q.waiting) > 0 {
			i, due := m.pick(q, now)
			if i < 0 {
				wait = min(wait, due.Sub(now))
				break
			}
			p := m.take(q, i)
			q.busy++
			m.work.Go(func() { m.deliver(q, p) })
		}
	}
	return wait
}

// pick chooses the index of the POST to start, or -1 and when one becomes due.
func (m *Messenger) pick(q *webhookQueue, now time.Time) (int, time.Time) {
	if m.switches.shuffle != nil {
		i := m.switches.shuffle.IntN(len(q.waiting))
		if due := q.waiting[i].due; due.After(now) {
			return -1, due
		}
		return i, now
	}
	next := q.waiting[0].due
	for i, p := range q.waiting {
		if !p.due.After(now) {
			return i, now
		}
		if p.due.Before(next) {
			next = p.due
		}
		if !m.switches.overtake {
			break
		}
	}
	return -1, next
}

// take removes a POST from the queue, and fills it up with others when batching.
func (m *Messenger) take(q *webhookQueue, i int) *webhookPost {
	p := q.waiting[i]
	q.remove(i)
	for m.switches.batch > 1 && p.mergeable() && i < len(q.waiting) {
		other := q.waiting[i]
		if !other.mergeable() || len(p.events)+len(other.events) > m.switches.batch {
			break
		}
		p.events = append(p.events, other.events...)
		p.merged = append(p.merged, other)
		q.remove(i)
	}
	return p
}

func (q *webhookQueue) remove(i int) {
	if i == 0 { // by far the most frequent, and queues may be long
		q.waiting[0] = nil
		q.waiting = q.waiting[1:]
		return
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
}

func (p *webhookPost) mergeable() bool { return p.body == nil && !p.whole }

// deliver makes one attempt and puts a failed POST back.
func (m *Messenger) deliver(q *webhookQueue, p *webhookPost) {
	if p.body == nil {
		p.body = m.Body(p.events...)
	}
	p.attempts++
	m.mu.Lock()
	url, s := m.app.url, m.switches
	m.mu.Unlock()

	copies := 0
	if !p.repeat {
		copies = s.duplicates
	}
	acked := m.attempts(url, p, copies, s.together)

	m.mu.Lock()
	defer m.mu.Unlock()
	q.busy--
	switch {
	case m.closed, p.repeat:
		p.end()
	case acked:
		q.failingSince, q.alerted = time.Time{}, false
		m.books.acknowledge(p)
		p.end()
	default:
		m.failed(q, p)
	}
	m.touch()
	m.wake()
}

// attempts posts p once, and copies more times: after it if it was acknowledged, or together
// with it. Only the first decides.
func (m *Messenger) attempts(url string, p *webhookPost, copies int, together bool) (acked bool) {
	if together {
		extra := make(chan struct{}, copies)
		for range copies {
			m.work.Go(func() {
				m.attempt(url, p, true)
				extra <- struct{}{}
			})
		}
		acked = m.attempt(url, p, false)
		for range copies {
			<-extra
		}
		return acked
	}
	acked = m.attempt(url, p, p.repeat)
	for i := 0; acked && i < copies; i++ {
		m.attempt(url, p, true)
	}
	return acked
}

// failed schedules the repetition, or applies the one-hour rule. Called with mu held.
func (m *Messenger) failed(q *webhookQueue, p *webhookPost) {
	now := m.now()
	if q.failingSince.IsZero() {
		q.failingSince = now
	}
	failing := now.Sub(q.failingSince)
	if failing >= 15*time.Minute && !q.alerted {
		q.alerted = true
		m.books.alert("webhooks of page %s have been failing for 15 minutes", p.page)
	}
	onlyChanges := true
	for _, ev := range p.events {
		onlyChanges = onlyChanges && ev.Change != ""
	}
	switch {
	case onlyChanges && failing >= 36*time.Hour:
		m.giveUp(p)
	case !onlyChanges && failing >= time.Hour:
		m.books.alert("Webhooks Disabled: page %s is unsubscribed", p.page)
		if pg := m.pages[p.page]; pg != nil {
			pg.fields = map[string]bool{}
		}
		for _, other := range append(q.waiting, p) {
			m.giveUp(other)
		}
		q.waiting, q.failingSince, q.alerted = nil, time.Time{}, false
	default:
		gap := m.cfg.Retries[min(p.attempts, len(m.cfg.Retries))-1]
		p.due = time.Now().Add(gap)
		q.waiting = append([]*webhookPost{p}, q.waiting...)
	}
}

// giveUp loses a POST. Called with mu held.
func (m *Messenger) giveUp(p *webhookPost) {
	m.books.lost += len(p.events)
	p.end()
}
