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
	"messenger-bridge/pause"
	"messenger-bridge/rocketchat/wire"
)

// Reader reads what the bot may see. It waits as often as the limiter wants it to:
// whoever reads has nothing else to do meanwhile.
type Reader struct{ *Client }

// URL is where the workspace is.
func (c *Client) URL() string { return c.cfg.URL }

// patiently makes a call, again and again while it is the limiter that refuses it.
func (c Reader) patiently(ctx context.Context, k call) error {
	for {
		err := c.do(ctx, k)
		r := bridge.RefusalOf(err)
		if err == nil || r.Reason != bridge.RateLimited {
			return err
		}
		if err := pause.For(ctx, r.After); err != nil {
			return err
		}
	}
}

// Introduce learns what the workspace tells the bot about itself: its language, ""
// if it has none, with whether that is known, and whether it limits the bot's calls.
func (c Reader) Introduce(ctx context.Context) (w Introduction, err error) {
	var me struct {
		Username string `json:"username"`
	}
	if err := c.patiently(ctx, call{method: http.MethodGet, route: "/me", answer: &me}); err != nil {
		return w, fmt.Errorf("ask who we are: %w", err)
	}
	said, failed := settings(ctx, c.patiently, "Site_Url", "Language", "Message_KeepHistory")
	home, _ := said["Site_Url"].(string)
	c.knowBot(me.Username, home, said["Message_KeepHistory"] == true, failed == nil)
	w.Language, w.Speaks = said["Language"].(string)
	// The limiter shows itself on public routes: bypassed or not is what matters.
	if err := c.patiently(ctx, call{method: http.MethodGet, route: configRoute}); err != nil {
		return w, fmt.Errorf("ask for the Omnichannel settings: %w", err)
	}
	w.Limited = c.limits.InForce("GET " + configRoute)
	return w, nil
}

// Introduction is what a workspace says of itself.
type Introduction struct {
	Language string // "": none
	Speaks   bool   // the language was told
	Limited  bool   // the bot's calls are
}

// Since returns what was written in a room, changed or deleted since, the oldest change first
// as far as Rocket.Chat tells.
func (c Reader) Since(ctx context.Context, room bridge.RoomID, since time.Time) ([]wire.Message, error) {
	return c.since(ctx, room, since, c.patiently)
}

// SinceAtOnce is Since for whoever does not wait for the limiter.
func (c Reader) SinceAtOnce(ctx context.Context, room bridge.RoomID, since time.Time) ([]wire.Message, error) {
	return c.since(ctx, room, since, c.do)
}

func (c Reader) since(ctx context.Context, room bridge.RoomID, since time.Time, do func(context.Context, call) error) ([]wire.Message, error) {
	var answer struct {
		Result struct {
			Updated []wire.Message `json:"updated"`
			Deleted []struct {
				ID string    `json:"_id"`
				At wire.Time `json:"_deletedAt"`
			} `json:"deleted"`
		} `json:"result"`
	}
	query := url.Values{"roomId": {string(room)}, "lastUpdate": {wire.Stamp(since)}}
	if err := do(ctx, call{method: http.MethodGet, route: "/chat.syncMessages", query: query, answer: &answer}); err != nil {
		return nil, err
	}
	messages := answer.Result.Updated
	slices.Reverse(messages) // they come newest first, and times may be the same
	for _, gone := range answer.Result.Deleted {
		messages = append(messages, wire.Message{ID: gone.ID, At: gone.At, System: wire.DeletedMessage})
	}
	for i := range messages {
		if messages[i].Room == "" {
			messages[i].Room = string(room)
		}
	}
	return messages, nil
}

// TakenBack reports whether a message is certainly deleted, on a workspace that only hides what is deleted,
// so that Since does not tell. One that is not found need not be: Rocket.Chat says the same when its database fails.
// It does not wait for the limiter, nor for long: the answer that is asked about waits meanwhile.
func (c Reader) TakenBack(ctx context.Context, id bridge.MessageID) bool {
	c.mu.Lock()
	hush := c.hush
	c.mu.Unlock()
	if !hush {
		return false
	}
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	found, _, err := byID(c).lookUp(ctx, id)
	return err == nil && (found.Hidden || found.System == wire.DeletedMessage)
}

// CustomerRooms returns a part of a list of customers' rooms, where something changed last first,
// and how many there are, 0 if that is not told. ClosedRooms are those that were closed since
// a time, sorted by Last, for an upgrade may change all of them at once; there, Changed is zero.
func (c Reader) CustomerRooms(ctx context.Context, list wire.Listing, closedSince time.Time, offset, count int) (rooms []wire.RoomSeen, total int, err error) {
	query := url.Values{"sort": {`{"_updatedAt":-1}`}, "count": {strconv.Itoa(count)}, "offset": {strconv.Itoa(offset)}}
	if list == wire.ClosedRooms {
		query.Set("open", "false")
		query.Set("closedAt", fmt.Sprintf(`{"start":%q}`, closedSince.UTC().Format(time.RFC3339)))
		query.Set("sort", `{"lm":-1}`)
	} else {
		query.Set(string(list), "true")
	}
	var answer struct {
		Rooms []wire.RoomSeen `json:"rooms"`
		Total int             `json:"total"`
	}
	err = c.patiently(ctx, call{method: http.MethodGet, route: "/livechat/rooms", query: query, answer: &answer})
	for i := range answer.Rooms {
		if list == wire.ClosedRooms {
			answer.Rooms[i].Changed = wire.Time{}
		}
	}
	return answer.Rooms, answer.Total, err
}

// BotRooms returns the rooms the bot is in, in which something has changed since.
func (c Reader) BotRooms(ctx context.Context, since time.Time) ([]wire.RoomSeen, error) {
	var answer struct {
		Rooms []wire.RoomSeen `json:"update"`
	}
	query := url.Values{"updatedSince": {wire.Stamp(since)}}
	err := c.patiently(ctx, call{method: http.MethodGet, route: "/rooms.get", query: query, answer: &answer})
	return answer.Rooms, err
}

// InDirectRoom returns how many are in a direct room. It does not wait for the limiter: agents' answers wait meanwhile.
func (c Reader) InDirectRoom(ctx context.Context, room bridge.RoomID) (int, error) {
	var answer struct {
		Room struct {
			Users []string `json:"uids"`
			Names []string `json:"usernames"` // rooms of old have no uids
		} `json:"room"`
	}
	err := c.do(ctx, call{method: http.MethodGet, route: "/rooms.info", query: url.Values{"roomId": {string(room)}}, answer: &answer})
	return max(len(answer.Room.Users), len(answer.Room.Names)), err
}

// Trusted reports whether a room, whose kind is told, is the setup channel, or one that
// nobody but a user, who is in it, and the bot is in.
func (c Reader) Trusted(ctx context.Context, who bridge.UserID, room bridge.RoomID, kind string) bool {
	bot, _ := c.Bot()
	switch {
	case room == "" || bot == "" || who == "":
		return false
	case room == c.SetupRoom(), string(room) == string(who+bot), string(room) == string(bot+who):
		return true
	case kind != wire.DirectRoom:
		return false
	}
	members, err := c.InDirectRoom(ctx, room) // the bot may read direct rooms that it is in, and no others
	return err == nil && members == 2
}
