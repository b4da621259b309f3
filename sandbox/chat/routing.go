package chat

import "slices"

// openRoom is what livechat/room does: the visitor's open room, or a new one.
// The caller holds mu, as for everything in this file; for V7 it is let go
// between looking and creating, so that two parallel calls both create.
func (rc *RocketChat) openRoom(v *rcVisitor, agent string) (r *rcRoom, created bool, refused *rcReply) {
	if open := rc.openRooms[v.token]; len(open) > 0 {
		return open[0], false, nil
	}
	if lost := rc.raceToOpen(v); lost != nil {
		return nil, false, lost
	}
	switch {
	case !rc.on("Livechat_enabled"):
		return nil, false, rcMeteor("error-omnichannel-is-disabled", "")
	case v.blocked:
		return nil, false, rcFail("error-contact-channel-blocked")
	}
	if v.department == "" {
		v.department = rc.requiredDepartment()
	}
	if !rc.on("Livechat_accept_chats_with_no_agents") && !rc.anyoneOnline(v.department, agent) {
		return nil, false, rcMeteor("no-agent-online", "Sorry, no online agents")
	}
	return rc.createRoom(v, rc.users[agent]), true, nil
}

func (rc *RocketChat) createRoom(v *rcVisitor, wanted *rcUser) *rcRoom {
	r := rc.newRoom("", "l", "")
	if v.contact == "" && rc.since(7, 0) {
		v.contact = rcID(24)
	}
	r.visitor, r.open, r.department, r.inquiry = v, true, v.department, rc.inquiryStatus()
	rc.openRooms[v.token] = append(rc.openRooms[v.token], r)
	rc.say(r, "livechat-started", "", v.author(), rcDoc{"token": v.token})
	switch {
	case r.inquiry == "verifying", rc.contactRefused() != "":
		// No agent is asked, and nothing here verifies a contact.
	case rc.on("Livechat_waiting_queue"), rc.settings["Livechat_Routing_Method"] == "Manual_Selection":
		r.inquiry = "queued"
	case wanted != nil && rc.online(wanted):
		rc.assign(r, wanted)
	default:
		// Without an agent the inquiry stays ready and nobody comes back to it.
		if a := rc.pickAgent(r.department); a != nil {
			rc.assign(r, a)
		}
	}
	rc.touch(r)
	return r
}

// inquiryStatus is that of a new room: from 7.0 on, with a licence, the room of a contact who is not
// verified may have to wait for that (QueueManager.getInquiryStatus).
func (rc *RocketChat) inquiryStatus() string {
	if how := rc.settings["Livechat_Require_Contact_Verification"]; rc.since(7, 0) && (how == "once" || how == "always") {
		return "verifying"
	}
	return "ready"
}

// contactRefused is why no agent may take the room of a contact, none of whom is known or verified
// here; "" if one may.
func (rc *RocketChat) contactRefused() string {
	switch {
	case !rc.since(7, 0):
		return ""
	case rc.on("Livechat_Block_Unknown_Contacts"):
		return "error-unknown-contact"
	case rc.on("Livechat_Block_Unverified_Contacts"):
		return "error-unverified-contact"
	}
	return ""
}

// restInquiry is GET livechat/inquiries.getOne.
func (rc *RocketChat) restInquiry(c *rcCall) *rcReply {
	r := rc.rooms[c.text("roomId")]
	if r == nil || r.inquiry == "" {
		return rcOK(rcDoc{"inquiry": nil})
	}
	return rcOK(rcDoc{"inquiry": rcDoc{"rid": r.id, "status": r.inquiry, "ts": r.ts, "department": r.department}})
}

// requiredDepartment is the department for visitors who have none.
func (rc *RocketChat) requiredDepartment() string {
	for _, d := range rc.departments {
		if d.registration && rc.departmentOnline(d) {
			return d.id
		}
	}
	return ""
}

// online is Rocket.Chat's query for an agent who can be given chats.
func (rc *RocketChat) online(u *rcUser) bool {
	if !u.is("livechat-agent") || !u.available {
		return false
	}
	if !rc.since(8, 0) && rc.on("Livechat_enabled_when_agent_idle") {
		return true // presence is not looked at
	}
	return u.Online || u.is("bot") || rc.on("Livechat_accept_chats_with_no_agents")
}

func (rc *RocketChat) departmentOnline(d *rcDepartment) bool {
	return slices.ContainsFunc(d.agents, func(name string) bool {
		u := rc.usernames[name]
		return u != nil && rc.online(u)
	})
}

// anyoneOnline looks for an agent for a new chat: the one asked for, in the
// department and its fallbacks, or in the whole workspace.
func (rc *RocketChat) anyoneOnline(department, agent string) bool {
	if agent != "" {
		u := rc.users[agent]
		return u != nil && rc.online(u)
	}
	if department != "" {
		for seen := 0; seen <= len(rc.departments); seen++ {
			d := rc.department(department)
			if d == nil {
				return false
			}
			if rc.departmentOnline(d) {
				return true
			}
			department = d.fallback
		}
		return false
	}
	for _, u := range rc.users {
		if rc.online(u) {
			return true
		}
	}
	return false
}

// pickAgent is Auto_Selection: fewest open chats first, then who waited longest.
func (rc *RocketChat) pickAgent(department string) *rcUser {
	var best *rcUser
	d := rc.department(department)
	for _, u := range rc.users {
		if !rc.online(u) || d != nil && !slices.Contains(d.agents, u.Username) {
			continue
		}
		if best == nil || u.chats < best.chats || u.chats == best.chats &&
			(u.turn < best.turn || u.turn == best.turn && u.Username < best.Username) {
			best = u
		}
	}
	return best
}

// assign gives an open room to an agent: two system messages and the news for
// the visitor.
func (rc *RocketChat) assign(r *rcRoom, u *rcUser) {
	rc.socks.turn++
	u.turn = rc.socks.turn
	u.chats++
	r.served, r.inquiry = u, "taken"
	r.members[u.ID] = true
	rc.say(r, "command", "connected", u.author(), nil)
	rc.say(r, "uj", u.Username, u.author(), nil)
	data := rcDoc{"_id": u.ID, "name": u.Name, "username": u.Username, "status": u.brief()["status"]}
	if !rc.on("Livechat_show_agent_info") {
		data = rcDoc{"hiddenInfo": true}
	}
	rc.emit("stream-livechat-room", r.id, []any{rcDoc{"type": "agentData", "data": data}}, nil)
	rc.touch(r)
}

// unassign takes a room from its agent.
func (rc *RocketChat) unassign(r *rcRoom) {
	u := r.served
	if u == nil {
		return
	}
	u.chats--
	r.served = nil
	rc.leave(r, u.ID)
}

// transfer moves a room to an agent, a department or back to the queue.
func (rc *RocketChat) transfer(r *rcRoom, by *rcUser, to *rcUser, dep *rcDepartment) {
	old := r.served
	data := rcDoc{
		"transferredBy": rcDoc{"_id": by.ID, "username": by.Username, "name": by.Name, "userType": "agent"},
		"ts":            rc.now(), "scope": "queue",
	}
	if d := rc.department(r.department); d != nil {
		data["previousDepartment"] = rcDoc{"_id": d.id, "name": d.name}
	}
	if dep != nil {
		data["scope"], data["nextDepartment"] = "department", rcDoc{"_id": dep.id, "name": dep.name}
		r.department = dep.id
		to = rc.pickAgent(dep.id)
	} else if to != nil {
		data["scope"], data["transferredTo"] = "agent", to.author()
	}
	rc.unassign(r)
	if old != nil {
		rc.say(r, "ul", old.Username, old.author(), nil)
	}
	rc.say(r, "livechat_transfer_history", "", by.author(), rcDoc{"transferData": data})
	if to == nil {
		r.inquiry = "queued"
		rc.emit("stream-livechat-room", r.id, []any{rcDoc{"type": "agentData"}}, nil)
		rc.touch(r)
		return
	}
	rc.assign(r, to)
}

// closeRoom ends a conversation. The subscription documents go before the
// closing message is stored, so members' own subscriptions miss it (order
// unverified).
func (rc *RocketChat) closeRoom(r *rcRoom, by rcDoc, closer, comment string) {
	if !r.open {
		return
	}
	r.open, r.onHold, r.inquiry = false, false, ""
	r.closed, r.closer, r.closedBy, r.comment = rc.now(), closer, rcDoc{"_id": by["_id"], "username": by["username"]}, comment
	token := r.visitor.token
	rc.openRooms[token] = slices.DeleteFunc(rc.openRooms[token], func(o *rcRoom) bool { return o == r })
	if len(rc.openRooms[token]) == 0 {
		delete(rc.openRooms, token)
	}
	if r.served != nil {
		r.served.chats--
	}
	for id := range r.members {
		rc.leave(r, id)
	}
	more := rcDoc{"transcriptRequested": false}
	if closer == "visitor" {
		more["token"] = token
	}
	if real, _ := rc.settings["UI_Use_Real_Name"].(bool); !real {
		by = rcDoc{"_id": by["_id"], "username": by["username"]} // system messages may lack the name
	}
	rc.say(r, "livechat-close", comment, by, more)
	rc.touch(r)
}
