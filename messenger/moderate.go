package messenger

import (
	"context"
	"net/http"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
)

var _ bridge.Moderator = Sender{}

type wireModerate struct {
	Users   []wire.Party `json:"user_ids"`
	Actions []string     `json:"actions"`
}

// Block keeps a customer from writing to a page, or lets them write again (messenger.md
// 3.13). Meta may refuse that with success, which is then false (its guide to this edge says so).
func (c Sender) Block(ctx context.Context, p bridge.Page, customer bridge.CustomerID, on bool) error {
	action := "BLOCK_USER"
	if !on {
		action = "UNBLOCK_USER"
	}
	body, err := c.call(ctx, request{page: p, method: http.MethodPost, path: "moderate_conversations", setup: true,
		body: wireModerate{Users: []wire.Party{{ID: wire.ID(customer)}}, Actions: []string{action}}})
	return done(body, err)
}
