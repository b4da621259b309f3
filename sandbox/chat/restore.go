package chat

// RestoreRoom opens a customer's room under an id, and for a visitor's token, that a bridge
// knows from before, with an agent who serves it.
func (rc *RocketChat) RestoreRoom(id, token, agent string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	u := rc.usernames[agent]
	if u == nil || rc.rooms[id] != nil {
		rc.note("test: room %q cannot be restored for %q", id, agent)
		return
	}
	v := rc.visitors[token]
	if v == nil {
		v = rc.newVisitor(token, "")
	}
	r := rc.newRoom(id, "l", "")
	r.visitor, r.open = v, true
	rc.openRooms[token] = append(rc.openRooms[token], r)
	rc.assign(r, u)
}

// RestoreMessage puts a message into a room under the id it has always had.
func (rc *RocketChat) RestoreMessage(rid, id, username, text string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	u, r := rc.usernames[username], rc.rooms[rid]
	if u == nil || r == nil || rc.messages[id] != nil {
		rc.note("test: message %q cannot be restored in room %q for %q", id, rid, username)
		return
	}
	rc.save(r, rcDoc{"_id": id, "msg": text, "u": u.author()})
}
