package chat

import "strings"

// What administrators and owners do with channels and groups.

// AddGroupOf makes a private group that a member has made.
func (rc *RocketChat) AddGroupOf(maker, name string, others ...string) (rid string) {
	rid = rc.addRoom("p", name, append([]string{maker}, others...))
	rc.withRoom(rid, func(r *rcRoom) { r.owner = rc.usernames[maker] })
	return rid
}

// Rename gives a channel or group another name.
func (rc *RocketChat) Rename(rid, name string) {
	rc.withRoom(rid, func(r *rcRoom) {
		r.name = name
		rc.say(r, "r", name, rcDoc{"_id": "rocket.cat", "username": "rocket.cat"}, nil)
	})
}

// DeleteRoom deletes a channel or group with all that was written there.
func (rc *RocketChat) DeleteRoom(rid string) {
	rc.withRoom(rid, rc.deleteRoom)
}

// RoomIDs finds the channels and groups whose names begin with a text, oldest first.
func (rc *RocketChat) RoomIDs(prefix string) (ids []string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	for _, r := range rc.roomOrder {
		if (r.kind == "c" || r.kind == "p") && strings.HasPrefix(r.name, prefix) {
			ids = append(ids, r.id)
		}
	}
	return ids
}

// MakePublic turns a private group into a channel.
func (rc *RocketChat) MakePublic(rid string) { rc.withRoom(rid, func(r *rcRoom) { r.kind = "c" }) }

// MakePrivate turns a channel into a private group.
func (rc *RocketChat) MakePrivate(rid string) { rc.withRoom(rid, func(r *rcRoom) { r.kind = "p" }) }

// Unarchive takes that back.
func (rc *RocketChat) Unarchive(rid string) {
	rc.withRoom(rid, func(r *rcRoom) { r.archived = false })
}

// Archive makes a channel or group refuse messages.
func (rc *RocketChat) Archive(rid string) {
	rc.withRoom(rid, func(r *rcRoom) { r.archived = true })
}
