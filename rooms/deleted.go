package rooms

import (
	"context"
	"slices"

	"messenger-bridge/bridge"
)

// mayStand reports whether an earlier attempt may have shown a message that the customer has deleted
// since. Then it is shown as if it were not: its deletion, which comes next, takes away what is known
// to be shown.
func (r *Rooms) mayStand(ctx context.Context, link *stay, in bridge.Incoming) (bool, error) {
	switch {
	case in.Tries == 0 || link.Room == "":
		return false, nil
	case in.InParts:
		return true, nil
	}
	there, err := r.Livechat.Has(ctx, link.Visitor, link.Room, in.MessageID())
	if there, err = r.undone(link, there, err); there || err != nil || !slices.ContainsFunc(in.Attachments, isUpload) {
		return there, err
	}
	files, err := r.Uploads.Uploaded(ctx, link.Visitor, link.Room)
	if reasonOf(err) == bridge.RoomClosed {
		return false, nil
	}
	return slices.ContainsFunc(files, func(f bridge.Uploaded) bool { return r.Known.MidOf(bridge.SendTag{Message: f.ID}) == "" }), err
}

// deletions tell of messages that were deleted before anybody knows that they were shown.
type deletions struct{ *remarks }

// unshownMark ends the id of the note that a message was deleted before it could be shown.
const unshownMark = "-d"

// unseen says that there was a message that nobody saw. Its deletion, which comes next, adds nothing to that.
func (r deletions) unseen(ctx context.Context, link *stay, in bridge.Incoming) error {
	text := r.Say.Say("The customer sent a message and deleted it before it could be shown.")
	if in.Comment != nil {
		text = r.Say.Say("A comment was written and deleted before it could be shown.")
	}
	err := r.note(ctx, link, in.MessageID()+unshownMark, "", text)
	if err == nil {
		r.told.Set(in.MessageID(), struct{}{})
	}
	return err
}

// unknown is what becomes of a deletion if nobody knows that its message is shown: it was said that it was
// not; or its text stands there all the same, and goes. What else may stand there is not known.
func (r deletions) unknown(ctx context.Context, link *stay, in bridge.Incoming) (said, gone bool, err error) {
	id := bridge.Incoming{Conversation: in.Conversation, Key: bridge.MessageKey(in.Mid)}.MessageID()
	if _, said := r.told.Get(id); said || link.Room == "" {
		return said, false, nil
	}
	said, err = r.Livechat.Has(ctx, link.Visitor, link.Room, id+unshownMark) // by an earlier run, or another replica
	if said, err = r.undone(link, said, err); err != nil || said {
		return said, false, err
	}
	there, err := r.Livechat.Has(ctx, link.Visitor, link.Room, id)
	if there, err = r.undone(link, there, err); err != nil || !there {
		return false, false, err
	}
	gone, err = r.Changes.Delete(ctx, link.Visitor, link.Room, id)
	gone, err = r.undone(link, gone, err)
	return false, gone, err
}
