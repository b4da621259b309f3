package chat

import (
	"cmp"
	"slices"
	"strings"
)

// Agent is a person at a Rocket.Chat client. What cannot be done (no such room,
// no such message) returns an empty id and is noted in Problems.
type Agent struct {
	ID       string
	Username string
	rc       *RocketChat
}

// Says types a text into a room. A text beginning with "/" goes the client's
// way: it is posted only if unknown commands are allowed and it is unknown.
func (a *Agent) Says(rid, text string) (messageID string) {
	return a.rc.UserSays(a.Username, rid, text)
}

// SaysRaw posts a text without a client looking at it first.
func (a *Agent) SaysRaw(rid, text string) (messageID string) { return a.SaysWith(rid, text, nil) }

// SaysWith posts a text with further fields of the message as the server stores
// them, e.g. "bot", "blocks", "attachments", "alias", "t".
func (a *Agent) SaysWith(rid, text string, fields map[string]any) (messageID string) {
	return a.rc.post(a.Username, rid, text, fields)
}

// Replies answers in the thread of a message.
func (a *Agent) Replies(rid, parentID, text string) (messageID string) {
	return a.SaysWith(rid, text, rcDoc{"tmid": parentID})
}

// Quotes answers with a quote.
func (a *Agent) Quotes(rid, quotedID, text string) (messageID string) {
	return a.QuotesAll(rid, []string{quotedID}, text)
}

// QuotesAll answers with several quotes.
func (a *Agent) QuotesAll(rid string, quoted []string, text string) (messageID string) {
	links := ""
	a.rc.mu.Lock()
	for _, id := range quoted {
		link := ""
		if m := a.rc.messages[id]; m != nil {
			link = a.rc.link(m)
		}
		links += "[ ](" + link + ") "
	}
	a.rc.mu.Unlock()
	return a.SaysWith(rid, links+text, nil)
}

// Edits changes the text of a message.
func (a *Agent) Edits(messageID, text string) {
	a.change(messageID, func(m *rcMessage, u *rcUser) { a.rc.edit(m, u.author(), text) })
}

// Deletes removes a message in the way the workspace is set up for
// (Message_ShowDeletedStatus, Message_KeepHistory).
func (a *Agent) Deletes(messageID string) {
	a.change(messageID, func(m *rcMessage, u *rcUser) { a.rc.remove(m, u.author()) })
}

// Reacts adds a reaction, e.g. ":thumbsup:".
func (a *Agent) Reacts(messageID, emoji string) { a.reacts(messageID, emoji, true) }

// Unreacts takes a reaction back.
func (a *Agent) Unreacts(messageID, emoji string) { a.reacts(messageID, emoji, false) }

func (a *Agent) reacts(messageID, emoji string, want bool) {
	a.change(messageID, func(m *rcMessage, _ *rcUser) { a.rc.react(m, a.Username, emoji, &want) })
}

// Types lets the room see that the agent is typing.
func (a *Agent) Types(rid string) {
	a.inRoom(rid, func(r *rcRoom, u *rcUser) {
		name := u.Username
		if a.rc.on("UI_Use_Real_Name") {
			name = u.Name
		}
		a.rc.emit("stream-notify-room", r.id+"/user-activity", []any{name, []any{"user-typing"}}, nil)
		if !a.rc.since(7, 0) {
			a.rc.emit("stream-notify-room", r.id+"/typing", []any{name, true}, nil)
		}
	})
}

// Takes picks a conversation from the queue, or from a colleague.
func (a *Agent) Takes(rid string) {
	a.inChat(rid, func(r *rcRoom, u *rcUser) {
		if r.served == u {
			return
		}
		if refused := a.rc.contactRefused(); refused != "" || r.inquiry == "verifying" {
			a.rc.note("test: %s may not take room %q: %s", a.Username, rid, cmp.Or(refused, "it is being verified"))
			return
		}
		a.rc.unassign(r)
		a.rc.assign(r, u)
	})
}

// Transfers hands a conversation to another agent.
func (a *Agent) Transfers(rid string, other *Agent) {
	a.inChat(rid, func(r *rcRoom, u *rcUser) { a.rc.transfer(r, u, a.rc.users[other.ID], nil) })
}

// TransfersToDepartment hands a conversation to a department, whose next agent
// gets it if one is online.
func (a *Agent) TransfersToDepartment(rid, departmentID string) {
	a.inChat(rid, func(r *rcRoom, u *rcUser) {
		d := a.rc.department(departmentID)
		if d == nil {
			a.rc.note("test: no department %q", departmentID)
			return
		}
		a.rc.transfer(r, u, nil, d)
	})
}

// ReturnsToQueue gives a conversation back.
func (a *Agent) ReturnsToQueue(rid string) {
	a.inChat(rid, func(r *rcRoom, u *rcUser) { a.rc.transfer(r, u, nil, nil) })
}

// Holds puts a conversation on hold; the visitor's next message resumes it.
func (a *Agent) Holds(rid string) { a.holds(rid, true, "omnichannel_placed_chat_on_hold") }

// Resumes takes a conversation from hold.
func (a *Agent) Resumes(rid string) { a.holds(rid, false, "omnichannel_on_hold_chat_resumed") }

func (a *Agent) holds(rid string, on bool, t string) {
	a.inChat(rid, func(r *rcRoom, u *rcUser) {
		r.onHold = on
		a.rc.say(r, t, "", u.author(), rcDoc{"comment": ""})
		a.rc.touch(r)
	})
}

// Closes ends a conversation.
func (a *Agent) Closes(rid, comment string) {
	a.inChat(rid, func(r *rcRoom, u *rcUser) { a.rc.closeRoom(r, u.author(), "user", comment) })
}

// GoesOffline leaves: presence offline and the service switched off. Chats
// under way stay with the agent.
func (a *Agent) GoesOffline() { a.presence(false, false) }

// GoesOnline comes back: presence online and the service switched on.
func (a *Agent) GoesOnline() { a.presence(true, true) }

// LosesPresence is a closed laptop: presence offline, the service as it was. V7
// counts such an agent as online if it is on.
func (a *Agent) LosesPresence() { a.presence(false, a.serves()) }

// Returns opens the laptop again: presence online, the service as it was.
func (a *Agent) Returns() { a.presence(true, a.serves()) }

func (a *Agent) serves() (on bool) {
	a.rc.withUser(a.Username, func(u *rcUser) { on = u.available })
	return on
}

// SwitchesService switches the service on or off, and stays as present as before. No stream
// tells others of it.
func (a *Agent) SwitchesService(on bool) {
	a.rc.withUser(a.Username, func(u *rcUser) { u.available = on })
}

func (a *Agent) presence(online, available bool) {
	a.rc.withUser(a.Username, func(u *rcUser) {
		changed := u.Online != online
		u.Online, u.available = online, available
		if changed && !a.rc.on("Presence_broadcast_disabled") {
			status := map[bool]int{true: 1, false: 0}[online]
			a.rc.emit("stream-notify-logged", "user-status", []any{[]any{u.ID, u.Username, status, nil, u.Name, u.Roles}}, nil)
		}
	})
}

func (a *Agent) change(messageID string, do func(*rcMessage, *rcUser)) {
	rc := a.rc
	rc.mu.Lock()
	defer rc.mu.Unlock()
	m, u := rc.messages[messageID], rc.usernames[a.Username]
	if m == nil || u == nil {
		rc.note("test: %s has no message %q", a.Username, messageID)
		return
	}
	do(m, u)
}

func (a *Agent) inRoom(rid string, do func(*rcRoom, *rcUser)) {
	rc := a.rc
	rc.mu.Lock()
	defer rc.mu.Unlock()
	r, u := rc.rooms[rid], rc.usernames[a.Username]
	if r == nil || u == nil {
		rc.note("test: %s has no room %q", a.Username, rid)
		return
	}
	do(r, u)
	rc.changed()
}

func (a *Agent) inChat(rid string, do func(*rcRoom, *rcUser)) {
	a.inRoom(rid, func(r *rcRoom, u *rcUser) {
		if r.kind != "l" || !r.open {
			a.rc.note("test: room %q is no open conversation", rid)
			return
		}
		do(r, u)
	})
}

// UserSays types a text into any room: a channel, a group, a direct room, a
// conversation. Slash texts go the client's way, see Agent.Says.
func (rc *RocketChat) UserSays(username, rid, text string) (id string) {
	if word, ok := strings.CutPrefix(text, "/"); ok && word != "" && word[0] != ' ' {
		word, params, _ := strings.Cut(word, " ")
		rc.mu.Lock()
		owned := rc.appWith(word) != nil
		swallowed := slices.Contains(rc.commands, word) || !rc.on("Message_AllowUnrecognizedSlashCommand")
		rc.mu.Unlock()
		switch {
		case owned:
			rc.RunCommand(username, rid, word, params)
			return ""
		case swallowed:
			return ""
		}
	}
	return rc.post(username, rid, text, nil)
}

// UserSaysRaw posts a text without a client looking at it first.
func (rc *RocketChat) UserSaysRaw(username, rid, text string) (id string) {
	return rc.post(username, rid, text, nil)
}

func (rc *RocketChat) post(username, rid, text string, fields map[string]any) string {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	u, r := rc.usernames[username], rc.roomNamed(rid)
	if u == nil || r == nil || !rc.mayRead(u, r) {
		rc.note("test: %q may not write in room %q", username, rid)
		return ""
	}
	doc := rcCopy(fields)
	doc["msg"], doc["u"] = text, u.author()
	return rc.save(r, doc).id()
}

// AddChannel makes a public channel.
func (rc *RocketChat) AddChannel(name string, members ...string) (rid string) {
	return rc.addRoom("c", name, members)
}

// AddGroup makes a private group; only its members can read and write there.
func (rc *RocketChat) AddGroup(name string, members ...string) (rid string) {
	return rc.addRoom("p", name, members)
}

func (rc *RocketChat) addRoom(kind, name string, usernames []string) string {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	var members []*rcUser
	for _, n := range usernames {
		if u := rc.usernames[n]; u != nil {
			members = append(members, u)
		} else {
			rc.note("test: no user %q", n)
		}
	}
	return rc.newRoom("", kind, name, members...).id
}

// RoomID finds a channel or group by name; "" if there is none.
func (rc *RocketChat) RoomID(name string) string {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if r := rc.roomNamed(name); r != nil {
		return r.id
	}
	return ""
}

// DirectRoom opens the direct room of two or more users, or gives the one they have.
func (rc *RocketChat) DirectRoom(a, b string, more ...string) (rid string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	var users []*rcUser
	for _, name := range append([]string{a, b}, more...) {
		u := rc.usernames[name]
		if u == nil {
			rc.note("test: no user %q", name)
			return ""
		}
		users = append(users, u)
	}
	return rc.direct(users...).id
}

// Joins makes a user a member of a room.
func (rc *RocketChat) Joins(rid, username string) {
	rc.withRoom(rid, func(r *rcRoom) {
		if u := rc.usernames[username]; u != nil {
			r.members[u.ID] = true
			rc.say(r, "uj", username, u.author(), nil)
			return
		}
		rc.note("test: no user %q", username)
	})
}

// Leaves takes a user out of a room, as users do themselves.
func (rc *RocketChat) Leaves(rid, username string) {
	rc.withRoom(rid, func(r *rcRoom) {
		u := rc.usernames[username]
		if u == nil || !r.members[u.ID] {
			rc.note("test: %q is not in room %q", username, rid)
			return
		}
		rc.leave(r, u.ID)
		rc.say(r, "ul", username, u.author(), nil)
	})
}

// SetReadOnly makes a room refuse messages and reactions of users.
func (rc *RocketChat) SetReadOnly(rid string, on bool) {
	rc.withRoom(rid, func(r *rcRoom) { r.readOnly = on })
}

// CloseByInactivity lets the system end a conversation, in its agent's name or
// as rocket.cat.
func (rc *RocketChat) CloseByInactivity(rid string) {
	rc.withRoom(rid, func(r *rcRoom) {
		if r.kind == "l" {
			rc.closeRoom(r, rc.closerOf(r), "user", "Closed automatically because the visitor was inactive")
		}
	})
}

// VisitorCloses ends a conversation from the customer's side.
func (rc *RocketChat) VisitorCloses(rid string) {
	rc.withRoom(rid, func(r *rcRoom) {
		if r.kind == "l" {
			rc.closeRoom(r, r.visitor.author(), "visitor", "Closed by visitor")
		}
	})
}

// BlockVisitor blocks a customer's channel: messages and new rooms are refused
// with error-contact-channel-blocked.
func (rc *RocketChat) BlockVisitor(token string, on bool) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if v := rc.visitors[token]; v != nil {
		v.blocked = on
		return
	}
	rc.note("test: no visitor with this token")
}

func (rc *RocketChat) closerOf(r *rcRoom) rcDoc {
	if r.served != nil {
		return r.served.author()
	}
	return rc.usernames["rocket.cat"].author()
}

func (rc *RocketChat) withRoom(rid string, do func(*rcRoom)) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	r := rc.rooms[rid]
	if r == nil {
		rc.note("test: no room %q", rid)
		return
	}
	do(r)
}
