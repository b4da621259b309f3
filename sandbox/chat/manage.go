package chat

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// The endpoints of this file need a login and omnichannel permissions.
// Handlers hold mu.

// rcPage cuts a list as count and offset ask: at most 100 at a time, 50 by
// default, everything with count=0.
func rcPage[T any](c *rcCall, all []T) (page []T, frame rcDoc) {
	const most, usual = 100, 50
	count, offset := c.number("count", usual), min(c.number("offset", 0), len(all))
	if count > most {
		count = most
	}
	page = all[offset:]
	if count > 0 && len(page) > count {
		page = page[:count]
	}
	return page, rcDoc{"count": len(page), "offset": offset, "total": len(all)}
}

// restRooms is GET livechat/rooms. Neither the open rooms nor the closed ones have those on hold, and
// since there is a list of those that wait in the queue, the open ones do not have them, either
// (packages/models/src/models/LivechatRooms.ts, findRoomsWithCriteria).
func (rc *RocketChat) restRooms(c *rcCall) *rcReply {
	if refused := c.wrongFilter(); refused != nil {
		return refused
	}
	if c.text("queued") != "" && !rc.since(7, 0) {
		return c.invalid("must NOT have additional properties", "")
	}
	agents, _ := c.args["agents"].([]string)
	if !rc.can(c.user, "view-livechat-rooms") && (len(agents) != 1 || agents[0] != c.user.ID) {
		return rcUnauthorizedFor()
	}
	created, closed := rcSpan(c.text("createdAt")), rcSpan(c.text("closedAt"))
	var found []*rcRoom
	for _, r := range rc.roomOrder {
		switch {
		case r.kind != "l",
			c.text("open") != "" && (rcTruth(c.text("open")) != r.open || r.onHold),
			rcTruth(c.text("open")) && r.served == nil && rc.since(7, 0),
			rcTruth(c.text("onhold")) && !r.onHold,
			rcTruth(c.text("queued")) && (r.served != nil || !r.open || r.onHold),
			c.text("departmentId") != "" && c.text("departmentId") != r.department,
			len(agents) > 0 && (r.served == nil || !slices.Contains(agents, r.served.ID)),
			c.text("roomName") != "" && !strings.Contains(strings.ToLower(r.visitor.displayName()), strings.ToLower(c.text("roomName"))),
			!created.holds(r.ts), !closed.holds(r.closed):
			continue
		}
		found = append(found, r)
	}
	if refused := rcSort(found, c.text("sort")); refused != nil {
		return refused
	}
	page, body := rcPage(c, found)
	docs := make([]any, len(page))
	for i, r := range page {
		docs[i] = r.doc()
	}
	body["rooms"] = docs
	return rcOK(body)
}

// wrongFilter is what livechat/rooms refuses of its filters.
func (c *rcCall) wrongFilter() *rcReply {
	for _, key := range []string{"agents", "tags"} {
		if _, list := c.args[key].([]string); c.args[key] != nil && !list {
			return c.invalid("must be array", "")
		}
	}
	var fields rcDoc
	if text := c.text("customFields"); text != "" && (json.Unmarshal([]byte(text), &fields) != nil || fields == nil) {
		return rcFail(`The "customFields" query parameter must be a valid JSON.`)
	}
	for _, key := range []string{"createdAt", "closedAt"} {
		var span map[string]string
		if text := c.text(key); text != "" && json.Unmarshal([]byte(text), &span) != nil {
			return rcFail("Unexpected token in JSON at position 0")
		}
		for _, end := range []string{"start", "end"} {
			if _, err := time.Parse(time.RFC3339, span[end]); span[end] != "" && err != nil {
				return rcFail("The \"" + key + "." + end + "\" query parameter must be a valid date.")
			}
		}
	}
	return nil
}

// visitorWith tells whether a visitor has an id.
func (rc *RocketChat) visitorWith(id string) bool {
	return slices.ContainsFunc(rc.visitorOrder, func(v *rcVisitor) bool { return v.id == id })
}

// rcTimes is the query form {"start":"<iso>","end":"<iso>"}.
type rcTimes struct{ Start, End time.Time }

func rcSpan(text string) *rcTimes {
	if text == "" {
		return nil
	}
	var s rcTimes
	_ = json.Unmarshal([]byte(text), &s) // an end that is missing or unreadable is open
	return &s
}

func (s *rcTimes) holds(t time.Time) bool {
	return s == nil || !t.IsZero() && !t.Before(s.Start) && (s.End.IsZero() || !t.After(s.End))
}

// rcSort orders rooms by the JSON of a sort parameter; the newest first if
// there is none.
func rcSort(rooms []*rcRoom, text string) *rcReply {
	if text == "" {
		text = `{"ts":-1}`
	}
	var by map[string]int
	if err := json.Unmarshal([]byte(text), &by); err != nil {
		return rcMeteor("error-invalid-sort", "Invalid sort parameter provided: \""+text+"\"")
	}
	for field, way := range by {
		key := func(r *rcRoom) time.Time {
			switch field {
			case "lm":
				return r.lm
			case "_updatedAt":
				return r.updated
			case "closedAt":
				return r.closed
			}
			return r.ts
		}
		slices.SortStableFunc(rooms, func(a, b *rcRoom) int { return way * cmp.Compare(key(a).UnixMilli(), key(b).UnixMilli()) })
	}
	return nil
}

// restVisitorRooms is GET livechat/visitor/:token/room.
func (rc *RocketChat) restVisitorRooms(c *rcCall) *rcReply {
	rooms := []any{}
	for _, r := range rc.openRooms[c.params["token"]] {
		rooms = append(rooms, rcDoc{"_id": r.id, "t": "l", "cl": false, "u": nil, "usernames": nil, "servedBy": r.doc()["servedBy"]})
	}
	return rcOK(rcDoc{"rooms": rooms})
}

// restCloseByUser is POST livechat/room.closeByUser.
func (rc *RocketChat) restCloseByUser(c *rcCall) *rcReply {
	r := rc.rooms[c.text("rid")]
	switch {
	case r == nil || r.kind != "l":
		return rcFail("error-invalid-room")
	case !r.members[c.user.ID] && !rc.can(c.user, "close-others-livechat-room"):
		return rcFail("error-not-authorized")
	case rc.on("Livechat_request_comment_when_closing_conversation") && strings.TrimSpace(c.text("comment")) == "":
		return rcFail("error-comment-is-required")
	case !r.open:
		return rcFail("error-room-already-closed")
	}
	if lost := rc.raceToClose(r); lost != nil {
		return lost
	}
	if tags, ok := c.args["tags"].([]any); ok {
		r.tags = tags
	}
	rc.closeRoom(r, c.user.author(), "user", c.text("comment"))
	return rcOK(nil)
}

// restSaveInfo is POST livechat/room.saveInfo: what was given is kept whole,
// and topic, tags, name and livechatData have their effect.
func (rc *RocketChat) restSaveInfo(c *rcCall) *rcReply {
	data, guest := c.doc("roomData"), c.doc("guestData")
	r := rc.rooms[rcText(data["_id"])]
	if r == nil || r.kind != "l" {
		return rcFail("error-invalid-room")
	}
	if r.served != c.user && !rc.can(c.user, "save-others-livechat-room-info") {
		return rcUnauthorizedFor()
	}
	if rcText(guest["_id"]) != r.visitor.id && !rc.visitorWith(rcText(guest["_id"])) {
		return rcFail("error-invalid-visitor") // text unverified
	}
	r.saved = rcCopy(c.args)
	if t, ok := data["topic"]; ok {
		r.topic = rcText(t)
	}
	if tags, ok := data["tags"].([]any); ok {
		r.tags = tags
	}
	if custom, ok := data["livechatData"].(rcDoc); ok {
		r.custom = custom
	}
	if name := rcText(guest["name"]); name != "" {
		r.visitor.name = name
	}
	rc.touch(r)
	return rcOK(nil)
}

// restDepartments is GET livechat/department.
func (rc *RocketChat) restDepartments(c *rcCall) *rcReply {
	all := rc.departments
	if c.text("enabled") == "false" {
		all = nil
	}
	page, body := rcPage(c, all)
	docs := make([]any, len(page))
	for i, d := range page {
		docs[i] = d.doc()
	}
	body["departments"] = docs
	return rcOK(body)
}

func (d *rcDepartment) doc() rcDoc {
	return rcDoc{
		"_id": d.id, "name": d.name, "enabled": true, "numAgents": len(d.agents), "showOnRegistration": d.registration,
		"showOnOfflineForm": true, "email": d.name + "@example.org", "offlineMessageChannelName": "",
	}
}

// restDepartment is GET livechat/department/:_id; an unknown one is 200 with null.
func (rc *RocketChat) restDepartment(c *rcCall) *rcReply {
	d := rc.department(c.params["_id"])
	if d == nil || d.id != c.params["_id"] {
		return rcOK(rcDoc{"department": nil, "agents": []any{}})
	}
	agents := []any{}
	for i, name := range d.agents {
		if u := rc.usernames[name]; u != nil {
			agents = append(agents, rcDoc{
				"agentId": u.ID, "username": name, "departmentId": d.id, "departmentEnabled": true, "count": 0, "order": i,
			})
		}
	}
	body := rcDoc{"department": d.doc()}
	if c.text("includeAgents") != "false" {
		body["agents"] = agents
	}
	return rcOK(body)
}

// restAgents is GET livechat/users/agent.
func (rc *RocketChat) restAgents(c *rcCall) *rcReply {
	return rc.usersWith(c, "livechat-agent", rcTruth(c.text("onlyAvailable")))
}

// restManagers is GET livechat/users/manager.
func (rc *RocketChat) restManagers(c *rcCall) *rcReply {
	return rc.usersWith(c, "livechat-manager", false)
}

func (rc *RocketChat) usersWith(c *rcCall, role string, available bool) *rcReply {
	var found []*rcUser
	for _, u := range rc.users {
		if u.is(role) && (!available || u.available) {
			found = append(found, u)
		}
	}
	slices.SortFunc(found, func(a, b *rcUser) int { return cmp.Compare(a.Username, b.Username) })
	page, body := rcPage(c, found)
	docs := make([]any, len(page))
	for i, u := range page {
		docs[i] = u.brief()
	}
	body["users"] = docs
	return rcOK(body)
}

// restAgent is GET livechat/users/agent/:_id.
func (rc *RocketChat) restAgent(c *rcCall) *rcReply { return rc.userWith(c, "livechat-agent") }

// restManager is GET livechat/users/manager/:_id: null if the user is none.
func (rc *RocketChat) restManager(c *rcCall) *rcReply { return rc.userWith(c, "livechat-manager") }

func (rc *RocketChat) userWith(c *rcCall, role string) *rcReply {
	u := rc.users[c.params["_id"]]
	if u == nil || !u.is(role) {
		return rcOK(rcDoc{"user": nil})
	}
	return rcOK(rcDoc{"user": rcDoc{"_id": u.ID, "username": u.Username, "name": u.Name, "status": u.brief()["status"]}})
}
