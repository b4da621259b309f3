package rocketchat

import (
	"context"
	"net/http"
	"net/url"

	"messenger-bridge/bridge"
)

// wants reports whether a message of the stream may concern us. It is asked for
// every message the bot may read, in the reader's goroutine, so it asks nobody.
func (s *Stream) wants(m wireMessage) bool {
	bot, name := s.cfg.Client.Bot()
	switch {
	case m.kind == customerRoom:
		return true
	case s.cfg.Commands == nil || !m.byPeople(bot):
		return false
	case m.kind == directRoom:
		return true
	}
	_, ok := asCommand(m.Text, name, s.placeOf(m))
	return ok
}

// placeOf leaves open who else is in a direct room; see private.
func (s *Stream) placeOf(m wireMessage) place {
	if setup := s.cfg.Client.SetupRoom(); setup != "" && string(setup) == m.Room {
		return setupRoom
	}
	return elsewhere
}

// accept hands on, in order, what agents wrote in rooms of ours and what people
// told the bot wherever they are.
func (s *Stream) accept(ctx context.Context, batch []wireMessage) (fresh int, err error) {
	bot, _ := s.cfg.Client.Bot()
	tooOld := s.cfg.Client.serverTime().Add(-oldest)
	var messages []bridge.AgentMessage
	var commands []bridge.Command
	for _, m := range batch {
		if m.At.Before(tooOld) && !m.At.IsZero() {
			continue
		}
		if c, ok, err := s.command(ctx, m); err != nil {
			return 0, err
		} else if ok {
			// The edit of a command is no second one, and nothing for a customer.
			if !given(m.Edited) {
				commands = append(commands, c)
			}
			continue
		}
		a, ok := m.fromAgent(bot)
		if !ok || m.kind != customerRoom {
			continue
		}
		_, ours, err := s.cfg.Known.Conversation(a.Room)
		if err != nil {
			return 0, err
		}
		if !ours {
			s.early.keep(a)
			continue
		}
		messages = append(append(messages, s.early.take(a.Room)...), a)
	}
	if len(commands) > 0 {
		if err := s.cfg.Commands.FromPeople(ctx, commands); err != nil {
			return 0, err
		}
	}
	if len(messages) == 0 {
		return 0, nil
	}
	return s.cfg.Accept.FromAgent(ctx, messages)
}

// command returns the command a message is. Other bots give none: two that answer
// one another would not stop.
func (s *Stream) command(ctx context.Context, m wireMessage) (c bridge.Command, ok bool, err error) {
	bot, name := s.cfg.Client.Bot()
	author := m.author()
	if s.cfg.Commands == nil || !m.byPeople(bot) || author.Bot {
		return c, false, nil
	}
	where := s.placeOf(m)
	words, ok := asCommand(m.Text, name, where)
	if !ok && m.kind == directRoom {
		if words, ok = asCommand(m.Text, name, private); ok {
			ok, err = s.private(ctx, m)
		}
	}
	if !ok || err != nil {
		return c, false, err
	}
	c = bridge.Command{
		ID: bridge.MessageID(m.ID), From: author, Room: bridge.RoomID(m.Room), Setup: where == setupRoom, Words: words, At: m.At.Time,
	}
	if c.At.IsZero() {
		c.At = s.cfg.Client.serverTime()
	}
	return c, true, nil
}

// private reports whether nobody but the author and the bot is in a direct room.
// Rocket.Chat still names rooms of two after both users; for other names it is
// asked, once per room, because members of a direct room never change.
func (s *Stream) private(ctx context.Context, m wireMessage) (bool, error) {
	bot, _ := s.cfg.Client.Bot()
	if m.Room == m.User.ID+string(bot) || m.Room == string(bot)+m.User.ID {
		return true, nil
	}
	two, known := s.direct[m.Room]
	if known {
		return two, nil
	}
	var answer struct {
		Room struct {
			Users []string `json:"uids"`
			Names []string `json:"usernames"` // rooms of old have no uids
		} `json:"room"`
	}
	err := s.patiently(ctx, call{method: http.MethodGet, route: "/rooms.info", query: url.Values{"roomId": {m.Room}}, answer: &answer})
	if endsSession(ctx, err) {
		return false, err
	}
	if err != nil { // one room must not keep the session from all others
		s.cfg.Log.Warn("cannot find out who is in a direct room; what is written there is not taken for a command", "room", m.Room, "err", err)
		return false, nil
	}
	two = max(len(answer.Room.Users), len(answer.Room.Names)) == 2
	if len(s.direct) >= maxDirect {
		clear(s.direct)
	}
	s.direct[m.Room] = two
	return two, nil
}

// maxDirect bounds what is remembered of direct rooms.
const maxDirect = 10_000
