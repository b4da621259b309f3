package stream

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/ddp"
	"messenger-bridge/rocketchat/markup"
	"messenger-bridge/rocketchat/wire"
)

// Gestures takes what people do in rooms beside writing. Nothing of it is owed to
// anybody; the calls do not wait.
type Gestures interface {
	Typing(bridge.RoomID)
	// Reacted says how people react to a customer's message: with an emoji, or, if
	// that is empty, not any more.
	Reacted(r bridge.RoomID, message bridge.MessageID, emoji string)
}

// noticed handles an event of a hot room; it returns the message that is gone, if it
// is about one.
func (s *sorter) noticed(event string, data []byte) (gone wire.Message, is bool) {
	var f struct {
		Fields struct {
			Args []json.RawMessage `json:"args"`
		} `json:"fields"`
	}
	if err := json.Unmarshal(data, &f); err != nil || len(f.Fields.Args) == 0 {
		return gone, false
	}
	args := f.Fields.Args
	if event == ddp.Presence {
		if s.cfg.Arrived != nil && arrives(args[0]) {
			s.cfg.Arrived()
		}
		return gone, false
	}
	if room, typing := strings.CutSuffix(event, typingEvent); typing {
		var what []string
		if len(args) > 1 && json.Unmarshal(args[1], &what) == nil && slices.Contains(what, "user-typing") && s.cfg.Gestures != nil {
			s.cfg.Gestures.Typing(bridge.RoomID(room))
		}
		return gone, false
	}
	room, deletion := strings.CutSuffix(event, deletionEvent)
	if !deletion || json.Unmarshal(args[0], &gone) != nil || gone.ID == "" {
		return gone, false
	}
	gone.Room, gone.Kind, gone.System = room, wire.CustomerRoom, wire.DeletedMessage
	gone.At = wire.Time{Time: s.cfg.Client.ServerTime()}
	return gone, true
}

// reactions are how people react to a customer's message. They are remembered so that
// a change is seen: Messenger shows one reaction of the page only.
type reactions struct {
	emojis []string
	shown  string // the one that Messenger shows
}

// mostReactions bounds what is remembered of reactions.
const mostReactions = 10_000

// reacted compares the reactions to a customer's message with those before.
func (s *sorter) reacted(m wire.Message) {
	_, bot := s.cfg.Client.Bot()
	var now []string
	for name, who := range m.Reactions {
		emoji := markup.Emoji(name)
		if emoji != "" && slices.ContainsFunc(who.Usernames, func(u string) bool { return u != bot && u != "" }) {
			now = append(now, emoji)
		}
	}
	slices.Sort(now)
	before, _ := s.reactions.Get(m.ID)
	if slices.Equal(now, before.emojis) {
		return
	}
	show := before.shown
	if i := slices.IndexFunc(now, func(e string) bool { return !slices.Contains(before.emojis, e) }); i >= 0 {
		show = now[i]
	} else if !slices.Contains(now, show) {
		show = ""
		if len(now) > 0 {
			show = now[0]
		}
	}
	s.reactions.Set(m.ID, reactions{now, show})
	if show != before.shown {
		s.cfg.Gestures.Reacted(bridge.RoomID(m.Room), bridge.MessageID(m.ID), show)
	}
}

var errTooFarBehind = errors.New("too far behind the stream")
