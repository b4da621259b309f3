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
// 3.13). What Meta answers beside success is not published, so it is not looked at.
func (c Sender) Block(ctx context.Context, p bridge.Page, customer bridge.CustomerID, on bool) error {
	action := "BLOCK_USER"
	if !on {
		action = "UNBLOCK_USER"
	}
	_, err := c.call(ctx, request{page: p, method: http.MethodPost, path: "moderate_conversations", setup: true,
		body: wireModerate{Users: []wire.Party{{ID: wire.ID(customer)}}, Actions: []string{action}}})
	return err
}
