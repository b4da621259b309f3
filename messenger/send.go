package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"messenger-bridge/bridge"
)

var _ bridge.Sender = (*Client)(nil)

type wireSend struct {
	Recipient wireParty    `json:"recipient"`
	Type      string       `json:"messaging_type"`
	Message   wireSendText `json:"message"`
}

type wireSendText struct {
	Text     string `json:"text"`
	Metadata string `json:"metadata"`
}

// Cut turns a text into parts that Messenger takes.
func (c *Client) Cut(text string, limit int) []bridge.Part {
	if limit <= 0 || limit > bridge.DefaultTextLimit {
		limit = bridge.DefaultTextLimit
	}
	texts := splitText(text, limit)
	parts := make([]bridge.Part, len(texts))
	for i, t := range texts {
		parts[i].Text = t
	}
	return parts
}

// Send sends one part with its mark, once.
func (c *Client) Send(ctx context.Context, p bridge.Page, to bridge.CustomerID, part bridge.Part, mark bridge.Mark) (bridge.Mid, error) {
	if part.File != nil || part.Text == "" {
		return "", &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.Unsupported, Err: errors.New("only text is sent")}
	}
	body, err := c.call(ctx, request{
		page: p, method: http.MethodPost, path: "messages",
		body: wireSend{
			Recipient: wireParty{ID: id(to)},
			Type:      "RESPONSE",
			Message:   wireSendText{Text: part.Text, Metadata: encodeMark(mark)},
		},
	})
	if err != nil {
		return "", err
	}
	var reply struct {
		Mid text `json:"message_id"`
	}
	_ = json.Unmarshal(body, &reply) // what matters is whether the id is there
	if reply.Mid == "" {
		return "", &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaError,
			Err: errors.New("graph answered a send without a message id")}
	}
	return bridge.Mid(reply.Mid), nil
}

// PageName asks Meta for a page's name, and so whether its token works.
func (c *Client) PageName(ctx context.Context, p bridge.Page) (string, error) {
	body, err := c.call(ctx, request{page: p, method: http.MethodGet, query: map[string]string{"fields": "id,name"}})
	if err != nil {
		return "", err
	}
	var reply struct {
		ID   id   `json:"id"`
		Name text `json:"name"`
	}
	_ = json.Unmarshal(body, &reply)
	if reply.ID != id(p.ID) {
		return "", &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaError,
			Err: errors.New("graph answered about something else than the page")}
	}
	return string(reply.Name), nil
}
