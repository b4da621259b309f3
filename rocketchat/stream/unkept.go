package stream

import (
	"context"
	"errors"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/wire"
)

// Everybody in the workspace chooses what a message holds, its id included. What no store takes of
// one message is given up with that message: refused again with each session, it would keep all
// others from being heard.

// handOver hands on what is said in Rocket.Chat, and counts what was given up, for the log,
// which tells of it once in a while. It belongs to the session's goroutine.
type handOver struct {
	cfg     *Config
	givenUp int
	told    time.Time
}

// untoldFor is how long the log says nothing more of it.
const untoldFor = time.Minute

// hasIDs reports whether a message can be taken. One in a customer's room that has no id of its own
// gets one, for whoever wrote it is told that it is not sent.
func (s *handOver) hasIDs(m *wire.Message) bool {
	if m.HasIDs() {
		return true
	}
	room := m.Room
	takes := m.StandIn() && m.Kind == wire.CustomerRoom
	s.giveUp(room, m.ID, errors.New("an id that is none"))
	return takes
}

// unkeepable is a message of which nothing is kept but who wrote it, and where.
func unkeepable(a bridge.AgentMessage) bridge.AgentMessage {
	return bridge.AgentMessage{ID: a.ID, Room: a.Room, Author: a.Author, At: a.At, Edited: a.Edited, Known: a.Known, Nature: bridge.Unkeepable}
}

// fromAgent hands on what agents wrote. What cannot be kept of it goes as a message of which its
// author is told that.
func (s *handOver) fromAgent(ctx context.Context, messages []bridge.AgentMessage) (fresh int, err error) {
	fresh, err = s.cfg.Accept.FromAgent(ctx, messages)
	if !errors.Is(err, bridge.ErrUnstorable) {
		return fresh, err
	}
	for i, a := range messages {
		more, err := s.cfg.Accept.FromAgent(ctx, messages[i:i+1])
		if errors.Is(err, bridge.ErrUnstorable) {
			s.giveUp(string(a.Room), string(a.ID), err)
			more, err = s.cfg.Accept.FromAgent(ctx, []bridge.AgentMessage{unkeepable(a)})
		}
		if err = s.kept(err, string(a.Room), string(a.ID)); err != nil {
			return fresh, err
		}
		fresh += more
	}
	return fresh, nil
}

// fromPeople hands on what people told the bot.
func (s *handOver) fromPeople(ctx context.Context, commands []bridge.Command) error {
	if len(commands) == 0 {
		return nil
	}
	err := s.cfg.Commands.FromPeople(ctx, commands)
	if !errors.Is(err, bridge.ErrUnstorable) {
		return err
	}
	for i, c := range commands {
		if err := s.kept(s.cfg.Commands.FromPeople(ctx, commands[i:i+1]), string(c.Room), string(c.ID)); err != nil {
			return err
		}
	}
	return nil
}

// kept gives up what would be refused as long as it exists, and returns any other error.
func (s *handOver) kept(err error, room, message string) error {
	if !errors.Is(err, bridge.ErrUnstorable) {
		return err
	}
	s.giveUp(room, message, err)
	return nil
}

func (s *handOver) giveUp(room, message string, why error) {
	s.cfg.Metrics.Ignored.WithLabelValues("unkeepable").Inc()
	s.givenUp++
	if time.Since(s.told) < untoldFor {
		return
	}
	if !bridge.IsID(room) {
		room = ""
	}
	s.cfg.Log.Warn("a message of Rocket.Chat cannot be kept, and is left out", "room", room, "message", message, "err", why, "so far", s.givenUp)
	s.told = time.Now()
}
