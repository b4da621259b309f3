package rocketchat

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
	"messenger-bridge/rocketchat/ours"
)

// Register makes a visitor known, or updates one, and returns the token that
// counts from now on: Rocket.Chat may answer with another visitor's (rocketchat.md
// 4.2). Neither phone nor e-mail is sent, because both would merge strangers.
func (c Livechat) Register(ctx context.Context, token bridge.Secret, name string, d bridge.DepartmentID) (bridge.Secret, error) {
	visitor := map[string]any{"token": token.Reveal(), "name": markup.OneLine(name)}
	if d != "" {
		visitor["department"] = string(d)
	}
	var answer struct {
		Visitor struct {
			ID    string `json:"_id"`
			Token string `json:"token"`
		} `json:"visitor"`
	}
	register := call{of: token.Reveal(), method: http.MethodPost, route: "/livechat/visitor", body: map[string]any{"visitor": visitor}, answer: &answer}
	err := c.do(ctx, register)
	switch {
	case err != nil:
		return "", err
	case answer.Visitor.Token != "":
		return bridge.Secret(answer.Visitor.Token), nil
	case answer.Visitor.ID != "":
		return token, nil
	}
	return "", unexpected(register, nil)
}

// OpenRoom returns the visitor's open room, and opens one if there is none. A workspace
// that allows one room only refuses the loser of a race with a text it does not promise
// (rocketchat.md 4.3); asking again then finds the winner's room.
func (c Livechat) OpenRoom(ctx context.Context, visitor bridge.Secret) (bridge.OpenedRoom, error) {
	var answer struct {
		New  bool `json:"newRoom"`
		Room struct {
			ID         bridge.RoomID       `json:"_id"`
			Department bridge.DepartmentID `json:"departmentId"`
			ServedBy   *struct{}           `json:"servedBy"`
		} `json:"room"`
	}
	open := call{of: visitor.Reveal(), method: http.MethodGet, route: "/livechat/room", query: url.Values{"token": {visitor.Reveal()}}, answer: &answer}
	err := c.do(ctx, open)
	if mayBeThere(err) {
		err = c.do(ctx, open)
	}
	if err == nil && answer.Room.ID == "" {
		err = unexpected(open, nil)
	}
	if err != nil {
		return bridge.OpenedRoom{}, err
	}
	opened := bridge.OpenedRoom{ID: answer.Room.ID, Existed: !answer.New}
	if answer.New && answer.Room.ServedBy == nil {
		opened.Unattended = c.nobodyFor(ctx, answer.Room.Department)
		opened.Unverified = !opened.Unattended && c.unverified(ctx, opened.ID)
	}
	return opened, nil
}

// unverified reports whether a room is certainly kept from all agents because its contact is not verified.
func (c Livechat) unverified(ctx context.Context, r bridge.RoomID) bool {
	var answer struct {
		Inquiry struct {
			Status string `json:"status"`
		} `json:"inquiry"` // null: there is none
	}
	err := c.do(ctx, call{method: http.MethodGet, route: "/livechat/inquiries.getOne", query: url.Values{"roomId": {string(r)}}, answer: &answer})
	if err != nil {
		c.cfg.Log.Info("cannot find out whether a room waits for its contact to be verified", "room", r, "err", err)
	}
	return err == nil && answer.Inquiry.Status == "verifying"
}

// nobodyFor reports whether certainly no agent of a department, or of the workspace, is
// there. While the workspace accepts chats without agents, Online cannot tell.
func (c Livechat) nobodyFor(ctx context.Context, d bridge.DepartmentID) bool {
	type wireAgent struct {
		ID string `json:"_id"`
	}
	there, err := list[wireAgent](ctx, c.Client, "/livechat/users/agent", url.Values{"onlyAvailable": {"true"}}, "users")
	if err != nil {
		c.cfg.Log.Info("cannot find out whether an agent is there", "department", d, "err", err)
		return false
	}
	if d == "" || len(there) == 0 {
		return len(there) == 0
	}
	var answer struct {
		Agents []struct {
			ID string `json:"agentId"`
		} `json:"agents"`
	}
	get := call{method: http.MethodGet, route: "/livechat/department/{id}", params: map[string]string{"id": string(d)}, answer: &answer}
	if err := c.do(ctx, get); err != nil {
		c.cfg.Log.Info("cannot find out who is in a department", "department", d, "err", err)
		return false
	}
	for _, agent := range answer.Agents {
		if slices.Contains(there, wireAgent{agent.ID}) {
			return false
		}
	}
	return true
}

// Post shows a visitor's text in a room under an id of ours, or under its other one if somebody has
// taken that, perhaps with a quote of what it answers, and returns the room it is in.
func (c Livechat) Post(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, p bridge.Post) (room bridge.RoomID, err error) {
	for _, p.ID = range ours.IDs(p.ID, c.cfg.Sign) {
		var taken bool
		if room, taken, err = byID(c).postAs(ctx, visitor, r, p); !taken {
			return room, err
		}
		c.cfg.Log.Warn("somebody writes under an id of the bridge's", "room", r, "message", p.ID)
	}
	return r, err
}

// postAs posts a text under an id, and reports whether that is taken. Old versions refuse a
// repeated id with a text that is no code, others answer with the stored message; in doubt the
// message itself is asked for (rocketchat.md 4.4).
func (c byID) postAs(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, p bridge.Post) (room bridge.RoomID, taken bool, err error) {
	var answer struct {
		Message ours.Message `json:"message"`
	}
	post := call{of: visitor.Reveal(), method: http.MethodPost, route: "/livechat/message", answer: &answer,
		body: wirePost{Token: visitor.Reveal(), Room: r, ID: p.ID, Text: Speaker(c).quoting(r, p)}}
	err = c.do(ctx, post)
	bot, _ := c.Bot()
	if mayBeThere(err) {
		if _, there, _ := c.textAs(ctx, visitor, r, p.ID); there {
			return r, false, nil
		}
		if statusOf(err) == http.StatusBadRequest {
			found, whose, unknown := c.lookUp(ctx, p.ID)
			return r, unknown == nil && whose == ours.Others && (found.ID == "" || !found.ForCustomer(visitor, bot, r)), err
		}
	}
	switch m := answer.Message; {
	case err != nil:
		return r, false, err
	case !m.ForCustomer(visitor, bot, r):
		return r, true, errIDTaken
	case m.Room != "":
		return bridge.RoomID(m.Room), false, nil
	case m.ID != "":
		return r, false, nil
	}
	return r, false, unexpected(post, nil)
}

// mayBeThere reports whether a text was refused in a way in which one is refused, too, that an
// earlier call has brought there whose answer was lost: its id is repeated, or somebody stands
// before the workspace who refuses it now for its length.
func mayBeThere(err error) bool {
	if err == nil {
		return false
	}
	r := bridge.RefusalOf(err)
	return statusOf(err) == http.StatusBadRequest && r.Reason == bridge.WorkspaceError || r.Reason == bridge.TooLong || statusOf(err) == http.StatusRequestEntityTooLarge
}

// wirePost is what a visitor writes.
type wirePost struct {
	Token string           `json:"token"`
	Room  bridge.RoomID    `json:"rid"`
	ID    bridge.MessageID `json:"_id"`
	Text  string           `json:"msg"`
}

// Close implements rooms.Livechat.
func (c Livechat) Close(ctx context.Context, visitor bridge.Secret, r bridge.RoomID) error {
	err := c.do(ctx, call{method: http.MethodPost, route: "/livechat/room.close", body: map[string]string{"rid": string(r), "token": visitor.Reveal()}})
	if CodeOf(err) == "error-not-allowed-to-close-conversation" || CodeOf(err) == "error-tags-must-be-assigned-before-closing-chat" {
		return final(err)
	}
	return err
}

// Describe implements rooms.Livechat. The call wants to know the visitor's id as well
// (rocketchat.md 4.8), and changes nothing of the visitor. Clients read markup in topics.
func (c Livechat) Describe(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, a bridge.About) (bool, error) {
	var answer struct {
		Visitor struct {
			ID string `json:"_id"`
		} `json:"visitor"`
	}
	get := call{method: http.MethodGet, route: "/livechat/visitor/{token}", params: map[string]string{"token": visitor.Reveal()}, answer: &answer}
	if known, err := permitted(c.do(ctx, get)); !known || err != nil {
		return false, err
	}
	room := map[string]any{"_id": string(r), "topic": markup.Literal(a.Topic), "tags": a.Tags}
	if len(a.Fields) > 0 {
		room["livechatData"] = a.Fields
	}
	return permitted(c.do(ctx, call{method: http.MethodPost, route: "/livechat/room.saveInfo",
		body: map[string]any{"roomData": room, "guestData": map[string]string{"_id": answer.Visitor.ID}}}))
}

// Answer implements rooms.Livechat. Of Rocket.Chat's questions it is the one about
// satisfaction (rocketchat.md 4.6).
func (c Livechat) Answer(ctx context.Context, visitor bridge.Secret, a bridge.SurveyAnswer) (bool, error) {
	answer := map[string]string{"name": "satisfaction", "value": strconv.Itoa(a.Rating)}
	if a.Rating == 0 {
		answer = map[string]string{"name": "additionalFeedback", "value": markup.Visible(a.Comment)}
	}
	return permitted(c.do(ctx, call{method: http.MethodPost, route: "/livechat/room.survey",
		body: map[string]any{"rid": string(a.Room), "token": visitor.Reveal(), "data": []any{answer}}}))
}

// Has reports whether a room of the visitor, open or closed, holds a message.
func (c Livechat) Has(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, id bridge.MessageID) (bool, error) {
	_, _, there, err := c.textOf(ctx, visitor, r, id)
	return there, err
}

// textOf returns a message's text, whether the room holds it at all, and under which of its ids.
func (c Livechat) textOf(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, id bridge.MessageID) (under bridge.MessageID, text string, there bool, err error) {
	for _, under = range ours.IDs(id, c.cfg.Sign) {
		if text, there, err = byID(c).textAs(ctx, visitor, r, under); there || err != nil || !ours.IsEvents(id) {
			break
		}
	}
	return under, text, there, err
}

// textAs is textOf for one id. Under an id of ours nothing counts that somebody else wrote.
func (c byID) textAs(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, id bridge.MessageID) (text string, there bool, err error) {
	var answer struct {
		Message ours.Message `json:"message"`
	}
	get := call{of: visitor.Reveal(), method: http.MethodGet, route: messageRoute, answer: &answer,
		params: map[string]string{"id": string(id)}, query: url.Values{"token": {visitor.Reveal()}, "rid": {string(r)}}}
	err = c.do(ctx, get)
	bot, _ := c.Bot()
	switch {
	case statusOf(err) == http.StatusBadRequest:
		return "", false, nil
	case err == nil && answer.Message.ID == "":
		err = unexpected(get, nil)
	case err == nil && ours.IsEvents(id) && !answer.Message.ForCustomer(visitor, bot, r):
		return "", false, nil
	}
	return answer.Message.Text, err == nil, err
}

// messageRoute is one message of a visitor.
const messageRoute = "/livechat/message/{id}"

// Online reports whether somebody of a department, or of the workspace, is there
// to take a room; false as well while Omnichannel is off.
func (c Livechat) Online(ctx context.Context, d bridge.DepartmentID) (bool, error) {
	enabled, online, err := Directory(c).livechatConfig(ctx, d)
	return enabled && online, err
}
