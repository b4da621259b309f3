package sandbox

import (
	"cmp"
	"regexp"
	"slices"
)

// The endpoints of this file are about rooms that are not omnichannel, users
// and the workspace. Handlers hold mu.

// restDirect is POST im.create.
func (rc *RocketChat) restDirect(c *rcCall) *rcReply {
	other := rc.usernames[c.text("username")]
	if other == nil {
		return rcMeteor("error-invalid-user", "Invalid user")
	}
	r := rc.direct(c.user, other)
	d := r.doc()
	d["rid"], d["usernames"] = r.id, []any{c.user.Username, other.Username}
	return rcOK(rcDoc{"room": d})
}

// restCreateChannel is POST channels.create.
func (rc *RocketChat) restCreateChannel(c *rcCall) *rcReply { return rc.create(c, "c", "channel") }

// restCreateGroup is POST groups.create.
func (rc *RocketChat) restCreateGroup(c *rcCall) *rcReply { return rc.create(c, "p", "group") }

var rcRoomName = regexp.MustCompile(`^[0-9a-zA-Z\-_.]+$`)

func (rc *RocketChat) create(c *rcCall, kind, key string) *rcReply {
	name := c.text("name")
	if !rcRoomName.MatchString(name) {
		return rcMeteor("error-invalid-room-name", "'"+name+"' is not a valid room name")
	}
	if rc.roomNamed(name) != nil {
		return rcMeteor("error-duplicate-channel-name", "A channel with name '"+name+"' exists")
	}
	members := []*rcUser{c.user}
	list, _ := c.args["members"].([]any)
	for _, m := range list {
		if u := rc.usernames[rcText(m)]; u != nil {
			members = append(members, u)
		}
	}
	r := rc.newRoom("", kind, name, members...)
	r.readOnly = rcTruth(c.args["readOnly"])
	r.topic = rcText(c.doc("extraData")["topic"])
	return rcOK(rcDoc{key: r.doc()})
}

// group finds the private group of a call and the users it names.
func (rc *RocketChat) group(c *rcCall) (*rcRoom, []*rcUser, *rcReply) {
	r := rc.roomNamed(c.text("roomId"))
	if r == nil {
		r = rc.roomNamed(c.text("roomName"))
	}
	if r == nil || r.kind != "p" || !rc.mayRead(c.user, r) {
		return nil, nil, rcMeteor("error-room-not-found", "The required \"roomId\" or \"roomName\" param provided does not match any group")
	}
	var users []*rcUser
	ids, _ := c.args["userIds"].([]any)
	for _, id := range append(ids, c.args["userId"]) {
		users = append(users, rc.users[rcText(id)])
	}
	names, _ := c.args["usernames"].([]any)
	for _, name := range append(names, c.args["username"]) {
		users = append(users, rc.usernames[rcText(name)])
	}
	users = slices.DeleteFunc(users, func(u *rcUser) bool { return u == nil })
	return r, users, nil
}

// restInvite is POST groups.invite; inviting a member again is no error.
func (rc *RocketChat) restInvite(c *rcCall) *rcReply {
	r, users, refused := rc.group(c)
	switch {
	case refused != nil:
		return refused
	case len(users) == 0:
		return rcMeteor("error-invalid-user", "The required \"userId\" or \"username\" param provided does not match any users")
	}
	for _, u := range users {
		if !r.members[u.ID] {
			r.members[u.ID] = true
			rc.say(r, "au", u.Username, c.user.author(), nil)
		}
	}
	return rcOK(rcDoc{"group": r.doc()})
}

// restKick is POST groups.kick.
func (rc *RocketChat) restKick(c *rcCall) *rcReply {
	r, users, refused := rc.group(c)
	switch {
	case refused != nil:
		return refused
	case len(users) == 0 || !r.members[users[0].ID]:
		return rcMeteor("error-user-not-in-room", "User is not in this room")
	}
	rc.leave(r, users[0].ID)
	rc.say(r, "ru", users[0].Username, c.user.author(), nil)
	return rcOK(nil)
}

// restMembers is GET groups.members.
func (rc *RocketChat) restMembers(c *rcCall) *rcReply {
	r, _, refused := rc.group(c)
	if refused != nil {
		return refused
	}
	var found []*rcUser
	for id := range r.members {
		found = append(found, rc.users[id])
	}
	slices.SortFunc(found, func(a, b *rcUser) int { return cmp.Compare(a.Username, b.Username) })
	page, body := rcPage(c, found)
	docs := make([]any, len(page))
	for i, u := range page {
		docs[i] = rcDoc{"_id": u.ID, "username": u.Username, "name": u.Name, "status": u.brief()["status"]}
	}
	body["members"] = docs
	return rcOK(body)
}

// restRoomInfo is GET rooms.info.
func (rc *RocketChat) restRoomInfo(c *rcCall) *rcReply {
	r := rc.rooms[c.text("roomId")]
	if name := c.text("roomName"); r == nil && name != "" {
		r = rc.roomNamed(name)
	}
	switch {
	case r == nil:
		return rcMeteor("error-room-not-found", "The required \"roomId\" or \"roomName\" param provided does not match any channel")
	case !rc.mayRead(c.user, r):
		return rcFail("not-allowed")
	}
	return rcOK(rcDoc{"room": r.doc()})
}

// restUserInfo is GET users.info: roles only for those who may see everything
// of others, or for oneself.
func (rc *RocketChat) restUserInfo(c *rcCall) *rcReply {
	u := rc.users[c.text("userId")]
	if u == nil {
		u = rc.usernames[c.text("username")]
	}
	if u == nil {
		return rcFail("User not found.")
	}
	d := u.brief()
	if u == c.user || rc.can(c.user, "view-full-other-user-info") {
		d["roles"] = rc.self(u)["roles"]
	}
	return rcOK(rcDoc{"user": d})
}

// restSettings is GET settings.public.
func (rc *RocketChat) restSettings(c *rcCall) *rcReply {
	var ids []string
	for id := range rc.settings {
		if want := c.text("_id"); want == "" || want == id {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	page, body := rcPage(c, ids)
	list := make([]any, len(page))
	for i, id := range page {
		value := rc.settings[id]
		if id == "Site_Url" && value == "" {
			value = rc.URL()
		}
		list[i] = rcDoc{"_id": id, "value": value}
	}
	body["settings"] = list
	return rcOK(body)
}

// restCommands is GET commands.list: those registered here, and two of the
// many that every workspace has.
func (rc *RocketChat) restCommands(c *rcCall) *rcReply {
	list := []any{}
	for _, name := range append([]string{"invite", "leave"}, rc.commands...) {
		list = append(list, rcDoc{"command": name, "description": "", "params": "", "clientOnly": false, "providesPreview": false})
	}
	page, body := rcPage(c, list)
	body["commands"], body["appsLoaded"] = page, true
	return rcOK(body)
}
