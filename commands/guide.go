package commands

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// Board is where agents read what everybody should know; Rocket.Chat's channels are.
type Board interface {
	// PostInChannel posts a text into the channel of a name, once for each id. bridge.ErrNoChannel: there is
	// none into which the bot may write.
	PostInChannel(ctx context.Context, channel string, id bridge.MessageID, text string) error
}

// guideCommand posts into a channel what agents need to know; docs/agents.md is the long form.
type guideCommand struct {
	board Board
	say   *language.Speaker
}

// guide is what agents need to know, line by line.
var guide = []string{
	language.Sentence("*Facebook messages in short, for everybody who answers customers*"),
	language.Sentence("• Each customer has a chat here. What you write in it, files included, the customer reads in Messenger. Bold and other marks become plain text."),
	language.Sentence("• ⌛ on your message: it waits and goes out by itself. ⚠️: the customer did not get it, or not all of it; the answer below says why. ✔️: it arrived. 👁️: it was read (both only where a manager has switched that on). 🔒: the customer does not get it."),
	language.Sentence("• Facebook lets us answer for 24 hours after the customer last wrote. An hour before it ends, the chat says what is possible then."),
	language.Sentence("• `!note he is angry` is a note among colleagues. So is a message that begins with a colleague's name (`@ben can you look?`), unless the chat says otherwise."),
	language.Sentence("• Answers in threads reach the customer, unless the chat says otherwise."),
	language.Sentence("• Choices to tap: ask a question, and write below it `[Yes] [No]`."),
	language.Sentence("• If you edit a message, the customer gets a correction. If you delete it, the customer still sees it, unless it was still waiting."),
	language.Sentence("• Comments on Facebook have chats of their own: everybody can read your answer there. `!private` in front of it sends it to that person alone."),
	language.Sentence("• What you write goes to Facebook and stays there, and others with access can read it."),
}

func (g guideCommand) announce(ctx context.Context, in call) (bridge.Reply, error) {
	channel := strings.TrimPrefix(first(strings.Fields(in.rest)), "#")
	if channel == "" {
		return answer(g.say.Say("Into which channel? `/facebook announce #support` posts there what agents need to know about Facebook messages.")), nil
	}
	var lines []string
	for _, sentence := range guide {
		lines = append(lines, g.say.Say(sentence))
	}
	err := g.board.PostInChannel(ctx, channel, guideID(in.ID), strings.Join(lines, "\n"))
	switch {
	case errors.Is(err, bridge.ErrNoChannel):
		return answer(g.say.Say("There is no channel `#%s` into which I may write. If it is private, invite me; if it is read-only, let me write there. Then type the same again.", quoted(channel))), nil
	case err != nil:
		return bridge.Reply{}, err
	}
	return answer(g.say.Say("What agents need to know stands in `#%s` now. You can pin it there.", quoted(channel))), nil
}

// guideID is the id of what a command posts: carried out again, it posts nothing more.
func guideID(command bridge.MessageID) bridge.MessageID {
	sum := sha256.Sum256([]byte("guide/" + command))
	return bridge.MessageID("fbg" + hex.EncodeToString(sum[:12]))
}
