package rocketchat

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/ours"
)

var errIDTaken = &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WorkspaceError, Err: errors.New("somebody else writes under the ids of this message")}

// byID finds and makes messages under one id.
type byID struct{ *Client }

// lookUp looks for a message of the bot's.
func (c byID) lookUp(ctx context.Context, id bridge.MessageID) (found ours.Message, whose ours.Whose, err error) {
	var answer struct {
		Message ours.Message `json:"message"`
	}
	err = c.do(ctx, call{method: http.MethodGet, route: "/chat.getMessage", query: url.Values{"msgId": {string(id)}}, answer: &answer})
	bot, _ := c.Bot()
	switch {
	case CodeOf(err) == "error-not-allowed": // it is where the bot may not read
		return found, ours.Others, nil
	case statusOf(err) == http.StatusBadRequest && CodeOf(err) == "" && !isPage(err):
		return found, ours.Nobodys, nil
	case err == nil && !answer.Message.ByBot(bot):
		return answer.Message, ours.Others, nil
	}
	return answer.Message, ours.Bots, err
}

// sendBody makes a message of the bot, under an id of ours or, if somebody has taken that, under
// its other one.
func (c Speaker) sendBody(ctx context.Context, r bridge.RoomID, id bridge.MessageID, message, body map[string]any) (err error) {
	for _, one := range ours.IDs(id, c.cfg.Sign) {
		message["_id"] = string(one)
		var taken bool
		if taken, err = byID(c).sendAs(ctx, r, one, body); !taken {
			return err
		}
		c.cfg.Log.Warn("somebody writes under an id of the bridge's", "room", r, "message", one)
	}
	return err
}

// sendAs makes a message of the bot under an id, and reports whether that is taken. A repeated id is
// refused with a text that is no code, and what is refused now may be there since a try whose
// answer was lost, so a refusal is checked.
func (c byID) sendAs(ctx context.Context, r bridge.RoomID, id bridge.MessageID, body map[string]any) (taken bool, err error) {
	var answer struct {
		Message ours.Message `json:"message"`
	}
	send := call{of: string(r), method: http.MethodPost, route: "/chat.sendMessage", body: body, answer: &answer, began: c.cfg.Now()}
	err = c.do(ctx, send)
	bot, _ := c.Bot()
	switch status := statusOf(err); {
	case status == http.StatusUnauthorized, status == http.StatusTooManyRequests: // it says nothing of the message
		return false, err
	case err == nil && answer.Message.ID != "" && answer.Message.ByBot(bot):
		return false, nil
	case status == 0 && err != nil && bridge.RefusalOf(err).Answer == nil: // nothing was written at all
		return false, err
	}
	_, whose, unknown := c.lookUp(ctx, id)
	switch {
	case unknown != nil || whose == ours.Nobodys:
		return false, err
	case whose == ours.Others && err == nil:
		return true, errIDTaken
	case whose == ours.Others:
		return true, err
	}
	passed(c.Client, send)
	return false, nil
}
