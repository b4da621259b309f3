package rocketchat

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/pause"
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
		if err := c.closeRoom(ctx, r.ID, comment); err != nil {
			return err
		}
	}
	return nil
}

// closingAgain is how long after a closing that lost a race the next one is tried.
var closingAgain = pause.Backoff{First: 100 * time.Millisecond, Most: 800 * time.Millisecond}

// closingTries is how often that is done.
const closingTries = 5

// closeRoom closes a room. Who closes it at the same moment as somebody else may lose, and a
// moment later the room is closed, or can be.
func (c Archive) closeRoom(ctx context.Context, room, comment string) error {
	for tries := 0; ; tries++ {
		err := c.do(ctx, call{method: http.MethodPost, route: "/livechat/room.closeByUser",
			body: map[string]string{"rid": room, "comment": comment}})
		switch code := CodeOf(err); {
		case err == nil, code == "error-room-already-closed", code == "error-room-closed":
			return nil
		case lostRace(err) && tries < closingTries:
			if err := pause.For(ctx, closingAgain.After(tries)); err != nil {
				return err
			}
		case RefusedForGood(err):
			return fmt.Errorf("%w: %w", bridge.ErrRoomStays, final(err))
		default:
			return err
		}
	}
}

// lostRace reports whether a refusal may be that of the loser of a race: most of them have
// no code, and what has another code is refused for a reason of its own.
func lostRace(err error) bool {
	code := CodeOf(err)
	return statusOf(err) == http.StatusBadRequest && (code == "" || code == "error-room-cannot-be-closed-try-again")
}

// EraseVisitor implements bridge.Archive (rocketchat.md 4.2).
func (c Archive) EraseVisitor(ctx context.Context, visitor bridge.Secret) error {
	err := c.do(ctx, call{method: http.MethodDelete, route: "/livechat/visitor/{token}", params: map[string]string{"token": visitor.Reveal()}})
	switch {
	case err == nil || bridge.RefusalOf(err).Reason == bridge.VisitorUnknown:
		return nil
	case CodeOf(err) == "visitor-has-open-rooms": // somebody has opened one meanwhile
		return err
	}
	return final(err)
}
