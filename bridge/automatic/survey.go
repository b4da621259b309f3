package automatic

import (
	"context"
	"strconv"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/notices"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/language"
)

// A survey asks a customer, once, how a conversation was that is over: five quick
// replies, then thanks with one more to write a comment. What is tapped says in its
// payload which room it is about, so an answer is known as one whatever happened
// meanwhile; only for the comment something is remembered. Answers open no room.

const (
	surveyPayload = "messenger-bridge/survey/" // then the room, and the rating or surveyComment
	surveyComment = "comment"
	bestRating    = 5
	// commentWithin is how long after the tap a message is taken as the comment.
	commentWithin = time.Hour
)

// Survey asks, and understands the answers.
type Survey struct {
	Outbound *outbound.Outbound
	Notices  *notices.Notices
	States   bridge.States
	Rooms    bridge.Rooms
	Now      func() time.Time
	Say      *language.Speaker
}

// Ask sends the question after a room was closed, or says in the room why not.
func (v *Survey) Ask(ctx context.Context, page bridge.Page, c bridge.Conversation, closing bridge.Closing) error {
	if !page.Settings.Survey || page.State == bridge.PageOff || c.Kind != bridge.Messages {
		return nil
	}
	question := outbound.Automatic{Conversation: c, Key: "survey/" + string(closing.Room), Survey: closing.Room, Closed: closing,
		Text: v.Say.Say("How satisfied are you with this conversation? 1 is not at all, 5 is very much.")}
	for n := 1; n <= bestRating; n++ {
		question.Quick = append(question.Quick, surveyReply(closing.Room, strconv.Itoa(n), strconv.Itoa(n)))
	}
	if v.Outbound.Stored(question) {
		return nil // whatever was true later is no reason
	}
	switch window := v.States.State(c).Window; {
	case window.Heard.After(closing.At):
		return v.Notices.SurveySkipped(ctx, c, closing.Room, bridge.WroteAgain)
	case !window.Open(v.Now(), bridge.PlainWindow):
		return v.Notices.SurveySkipped(ctx, c, closing.Room, bridge.WindowClosed)
	}
	return v.Outbound.SendAutomatic(ctx, question)
}

// surveyReply is a quick reply by which a customer says something of a conversation.
func surveyReply(room bridge.RoomID, title, answer string) bridge.Button {
	return bridge.Button{Title: title, Payload: surveyPayload + string(room) + "/" + answer}
}

// Answer returns what an event says of a conversation that is over; nil if it is
// an ordinary one.
func (v *Survey) Answer(in *bridge.Incoming) (*bridge.SurveyAnswer, error) {
	if in.Kind != bridge.TextEvent || in.Conversation.Kind != bridge.Messages {
		return nil, nil
	}
	if in.Tap == nil {
		return v.comment(in), nil
	}
	a := tapped(in.Tap)
	if a == nil {
		return nil, nil
	}
	of, known, err := v.Rooms.Conversation(a.Room)
	if err != nil || !known || of != in.Conversation {
		return nil, err
	}
	return a, nil
}

// tapped reads what a quick reply of ours says; nil if it is none.
func tapped(tap *bridge.Tap) *bridge.SurveyAnswer {
	rest, ours := strings.CutPrefix(tap.Payload, surveyPayload)
	room, what, _ := strings.Cut(rest, "/")
	if !ours || !tap.Quick {
		return nil
	}
	a := &bridge.SurveyAnswer{Room: bridge.RoomID(room), Begins: what == surveyComment}
	if a.Begins {
		return a
	}
	rating, err := strconv.Atoi(what)
	if err != nil || rating < 1 || rating > bestRating {
		return nil
	}
	a.Rating = rating
	return a
}

// comment takes a message as the comment for which the customer has tapped. It was
// that also when it is looked at again.
func (v *Survey) comment(in *bridge.Incoming) *bridge.SurveyAnswer {
	wait := v.States.State(in.Conversation).Survey
	first := wait.Key == "" && in.At.After(wait.Since) && in.At.Before(wait.Since.Add(commentWithin))
	if wait.Room == "" || in.Text == "" || len(in.Attachments) > 0 || !first && wait.Key != in.Key {
		return nil
	}
	v.States.ChangeState(in.Conversation, func(s *bridge.ConversationState) { s.Survey.Key = in.Key })
	return &bridge.SurveyAnswer{Room: wait.Room, Comment: in.Text}
}

// Follow goes on after an answer was shown; any other message of the customer's
// ends the wait for a comment.
func (v *Survey) Follow(ctx context.Context, in *bridge.Incoming) error {
	a, reply := in.Survey, outbound.Automatic{Conversation: in.Conversation}
	switch {
	case a == nil:
		if in.Opens() && v.States.State(in.Conversation).Survey.Room != "" {
			v.await(in, "")
		}
		return nil
	case a.Rating > 0:
		reply.Key = "survey-thanks/" + string(a.Room)
		reply.Text = v.Say.Say("Thank you for your answer!")
		reply.Quick = []bridge.Button{surveyReply(a.Room, v.Say.Say(writeAComment), surveyComment)}
	case a.Begins:
		v.await(in, a.Room)
		reply.Key = "survey-comment/" + string(a.Room)
		reply.Text = v.Say.Say("Please write your comment in one message.")
	default:
		reply.Key = "survey-end/" + string(a.Room)
		reply.Text = v.Say.Say("Thank you! Your comment was passed on.")
	}
	return v.Outbound.SendAutomatic(ctx, reply)
}

// await waits for a comment on the conversation of a room, or, without one, no longer,
// unless the customer has tapped since.
func (v *Survey) await(in *bridge.Incoming, room bridge.RoomID) {
	v.States.ChangeState(in.Conversation, func(s *bridge.ConversationState) {
		if !in.At.After(s.Survey.Since) {
			return
		}
		s.Survey = bridge.SurveyComment{}
		if room != "" {
			s.Survey = bridge.SurveyComment{Since: in.At, Room: room}
		}
	})
}

// writeAComment is the title of a quick reply: 20 characters at most, in every language.
var writeAComment = language.Sentence("Write a comment")
