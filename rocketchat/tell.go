package rocketchat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
)

// keptMark is on what the customer does not get.
const keptMark = ":lock:"

// statusReactions are the reactions by which an agent sees from afar that something is the
// matter with a message.
var statusReactions = map[bridge.NoticeKind]string{
	bridge.NotDelivered: ":warning:",
	bridge.FileLeft:     ":warning:",
	bridge.PartLeft:     ":warning:",
	bridge.StillWaiting: ":hourglass:",
	bridge.HasArrived:   ":heavy_check_mark:",
	bridge.WasRead:      ":eye:",
	bridge.Private:      keptMark,
	bridge.Note:         keptMark,
	bridge.HeldBack:     keptMark,
	bridge.Released:     keptMark,

	bridge.AnsweredAside: ":envelope:",
}

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
		if err := c.react(ctx, n.Message, keptMark, true); err != nil {
			return err
		}
		return c.tellPrivately(ctx, n)
	case bridge.Note, bridge.HeldBack, bridge.Released:
		return c.react(ctx, n.Message, keptMark, n.Kind != bridge.Released)
	case bridge.LeftOverText, bridge.Convention:
		return c.quoteInRoom(ctx, n)
	case bridge.Corrected:
		return c.correct(ctx, n)
	case bridge.Revised:
		return c.revise(ctx, n)
	case bridge.WindowEndsSoon, bridge.WindowHasEnded, bridge.SurveySkipped:
		return c.tellRoom(ctx, n)
	case bridge.HasArrived, bridge.WasRead, bridge.AnsweredAside:
		return c.react(ctx, n.Message, statusReactions[n.Kind], true)
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
	return c.react(ctx, n.Message, statusReactions[n.Kind], true)
}

func (c Notifier) quoteInRoom(ctx context.Context, n bridge.Notice) error {
	err := c.sendQuote(ctx, n.Room, noticeID(n.Key()), c.quote(n)+n.Sentence)
	if RefusedForGood(err) {
		return c.tellPrivately(ctx, n)
	}
	return err
}

// tellRoom tells whoever works in a room. One that refuses it is closed, and nobody
// needs to know any more.
func (c Notifier) tellRoom(ctx context.Context, n bridge.Notice) error {
	err := c.sendQuote(ctx, n.Room, noticeID(n.Key()), n.Sentence)
	if RefusedForGood(err) {
		return nil
	}
	return err
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

// revise rewrites the notices that said a message was not delivered, and takes its
// mark off.
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
	return c.react(ctx, n.Message, statusReactions[of], false)
}

// rewrite replaces what a notice said that was told under a key.
func (c Notifier) rewrite(ctx context.Context, n bridge.Notice, key bridge.NoticeKey) error {
	body := map[string]any{"roomId": string(n.Room), "msgId": string(noticeID(key)), "text": c.quote(n) + n.Sentence}
	previewOnlyQuote(body, c.quote(n)+n.Sentence)
	return c.do(ctx, call{of: string(n.Room), method: http.MethodPost, route: "/chat.update", body: body})
}

// tellPrivately tells the author, if there is one who reads what they are told.
func (c Notifier) tellPrivately(ctx context.Context, n bridge.Notice) error {
	if n.To.Username == "" {
		return nil
	}
	room, err := c.directRoom(ctx, n.To)
	if err == nil {
		err = c.sendQuote(ctx, room, noticeID(n.Key()), c.quote(n)+n.Sentence)
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

// final is for what another attempt will not change.
func final(err error) error {
	if RefusedForGood(err) {
		return &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WorkspaceError, Err: err}
	}
	return err
}

// sendQuote posts a text that quotes a message, under a fixed id.
func (c Speaker) sendQuote(ctx context.Context, r bridge.RoomID, id bridge.MessageID, text string) error {
	body := map[string]any{"message": map[string]string{"_id": string(id), "rid": string(r), "msg": text}}
	previewOnlyQuote(body, text)
	return c.sendBody(ctx, r, id, body)
}

// previewOnlyQuote has Rocket.Chat fetch none of the addresses in a text but that of the
// message it quotes.
func previewOnlyQuote(body map[string]any, text string) {
	if !strings.Contains(text, "://") {
		return
	}
	only := []string{}
	if link := leadingQuote.FindString(text); link != "" {
		only = append(only, strings.TrimSuffix(strings.TrimPrefix(link, "[ ]("), ") "))
	}
	body["previewUrls"] = only
}

// sendBody makes a message of the bot. A repeated id is refused with a text
// that is no code, and what is refused now may be there since a try whose
// answer was lost, so a refusal is checked.
func (c Speaker) sendBody(ctx context.Context, r bridge.RoomID, id bridge.MessageID, body map[string]any) error {
	send := call{of: string(r), method: http.MethodPost, route: "/chat.sendMessage", body: body, began: c.cfg.Now()}
	err := c.do(ctx, send)
	switch statusOf(err) {
	case http.StatusUnauthorized, http.StatusTooManyRequests: // it says nothing of the message
		return err
	case 0:
		if err == nil || bridge.RefusalOf(err).Answer == nil { // it is there, or nothing was written at all
			return err
		}
	}
	there := c.do(ctx, call{method: http.MethodGet, route: "/chat.getMessage", query: url.Values{"msgId": {string(id)}}})
	if there == nil {
		passed(c.Client, send)
		return nil
	}
	return err
}

// react sets or removes a reaction. One that the room refuses is no loss: the
// sentence was told.
func (c Speaker) react(ctx context.Context, id bridge.MessageID, emoji string, on bool) error {
	if emoji == "" {
		return nil
	}
	_, err := c.setReaction(ctx, id, emoji, on)
	return err
}

// setReaction sets or removes a reaction of the bot; false says that it is refused.
func (c Speaker) setReaction(ctx context.Context, id bridge.MessageID, emoji string, on bool) (bool, error) {
	return permitted(c.do(ctx, call{of: string(id), method: http.MethodPost, route: "/chat.react",
		body: map[string]any{"emoji": emoji, "messageId": string(id), "shouldReact": on}}))
}

// RefusedForGood reports a refusal that another attempt will not change.
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
	return behindQuote(c.quoteOf(r, p.Quote), text)
}

// behindQuote puts a text behind the link of a quote, "" if there is none. A quotation begins
// a line.
func behindQuote(link, text string) string {
	if link != "" && strings.HasPrefix(text, ">") {
		return link + "\n" + text
	}
	return link + text
}

// RoomLink returns where a browser or phone opens an Omnichannel room. Rocket.Chat
// shows nothing of the room where it is posted.
func (c Speaker) RoomLink(r bridge.RoomID) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.site + "/live/" + url.PathEscape(string(r))
}

func noticeID(key bridge.NoticeKey) bridge.MessageID {
	sum := sha256.Sum256([]byte(key))
	return bridge.MessageID("fbn" + hex.EncodeToString(sum[:12]))
}
