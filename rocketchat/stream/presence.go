package stream

import (
	"context"
	"encoding/json"
	"slices"

	"messenger-bridge/rocketchat/ddp"
)

// followPresence has the stream tell who comes. What is refused is left alone: rooms are
// asked for now and then as well.
func (s *Stream) followPresence(ctx context.Context, conn *ddp.Conn) {
	if err := within(ctx, s.cfg.Answer, conn.FollowPresence); err != nil && ctx.Err() == nil {
		s.cfg.Log.Debug("cannot follow who comes and goes", "err", err)
	}
}

// arrives reports whether an event of presence says that somebody who may be an agent is
// there: [id, username, status, text, name, roles], of which old servers leave out the end,
// with 0 for somebody who has gone. Whether the service of an agent is on it does not tell.
func arrives(event json.RawMessage) bool {
	const status, roles = 2, 5
	var fields []json.RawMessage
	var is int
	if json.Unmarshal(event, &fields) != nil || len(fields) <= status || json.Unmarshal(fields[status], &is) != nil || is == 0 {
		return false
	}
	var has []string
	if len(fields) <= roles || json.Unmarshal(fields[roles], &has) != nil || len(has) == 0 {
		return true // nobody knows
	}
	return slices.Contains(has, "livechat-agent")
}
