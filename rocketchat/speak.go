package rocketchat

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/ours"
	"messenger-bridge/rocketchat/wire"
	"messenger-bridge/textcut"
)

// reply answers a command in the room of the notice, or by direct message if it
// has none or the room does not let the bot write.
func (c Notifier) reply(ctx context.Context, n bridge.Notice) error {
	id := ours.NoticeID(n.Key())
	if n.Room != "" {
		if err := c.send(ctx, n.Room, id, n.Text, n.Shortcuts...); !RefusedForGood(err) {
			return err
		}
	}
	room, err := c.directRoom(ctx, n.To)
	if err == nil {
		err = c.send(ctx, room, id, n.Text, n.Shortcuts...)
	}
	return final(err)
}

// announce tells the setup channel something. While there is none, it waits.
func (c Notifier) announce(ctx context.Context, n bridge.Notice) error {
	room := c.SetupRoom()
	if room == "" {
		return noSetup(errors.New("there is no setup channel"))
	}
	err := c.send(ctx, room, ours.NoticeID(n.Key()), n.Text)
	switch {
	case CodeOf(err) == "error-message-size-exceeded", CodeOf(err) == "error-invalid-message":
		return final(err) // it would hold up all others
	case RefusedForGood(err):
		return noSetup(err)
	}
	return err
}

// noSetup is for what waits until a person has put the setup channel in order.
func noSetup(err error) error {
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, After: time.Minute, Err: err}
}

// ShowStep shows a text in the setup channel, and replaces what was shown there
// under this id before. Showing the same again changes nothing. Calls for one id
// must not overlap. Without a setup channel it is refused with Again.
func (c Speaker) ShowStep(ctx context.Context, id, text string) error {
	room := c.SetupRoom()
	if room == "" {
		return noSetup(errors.New("there is no setup channel"))
	}
	text = c.fitting(text)
	first := ours.NoticeID(bridge.NoticeKey("step/" + string(room) + "/" + id)) // a new channel gets a new message
	for _, message := range ours.IDs(first, c.cfg.Sign) {
		found, whose, err := byID(c).lookUp(ctx, message)
		switch {
		case err != nil:
			return err
		case whose == ours.Others:
			continue
		case whose == ours.Nobodys:
			return final(c.send(ctx, room, first, text))
		case found.System != "" || strings.TrimSpace(found.Text) == strings.TrimSpace(text):
			return nil // shown already; or deleted by somebody who does not want to see it
		}
		body := map[string]any{"roomId": string(room), "msgId": string(message), "text": text}
		withoutPreviews(body, text)
		return final(c.do(ctx, call{method: http.MethodPost, route: "/chat.update", body: body}))
	}
	return final(errIDTaken)
}

// send posts a text of the bot under a fixed id, without previews: whoever makes
// one follows the link.
func (c Speaker) send(ctx context.Context, r bridge.RoomID, id bridge.MessageID, text string, buttons ...bridge.Shortcut) error {
	text = c.fitting(text)
	message := map[string]any{"rid": string(r), "msg": text}
	if len(buttons) > 0 {
		message["attachments"] = []any{wire.Buttons(buttons)}
	}
	body := map[string]any{"message": message}
	withoutPreviews(body, text)
	return c.sendBody(ctx, r, id, message, body)
}

func withoutPreviews(body map[string]any, text string) {
	if strings.Contains(text, "://") {
		body["previewUrls"] = []string{}
	}
}

const maxText = 5000 // Message_MaxAllowedSize, unless it is set to less

// fitting cuts a text that Rocket.Chat would refuse as too long, at the end of a
// line if there is one near. It counts as JavaScript does, which is never too little.
func (c Speaker) fitting(text string) string {
	if textcut.Units(text) <= maxText {
		return text
	}
	note := "\n_" + c.cfg.Say.Say("(The rest does not fit into one message.)") + "_"
	begin := textcut.Prefix(text, maxText-textcut.Units(note))
	if line := strings.LastIndexByte(begin, '\n'); line > 0 && len(begin)-line < 1000 {
		begin = begin[:line]
	}
	return begin + note
}
