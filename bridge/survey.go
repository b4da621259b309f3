package bridge

import (
	"context"
	"strconv"
	"strings"
	"time"

	"messenger-bridge/language"
)

// A survey asks a customer, once, how a conversation was that is over: five quick
// replies, then thanks with one more to write a comment. What is tapped says in its
// payload which room it is about, so an answer is known as one whatever happened
// meanwhile; only for the comment something is remembered. Answers open no room.

// SurveyAnswer is what a customer said of a conversation that is over.
type SurveyAnswer struct {
	Room    RoomID // the conversation's
	Rating  int    // from 1 to 5, the best; 0: none
	Comment string // in the customer's words; or
	Begins  bool   // the next message will be one
}

const (
	surveyPayload = "messenger-bridge/survey/" // then the room, and the rating or surveyComment
	surveyComment = "comment"
	bestRating    = 5
	// commentWithin is how long after the tap a message is taken as the comment.
	commentWithin = time.Hour
)

// askHowItWas sends the question after a room was closed, or says in the room why not.
func (b *Bridge) askHowItWas(ctx context.Context, page Page, c Conversation, closing Closing) error {
	if !page.Settings.Survey || page.State == PageOff || c.Kind != Messages {
		return nil
	}
	question := Automatic{Conversation: c, Key: "survey/" + string(closing.Room), Survey: closing.Room,
		Text: b.Say.Say("How satisfied are you with this conversation? 1 is not at all, 5 is very much.")}
	for n := 1; n <= bestRating; n++ {
		question.Quick = append(question.Quick, surveyReply(closing.Room, strconv.Itoa(n), strconv.Itoa(n)))
	}
	if b.Outbox.Seen(messageKey(question.id())) {
		return nil // whatever was true later is no reason
	}
	switch t := b.talk(c); {
	case t.Heard.After(closing.At):
		return b.surveySkipped(ctx, closing.Room, WroteAgain)
	case !b.inWindow(t, plainWindow):
		return b.surveySkipped(ctx, closing.Room, WindowClosed)
	}
	return b.SendAutomatic(ctx, question)
}

// surveyReply is a quick reply by which a customer says something of a conversation.
func surveyReply(room RoomID, title, answer string) Button {
	return Button{Title: title, Payload: surveyPayload + string(room) + "/" + answer}
}

// surveySkipped says in a room that the customer was not asked.
func (b *Bridge) surveySkipped(ctx context.Context, room RoomID, why Reason) error {
	return b.tell(ctx, Notice{Kind: SurveySkipped, Room: room, Message: MessageID("survey/" + string(room)), Reason: why})
}

// surveyAnswer returns what an event says of a conversation that is over; nil if it is
// an ordinary one.
func (b *Bridge) surveyAnswer(in *Incoming) (*SurveyAnswer, error) {
	if in.Kind != TextEvent || in.Conversation.Kind != Messages {
		return nil, nil
	}
	if in.Tap == nil {
		return b.surveyComment(in), nil
	}
	rest, ours := strings.CutPrefix(in.Tap.Payload, surveyPayload)
	room, what, _ := strings.Cut(rest, "/")
	rating, err := strconv.Atoi(what)
	if !ours || !in.Tap.Quick || what != surveyComment && (err != nil || rating < 1 || rating > bestRating) {
		return nil, nil
	}
	of, known, err := b.Rooms.Conversation(RoomID(room))
	if err != nil {
		return nil, err
	}
	if !known || of != in.Conversation {
		return nil, nil
	}
	return &SurveyAnswer{Room: RoomID(room), Rating: rating, Begins: what == surveyComment}, nil
}

// surveyComment takes a message as the comment for which the customer has tapped. It was
// that also when it is looked at again.
func (b *Bridge) surveyComment(in *Incoming) *SurveyAnswer {
	t := b.talk(in.Conversation)
	first := t.Commented == "" && in.At.After(t.Commenting) && in.At.Before(t.Commenting.Add(commentWithin))
	if t.CommentingRoom == "" || in.Text == "" || len(in.Attachments) > 0 || !first && t.Commented != in.Key {
		return nil
	}
	b.Talks.ChangeTalk(in.Conversation, func(t *Talk) { t.Commented = in.Key })
	return &SurveyAnswer{Room: t.CommentingRoom, Comment: in.Text}
}

// followSurvey goes on after an answer was shown; any other message of the customer's
// ends the wait for a comment.
func (b *Bridge) followSurvey(ctx context.Context, in *Incoming) error {
	a, reply := in.Survey, Automatic{Conversation: in.Conversation}
	switch {
	case a == nil:
		if in.opens() && b.Talks != nil && b.talk(in.Conversation).CommentingRoom != "" {
			b.Talks.ChangeTalk(in.Conversation, func(t *Talk) {
				if in.At.After(t.Commenting) {
					t.Commenting, t.CommentingRoom, t.Commented = time.Time{}, "", ""
				}
			})
		}
		return nil
	case a.Rating > 0:
		reply.Key = "survey-thanks/" + string(a.Room)
		reply.Text = b.Say.Say("Thank you for your answer!")
		reply.Quick = []Button{surveyReply(a.Room, b.Say.Say(writeAComment), surveyComment)}
	case a.Begins:
		if b.Talks != nil {
			b.Talks.ChangeTalk(in.Conversation, func(t *Talk) {
				if in.At.After(t.Commenting) {
					t.Commenting, t.CommentingRoom, t.Commented = in.At, a.Room, ""
				}
			})
		}
		reply.Key = "survey-comment/" + string(a.Room)
		reply.Text = b.Say.Say("Please write your comment in one message.")
	default:
		reply.Key = "survey-end/" + string(a.Room)
		reply.Text = b.Say.Say("Thank you! Your comment was passed on.")
	}
	return b.SendAutomatic(ctx, reply)
}

// writeAComment is the title of a quick reply: 20 characters at most, in every language.
var writeAComment = language.Sentence("Write a comment")
