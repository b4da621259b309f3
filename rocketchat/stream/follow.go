package stream

import (
	"context"
	"errors"
	"slices"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/pause"
	"messenger-bridge/rocketchat"
	"messenger-bridge/rocketchat/ddp"
	"messenger-bridge/rocketchat/wire"
)

// follow subscribes to hot rooms, one after another, until the session ends, and looks once
// into each for what was deleted or edited before: an agent may take back at once what was
// written a moment ago. What is refused is left alone: all of it is extra.
func (s *Stream) follow(ctx context.Context, conn *ddp.Conn, deliver func(wire.Message) error) {
	hot := s.in.hot
	defer func() { hot.end(s.cfg.Client.ServerTime().Add(-s.cfg.Silence)) }() // it may have been half open
	for {
		do := hot.next(time.Now())
		if do.leave != "" {
			for _, event := range []string{typingEvent, deletionEvent} {
				_ = conn.Leave(string(do.leave) + event) // a lost connection shows elsewhere
			}
		}
		s.join(ctx, conn, do.join)
		if do.look != "" && !s.lookOnce(ctx, do.look, do.since, deliver) {
			hot.lookAgain(do.look, do.since)
			if pause.For(ctx, s.cfg.FollowEvery) != nil {
				return
			}
		}
		if do.join != "" || do.look != "" || do.leave != "" {
			do.wait = 0
		}
		timer := time.NewTimer(do.wait)
		select {
		case <-ctx.Done():
		case <-hot.news:
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// join subscribes to what happens in a room: first to what is owed, that something was
// deleted, then to what is nice to have.
func (s *Stream) join(ctx context.Context, conn *ddp.Conn, room bridge.RoomID) {
	if room == "" {
		return
	}
	for _, event := range []string{deletionEvent, typingEvent} {
		err := within(ctx, s.cfg.Answer, func(ctx context.Context) error { return conn.Follow(ctx, string(room)+event) })
		if err == nil || ctx.Err() != nil {
			continue
		}
		s.cfg.Log.Debug("cannot follow a room", "room", room, "err", err)
		if refused, is := errors.AsType[*ddp.Error](err); is && refused.Error() == "too-many-requests" {
			return
		}
	}
	s.in.hot.join(room, s.cfg.Client.ServerTime())
}

// lookOnce hands on what was deleted and edited in a room since, as the stream would have
// brought it. It reports whether the room could be looked at.
func (s *Stream) lookOnce(ctx context.Context, room bridge.RoomID, since time.Time, deliver func(wire.Message) error) bool {
	changed, err := s.cfg.Client.SinceAtOnce(ctx, room, since.Add(-time.Second))
	if err != nil {
		s.cfg.Log.Debug("cannot look for what was deleted in a room", "room", room, "err", err)
		return rocketchat.RefusedForGood(err)
	}
	slices.SortStableFunc(changed, func(a, b wire.Message) int { return a.Touched().Compare(b.Touched()) })
	for _, m := range changed {
		if !m.Gone() && !m.Edited.After(since) {
			continue
		}
		m.Kind, m.Old = wire.CustomerRoom, true
		if deliver(m) != nil {
			return false // too far behind: the session ends by itself
		}
	}
	return true
}
