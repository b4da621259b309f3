package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

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
// were not in it yet. It removes nobody. Where there can be none, SetupRoom is "". What
// managers have to know of that, they are told by direct message.
func (c Setup) Ensure(ctx context.Context, name string) error {
	tell := herald(c)
	s, err := c.settle(ctx, name)
	var unusable unusable
	switch {
	case errors.As(err, &unusable):
		c.knowSetup("")
		return errors.Join(err, tell.trouble(ctx, name, unusable.trouble))
	case err != nil:
		return err
	}
	c.knowSetup(s.ID)
	uninvited, err := invitations(c).inviteNewManagers(ctx, s.ID)
	return errors.Join(err, tell.trouble(ctx, name, ""), tell.taken(ctx, name, s), tell.uninvited(ctx, s, uninvited))
}

// settle returns the setup channel, and creates it if there is none.
func (c Setup) settle(ctx context.Context, name string) (site, error) {
	tried := map[string]bool{}
	for range mostTries {
		s, err := c.survey(ctx, name, tried)
		if err != nil {
			return s, err
		}
		if s.ID == "" {
			s.group, err = c.create(ctx, s.free)
		} else {
			err = c.describe(ctx, s.group)
		}
		if CodeOf(err) == "error-duplicate-channel-name" { // made meanwhile, or hidden
			tried[s.free] = true
			continue
		}
		if err != nil {
			return s, err
		}
		return s, c.keep(ctx, name, s)
	}
	return site{}, unusable{errTaken, noName}
}

// describe gives a group a topic, unless a person has written one there.
func (c Setup) describe(ctx context.Context, room group) error {
	if room.Topic != "" {
		return nil
	}
	err := c.do(ctx, call{method: http.MethodPost, route: "/groups.setTopic", body: map[string]string{"roomId": string(room.ID), "topic": c.cfg.Say.Say(setupTopic)}})
	if RefusedForGood(err) { // not the owner: no harm
		return nil
	}
	return err
}

// create creates the group. It is not encrypted, whatever the workspace does
// with new groups, because the bot could not read it.
func (c Setup) create(ctx context.Context, name string) (group, error) {
	var answer struct {
		Group group `json:"group"`
	}
	err := c.do(ctx, call{method: http.MethodPost, route: "/groups.create", answer: &answer, body: map[string]any{
		"name": name, "extraData": map[string]any{"topic": c.cfg.Say.Say(setupTopic), "broadcast": false, "encrypted": false}}})
	if RefusedForGood(err) && CodeOf(err) != "error-duplicate-channel-name" { // an invalid name, or no permission
		why := notMade
		if CodeOf(err) == "error-invalid-room-name" {
			why = badName
		}
		return group{}, unusable{fmt.Errorf("it cannot be created: %w", err), why}
	}
	if err == nil && answer.Group.ID == "" {
		err = errors.New("groups.create: unexpected answer")
	}
	answer.Group.Name = name
	return answer.Group, err
}

// asked are the managers who are, or were, in the setup channel.
type asked struct {
	room  bridge.RoomID
	users map[string]bool
}

// invitations bring managers into the setup channel.
type invitations struct{ *Client }

// inviteManagers adds the omnichannel managers who are not in a group, and returns those
// who cannot be added.
func (c invitations) inviteManagers(ctx context.Context, room bridge.RoomID) ([]wire.User, error) {
	return c.inviteSome(ctx, room, func(string) bool { return true })
}

// inviteNewManagers leaves out whoever was seen in the group by this process: they
// left it because they wanted to.
func (c invitations) inviteNewManagers(ctx context.Context, room bridge.RoomID) ([]wire.User, error) {
	return c.inviteSome(ctx, room, func(user string) bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.asked.room != room || !c.asked.users[user]
	})
}

// wasIn notes that users are in a group, or were.
func (c invitations) wasIn(room bridge.RoomID, users ...wire.User) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked.room != room {
		c.asked = asked{room, map[string]bool{}}
	}
	for _, u := range users {
		c.asked.users[u.ID] = true
	}
}

func (c invitations) inviteSome(ctx context.Context, room bridge.RoomID, wanted func(user string) bool) (refused []wire.User, err error) {
	managers, err := Directory(c).managers(ctx)
	if err != nil {
		return nil, err
	}
	members, err := list[wire.User](ctx, c.Client, "/groups.members", url.Values{"roomId": {string(room)}}, "members")
	if err != nil {
		return nil, fmt.Errorf("list the members: %w", err)
	}
	in := map[string]bool{}
	for _, u := range members {
		in[u.ID] = true
	}
	var missing []wire.User
	for _, u := range managers {
		switch {
		case in[u.ID]:
			c.wasIn(room, u)
		case wanted(u.ID):
			missing = append(missing, u)
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	err = c.invite(ctx, room, missing...)
	if !RefusedForGood(err) {
		return nil, err
	}
	// One who cannot be invited must not keep out the others.
	for _, one := range missing {
		switch again := c.invite(ctx, room, one); {
		case RefusedForGood(again):
			refused = append(refused, one)
		case again != nil:
			return refused, again
		}
	}
	if len(refused) == 0 {
		return nil, nil
	}
	return refused, err
}

func (c invitations) invite(ctx context.Context, room bridge.RoomID, users ...wire.User) error {
	var ids []string
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	err := c.do(ctx, call{method: http.MethodPost, route: "/groups.invite", body: map[string]any{"roomId": string(room), "userIds": ids}})
	if err != nil {
		return fmt.Errorf("invite the omnichannel managers: %w", err)
	}
	c.wasIn(room, users...)
	return nil
}
