package rooms

import (
	"context"
	"fmt"
	"strings"

	"messenger-bridge/bridge"
)

// survey stores what a customer says of a conversation that is over, and says it in its
// room. What Rocket.Chat does not store is said all the same.
func (r *Rooms) survey(ctx context.Context, link *stay, in bridge.Incoming) (bridge.Shown, error) {
	answer := in.Survey
	if answer.Begins {
		return bridge.Shown{}, nil
	}
	visitor := link.Visitor
	if visitor == "" { // it became unknown since
		visitor = r.Links.VisitorToken(in.Conversation)
	}
	stored, err := r.Livechat.Answer(ctx, visitor, *answer)
	stored, err = r.undone(link, stored, err)
	if err != nil && reasonOf(err) != bridge.VisitorUnknown {
		return bridge.Shown{}, err
	}
	text := r.Say.Say("The customer wrote about this conversation: %s", answer.Comment)
	if answer.Rating > 0 {
		stars := strings.Repeat("★", answer.Rating) + strings.Repeat("☆", 5-answer.Rating)
		text = r.Say.Say("The customer rated this conversation: %s", fmt.Sprintf("%s (%d/5)", stars, answer.Rating))
	}
	if !stored {
		text += "\n" + r.Say.Say("Rocket.Chat did not take it for its reports.")
	}
	id := in.MessageID()
	err = botsWords{r.remarks}.say(ctx, link, answer.Room, bridge.Post{ID: id, Text: text})
	return bridge.Shown{Receipt: bridge.Receipt{Page: in.Conversation.Page, Mid: in.Mid, Room: answer.Room, Shown: []bridge.MessageID{id}}}, err
}
