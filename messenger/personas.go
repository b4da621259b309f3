package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
)

var _ bridge.Personas = Sender{}

// longestPersona is how long a persona's name may be, in characters.
const longestPersona = 50

// MakePersona makes a persona (messenger.md 3.9). Meta fetches the picture meanwhile.
func (c Sender) MakePersona(ctx context.Context, p bridge.Page, name, picture string) (string, error) {
	if long := []rune(name); len(long) > longestPersona {
		name = string(long[:longestPersona-1]) + "…"
	}
	body, err := c.call(ctx, request{page: p, method: http.MethodPost, path: "personas", setup: true,
		body: map[string]string{"name": name, "profile_picture_url": picture}})
	if err != nil {
		return "", err
	}
	var reply struct {
		ID wire.ID `json:"id"`
	}
	_ = json.Unmarshal(body, &reply) // what matters is whether the id is there
	if reply.ID == "" {
		return "", &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaError, Err: errors.New("graph made a persona without an id")}
	}
	return string(reply.ID), nil
}
