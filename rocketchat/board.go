package rocketchat

import (
	"context"
	"net/url"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/wire"
)

// PostInChannel posts a text into the public or private channel of a name, once for each id.
// It is not for customers' rooms. bridge.ErrNoChannel: there is none into which the bot may write.
func (c Setup) PostInChannel(ctx context.Context, channel string, id bridge.MessageID, text string) error {
	room, err := c.groupOf(ctx, url.Values{"roomName": {channel}})
	switch {
	case RefusedForGood(err):
		return bridge.ErrNoChannel
	case err != nil:
		return err
	case room.Kind != wire.PrivateGroup && room.Kind != wire.PublicChannel, room.Archived:
		return bridge.ErrNoChannel
	}
	err = Speaker(c).send(ctx, room.ID, id, text)
	if RefusedForGood(err) {
		return bridge.ErrNoChannel
	}
	return err
}
