package rocketchat

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"messenger-bridge/bridge"
)

var _ bridge.Archive = Archive{}

// Written implements bridge.Archive.
func (c Archive) Written(ctx context.Context, visitor bridge.Secret, r bridge.RoomID) (ids []bridge.MessageID, err error) {
	const most = 100
	for offset := 0; ; offset += most {
		var answer struct {
			Messages []struct {
				ID bridge.MessageID `json:"_id"`
			} `json:"messages"`
		}
		err := c.do(ctx, call{method: http.MethodGet, route: "/livechat/messages.history/{rid}", answer: &answer,
			params: map[string]string{"rid": string(r)},
			query:  url.Values{"token": {visitor.Reveal()}, "limit": {strconv.Itoa(most)}, "offset": {strconv.Itoa(offset)}}})
		if err != nil {
			return nil, err
		}
		for _, m := range answer.Messages {
			ids = append(ids, m.ID)
		}
		if len(answer.Messages) < most {
			return ids, nil
		}
	}
}

// CloseRooms implements bridge.Archive. It needs close-others-livechat-room, which an
// omnichannel manager has; a workspace that demands tags refuses all the same.
func (c Archive) CloseRooms(ctx context.Context, visitor bridge.Secret, comment string) error {
	var answer struct {
		Rooms []struct {
			ID string `json:"_id"`
		} `json:"rooms"`
	}
	err := c.do(ctx, call{method: http.MethodGet, route: "/livechat/visitor/{token}/room", answer: &answer,
		params: map[string]string{"token": visitor.Reveal()}})
	if err != nil && bridge.RefusalOf(err).Reason != bridge.VisitorUnknown {
		return err
	}
	for _, r := range answer.Rooms {
		err := c.do(ctx, call{method: http.MethodPost, route: "/livechat/room.closeByUser",
			body: map[string]string{"rid": r.ID, "comment": comment}})
		switch code := codeOf(err); {
		case err == nil, code == "error-room-already-closed", code == "error-room-closed":
		case RefusedForGood(err):
			return fmt.Errorf("%w: %w", bridge.ErrRoomStays, final(err))
		default:
			return err
		}
	}
	return nil
}

// EraseVisitor implements bridge.Archive (rocketchat.md 4.2).
func (c Archive) EraseVisitor(ctx context.Context, visitor bridge.Secret) error {
	err := c.do(ctx, call{method: http.MethodDelete, route: "/livechat/visitor/{token}", params: map[string]string{"token": visitor.Reveal()}})
	switch {
	case err == nil || bridge.RefusalOf(err).Reason == bridge.VisitorUnknown:
		return nil
	case codeOf(err) == "visitor-has-open-rooms": // somebody has opened one meanwhile
		return err
	}
	return final(err)
}
