package rooms

import (
	"context"
	"strings"
	"time"

	"messenger-bridge/bridge"
)

// lateAfter is how old a message is when agents are told when it was written.
const lateAfter = 5 * time.Minute

// dated says when a message was written that is shown late: nobody was there, or
// something was down.
func (r *wording) dated(in bridge.Incoming, text string) string {
	if in.At.IsZero() || r.Now().Sub(in.At) < lateAfter {
		return text
	}
	written := cited(r.Say.Say("Written on %s", r.Say.Time(in.At)))
	if text == "" {
		return written
	}
	return written + "\n" + text
}

// endOld closes the conversation's room before an event that is to have a new one. An
// earlier attempt may have done that, and opened the new one for this very event.
func (r *opener) endOld(ctx context.Context, link *stay, in bridge.Incoming) error {
	if !in.ForceNewRoom || link.Room == "" || link.Begin == link.event {
		return nil
	}
	err := r.Livechat.Close(ctx, link.Visitor, link.Room)
	switch reason := reasonOf(err); {
	case err == nil, reason == bridge.RoomClosed:
		link.leave()
	case reason == bridge.VisitorUnknown:
		link.Visitor = ""
		link.leave()
	case bridge.RefusalOf(err).Verdict == bridge.Never:
		r.Log.Warn("Rocket.Chat does not let customers close rooms (Omnichannel_allow_visitors_to_close_conversation), so no new room is opened", "page", link.Conversation.Page, "err", err)
	case r.tooMuch(link.refusals, err) != nil:
		r.Log.Warn("a room cannot be closed, so no new one is opened", "page", link.Conversation.Page, "room", link.Room, "err", err)
	default:
		return err
	}
	return nil
}

// nameEarlier tells agents, in a conversation's new room, where the one before is. A
// customer's message does not wait for that.
func (r *opener) nameEarlier(ctx context.Context, link *stay, earlier bridge.RoomID) {
	if earlier == "" || earlier == link.Room || r.RoomLink == nil {
		return
	}
	err := r.once(ctx, link, "earlier", func() string { return r.Say.Say("The conversation before this one: %s", r.RoomLink(earlier)) })
	if err != nil {
		r.Log.Info("the earlier room is not named", "page", link.Conversation.Page, "err", err)
	}
}

// describe lets agents see at a glance where the customer of a new room comes from. The
// message that opened it does not wait for that, and is shown before.
func (r *opener) describe(ctx context.Context, link *stay, in bridge.Incoming) {
	if link.Begin != link.event {
		return
	}
	page, err := r.Pages.Page(link.Conversation.Page)
	if err != nil {
		return
	}
	about := bridge.About{Topic: r.Say.Say("Messenger, page %s", page.DisplayName()), Tags: []string{"facebook", page.DisplayName()},
		Fields: map[string]string{"facebook_page": string(page.ID), "facebook_psid": string(link.Conversation.Customer), "facebook_inbox": inboxOf(page.ID)}}
	if in.Comment != nil {
		about.Topic = r.Say.Say("Facebook comments, page %s", page.DisplayName())
		about.Tags = append(about.Tags, "comments")
		about.Fields["facebook_inbox"] = in.Comment.Link
	}
	if in.Origin != nil {
		about.Topic += ". " + r.origin(in.Origin)
		about.Fields["facebook_referral"] = strings.Trim(in.Origin.Source+" "+in.Origin.Ref, " ")
	}
	done, err := r.Livechat.Describe(ctx, link.Visitor, link.Room, about)
	if err != nil {
		r.Log.Info("a new room has no topic", "page", link.Conversation.Page, "room", link.Room, "err", err)
		return
	}
	said := r.barred.Swap(!done)
	if !done && !said {
		r.Log.Warn("rooms get no topic and no tags: the bot may not set them (permission save-others-livechat-room-info)")
	}
}
