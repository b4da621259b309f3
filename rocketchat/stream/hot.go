package stream

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
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

// Who types, and most deletions, are told per room only (rocketchat.md 3). So the
// rooms in which something happens are subscribed to for as long as it does: so few
// and so slowly that Rocket.Chat's limit of 40 subscriptions per 40 s on a connection
// is never near.
const (
	hotFor  = 10 * time.Minute
	mostHot = 100 // rooms at once

	typingEvent   = "/user-activity"
	deletionEvent = "/deleteMessage"
)

// hotRooms are where something happened lately.
type hotRooms struct {
	mu     sync.Mutex // guards the two below
	last   map[bridge.RoomID]time.Time
	joined map[bridge.RoomID]bool // subscribed to in this session
}

func newHotRooms() *hotRooms {
	return &hotRooms{last: map[bridge.RoomID]time.Time{}, joined: map[bridge.RoomID]bool{}}
}

// warm notes that something happened in a room.
func (h *hotRooms) warm(r bridge.RoomID, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last[r] = now
	if len(h.last) > 4*mostHot {
		maps.DeleteFunc(h.last, func(r bridge.RoomID, at time.Time) bool { return now.Sub(at) > hotFor && !h.joined[r] })
	}
	if len(h.last) > 100*mostHot {
		clear(h.last)
	}
}

// restart is for a new session: it has subscribed to nothing yet.
func (h *hotRooms) restart() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.joined)
}

// next returns the room to leave, and the one to join: the hottest that is not
// joined.
func (h *hotRooms) next(now time.Time) (leave, join bridge.RoomID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rooms := slices.SortedFunc(maps.Keys(h.last), func(a, b bridge.RoomID) int { return h.last[b].Compare(h.last[a]) })
	for i, r := range rooms {
		hot := i < mostHot && now.Sub(h.last[r]) <= hotFor
		switch {
		case hot && !h.joined[r] && join == "":
			join = r
			h.joined[r] = true
		case !hot && h.joined[r] && leave == "":
			leave = r
			delete(h.joined, r)
		}
	}
	return leave, join
}

// noticed handles an event of a hot room; it returns the message that is gone, if it
// is about one.
func (s *intake) noticed(event string, data []byte) (gone wire.Message, is bool) {
	var f struct {
		Fields struct {
			Args []json.RawMessage `json:"args"`
		} `json:"fields"`
	}
	if err := json.Unmarshal(data, &f); err != nil || len(f.Fields.Args) == 0 {
		return gone, false
	}
	args := f.Fields.Args
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

// reactions remembers how people react to customers' messages, so that a change is
// seen: Messenger shows one reaction of the page only.
type reactions struct {
	by   map[string][]string // emojis by message
	sent map[string]string   // the one that is shown
}

// mostReactions bounds what is remembered of reactions.
const mostReactions = 10_000

// reacted compares the reactions to a customer's message with those before.
func (s *intake) reacted(m wire.Message) {
	_, bot := s.cfg.Client.Bot()
	var now []string
	for name, who := range m.Reactions {
		emoji := markup.Emoji(name)
		if emoji != "" && slices.ContainsFunc(who.Usernames, func(u string) bool { return u != bot && u != "" }) {
			now = append(now, emoji)
		}
	}
	slices.Sort(now)
	before := s.reactions.by[m.ID]
	if slices.Equal(now, before) {
		return
	}
	if len(s.reactions.by) >= mostReactions {
		clear(s.reactions.by)
		clear(s.reactions.sent)
	}
	s.reactions.by[m.ID] = now
	show := s.reactions.sent[m.ID]
	if i := slices.IndexFunc(now, func(e string) bool { return !slices.Contains(before, e) }); i >= 0 {
		show = now[i]
	} else if !slices.Contains(now, show) {
		show = ""
		if len(now) > 0 {
			show = now[0]
		}
	}
	if show != s.reactions.sent[m.ID] {
		s.reactions.sent[m.ID] = show
		s.cfg.Gestures.Reacted(bridge.RoomID(m.Room), bridge.MessageID(m.ID), show)
	}
}

var errTooFarBehind = errors.New("too far behind the stream")
