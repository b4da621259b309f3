package rocketchat

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
	"messenger-bridge/rocketchat/ours"
)

// Edit changes the text of a visitor's message, and keeps what stands before it. False says
// that it is not there, or that the workspace does not let it be edited.
func (c Livechat) Edit(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, id bridge.MessageID, text string) (bool, error) {
	id, before, there, err := c.textOf(ctx, visitor, r, id)
	if err != nil || !there {
		return false, err
	}
	text = markup.Instead(before, markup.Message(text, bridge.CiteMark))
	if text == before {
		return true, nil
	}
	return permitted(c.do(ctx, call{of: visitor.Reveal(), method: http.MethodPut, route: messageRoute, params: map[string]string{"id": string(id)},
		body: map[string]string{"token": visitor.Reveal(), "rid": string(r), "msg": text}}))
}

// Delete takes a visitor's message away; one that is not there is as good as deleted.
func (c Livechat) Delete(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, id bridge.MessageID) (bool, error) {
	if ours.IsEvents(id) { // somebody may have taken its first id
		under, _, there, err := c.textOf(ctx, visitor, r, id)
		if id = under; err != nil || !there {
			return err == nil, err
		}
	}
	err := c.do(ctx, call{of: visitor.Reveal(), method: http.MethodDelete, route: messageRoute, params: map[string]string{"id": string(id)},
		body: map[string]string{"token": visitor.Reveal(), "rid": string(r)}})
	if CodeOf(err) == "invalid-message" {
		return true, nil
	}
	return permitted(err)
}

// permitted turns a refusal for good into false.
func permitted(err error) (bool, error) {
	if RefusedForGood(err) {
		return false, nil
	}
	return err == nil, err
}

// Note says something as the bot.
func (c Speaker) Note(ctx context.Context, r bridge.RoomID, p bridge.Post) error {
	if p.Below != "" {
		message := map[string]any{"rid": string(r), "msg": "",
			"attachments": []any{map[string]any{"title": markup.OneLine(p.Text), "text": markup.Message(p.Below, bridge.CiteMark), "collapsed": true}}}
		return c.sendBody(ctx, r, p.ID, message, map[string]any{"message": message})
	}
	return c.sendQuote(ctx, r, p.ID, c.quoting(r, p))
}

// TellServing says something as the bot to the agent who serves a room, by direct message.
// False says that nobody does, or that the direct message is not taken either.
func (c Speaker) TellServing(ctx context.Context, r bridge.RoomID, p bridge.Post) (bool, error) {
	var answer struct {
		Room struct {
			ServedBy struct {
				Username string `json:"username"`
			} `json:"servedBy"`
		} `json:"room"`
	}
	get := call{of: string(r), method: http.MethodGet, route: "/rooms.info", query: url.Values{"roomId": {string(r)}}, answer: &answer}
	known, err := permitted(c.do(ctx, get))
	agent := bridge.Author{Username: answer.Room.ServedBy.Username}
	if !known || err != nil || agent.Username == "" {
		return false, err
	}
	direct, err := c.directRoom(ctx, agent)
	if err == nil {
		err = c.send(ctx, direct, p.ID+"-d", c.RoomLink(r)+"\n"+markup.Message(p.Text, bridge.CiteMark))
	}
	return permitted(err)
}

// React makes an emoji the bot's only reaction to a message, besides its own marks,
// and an empty one none. It stands for what the customer, who has no reactions in
// Rocket.Chat, thinks of the message.
func (c Speaker) React(ctx context.Context, id bridge.MessageID, emoji string) (bool, error) {
	name := ""
	if emoji != "" {
		if name = markup.EmojiName(emoji); name == "" || ours.IsMark(name) {
			return false, nil
		}
	}
	var answer struct {
		Message struct {
			ID        string `json:"_id"`
			Reactions map[string]struct {
				Usernames []string `json:"usernames"`
			} `json:"reactions"`
		} `json:"message"`
	}
	get := call{method: http.MethodGet, route: "/chat.getMessage", query: url.Values{"msgId": {string(id)}}, answer: &answer}
	if there, err := permitted(c.do(ctx, get)); !there || err != nil {
		return false, err
	}
	_, bot := c.Bot()
	for other, by := range answer.Message.Reactions {
		if other == name || ours.IsMark(other) || !slices.Contains(by.Usernames, bot) {
			continue
		}
		if done, err := permitted(c.setReaction(ctx, id, other, false)); !done || err != nil {
			return false, err
		}
	}
	if name == "" {
		return true, nil
	}
	return permitted(c.setReaction(ctx, id, name, true))
}
