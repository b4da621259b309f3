package stream

import (
	"context"
	"fmt"
	"slices"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat"
	"messenger-bridge/rocketchat/wire"
)

// changes is what a sweep has found.
type changes struct {
	at    time.Time // when it began, by the workspace's clock
	rooms []pendingRoom
}

// sweeper finds the rooms in which something was written. But for what it reads in the
// background it belongs to the session's goroutine.
type sweeper struct {
	cfg     *Config
	auth    *authenticator
	pending *pendingRooms
	hot     *hotRooms

	first    bool      // the first sweep is not in: nobody knows what may overtake what
	next     time.Time // when to sweep again after one that failed; zero: with the next tick
	failures int       // in a row
}

// sweep asks REST in which rooms something was written since the last sweep, ours and
// those in which people talk to the bot, and makes them pending. Nothing is replayed on
// the stream after a disconnect (rocketchat.md 1.10), so every session begins with
// one; others, now and then, find what the stream did not bring.
func (s *sweeper) sweep(first bool) backgroundRead {
	return func(ctx context.Context) func(context.Context) error {
		if !first {
			s.auth.setUp(ctx)
		}
		found, err := s.changed(ctx, first)
		return func(ctx context.Context) error {
			s.first = false
			if err != nil {
				return s.failed(ctx, err, first)
			}
			s.failures = 0
			s.pending.mu.Lock()
			defer s.pending.mu.Unlock()
			for i := range found.rooms {
				found.rooms[i].hold, found.rooms[i].judged = first, !first
			}
			s.pending.add(found.rooms...)
			s.pending.goal = found.at
			return nil
		}
	}
}

// failed ends the session if it is of no use without the sweep. Otherwise agents
// are heard on the stream, and the sweep is made again.
func (s *sweeper) failed(ctx context.Context, err error, first bool) error {
	if first {
		return fmt.Errorf("catch up: %w", err)
	}
	if endsSession(ctx, err) || rocketchat.Meant(err) { // without the right to list rooms, the stream brings nothing either
		return fmt.Errorf("look for missed messages: %w", err)
	}
	wait := min(s.cfg.retryAfter(s.failures), s.cfg.SweepEvery)
	if s.failures++; s.failures == 1 {
		s.cfg.Log.Warn("cannot look for missed messages; what the stream brings is relayed", "err", err)
	}
	s.next = time.Now().Add(wait)
	return nil
}

// changed returns the rooms in which something was written since the last sweep. The first
// one also has those followed that were hot when the session before ended, or the run; and it
// returns rooms of nobody we know, if something was written there just now: one of them may
// be about to become a conversation's, and the stream has not brought what is there already.
func (s *sweeper) changed(ctx context.Context, first bool) (c changes, err error) {
	s.pending.mu.Lock()
	from := s.pending.goal // what could not be read of the sweep before is pending
	s.pending.mu.Unlock()
	// Which time it is, is known once the first answer is in: our clock may have
	// stood still since the last one.
	var since time.Time
	begin := func() time.Time {
		if c.at.IsZero() {
			c.at = s.cfg.Client.ServerTime()
			if since = from.Add(-overlap); from.After(c.at) {
				since = c.at.Add(-overlap)
			}
		}
		return since
	}
	quiet := func(wire.RoomSeen) bool { return false }
	if first && s.cfg.Gestures != nil {
		quiet = s.resume(begin)
	}
	var unknown []pendingRoom
	strange := func(room wire.RoomSeen) {
		if first && !room.Touched().Before(c.at.Add(-orphanGrace)) {
			unknown = append(unknown, pendingRoom{room: room.ID, found: true})
		}
	}
	open, err := s.listOpen(ctx, listed{begin, quiet, strange}, func() time.Time { return c.at.Add(-overlap) })
	if err != nil {
		return c, fmt.Errorf("list rooms: %w", err)
	}
	open = append(open, unknown...)
	closedSince := begin()
	if first {
		closedSince = closedSince.Add(-hotFor)
	}
	closed, _, err := s.listRooms(ctx, wire.ClosedRooms, closedSince, listed{begin, quiet, func(wire.RoomSeen) {}})
	if err != nil {
		return c, fmt.Errorf("list closed rooms: %w", err)
	}
	slices.Reverse(closed) // a customer's older rooms come before the newer, and the open one last
	slices.SortStableFunc(closed, func(a, b pendingRoom) int { return a.began.Compare(b.began) })
	for _, d := range append(closed, open...) {
		d.kind, d.since = wire.CustomerRoom, since
		c.rooms = append(c.rooms, d)
	}
	direct, err := s.commandRooms(ctx, since)
	c.rooms = append(c.rooms, direct...)
	return c, err
}

// resume returns what has a room followed in which nothing was written since, if something
// was shortly before: an agent may take that back. It reports whether that is so.
func (s *sweeper) resume(since func() time.Time) func(wire.RoomSeen) bool {
	return func(room wire.RoomSeen) bool {
		if room.Touched().Before(since().Add(-hotFor)) {
			return false
		}
		if _, ours, err := s.cfg.Store.Conversation(room.ID); ours && err == nil {
			s.hot.resume(room.ID, since())
		}
		return true
	}
}

// listed says what of a list is wanted.
type listed struct {
	since   func() time.Time         // rooms that were touched since; known once the first answer is in
	quiet   func(wire.RoomSeen) bool // gets the others, until it wants no more
	strange func(wire.RoomSeen)      // gets those of nobody we know
}

// listOpen returns our rooms that are not closed, of which Rocket.Chat has three lists. A room that
// left one of them before it was read, for the open ones that had been read already, is now at their
// head; one that was touched while a list was read in parts, at the head of that. So these are read
// once more, down to what was touched before all began.
func (s *sweeper) listOpen(ctx context.Context, wanted listed, began func() time.Time) (all []pendingRoom, err error) {
	known := map[bridge.RoomID]bool{}
	again := listed{began, func(wire.RoomSeen) bool { return false }, func(wire.RoomSeen) {}}
	lists := []wire.Listing{wire.OpenRooms, wire.HeldRooms, wire.QueuedRooms, wire.OpenRooms}
	for i := 0; i < len(lists); i++ {
		list, first := lists[i], i < 3
		if !first {
			wanted = again
		}
		found, parts, err := s.listRooms(ctx, list, time.Time{}, wanted)
		if list != wire.OpenRooms && noSuchList(err) { // they are among the open ones
			continue
		}
		if err != nil {
			return nil, err
		}
		if first && list != wire.OpenRooms && parts > 1 {
			lists = append(lists, list)
		}
		for _, room := range found {
			if !known[room.room] {
				known[room.room] = true
				all = append(all, room)
			}
		}
	}
	return all, nil
}

// noSuchList reports whether a server does not know what is asked for. Any other refusal may be
// that it failed, which it tells alike.
func noSuchList(err error) bool {
	code := rocketchat.CodeOf(err)
	return code == "invalid-params" || code == "error-invalid-params"
}

// listRooms returns our rooms of a list that were touched since a time, and in how many parts it was read; of closed
// rooms, those that were closed since another. Rooms move while the list is read: what is written moves them to its
// head, closing takes them out. So each page begins with the end of the page before.
func (s *sweeper) listRooms(ctx context.Context, list wire.Listing, closed time.Time, wanted listed) (found []pendingRoom, parts int, err error) {
	seen := map[bridge.RoomID]bool{}
	for offset, back := 0, 0; ; parts++ {
		page, total, err := s.cfg.Client.CustomerRooms(ctx, list, closed, offset, pageSize)
		if err != nil {
			return nil, parts, err
		}
		limit := wanted.since()
		joins, news := offset == 0 || len(page) < 2, false
		for _, room := range page {
			if seen[room.ID] {
				joins = true
				continue
			}
			seen[room.ID], news = true, true
			if at := room.Touched(); !at.IsZero() && at.Before(limit) {
				if !wanted.quiet(room) && joins && list != wire.ClosedRooms {
					return found, parts + 1, nil // sorted: all that follow are older; a closed one may have been silent for long before
				}
				continue
			}
			if whose, ours, err := s.cfg.Store.Conversation(room.ID); err != nil {
				return nil, parts, err
			} else if ours {
				found = append(found, pendingRoom{room: room.ID, began: room.Began.Time, whose: whose})
			} else {
				wanted.strange(room)
			}
		}
		if !joins && back < 20 { // more have closed than pages have in common
			back++
			offset = max(0, offset-pageSize)
			continue
		}
		end := offset + len(page)
		if len(page) == 0 || total > 0 && end >= total || total == 0 && !news {
			return found, parts + 1, nil
		}
		offset = end - min(pageJoin, len(page)/2)
	}
}

// commandRooms returns the rooms where somebody may wait for an answer: the setup
// channel and the bot's direct rooms. A workspace that cannot list them must not
// keep agents from customers, so then it is left at that.
func (s *sweeper) commandRooms(ctx context.Context, since time.Time) (found []pendingRoom, err error) {
	if s.cfg.Commands == nil {
		return nil, nil
	}
	rooms, err := s.cfg.Client.BotRooms(ctx, since)
	if endsSession(ctx, err) {
		return nil, fmt.Errorf("list the bot's rooms: %w", err)
	}
	if err != nil {
		s.cfg.Log.Warn("cannot look for missed commands", "err", err)
		return nil, nil
	}
	setup := s.cfg.Client.SetupRoom()
	for _, room := range rooms {
		if room.Kind == wire.DirectRoom || room.ID == setup {
			found = append(found, pendingRoom{room: room.ID, kind: room.Kind, since: since})
		}
	}
	return found, nil
}

// endsSession tells a workspace that is away, or a bot that must log in again, from
// one call that fails. It is for calls without which agents and customers can do.
func endsSession(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || bridge.RefusalOf(err).Gate == bridge.GateWorkspace)
}
