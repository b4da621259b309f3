package chat

import (
	"slices"
	"strings"
	"time"
)

// rcVisitor is a customer as Omnichannel keeps them.
type rcVisitor struct {
	id, username, token, name string
	department                string
	status                    string
	email, phone              string
	custom                    rcDoc
	userAgent                 string
	ts, updated               time.Time
	blocked                   bool
	contact                   string // id of the contact, from 7.0 on
}

// rcRoom is a room of any type: l omnichannel, c channel, p private group,
// d direct.
type rcRoom struct {
	id, kind, name string
	members        map[string]bool // user ids: the subscription documents
	owner          *rcUser         // who made it over REST; nil: somebody else
	readOnly       bool
	topic          string
	archived       bool
	people         []*rcUser // of a direct room
	ts, updated    time.Time
	lm             time.Time // last ordinary message
	lastTS         time.Time // of any message; ts never repeats in a room
	messages       []*rcMessage

	// omnichannel only
	open       bool
	widget     bool // opened by a browser's widget
	closing    bool // somebody's closing is under way (Disorder.Races)
	visitor    *rcVisitor
	department string
	served     *rcUser
	inquiry    string // queued, ready, taken, "" after close
	onHold     bool
	tags       []any
	custom     rcDoc // livechatData
	saved      rcDoc // body of the last livechat/room.saveInfo
	survey     map[string]string
	closed     time.Time
	closer     string // user or visitor
	closedBy   rcDoc
	comment    string
}

// newRoom makes a room. The caller holds mu, as for everything in this file.
func (rc *RocketChat) newRoom(id, kind, name string, members ...*rcUser) *rcRoom {
	if id == "" {
		id = rcID(17)
	}
	r := &rcRoom{id: id, kind: kind, name: name, members: map[string]bool{}, ts: rc.now()}
	r.updated, r.lm = r.ts, r.ts
	for _, m := range members {
		r.members[m.ID] = true
	}
	rc.rooms[id] = r
	rc.roomOrder = append(rc.roomOrder, r)
	rc.changed()
	return r
}

// touch marks a room as changed and tells those who watch it.
func (rc *RocketChat) touch(r *rcRoom) {
	r.updated = rc.after(r.updated)
	rc.emit("stream-room-data", r.id, []any{r.doc()}, nil)
	rc.changed()
}

// after is now, or a millisecond after t if the clock has not moved.
func (rc *RocketChat) after(t time.Time) time.Time {
	if now := rc.now(); now.After(t) {
		return now
	}
	return t.Add(time.Millisecond)
}

// roomNamed finds a channel or group by id or name.
func (rc *RocketChat) roomNamed(idOrName string) *rcRoom {
	if r := rc.rooms[idOrName]; r != nil {
		return r
	}
	for _, r := range rc.roomOrder {
		if (r.kind == "c" || r.kind == "p") && r.name == idOrName {
			return r
		}
	}
	return nil
}

// direct finds or makes the direct room of users: of two with an id made from
// theirs, which clients must read and not compute; of more with any.
func (rc *RocketChat) direct(users ...*rcUser) *rcRoom {
	ids := rcUserIDs(users)
	id := ""
	if len(users) == 2 {
		id = strings.Join(ids, "")
	}
	if r := rc.rooms[id]; r != nil {
		return r
	}
	for _, r := range rc.roomOrder {
		if id == "" && r.kind == "d" && slices.Equal(rcUserIDs(r.people), ids) {
			return r
		}
	}
	r := rc.newRoom(id, "d", "", users...)
	r.people = users
	return r
}

func rcUserIDs(users []*rcUser) []string {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	slices.Sort(ids)
	return ids
}

// leave removes a user's subscription document. The server then drops the
// user's stream subscription of that room without a word.
func (rc *RocketChat) leave(r *rcRoom, userID string) {
	if !r.members[userID] {
		return
	}
	delete(r.members, userID)
	for c := range rc.socks.conns {
		if c.user != nil && c.user.ID == userID {
			c.forget("stream-room-messages", r.id)
		}
	}
}

// mayRead is Rocket.Chat's access rule for rooms.
func (rc *RocketChat) mayRead(u *rcUser, r *rcRoom) bool {
	if u == nil {
		return false
	}
	if r.members[u.ID] {
		own := map[string]string{"l": "view-l-room", "c": "view-c-room", "p": "view-p-room", "d": "view-d-room"}[r.kind]
		if rc.can(u, "view-joined-room", own) {
			return true
		}
	}
	switch r.kind {
	case "c":
		return rc.can(u, "view-c-room")
	case "l":
		return rc.mayReadChat(u, r)
	}
	return false
}

// mayReadChat is the part for omnichannel rooms and users who are no members.
func (rc *RocketChat) mayReadChat(u *rcUser, r *rcRoom) bool {
	switch {
	case u.ID == "rocket.cat", rc.can(u, "view-livechat-rooms"), r.served == u:
		return true
	case !r.open:
		d := rc.department(r.department)
		return rc.can(u, "view-livechat-room-closed-by-another-agent") ||
			d != nil && slices.Contains(d.agents, u.Username) && rc.can(u, "view-livechat-room-closed-same-department")
	case rc.settings["Livechat_Routing_Method"] == "Manual_Selection" && r.inquiry == "queued" && rc.can(u, "view-l-room"):
		d := rc.department(r.department)
		return d == nil || slices.Contains(d.agents, u.Username) || u.is("livechat-manager")
	}
	return false
}

// doc is the room as REST and stream-room-data give it.
func (r *rcRoom) doc() rcDoc {
	d := rcDoc{
		"_id": r.id, "t": r.kind, "ts": r.ts, "lm": r.lm, "_updatedAt": r.updated,
		"msgs": len(r.messages), "usersCount": len(r.members),
	}
	if r.kind != "l" {
		if r.name != "" {
			d["name"], d["fname"] = r.name, r.name
		}
		d["ro"] = r.readOnly
		if u := r.owner; u != nil {
			d["u"] = rcDoc{"_id": u.ID, "username": u.Username}
		}
		if r.archived {
			d["archived"] = true
		}
		if r.kind == "d" {
			uids, usernames := []any{}, []any{}
			for _, id := range rcUserIDs(r.people) {
				uids = append(uids, id)
			}
			for _, u := range r.people {
				usernames = append(usernames, u.Username)
			}
			d["uids"], d["usernames"] = uids, usernames
		}
		if r.topic != "" {
			d["topic"] = r.topic
		}
		return d
	}
	v := r.visitor
	d["fname"] = v.displayName()
	d["v"] = rcDoc{"_id": v.id, "username": v.username, "token": v.token, "status": v.status}
	d["cl"], d["waitingResponse"], d["verified"] = false, r.open && r.served == nil, false
	d["source"] = rcDoc{"type": "api"}
	if r.widget {
		d["source"] = rcDoc{"type": "widget"}
	}
	if v.contact != "" {
		d["contactId"] = v.contact
	}
	d["queuedAt"], d["priorityWeight"], d["estimatedWaitingTimeQueue"] = r.ts, 99, 9999999
	if r.open {
		d["open"] = true
	}
	if r.department != "" {
		d["departmentId"] = r.department
	}
	if r.served != nil {
		d["servedBy"] = rcDoc{"_id": r.served.ID, "username": r.served.Username, "ts": r.ts}
	}
	if r.onHold {
		d["onHold"] = true
	}
	if r.tags != nil {
		d["tags"] = r.tags
	}
	if r.custom != nil {
		d["livechatData"] = r.custom
	}
	if r.topic != "" {
		d["topic"] = r.topic
	}
	if !r.closed.IsZero() {
		d["closedAt"], d["closer"], d["closedBy"], d["closingMessage"] = r.closed, r.closer, r.closedBy, r.comment
	}
	return d
}

func (v *rcVisitor) displayName() string {
	if v.name != "" {
		return v.name
	}
	return v.username
}

// author is how a visitor appears in messages.
func (v *rcVisitor) author() rcDoc {
	d := rcDoc{"_id": v.id, "username": v.username}
	if v.name != "" {
		d["name"] = v.name
	}
	return d
}

func (v *rcVisitor) doc() rcDoc {
	d := rcDoc{
		"_id": v.id, "username": v.username, "token": v.token, "status": v.status, "ts": v.ts,
		"_updatedAt": v.updated, "userAgent": v.userAgent,
	}
	if v.name != "" {
		d["name"] = v.name
	}
	if v.department != "" {
		d["department"] = v.department
	}
	if v.email != "" {
		d["visitorEmails"] = []any{rcDoc{"address": v.email}}
	}
	if v.phone != "" {
		d["phone"] = []any{rcDoc{"phoneNumber": v.phone}}
	}
	if v.custom != nil {
		d["livechatData"] = v.custom
	}
	return d
}
