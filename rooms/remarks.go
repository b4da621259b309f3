package rooms

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/recent"
	"messenger-bridge/textcut"
)

// What is not said by the customer opens no room: it stands in the latest one there
// is, open or closed, said by the bot.

// remarks are what the bot says, and what becomes of messages that are shown.
type remarks struct {
	*Config
	*wording
	insistence
	told *recent.Map[bridge.MessageID, struct{}] // what was said once in a room
}

func newRemarks(c *Config, w *wording) *remarks {
	return &remarks{Config: c, wording: w, insistence: insistence{c}, told: recent.New[bridge.MessageID, struct{}](maxTold, 0)}
}

// note says something in the latest room. A customer without one was never shown, so
// there is nothing to add to.
func (r *remarks) note(ctx context.Context, link *stay, id, quote bridge.MessageID, text string) error {
	if link.Room == "" {
		r.Log.Info("not shown, for there is no room", "page", link.Conversation.Page, "message", id)
		return nil
	}
	return botsWords{r}.say(ctx, link, link.Room, bridge.Post{ID: id, Text: text, Quote: quote})
}

// botsWords are what the bot says.
type botsWords struct{ *remarks }

// say says something as the bot in a room: in parts, if it is too long; and if the
// workspace keeps refusing it, its plain words, or only that there was something. Where that
// is refused, too, whoever serves the room is told; if that is not possible, it is given up.
func (r botsWords) say(ctx context.Context, link *stay, room bridge.RoomID, p bridge.Post) error {
	quote := p.Quote // by the first part
	_, err := link.inFull(p, "", func(one bridge.Post) error {
		one.Quote = quote
		err := r.Changes.Note(ctx, room, one)
		if err == nil {
			quote = ""
		}
		return err
	})
	a := r.tooMuch(link.refusals, err)
	if a == nil {
		return err
	}
	line := r.Say.Say("Something that belongs here is not shown, because Rocket.Chat does not take it (%s). It may be seen in the Page inbox of Facebook: %s", why(r.Say, a), inboxOf(link.Conversation.Page))
	for _, text := range []string{plainWords(p.Text), line} {
		if text == "" || text == p.Text {
			continue
		}
		if other := r.Changes.Note(ctx, room, bridge.Post{ID: replacement(p.ID), Text: text}); other == nil {
			link.left = a
			return nil
		}
	}
	told, failed := r.tellServing(ctx, link, room, bridge.Post{ID: p.ID, Text: p.Text})
	switch {
	case failed != nil:
		return failed
	case told:
		link.left = a
		return nil
	case a.Everybody():
		return err
	}
	return &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WorkspaceError, Answer: a, Err: err}
}

// standby says, once in each room, that the customer's messages are another app's to
// answer.
func (r *remarks) standby(ctx context.Context, link *stay, in bridge.Incoming) error {
	if !in.Standby {
		return nil
	}
	return r.once(ctx, link, "standby", func() string {
		return r.Say.Say("Another app, or Facebook's own assistant, is handling this conversation. Your messages may be refused until you take it over in the Page inbox of Facebook: %s", r.inbox(ctx, in))
	})
}

// once says something once in each room; what names it.
func (r *remarks) once(ctx context.Context, link *stay, what string, text func() string) error {
	id := bridge.Incoming{Conversation: link.Conversation, Key: what + "/" + string(link.Room)}.MessageID()
	if _, said := r.told.Get(id); said {
		return nil
	}
	if err := r.note(ctx, link, id, "", text()); err != nil {
		return err
	}
	r.told.Set(id, struct{}{})
	return nil
}

// named says, once in each room, that something of a kind happened of which nothing is known
// but what it is called.
func (r *remarks) named(ctx context.Context, link *stay, in bridge.Incoming) error {
	kind := cmp.Or(in.Detail, bridge.UnheardOf)
	return r.once(ctx, link, "kind/"+kind, func() string {
		return r.Say.Say("Something happened in this conversation that cannot be shown here (%s). It may be seen in the Page inbox of Facebook: %s", bridge.OneLine(kind), r.inbox(ctx, in))
	})
}

// maxTold bounds what is remembered; forgotten, it is said again under the same id.
const maxTold = 10_000

// quotable returns the message that an event answers, "" if there is none here.
func (r *remarks) quotable(in bridge.Incoming) bridge.MessageID {
	if in.ReplyTo == "" {
		return ""
	}
	return r.messageOf(in.Conversation.Page, in.ReplyTo)
}

// reaction puts the customer's reaction on the message, or says so.
func (r *remarks) reaction(ctx context.Context, link *stay, in bridge.Incoming) error {
	if in.Reaction == nil { // nobody said which
		in.Reaction = &bridge.Reaction{}
	}
	id, emoji := r.messageOf(in.Conversation.Page, in.Mid), reactionEmoji(in.Reaction)
	if id != "" && (emoji != "" || in.Reaction.Removed) {
		done, err := r.Changes.React(ctx, id, emoji)
		if done, err := r.undone(link, done, err); done || err != nil {
			return err
		}
	}
	if emoji == "" {
		emoji = in.Reaction.Name
	}
	text := r.Say.Say("The customer reacted with %s to a message.", bridge.OneLine(emoji))
	switch {
	case in.Reaction.Removed:
		text = r.Say.Say("The customer took back a reaction to a message.")
	case emoji == "":
		text = r.Say.Say("The customer reacted to a message.")
	}
	return r.note(ctx, link, in.MessageID(), id, text)
}

// reactions are Messenger's own, for events that do not show the character.
var reactions = map[string]string{
	"smile": "😆", "angry": "😠", "sad": "😢", "wow": "😮", "love": "❤️", "like": "👍", "dislike": "👎",
}

func reactionEmoji(e *bridge.Reaction) string {
	switch {
	case e.Removed:
		return ""
	case e.Emoji != "":
		return e.Emoji
	}
	return reactions[e.Name]
}

// edit changes the message that is shown, or shows the correction below: Meta tells the text
// alone, so what stands behind it would be lost.
func (r *remarks) edit(ctx context.Context, link *stay, in bridge.Incoming) error {
	if textcut.Blank(in.Text) {
		return r.wordless(ctx, link, in)
	}
	if in.Comment != nil && in.FromPage {
		return r.note(ctx, link, in.MessageID(), r.messageOf(in.Conversation.Page, in.Mid), r.Say.Say("This answer was changed at Facebook:")+"\n"+bridge.Cite(in.Text))
	}
	text := strings.Join(append([]string{bridge.Spoken(in.Text)}, phrases{r.wording}.behind(ctx, in, true)...), "\n")
	if in.Comment != nil && in.Comment.Advice != bridge.NoAdvice { // it may advise otherwise now
		text = cited(r.commentOn(ctx, in)) + "\n" + text
	}
	room, shown := r.Known.ShownAs(in.Conversation.Page, in.Mid)
	if len(shown) == 1 && !isReplacement(shown[0]) {
		done, err := r.Changes.Edit(ctx, link.Visitor, room, shown[0], text)
		if done, err := r.undone(link, done, err); done || err != nil {
			return err
		}
	}
	if !link.before.Correction() {
		return nil
	}
	quote := bridge.MessageID("")
	if len(shown) > 0 {
		quote = shown[0]
	}
	return r.note(ctx, link, in.MessageID(), quote, r.Say.Say("The customer corrected a message:")+"\n"+bridge.Cite(text))
}

// wordless says that a message was changed to something that has no words, or of which
// Meta does not tell them. What was said stays: it is all that agents have.
func (r *remarks) wordless(ctx context.Context, link *stay, in bridge.Incoming) error {
	quote := r.messageOf(in.Conversation.Page, in.Mid)
	text := ""
	switch {
	case in.Comment != nil && in.FromPage:
		text = r.Say.Say("This answer was changed at Facebook to something that cannot be shown here. It can be seen there: %s", r.inbox(ctx, in))
	case in.Comment != nil:
		text = r.Say.Say("This comment was changed at Facebook to something that cannot be shown here. It can be seen there: %s", r.inbox(ctx, in))
	case quote == "":
		text = r.Say.Say("The customer changed a message to something that cannot be shown here. It can be seen in the Page inbox of Facebook: %s", r.inbox(ctx, in))
	default:
		text = r.Say.Say("The customer changed this message to something that cannot be shown here. It can be seen in the Page inbox of Facebook: %s", r.inbox(ctx, in))
	}
	return r.note(ctx, link, in.MessageID(), quote, text)
}

// deletion takes away what shows a message, and says that there was something.
func (r *remarks) deletion(ctx context.Context, link *stay, in bridge.Incoming) error {
	if in.Comment != nil {
		return r.removal(ctx, link, in)
	}
	if in.FromPage {
		return r.note(ctx, link, in.MessageID(), r.messageOf(in.Conversation.Page, in.Mid), r.Say.Say("This message was deleted at Facebook; the customer no longer sees it."))
	}
	all, quote, err := r.takeAway(ctx, link, in, r.Say.Say("The customer has deleted this message."))
	said := false
	if err == nil && !all && quote == "" {
		said, all, err = deletions{r}.unknown(ctx, link, in)
	}
	if err != nil || said {
		return err
	}
	if all {
		return r.note(ctx, link, in.MessageID(), "", r.Say.Say("The customer has deleted a message."))
	}
	return r.note(ctx, link, in.MessageID(), quote, r.Say.Say("The customer has deleted a message, but it could not be removed here. Please do not use what it said."))
}

// takeAway takes away what shows a message, or puts a sentence in its place. It
// returns whether that is all gone, and if not, what is left.
func (r *remarks) takeAway(ctx context.Context, link *stay, in bridge.Incoming, instead string) (all bool, left bridge.MessageID, err error) {
	room, shown := r.Known.ShownAs(in.Conversation.Page, in.Mid)
	all = len(shown) > 0
	for i, id := range shown {
		if slices.Contains(shown[:i], id) {
			continue
		}
		done, err := r.Changes.Delete(ctx, link.Visitor, room, id)
		done, err = r.undone(link, done, err)
		if err == nil && !done {
			done, err = r.Changes.Edit(ctx, link.Visitor, room, id, cited(instead))
			done, err = r.undone(link, done, err)
		}
		if err != nil {
			return false, "", err
		}
		if !done {
			all, left = false, id
		}
	}
	return all, left, nil
}

// messageOf returns the message of a room that is, or shows, a Messenger message; ""
// if there is none.
func (r *remarks) messageOf(page bridge.PageID, mid bridge.Mid) bridge.MessageID {
	if mark, ours := r.Known.TagOf(page, mid); ours {
		return mark.Message
	}
	if _, shown := r.Known.ShownAs(page, mid); len(shown) > 0 {
		return shown[0]
	}
	return ""
}
