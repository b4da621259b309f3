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
	for _, r := range slices.Clone(rc.roomOrder) {
		if r.visitor == v {
			rc.deleteRoom(r)
		}
	}
	rc.visitorOrder = slices.DeleteFunc(rc.visitorOrder, func(other *rcVisitor) bool { return other == v })
	delete(rc.visitors, v.token)
	rc.changed()
	return rcOK(rcDoc{"visitor": rcDoc{"_id": v.id, "ts": rc.now()}})
}
