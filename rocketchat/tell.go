package rocketchat

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
	"messenger-bridge/rocketchat/ours"
)

// Notify implements bridge.Notifier: it shows a notice on the message concerned: a quote of it with a sentence, and
// a reaction. Where the room does not let the bot write, the author gets a direct
// message. Answers go where they are sent to, announcements into the setup channel.
// The ids are fixed, so a notice told again is not shown again.
func (c Notifier) Notify(ctx context.Context, n bridge.Notice) error {
	if n.Aside {
		return c.besides(ctx, n)
	}
	switch n.Kind {
	case bridge.Private:
		if err := c.react(ctx, n.Message, ours.Kept, true); err != nil {
			return err
		}
		return c.tellPrivately(ctx, n)
	case bridge.Note, bridge.HeldBack, bridge.Released:
		return c.react(ctx, n.Message, ours.Kept, n.Kind != bridge.Released)
	case bridge.LeftOverText, bridge.Convention:
		return c.quoteInRoom(ctx, n)
	case bridge.Corrected:
		return c.correct(ctx, n)
	case bridge.Revised:
		return c.revise(ctx, n)
	case bridge.WindowEndsSoon, bridge.WindowHasEnded, bridge.SurveySkipped:
		return c.tellRoom(ctx, n)
	case bridge.HasArrived, bridge.WasRead, bridge.AnsweredAside:
		return c.react(ctx, n.Message, ours.Marks[n.Kind], true)
	case bridge.Answer:
		return c.reply(ctx, n)
	case bridge.Announcement:
		return c.announce(ctx, n)
	}
	tell := c.quoteInRoom
	if n.Waited { // one notice about a message is enough: this one replaces that it waits
		tell = c.correct
	}
	if err := tell(ctx, n); err != nil {
		return err
	}
	return c.react(ctx, n.Message, ours.Marks[n.Kind], true)
}

func (c Notifier) quoteInRoom(ctx context.Context, n bridge.Notice) error {
	err := c.sendQuote(ctx, n.Room, ours.NoticeID(n.Key()), c.quote(n)+n.Sentence)
	if RefusedForGood(err) {
		return c.tellPrivately(ctx, n)
	}
	return err
}

// tellRoom tells whoever works in a room. One that refuses it is closed, and nobody needs to know any more.
func (c Notifier) tellRoom(ctx context.Context, n bridge.Notice) error {
	if err := c.sendQuote(ctx, n.Room, ours.NoticeID(n.Key()), n.Sentence); !Meant(err) {
		return err
	}
	return nil
}

// correct rewrites the notice that said a message waits, and takes its mark off.
func (c Notifier) correct(ctx context.Context, n bridge.Notice) error {
	if err := c.unmark(ctx, n, bridge.StillWaiting); err != nil {
		return err
	}
	waiting := n
	waiting.Kind = bridge.StillWaiting
	err := c.rewrite(ctx, n, waiting.Key())
	if RefusedForGood(err) { // there is nothing to correct: it was told by direct message
		return c.tellPrivately(ctx, n)
	}
	return err
}

// revise rewrites the notices that said a message was not delivered, and takes its mark off.
func (c Notifier) revise(ctx context.Context, n bridge.Notice) error {
	if err := c.unmark(ctx, n, bridge.NotDelivered); err != nil {
		return err
	}
	var refused error
	for _, key := range n.Earlier {
		if err := c.rewrite(ctx, n, key); RefusedForGood(err) {
			refused = err
		} else if err != nil {
			return err
		}
	}
	if refused != nil { // at least one was told by direct message
		return c.tellPrivately(ctx, n)
	}
	return nil
}

// unmark takes the mark of a kind off a message, unless another notice has it there, too.
func (c Notifier) unmark(ctx context.Context, n bridge.Notice, of bridge.NoticeKind) error {
	if n.Marked {
		return nil
	}
	return c.react(ctx, n.Message, ours.Marks[of], false)
}

// rewrite replaces what a notice said that was told under a key.
func (c Notifier) rewrite(ctx context.Context, n bridge.Notice, key bridge.NoticeKey) error {
	var err error
	for _, id := range ours.IDs(ours.NoticeID(key), c.cfg.Sign) {
		body := map[string]any{"roomId": string(n.Room), "msgId": string(id), "text": c.quote(n) + n.Sentence}
		previewOnlyQuote(body, c.quote(n)+n.Sentence)
		if err = c.do(ctx, call{of: string(n.Room), method: http.MethodPost, route: "/chat.update", body: body}); !RefusedForGood(err) {
			break
		}
	}
	return err
}

// tellPrivately tells the author, if there is one who reads what they are told.
func (c Notifier) tellPrivately(ctx context.Context, n bridge.Notice) error {
	if n.To.Username == "" {
		return nil
	}
	room, err := c.directRoom(ctx, n.To)
	if err == nil {
		err = c.sendQuote(ctx, room, ours.NoticeID(n.Key()), c.quote(n)+n.Sentence)
	}
	return final(err)
}

// besides tells by direct message what a room refuses.
func (c Notifier) besides(ctx context.Context, n bridge.Notice) error {
	if n.Kind == bridge.Answer {
		n.Room = ""
		return c.reply(ctx, n)
	}
	return c.tellPrivately(ctx, n)
}

// directRoom returns the room of the bot and a user, and opens it if need be.
func (c Speaker) directRoom(ctx context.Context, user bridge.Author) (bridge.RoomID, error) {
	var answer struct {
		Room struct {
			ID bridge.RoomID `json:"_id"`
		} `json:"room"`
	}
	create := call{of: user.Username, method: http.MethodPost, route: "/im.create", body: map[string]string{"username": user.Username}, answer: &answer}
	err := c.do(ctx, create)
	if err == nil && answer.Room.ID == "" {
		err = unexpected(create, nil)
	}
	return answer.Room.ID, err
}

// final is for what another attempt will not change. What is not meant the queue tries again, and gives up in time.
func final(err error) error {
	if Meant(err) {
		return &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WorkspaceError, Err: err}
	}
	return err
}

// sendQuote posts a text that quotes a message, under a fixed id.
func (c Speaker) sendQuote(ctx context.Context, r bridge.RoomID, id bridge.MessageID, text string) error {
	message := map[string]any{"rid": string(r), "msg": text}
	body := map[string]any{"message": message}
	previewOnlyQuote(body, text)
	return c.sendBody(ctx, r, id, message, body)
}

// previewOnlyQuote has Rocket.Chat fetch none of the addresses in a text but that of the
// message it quotes.
func previewOnlyQuote(body map[string]any, text string) {
	if !strings.Contains(text, "://") {
		return
	}
	only := []string{}
	if link := markup.LeadingQuote.FindString(text); link != "" {
		only = append(only, strings.TrimSuffix(strings.TrimPrefix(link, "[ ]("), ") "))
	}
	body["previewUrls"] = only
}

// react sets or removes a reaction. One that the room refuses is no loss: the
// sentence was told.
func (c Speaker) react(ctx context.Context, id bridge.MessageID, emoji string, on bool) error {
	if emoji == "" {
		return nil
	}
	if err := c.setReaction(ctx, id, emoji, on); !Meant(err) {
		return err
	}
	return nil
}

// setReaction sets or removes a reaction of the bot.
func (c Speaker) setReaction(ctx context.Context, id bridge.MessageID, emoji string, on bool) error {
	return c.do(ctx, call{of: string(id), method: http.MethodPost, route: "/chat.react",
		body: map[string]any{"emoji": emoji, "messageId": string(id), "shouldReact": on}})
}

// Meant reports a refusal for good that names its reason. Without one, it may be of a failing database (decision 120).
func Meant(err error) bool { return RefusedForGood(err) && CodeOf(err) != "" }

// RefusedForGood reports a refusal that another attempt will hardly change, or that is not worth one.
func RefusedForGood(err error) bool {
	status := statusOf(err)
	return status == http.StatusBadRequest || status == http.StatusForbidden || status == http.StatusNotFound
}

// quote is the link that Rocket.Chat turns into a quote of the message, if it has an id.
func (c Notifier) quote(n bridge.Notice) string {
	if strings.HasPrefix(string(n.Message), bridge.StandInPrefix) {
		return ""
	}
	return c.quoteOf(n.Room, n.Message)
}

func (c Speaker) quoteOf(r bridge.RoomID, id bridge.MessageID) string {
	return "[ ](" + c.RoomLink(r) + "?msg=" + url.QueryEscape(string(id)) + ") "
}

// quoting is the text of a message, behind a quote of what it answers.
func (c Speaker) quoting(r bridge.RoomID, p bridge.Post) string {
	text := markup.Message(p.Text, bridge.CiteMark)
	if p.Quote == "" {
		return text
	}
	return markup.BehindQuote(c.quoteOf(r, p.Quote), text)
}

// RoomLink returns where a browser or phone opens an Omnichannel room. Rocket.Chat
// shows nothing of the room where it is posted.
func (c Speaker) RoomLink(r bridge.RoomID) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.site + "/live/" + url.PathEscape(string(r))
}
