package chat

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
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
	d["rid"] = r.id
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
	r.owner = c.user
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

// governs tells whether a user has a permission in a room: by a role everywhere, or
// as the room's owner.
func (rc *RocketChat) governs(u *rcUser, r *rcRoom, permission string) bool {
	return rc.can(u, permission) || r.owner == u && slices.Contains(rc.permissions[permission], "owner")
}

// restInvite is POST groups.invite; inviting a member again is no error.
func (rc *RocketChat) restInvite(c *rcCall) *rcReply {
	r, users, refused := rc.group(c)
	switch {
	case refused != nil:
		return refused
	case len(users) == 0:
		return rcMeteor("error-invalid-user", "The required \"userId\" or \"username\" param provided does not match any users")
	case !rc.governs(c.user, r, "add-user-to-joined-room"):
		return rcMeteor("error-not-allowed", "Not allowed")
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

// restTopic is POST groups.setTopic.
func (rc *RocketChat) restTopic(c *rcCall) *rcReply {
	r, _, refused := rc.group(c)
	topic := c.text("topic")
	switch {
	case strings.TrimSpace(topic) == "":
		return rcFail(`The bodyParam "topic" is required`)
	case refused != nil:
		return refused
	case !rc.governs(c.user, r, "edit-room"):
		return rcMeteor("error-action-not-allowed", "Editing room is not allowed")
	}
	r.topic = topic
	rc.say(r, "room_changed_topic", topic, c.user.author(), nil)
	rc.touch(r)
	return rcOK(rcDoc{"topic": topic})
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

// restRoomList is GET rooms.get: the rooms the caller is a member of, without pages;
// with updatedSince only those changed after it. Every message changes its room.
func (rc *RocketChat) restRoomList(c *rcCall) *rcReply {
	var since time.Time
	if text := c.text("updatedSince"); text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			return rcMeteor("error-updatedSince-param-invalid", `The "updatedSince" query parameter must be a valid date.`)
		}
	}
	update := []any{}
	for _, r := range rc.roomOrder {
		if r.members[c.user.ID] && r.updated.After(since) {
			update = append(update, r.doc())
		}
	}
	return rcOK(rcDoc{"update": update, "remove": []any{}})
}

// restRoomInfo is GET rooms.info.
func (rc *RocketChat) restRoomInfo(c *rcCall) *rcReply {
	id, name := c.text("roomId"), c.text("roomName")
	r := rc.rooms[id]
	if r == nil && name != "" {
		r = rc.roomNamed(name)
	}
	switch {
	case id == "" && name == "":
		return rcMeteor("error-roomid-param-not-provided", `The parameter "roomId" or "roomName" is required`)
	case r == nil:
		return rcMeteor("error-room-not-found", "The required \"roomId\" or \"roomName\" param provided does not match any channel")
	case !rc.mayRead(c.user, r):
		return &rcReply{status: 400, body: rcDoc{"success": false, "error": "not-allowed", "errorType": "Not Allowed"}}
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

// rcSettingSince is the version a setting came with.
var rcSettingSince = map[string][2]int{
	"Livechat_Require_Contact_Verification": {7, 0}, "Livechat_Block_Unknown_Contacts": {7, 0}, "Livechat_Block_Unverified_Contacts": {7, 0},
	"Omnichannel_Metrics_Ignore_Automatic_Messages": {7, 2},
}

// rcPrivate are settings that are not public: the bot may not read them.
var rcPrivate = []string{"Livechat_accept_chats_with_no_agents"}

// restSettings is GET settings.public.
func (rc *RocketChat) restSettings(c *rcCall) *rcReply {
	var ids []string
	wanted := strings.Split(c.text("_id"), ",")
	for id := range rc.settings {
		if v := rcSettingSince[id]; !slices.Contains(rcPrivate, id) && (c.text("_id") == "" || slices.Contains(wanted, id)) && rc.since(v[0], v[1]) {
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

// restSetSetting is POST settings/:_id. It asks for a second factor, which only a
// personal access token that was made so can do without.
func (rc *RocketChat) restSetSetting(c *rcCall) *rcReply {
	id := c.params["_id"]
	if t := rc.tokens[c.token]; t == nil || !t.personal {
		return rcMeteor("totp-required", "TOTP Required")
	}
	if _, known := rc.settings[id]; !known {
		return rcFail("setting not found")
	}
	rc.settings[id] = c.args["value"]
	rc.changed()
	return rcOK(nil)
}

// restCommands is GET commands.list: those registered here, and two of the
// many that every workspace has.
func (rc *RocketChat) restCommands(c *rcCall) *rcReply {
	list := []any{}
	for _, name := range append([]string{"invite", "leave"}, rc.commands...) {
		list = append(list, rcDoc{"command": name, "description": "", "params": "", "clientOnly": false, "providesPreview": false})
	}
	for _, a := range rc.apps {
		if a.enabled() {
			list = append(list, rcDoc{"command": a.command, "description": "", "params": "", "clientOnly": false, "providesPreview": false, "appId": a.id})
		}
	}
	page, body := rcPage(c, list)
	body["commands"], body["appsLoaded"] = page, true
	return rcOK(body)
}
