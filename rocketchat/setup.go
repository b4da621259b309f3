package rocketchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
	"messenger-bridge/rocketchat/wire"
)

// setupTopic is shown at the head of the setup channel.
var setupTopic = language.Sentence("Facebook pages: the bridge reports here. Write \"facebook help\" to see what it can do.")

// SetupRoom returns the room in which the bot speaks to administrators, or "".
func (c *Client) SetupRoom() bridge.RoomID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.setup
}

func (c *Client) knowSetup(r bridge.RoomID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setup = r
}

// Ensure finds or creates the setup channel and invites the omnichannel managers who
// were not in it yet. It removes nobody. Where there can be none, SetupRoom is "".
func (c Setup) Ensure(ctx context.Context, name string) error {
	room, err := c.findSetup(ctx, name)
	var unusable unusable
	switch {
	case errors.As(err, &unusable):
		c.knowSetup("")
	case err == nil:
		c.knowSetup(room)
		err = c.inviteNewManagers(ctx, room)
	}
	return err
}

// unusable says why there cannot be a setup channel of that name, until a person
// does something about it.
type unusable struct{ why error }

func (u unusable) Error() string { return u.why.Error() }

func (u unusable) Unwrap() error { return u.why }

// findSetup returns the private group of a name, and creates it if there is none.
func (c Setup) findSetup(ctx context.Context, name string) (bridge.RoomID, error) {
	var answer struct {
		Room struct {
			ID       bridge.RoomID `json:"_id"`
			Kind     string        `json:"t"`
			Topic    string        `json:"topic"`
			Archived bool          `json:"archived"`
		} `json:"room"`
	}
	err := c.do(ctx, call{method: http.MethodGet, route: "/rooms.info", query: url.Values{"roomName": {name}}, answer: &answer})
	room := answer.Room
	switch {
	case codeOf(err) == "error-room-not-found":
		return c.createSetup(ctx, name)
	case RefusedForGood(err):
		return "", unusable{fmt.Errorf("a room of this name exists, and the bot may not see it: %w", err)}
	case err != nil:
		return "", err
	case room.Kind != wire.PrivateGroup:
		return "", unusable{errors.New("the room of this name is no private group")}
	case room.Archived:
		return "", unusable{errors.New("the group of this name is archived")}
	}
	if room.Topic == "" { // what a person wrote there stays
		err := c.do(ctx, call{method: http.MethodPost, route: "/groups.setTopic", body: map[string]string{"roomId": string(room.ID), "topic": c.cfg.Say.Say(setupTopic)}})
		if err != nil && !RefusedForGood(err) { // not the owner: no harm
			return room.ID, err
		}
	}
	return room.ID, nil
}

// createSetup creates the group. It is not encrypted, whatever the workspace does
// with new groups, because the bot could not read it.
func (c Setup) createSetup(ctx context.Context, name string) (bridge.RoomID, error) {
	var answer struct {
		Group struct {
			ID bridge.RoomID `json:"_id"`
		} `json:"group"`
	}
	err := c.do(ctx, call{method: http.MethodPost, route: "/groups.create", answer: &answer, body: map[string]any{
		"name": name, "extraData": map[string]any{"topic": c.cfg.Say.Say(setupTopic), "broadcast": false, "encrypted": false}}})
	if RefusedForGood(err) { // a name that is taken or invalid, or no permission
		return "", unusable{fmt.Errorf("it cannot be created: %w", err)}
	}
	if err == nil && answer.Group.ID == "" {
		err = errors.New("groups.create: unexpected answer")
	}
	return answer.Group.ID, err
}

// asked are the managers who are, or were, in the setup channel.
type asked struct {
	room  bridge.RoomID
	users map[string]bool
}

// inviteManagers adds the omnichannel managers who are not in a group.
func (c Setup) inviteManagers(ctx context.Context, room bridge.RoomID) error {
	return c.inviteSome(ctx, room, func(string) bool { return true })
}

// inviteNewManagers leaves out whoever was seen in the group by this process: they
// left it because they wanted to.
func (c Setup) inviteNewManagers(ctx context.Context, room bridge.RoomID) error {
	return c.inviteSome(ctx, room, func(user string) bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.asked.room != room || !c.asked.users[user]
	})
}

// wasIn notes that users are in a group, or were.
func (c Setup) wasIn(room bridge.RoomID, users ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked.room != room {
		c.asked = asked{room, map[string]bool{}}
	}
	for _, u := range users {
		c.asked.users[u] = true
	}
}

func (c Setup) inviteSome(ctx context.Context, room bridge.RoomID, wanted func(user string) bool) error {
	managers, err := list[wire.User](ctx, c.Client, "/livechat/users/manager", nil, "users")
	if err != nil {
		return fmt.Errorf("list the omnichannel managers: %w", err)
	}
	members, err := list[wire.User](ctx, c.Client, "/groups.members", url.Values{"roomId": {string(room)}}, "members")
	if err != nil {
		return fmt.Errorf("list the members: %w", err)
	}
	in := map[string]bool{}
	for _, u := range members {
		in[u.ID] = true
	}
	var missing []string
	for _, u := range managers {
		switch {
		case in[u.ID]:
			c.wasIn(room, u.ID)
		case wanted(u.ID):
			missing = append(missing, u.ID)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	err = c.invite(ctx, room, missing)
	if !RefusedForGood(err) || len(missing) == 1 {
		return err
	}
	// One who cannot be invited must not keep out the others.
	var refused error
	for _, id := range missing {
		if err := c.invite(ctx, room, []string{id}); RefusedForGood(err) {
			refused = err
		} else if err != nil {
			return err
		}
	}
	return refused
}

func (c Setup) invite(ctx context.Context, room bridge.RoomID, users []string) error {
	err := c.do(ctx, call{method: http.MethodPost, route: "/groups.invite", body: map[string]any{"roomId": string(room), "userIds": users}})
	if err != nil {
		return fmt.Errorf("invite the omnichannel managers: %w", err)
	}
	c.wasIn(room, users...)
	return nil
}

// list reads a list page by page; key is its name in the answers. Pages overlap,
// because what is taken out of the list meanwhile moves the rest.
func list[T any](ctx context.Context, c *Client, route string, query url.Values, key string) ([]T, error) {
	const most, join = 100, 5 // what Rocket.Chat gives at once, unless it is set to less
	var all []T
	seen := map[string]bool{}
	for offset := 0; ; {
		page := url.Values{"count": {strconv.Itoa(most)}, "offset": {strconv.Itoa(offset)}}
		for name, values := range query {
			page[name] = values
		}
		var answer map[string]json.RawMessage
		k := call{method: http.MethodGet, route: route, query: page, answer: &answer}
		if err := c.do(ctx, k); err != nil {
			return nil, err
		}
		var some []json.RawMessage
		var total int
		if err := errors.Join(json.Unmarshal(answer[key], &some), json.Unmarshal(answer["total"], &total)); err != nil {
			return nil, unexpected(k, err)
		}
		for _, raw := range some {
			var item struct {
				ID string `json:"_id"`
			}
			if _ = json.Unmarshal(raw, &item); item.ID == "" { // not all lists are of things with an id
				item.ID = string(raw)
			}
			if seen[item.ID] {
				continue
			}
			seen[item.ID] = true
			var one T
			if err := json.Unmarshal(raw, &one); !wire.Tolerable(err) {
				return nil, unexpected(k, err)
			}
			all = append(all, one)
		}
		end := offset + len(some)
		if len(some) == 0 || end >= total {
			return all, nil
		}
		offset = end - min(join, len(some)/2)
	}
}
