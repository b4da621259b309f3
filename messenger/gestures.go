package messenger

import (
	"context"
	"errors"
	"net/http"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
)

var _ bridge.Gestures = Sender{}

type wireGesture struct {
	Recipient wire.Party    `json:"recipient"`
	Action    string        `json:"sender_action"`
	Payload   *wireGestured `json:"payload,omitempty"`
}

type wireGestured struct {
	Message  string `json:"message_id"`
	Reaction string `json:"reaction,omitempty"`
}

// actions are the names of gestures (messenger.md 3.8).
var actions = map[bridge.GestureKind]string{
	bridge.Typing: "typing_on", bridge.Seen: "mark_seen", bridge.React: "react", bridge.Unreact: "unreact",
}

// Make makes a gesture, unless the page is near a limit: then there is no room for it
// beside the messages.
func (c Sender) Make(ctx context.Context, p bridge.Page, to bridge.CustomerID, g bridge.Gesture) error {
	if c.pacer.Busy(p.ID) {
		return &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.RateLimited, Err: errors.New("the page is near its limit")}
	}
	body := wireGesture{Recipient: wire.Party{ID: wire.ID(to)}, Action: actions[g.Kind]}
	if g.On != "" {
		body.Payload = &wireGestured{Message: string(g.On), Reaction: g.Emoji}
	}
	_, err := c.call(ctx, request{page: p, method: http.MethodPost, path: "messages", body: body})
	return err
}
