package chat

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The endpoints of this file are an administrator's: what a workspace is set up with, and what
// is removed from it. Handlers hold mu.

// restLogout is POST logout.
func (rc *RocketChat) restLogout(c *rcCall) *rcReply {
	delete(rc.tokens, c.token)
	for conn := range rc.socks.conns {
		if conn.token == c.token {
			rc.drop(conn, 0)
		}
	}
	rc.changed()
	return rcOK(rcDoc{"status": "success", "data": rcDoc{"message": "You've been logged out!"}})
}

// restUserType is GET livechat/users/:type for what is no type.
func (rc *RocketChat) restUserType(*rcCall) *rcReply { return rcFail("Invalid type") }

// restCreateUser is POST users.create.
func (rc *RocketChat) restCreateUser(c *rcCall) *rcReply {
	name := c.text("username")
	if rc.usernames[name] != nil {
		return rcMeteor("error-field-unavailable", name+" is already in use :(")
	}
	u := &rcUser{made: true, User: User{ID: rcID(17), Username: name, Name: c.text("name"), Email: c.text("email"), Password: c.text("password")}}
	list, _ := c.args["roles"].([]any)
	for _, role := range list {
		u.Roles = append(u.Roles, rcText(role))
	}
	if u.Roles == nil {
		u.Roles = []string{"user"}
	}
	rc.users[u.ID], rc.usernames[name] = u, u
	rc.changed()
	return rcOK(rcDoc{"user": rc.self(u)})
}

// restDeleteUser is POST users.delete: with the user go tokens, sockets, memberships, messages
// and direct rooms.
func (rc *RocketChat) restDeleteUser(c *rcCall) *rcReply {
	u := rc.users[c.text("userId")]
	if u == nil {
		return rcMeteor("error-invalid-user", "Invalid user")
	}
	for t, owner := range rc.tokens {
		if owner.user == u {
			delete(rc.tokens, t)
		}
	}
	for conn := range rc.socks.conns {
		if conn.user == u {
			rc.drop(conn, 0)
		}
	}
	for _, r := range slices.Clone(rc.roomOrder) {
		switch {
		case r.kind == "d" && r.members[u.ID]:
			rc.deleteRoom(r)
		case r.members[u.ID]:
			rc.leave(r, u.ID)
		}
	}
	delete(rc.users, u.ID)
	delete(rc.usernames, u.Username)
	rc.changed()
	return rcOK(rcDoc{"deletedRooms": []any{}})
}

// restMakeAgent is POST livechat/users/agent.
func (rc *RocketChat) restMakeAgent(c *rcCall) *rcReply {
	u := rc.usernames[c.text("username")]
	if u == nil {
		return rcMeteor("error-invalid-user", "Invalid user")
	}
	if !u.is("livechat-agent") {
		u.Roles = append(u.Roles, "livechat-agent")
	}
	rc.changed()
	return rcOK(rcDoc{"user": rcDoc{"_id": u.ID, "username": u.Username}})
}

// restAgentStatus is POST livechat/agent.status, of oneself.
func (rc *RocketChat) restAgentStatus(c *rcCall) *rcReply {
	if id := c.text("agentId"); id != "" && id != c.user.ID {
		return rcForbidden()
	}
	c.user.available = c.text("status") == "available"
	rc.changed()
	return rcOK(rcDoc{"status": c.text("status")})
}

// restMakeDepartment is POST livechat/department.
func (rc *RocketChat) restMakeDepartment(c *rcCall) *rcReply {
	in := c.doc("department")
	if rcText(in["name"]) == "" {
		return rcFail("Match error: Missing key 'name' in field department")
	}
	d := &rcDepartment{id: rcID(17), name: rcText(in["name"]), registration: rcTruth(in["showOnRegistration"])}
	agents, _ := c.args["agents"].([]any)
	for _, a := range agents {
		a, _ := a.(rcDoc)
		d.agents = append(d.agents, rcText(a["username"]))
	}
	rc.departments = append(rc.departments, d)
	rc.changed()
	return rcOK(rcDoc{"department": d.doc(), "agents": []any{}})
}

// restRemoveDepartment is DELETE livechat/department/:_id.
func (rc *RocketChat) restRemoveDepartment(c *rcCall) *rcReply {
	before := len(rc.departments)
	rc.departments = slices.DeleteFunc(rc.departments, func(d *rcDepartment) bool { return d.id == c.params["_id"] })
	if len(rc.departments) == before {
		return rcFail("error-department-not-found")
	}
	rc.changed()
	return rcOK(nil)
}

// restDeleteRoom is POST groups.delete and channels.delete.
func (rc *RocketChat) restDeleteRoom(c *rcCall) *rcReply {
	r := rc.rooms[c.text("roomId")]
	switch {
	case r == nil || r.kind != "p" && r.kind != "c":
		return rcMeteor("error-room-not-found", "The required \"roomId\" or \"roomName\" param provided does not match any group")
	case !rc.governs(c.user, r, "delete-"+r.kind):
		return rcMeteor("error-not-allowed", "Not allowed")
	}
	rc.deleteRoom(r)
	return rcOK(nil)
}

// deleteRoom removes a room with all that is in it. The caller holds mu.
func (rc *RocketChat) deleteRoom(r *rcRoom) {
	for id := range r.members {
		rc.leave(r, id)
	}
	for _, m := range r.messages {
		delete(rc.messages, m.id())
	}
	for id, f := range rc.files {
		if f.RoomID == r.id {
			delete(rc.files, id)
		}
	}
	delete(rc.rooms, r.id)
	delete(rc.trash, r.id)
	delete(rc.landing, r.id)
	rc.roomOrder = slices.DeleteFunc(rc.roomOrder, func(one *rcRoom) bool { return one == r })
	rc.changed()
}

// Usernames lists all accounts, in alphabetical order.
func (rc *RocketChat) Usernames() []string {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return slices.Sorted(maps.Keys(rc.usernames))
}

// Inventory lists everything that the workspace holds, in alphabetical order, to be compared
// with a later one.
func (rc *RocketChat) Inventory() []string {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	var all []string
	add := func(kind, what string) { all = append(all, kind+" "+what) }
	for name, u := range rc.usernames {
		add("user", name+" "+strings.Join(u.Roles, ","))
	}
	for _, d := range rc.departments {
		add("department", d.name)
	}
	for token := range rc.visitors {
		add("visitor", token)
	}
	for id, r := range rc.rooms {
		add("room", fmt.Sprint(id, len(r.members), len(r.messages)))
	}
	for id := range rc.messages {
		add("message", id)
	}
	for id := range rc.files {
		add("file", id)
	}
	for id, value := range rc.settings {
		add("setting", fmt.Sprint(id, value))
	}
	slices.Sort(all)
	return all
}
