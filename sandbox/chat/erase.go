package chat

import "slices"

// restRemoveVisitor is DELETE livechat/visitor/:token: the visitor goes with all rooms
// and messages, if no room is open. Public, as everything a visitor's widget calls.
func (rc *RocketChat) restRemoveVisitor(c *rcCall) *rcReply {
	v := rc.visitors[c.params["token"]]
	if v == nil {
		return rcMeteor("invalid-token", "")
	}
	if len(rc.openRooms[v.token]) > 0 {
		return rcMeteor("visitor-has-open-rooms", "Cannot remove visitors with opened rooms")
	}
	for _, r := range rc.roomOrder {
		if r.visitor != v {
			continue
		}
		for _, m := range r.messages {
			delete(rc.messages, m.id())
		}
		delete(rc.rooms, r.id)
		delete(rc.trash, r.id)
		delete(rc.landing, r.id)
	}
	rc.roomOrder = slices.DeleteFunc(rc.roomOrder, func(r *rcRoom) bool { return r.visitor == v })
	rc.visitorOrder = slices.DeleteFunc(rc.visitorOrder, func(other *rcVisitor) bool { return other == v })
	delete(rc.visitors, v.token)
	rc.changed()
	return rcOK(rcDoc{"visitor": rcDoc{"_id": v.id, "ts": rc.now()}})
}
