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

// unseen says that there was a message that nobody saw.
func (r *remarks) unseen(ctx context.Context, link *stay, in bridge.Incoming) error {
	text := r.Say.Say("The customer sent a message and deleted it before it could be shown.")
	if in.Comment != nil {
		text = r.Say.Say("A comment was written and deleted before it could be shown.")
	}
	return r.note(ctx, link, in.MessageID(), "", text)
}
