package stream

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"

	"messenger-bridge/bridge"
	"messenger-bridge/recent"
	"messenger-bridge/rocketchat/markup"
	"messenger-bridge/rocketchat/wire"
)

// sorter tells what agents write for customers from what people tell the bot, and from
// all else, and hands it on. But for wants and noticed, which the reader of the
// connection calls, it belongs to the session's goroutine.
type sorter struct {
	cfg       *Config
	orphans   orphanBuffer
	reactions *recent.Map[string, reactions] // by message
	direct    *recent.Map[string, bool]      // direct rooms by id; true: of two
	hot       *hotRooms
	to        *handOver
	plain     func(string) string // markup.Reader.Plain
}

func newSorter(cfg *Config) *sorter {
	s := &sorter{cfg: cfg, to: &handOver{cfg: cfg}, direct: recent.New[string, bool](maxDirect, 0), hot: newHotRooms(cfg.FollowEvery), reactions: recent.New[string, reactions](mostReactions, 0)}
	s.plain = s.reader().Plain
	return s
}

// reader is who turns markup into what customers read.
func (s *sorter) reader() markup.Reader { return markup.Reader{Clock: s.cfg.Clock} }

// wants reports whether a message of the stream may concern us. It is asked for
// every message the bot may read, in the reader's goroutine, so it asks nobody.
func (s *sorter) wants(m wire.Message) (wanted bool) {
	defer s.survive(m, func() { wanted = true })
	bot, name := s.cfg.Client.Bot()
	switch {
	case m.Kind == wire.CustomerRoom:
		return true
	case s.cfg.Commands == nil || !m.ByPeople(bot):
		return false
	case m.Kind == wire.DirectRoom:
		return true
	}
	_, _, ok := asCommand(m.Text, name, s.placeOf(m))
	return ok
}

// placeOf leaves open who else is in a direct room; see private.
func (s *sorter) placeOf(m wire.Message) place {
	if setup := s.cfg.Client.SetupRoom(); setup != "" && string(setup) == m.Room {
		return setupRoom
	}
	return elsewhere
}

// accept hands on, in order, what agents wrote in rooms of ours and what people
// told the bot wherever they are.
func (s *sorter) accept(ctx context.Context, batch []wire.Message) (fresh int, err error) {
	bot, _ := s.cfg.Client.Bot()
	tooOld := s.cfg.Client.ServerTime().Add(-oldest)
	var messages []bridge.AgentMessage
	var commands []bridge.Command
	hand := func() error {
		if len(messages) == 0 {
			return nil
		}
		more, err := s.to.fromAgent(ctx, messages)
		fresh += more
		messages = nil
		return err
	}
	for _, m := range batch {
		if m.At.Before(tooOld) && !m.At.IsZero() || !s.to.hasIDs(&m) {
			continue
		}
		if m.Kind == wire.CustomerRoom && m.System == "" {
			s.happened(m)
		}
		if m.Kind == wire.CustomerRoom && m.System == wire.ClosedRoom && m.User.ID != string(bot) {
			if err := hand(); err != nil { // what was written before goes out before what is said at the end
				return fresh, err
			}
			closing := bridge.Closing{Room: bridge.RoomID(m.Room), At: m.At.Time, By: m.Author(), ByCustomer: m.Visitor != ""}
			closing.By.Bot = s.cfg.Client.IsBot(closing.By)
			if err := s.to.kept(s.cfg.Accept.FromClosing(ctx, closing), m.Room, m.ID); err != nil {
				return fresh, err
			}
			continue
		}
		c, is, err := s.command(ctx, m)
		if err != nil {
			return 0, err
		}
		if is && m.Edited.IsZero() { // the edit of a command is no second one
			commands = append(commands, c)
		}
		a, ok := s.written(m, is)
		if !ok {
			continue
		}
		with, ours, err := s.cfg.Store.Conversation(a.Room)
		if err != nil {
			return 0, err
		}
		if !ours {
			s.orphans.keep(a)
			continue
		}
		a.With = with
		messages = append(append(messages, s.takeOrphans(a.Room)...), a)
	}
	if err := s.to.fromPeople(ctx, commands); err != nil {
		return fresh, err
	}
	return fresh, hand()
}

// written returns what was written in a customer's room, or deleted there. What is an order
// to the bot is none of the customer's business; nor is what another bot orders us to do,
// which is not carried out either.
func (s *sorter) written(m wire.Message, order bool) (a bridge.AgentMessage, ok bool) {
	bot, name := s.cfg.Client.Bot()
	if m.Kind != wire.CustomerRoom {
		return a, false
	}
	if gone, is := m.Deleted(bot); is {
		return gone, true
	}
	if a, ok = m.FromAgent(bridge.Author{ID: bot, Username: name}, s.reader()); !ok {
		return a, false
	}
	if _, _, meant := asCommand(m.Text, name, elsewhere); order || meant && s.cfg.Commands != nil {
		a.Nature = bridge.BotOrder
	}
	a.Text, a.Author.Bot = s.plainText(m, a.Text), s.cfg.Client.IsBot(a.Author)
	if m.Unkept {
		a = unkeepable(a)
	}
	return a, true
}

// takeOrphans returns what was written in a room before it was known whose it is.
func (s *sorter) takeOrphans(room bridge.RoomID) []bridge.AgentMessage {
	messages := s.orphans.take(room)
	if len(messages) > 0 {
		s.hot.wrote(room, messages[0].At)
	}
	return messages
}

// happened looks at what is new beside the text.
func (s *sorter) happened(m wire.Message) {
	if s.cfg.Gestures == nil {
		return
	}
	room := bridge.RoomID(m.Room)
	if !s.hot.has(room) {
		if _, ours, err := s.cfg.Store.Conversation(room); err != nil || !ours {
			return // other channels have rooms as well, and a room that becomes ours is announced
		}
	}
	s.hot.warm(room)
	if m.Visitor != "" {
		s.reacted(m)
	} else if bot, _ := s.cfg.Client.Bot(); m.ByPeople(bot) {
		s.hot.wrote(room, bridge.Later(m.At.Time, s.cfg.Client.ServerTime().Add(-hotFor)))
	}
}

// command returns the command a message is. Other bots give none: two that answer
// one another would not stop.
func (s *sorter) command(ctx context.Context, m wire.Message) (c bridge.Command, ok bool, err error) {
	defer s.survive(m, func() { ok = false })
	bot, name := s.cfg.Client.Bot()
	author := m.Author()
	if s.cfg.Commands == nil || !m.ByPeople(bot) || author.Bot || m.Unkept {
		return c, false, nil
	}
	where := s.placeOf(m)
	as, words, ok := asCommand(m.Text, name, where)
	alone := false
	if m.Kind == wire.DirectRoom {
		if alone, err = s.private(ctx, m); alone && !ok {
			as, words, ok = asCommand(m.Text, name, private)
		}
	}
	if !ok || err != nil {
		return c, false, err
	}
	c = bridge.Command{
		ID: bridge.MessageID(m.ID), From: author, Room: bridge.RoomID(m.Room), Setup: where == setupRoom, As: as, Words: words, At: s.cfg.Client.OurTime(cmp.Or(m.At.Time, s.cfg.Client.ServerTime())),
		Trusted: alone || where == setupRoom,
	}
	return c, true, nil
}

// plainText is what was typed as the customer reads it; as it was typed, if
// that cannot be found out.
func (s *sorter) plainText(m wire.Message, typed string) (text string) {
	defer s.survive(m, func() { text = typed })
	return s.plain(typed)
}

// survive keeps one message that makes us panic from taking the others with it: each
// start would find it again. It is to be deferred.
func (s *sorter) survive(m wire.Message, instead func()) {
	p := recover()
	if p == nil {
		return
	}
	s.cfg.Metrics.Panics.Inc()
	s.cfg.Log.Error("reading a message panicked; this is a bug", "room", m.Room, "message", m.ID,
		"panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
	instead()
}

// private reports whether nobody but the author and the bot is in a direct room.
// Rocket.Chat still names rooms of two after both users; for other names it is
// asked, once per room, because members of a direct room never change.
func (s *sorter) private(ctx context.Context, m wire.Message) (bool, error) {
	bot, _ := s.cfg.Client.Bot()
	if m.Room == m.User.ID+string(bot) || m.Room == string(bot)+m.User.ID {
		return true, nil
	}
	two, known := s.direct.Get(m.Room)
	if known {
		return two, nil
	}
	members, err := s.cfg.Client.InDirectRoom(ctx, bridge.RoomID(m.Room))
	if endsSession(ctx, err) {
		return false, err
	}
	if err != nil { // one room must not keep the session from all others
		s.cfg.Log.Warn("cannot find out who is in a direct room; what is written there is not taken for a command", "room", m.Room, "err", err)
		return false, nil
	}
	two = members == 2
	s.direct.Set(m.Room, two)
	return two, nil
}

// maxDirect bounds what is remembered of direct rooms.
const maxDirect = 10_000
