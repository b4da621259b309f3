package stream

import (
	"cmp"
	"context"
	"slices"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/recent"
	"messenger-bridge/rocketchat/wire"
)

// The stream does not promise to bring what was written in a room in its order, nor each
// version of a message once: for each message the server asks its database whether the bot
// may read it, and whichever answer comes first goes out first. What agents write
// therefore waits for a moment, and is handed on by when it was written.

const (
	longestWait = 500 * time.Millisecond // however late the stream has been
	waitsLonger = 10 * time.Minute       // after it has been late
	lateAtAll   = 5 * time.Second        // what is later was not overtaken, but missed

	mostVersions = 10_000 // messages of which the newest version is known
)

// ordering holds what was written in customers' rooms. It belongs to the session's goroutine.
type ordering struct {
	cfg      *Config
	wait     time.Duration // how long each waits
	longer   time.Time     // until when that is longer than it was set to
	rooms    map[string][]*waiting
	due      *time.Timer
	next     time.Time // when due fires; zero: it does not
	versions *recent.Map[string, version]
	latest   *recent.Map[string, handedOn] // by room
}

// waiting is a message that is held.
type waiting struct {
	m       wire.Message
	written time.Time // or changed: its place among the others of its room
	came    time.Time
	until   time.Time
}

// version is the newest that was brought of a message.
type version struct {
	updated time.Time // of a customer's, whose reactions count
	edited  time.Time // of an agent's
	gone    time.Time // when it was deleted, by the workspace's clock; zero: it was not
}

// handedOn is the youngest message of a room that was handed on.
type handedOn struct{ written, came time.Time }

func newOrdering(cfg *Config) *ordering {
	return &ordering{cfg: cfg, wait: cfg.InOrder, due: time.NewTimer(time.Hour)}
}

// restart is for a new session: what was held is read again.
func (o *ordering) restart() {
	o.rooms, o.next = map[string][]*waiting{}, time.Time{}
	o.versions = recent.New[string, version](mostVersions, 0)
	o.latest = recent.New[string, handedOn](mostVersions, 0)
}

// take holds a message, or drops it because a newer version was brought before; false says
// that it is to be handed on at once.
func (o *ordering) take(m wire.Message) bool {
	if m.Kind != wire.CustomerRoom {
		return false
	}
	known, isKnown := o.versions.Get(m.ID)
	switch {
	case isKnown && known.supersedes(m):
		return true
	case !o.sorts(m):
		if len(m.Reactions) > 0 {
			o.versions.Set(m.ID, version{updated: m.Updated.Time})
		}
		return false
	}
	now := time.Now()
	if !isKnown {
		o.learn(m, now)
	}
	o.versions.Set(m.ID, known.with(m))
	room := o.rooms[m.Room]
	again := func(w *waiting) bool {
		return w.m.ID == m.ID && w.m.System == m.System && w.m.Edited.Equal(m.Edited.Time)
	}
	if i := slices.IndexFunc(room, again); i >= 0 {
		m.Old = m.Old && room[i].m.Old
		room[i].m = m // the same, perhaps with more that the server has found out
		return true
	}
	w := &waiting{m: m, written: m.Touched(), came: now, until: now.Add(o.wait)}
	o.rooms[m.Room] = append(room, w)
	o.wake(w.until, now)
	return true
}

// sorts reports whether a message may concern a customer: agents' messages, what becomes of
// them, and the ends of rooms, but not what customers and the bot write.
func (o *ordering) sorts(m wire.Message) bool {
	bot, _ := o.cfg.Client.Bot()
	return m.User.ID != string(bot) && (m.Visitor == "" || m.System == wire.ClosedRoom)
}

// supersedes reports whether a version makes another one old news: an edit that was made
// later, or that the message was deleted. The first version of one that is there never is.
func (v version) supersedes(m wire.Message) bool {
	if !v.gone.IsZero() && !m.Gone() && m.At.Before(v.gone.Add(time.Second)) {
		return true
	}
	return !m.Edited.IsZero() && m.Edited.Before(v.edited) || !m.Updated.IsZero() && m.Updated.Before(v.updated)
}

// with is what is known of an agent's message when a version has been brought. One that was
// read before may be of a message that the stream has not brought yet.
func (v version) with(m wire.Message) version {
	switch {
	case m.Gone():
		v.gone = m.Touched()
	case !m.Old && m.Edited.After(v.edited):
		v.edited = m.Edited.Time
	}
	return v
}

// read notes what was read over REST and handed on.
func (o *ordering) read(messages []wire.Message) {
	for _, m := range messages {
		if m.Kind == wire.CustomerRoom && o.sorts(m) {
			known, _ := o.versions.Get(m.ID)
			o.versions.Set(m.ID, known.with(m))
		}
	}
}

// learn waits longer for some time, once a message has come too late: after a younger one
// of its room was handed on.
func (o *ordering) learn(m wire.Message, now time.Time) {
	last, some := o.latest.Get(m.Room)
	late := now.Sub(last.came)
	if !some || m.Old || !m.Edited.IsZero() || m.Gone() || !m.At.Before(last.written) || late > lateAtAll || o.wait <= 0 {
		return
	}
	if longer := min(2*late, longestWait); longer > o.wait {
		o.wait = longer
		o.cfg.Log.Info("Rocket.Chat sent an answer after a younger one of its room; answers wait longer for older ones for some time", "room", m.Room, "late", late, "wait", longer)
	}
	o.longer = now.Add(waitsLonger)
}

// wake has due fire at a time, or before.
func (o *ordering) wake(at, now time.Time) {
	if o.next.IsZero() || at.Before(o.next) {
		o.next = at
		o.due.Reset(at.Sub(now))
	}
}

// release returns what has waited long enough, with all that was written before it, in order:
// of all rooms, for a customer may have had more than one.
func (o *ordering) release() (all []wire.Message) {
	now := time.Now()
	if o.wait > o.cfg.InOrder && now.After(o.longer) {
		o.wait = o.cfg.InOrder
	}
	var upTo time.Time // of what has waited long enough, when the last was written
	some := false
	for _, room := range o.rooms {
		together(room)
		for _, w := range room {
			if !w.until.After(now) {
				upTo, some = bridge.Later(upTo, w.written), true
			}
		}
	}
	var ready []*waiting
	o.next = time.Time{}
	for id, room := range o.rooms {
		slices.SortStableFunc(room, order)
		n := 0
		for some && n < len(room) && !room[n].written.After(upTo) {
			n++
		}
		o.keep(id, room, n, now)
		ready = append(ready, room[:n]...)
	}
	slices.SortStableFunc(ready, order)
	all = make([]wire.Message, len(ready))
	for i, w := range ready {
		all[i] = w.m
	}
	return all
}

// keep notes that the first n of a room are handed on, and waits for the others.
func (o *ordering) keep(id string, room []*waiting, n int, now time.Time) {
	if n > 0 {
		o.latest.Set(id, handedOn{room[n-1].written, room[n-1].came})
	}
	if n == len(room) {
		delete(o.rooms, id)
		return
	}
	o.rooms[id] = slices.Clone(room[n:])
	for _, w := range room[n:] {
		o.wake(w.until, now)
	}
}

// together gives all versions of a message the place of the first, so that customers get the
// newest only.
func together(room []*waiting) {
	if len(room) == 1 {
		return
	}
	first := make(map[string]time.Time, len(room))
	for _, w := range room {
		if at, some := first[w.m.ID]; !some || w.written.Before(at) {
			first[w.m.ID] = w.written
		}
	}
	for _, w := range room {
		w.written = first[w.m.ID]
	}
}

// order compares places; versions of one message by when they were made, the end of it last.
func order(a, b *waiting) int {
	gone := func(w *waiting) int {
		if w.m.Gone() {
			return 1
		}
		return 0
	}
	return cmp.Or(a.written.Compare(b.written), gone(a)-gone(b), a.m.Edited.Compare(b.m.Edited.Time))
}

// before is a time, or that of the oldest message that waits, if that is earlier: what was
// written later must not be handed on yet, whoever brings it.
func (o *ordering) before(at time.Time) time.Time {
	for _, room := range o.rooms {
		for _, w := range room {
			if w.written.Before(at) {
				at = w.written
			}
		}
	}
	return at
}

// holds reports whether a message waits.
func (o *ordering) holds(m wire.Message) bool {
	return slices.ContainsFunc(o.rooms[m.Room], func(w *waiting) bool { return w.m.ID == m.ID })
}

// turns hands on what the stream brings, in order.
type turns struct {
	order   *ordering
	catchUp *catchUp
}

// take takes what the stream has brought, as much as there is at once: what agents write
// waits for its turn.
func (t *turns) take(ctx context.Context, first wire.Message, more <-chan wire.Message) error {
	var batch []wire.Message
	for m := first; ; m = <-more {
		if !t.order.take(m) {
			batch = append(batch, m)
		}
		if len(batch) == 512 || len(more) == 0 {
			break
		}
	}
	return t.catchUp.handOn(ctx, batch)
}

// release hands on what has waited for its turn; what has come meanwhile is looked at first.
func (t *turns) release(ctx context.Context, in <-chan wire.Message) error {
	if err := t.drain(ctx, in); err != nil {
		return err
	}
	return t.catchUp.handOn(ctx, t.order.release())
}

// drain takes what is here already.
func (t *turns) drain(ctx context.Context, in <-chan wire.Message) error {
	for n := len(in); n > 0 && len(in) > 0; n -= 512 {
		if err := t.take(ctx, <-in, in); err != nil {
			return err
		}
	}
	return nil
}
