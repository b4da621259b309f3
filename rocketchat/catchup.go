package rocketchat

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"messenger-bridge/bridge"
)

const (
	cursor = "rocketchat" // name of the cursor: all rooms were looked at up to then

	// overlap is read again with every look: clocks differ, and a message becomes
	// visible a little after its time.
	overlap = 2 * time.Minute

	// oldest is how far back a message is still relayed. It is less than what the
	// store remembers of messages seen, because an old message appears again when
	// somebody reacts to it.
	oldest = 6 * 24 * time.Hour

	pageSize = 50 // rooms asked for at once
)

// look asks REST for what agents wrote since the last look, in all our rooms, and
// returns how much of it was new; and for what people told the bot. Nothing is
// replayed on the stream after a disconnect (rocketchat.md 1.10), so every session
// begins with one.
func (s *Stream) look(ctx context.Context) (fresh int, err error) {
	now := s.cfg.Client.serverTime()
	from, err := s.cfg.Cursors.Cursor(cursor)
	if err != nil {
		return 0, err
	}
	if from.IsZero() { // the first start ever; but a room may have been opened since the login
		from = now
	}
	since := from.Add(-overlap)
	if limit := now.Add(-oldest); since.Before(limit) {
		since = limit
	}
	rooms, err := s.changedRooms(ctx, since)
	if err != nil {
		return 0, err
	}
	for _, room := range rooms {
		n, err := s.lookInto(ctx, room, customerRoom, since)
		if err != nil {
			return fresh, err
		}
		fresh += n
	}
	if err := s.lookForCommands(ctx, since); err != nil {
		return fresh, err
	}
	return fresh, s.cfg.Cursors.SaveCursor(cursor, now)
}

// changedRooms returns our rooms in which something was written since, open ones
// and those closed since.
func (s *Stream) changedRooms(ctx context.Context, since time.Time) ([]bridge.RoomID, error) {
	closed := fmt.Sprintf(`{"start":%q}`, since.UTC().Format(time.RFC3339))
	var rooms []bridge.RoomID
	for _, query := range []url.Values{
		{"open": {"true"}, "sort": {`{"lm":-1}`}},
		{"open": {"false"}, "sort": {`{"lm":-1}`}, "closedAt": {closed}},
	} {
		found, err := s.listRooms(ctx, query, since)
		if err != nil {
			return nil, fmt.Errorf("list rooms: %w", err)
		}
		rooms = append(rooms, found...)
	}
	return rooms, nil
}

func (s *Stream) listRooms(ctx context.Context, query url.Values, since time.Time) ([]bridge.RoomID, error) {
	var found []bridge.RoomID
	query.Set("count", strconv.Itoa(pageSize))
	for offset := 0; ; offset += pageSize {
		query.Set("offset", strconv.Itoa(offset))
		var answer struct {
			Rooms []struct {
				ID   bridge.RoomID `json:"_id"`
				Last wireTime      `json:"lm"`
			} `json:"rooms"`
		}
		if err := s.patiently(ctx, call{method: http.MethodGet, route: "/livechat/rooms", query: query, answer: &answer}); err != nil {
			return nil, err
		}
		for _, room := range answer.Rooms {
			if !room.Last.IsZero() && room.Last.Before(since) {
				return found, nil // sorted: all that follow are older
			}
			if _, ours, err := s.cfg.Known.Conversation(room.ID); err != nil {
				return nil, err
			} else if ours {
				found = append(found, room.ID)
			}
		}
		if len(answer.Rooms) < pageSize {
			return found, nil
		}
	}
}

// lookForCommands looks into the rooms where somebody may wait for an answer: the
// setup channel and the bot's direct rooms. A workspace that cannot list them must
// not keep agents from customers, so then it is left at that.
func (s *Stream) lookForCommands(ctx context.Context, since time.Time) error {
	if s.cfg.Commands == nil {
		return nil
	}
	var answer struct {
		Rooms []struct {
			ID   bridge.RoomID `json:"_id"`
			Kind string        `json:"t"`
		} `json:"update"`
	}
	query := url.Values{"updatedSince": {stamp(since)}}
	err := s.patiently(ctx, call{method: http.MethodGet, route: "/rooms.get", query: query, answer: &answer})
	if endsSession(ctx, err) {
		return fmt.Errorf("list the bot's rooms: %w", err)
	}
	if err != nil {
		s.cfg.Log.Warn("cannot look for missed commands", "err", err)
		return nil
	}
	setup := s.cfg.Client.SetupRoom()
	for _, room := range answer.Rooms {
		if room.Kind != directRoom && room.ID != setup {
			continue
		}
		if _, err := s.lookInto(ctx, room.ID, room.Kind, since); err != nil {
			return err
		}
	}
	return nil
}

// endsSession tells a workspace that is away, or a bot that must log in again, from
// one call that fails. It is for calls without which agents and customers can do.
func endsSession(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || bridge.RefusalOf(err).Gate == bridge.GateWorkspace)
}

// stamp writes a time as REST takes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// lookInto accepts what was written in a room of a kind since, oldest first.
func (s *Stream) lookInto(ctx context.Context, room bridge.RoomID, kind string, since time.Time) (fresh int, err error) {
	var answer struct {
		Result struct {
			Updated []wireMessage `json:"updated"`
		} `json:"result"`
	}
	query := url.Values{"roomId": {string(room)}, "lastUpdate": {stamp(since)}}
	err = s.patiently(ctx, call{method: http.MethodGet, route: "/chat.syncMessages", query: query, answer: &answer})
	if refusedForGood(err) || err != nil && kind != customerRoom && !endsSession(ctx, err) {
		s.cfg.Log.Warn("a room cannot be looked into", "room", room, "err", err)
		return 0, nil // one room must not keep the session from all others
	}
	if err != nil {
		return 0, fmt.Errorf("messages of room %s: %w", room, err)
	}
	messages := answer.Result.Updated
	for i := range messages {
		if messages[i].Room == "" {
			messages[i].Room = string(room)
		}
		messages[i].kind = kind
	}
	messages = slices.DeleteFunc(messages, func(m wireMessage) bool { return m.At.Before(since) && !m.At.IsZero() })
	slices.SortStableFunc(messages, func(a, b wireMessage) int { return a.At.Compare(b.At.Time) })
	return s.accept(ctx, messages)
}
